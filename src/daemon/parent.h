/*
 * The parent role: checks the configuration, starts the other roles and starts them again when they end, reports that
 * the daemon is ready, and ends it in order. It does nothing else.
 */
#pragma once

#include "daemon/configuration.h"

#include <stdbool.h>

struct parent_config {
    const char *path;                   /* of the configuration */
    const char *directory;              /* what is there only while the daemon runs: pid file, sockets */
    const char *state_directory;        /* what is to survive: the database */
    struct configuration configuration; /* as read at the start; taken */
    void (*started)(void);              /* called when it is ready for the first time, and can be asked */
    void (*open_log)(void);             /* called in engine and dhcp role then, to log where the parent does */
};

/* Until SIGTERM or SIGINT: an exit status. */
int parent_run(struct parent_config *config);
