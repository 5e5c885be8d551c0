/*
 * The engine: the kernel's tables on one side, the front door on the other, and one loop that keeps them together.
 */
#pragma once

#include "engine/ports.h"

struct engine_port {
    const char *name; /* borrowed while engine_run() runs */
    enum door_mode wanted;
};

/* Run until SIGTERM or SIGINT; SIGUSR1 prints the counters. Detaches everything. 0; -errno, logged. */
int engine_run(const struct engine_port *ports, unsigned count);
