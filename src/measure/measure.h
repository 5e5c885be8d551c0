/*
 * The measurement role: delays between routers, by TWAMP Light (RFC 5357 appendix I). Reflectors at ports answer test
 * packets; probes send some, and keep what they learn. One thread, one loop. What it knows is lost when it ends: these
 * are measurements, and go on.
 */
#pragma once

#include "conf/conf.h"

#include <stdint.h>

struct measure_config {
    const struct conf *conf;       /* to begin with; borrowed */
    const char *engine_path;       /* of the engine's socket (query/query.h) */
    const uint8_t *token;          /* of those who may ask, and with which the engine is asked; borrowed */
    int control;                   /* the parent's socket (control/control.h) */
    int listener;                  /* on which others ask */
    void (*drop_privileges)(void); /* called at the beginning */
};

/* Run until SIGTERM, or until the parent is gone: 0. -errno, logged, if it could not begin or go on. */
int measure_run(const struct measure_config *config);
