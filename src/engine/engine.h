/*
 * The engine: the kernel's tables on one side, the front door on the other, and one loop that keeps them together.
 */
#pragma once

#include "conf/conf.h"

#include <stdint.h>

struct engine_config {
    const struct conf *conf;       /* to begin with; borrowed */
    const char *directory;         /* where what was changed in the system is written down */
    const char *pins;              /* where what outlives the engine is pinned (port/pins.h); "": nowhere */
    const char *state_directory;   /* where what people change is written down */
    const uint8_t *token;          /* of those who may ask (query/query.h); borrowed */
    const char *dhcp_path;         /* of the dhcp role's socket; borrowed */
    int control;                   /* the parent's socket (control/control.h) */
    int listener;                  /* on which others ask */
    void (*drop_privileges)(void); /* called when everything that needs root is open */
    void (*started)(void);         /* called when it forwards */
};

/*
 * Run until SIGTERM, then take everything away that was put into the system: 0. -errno, logged, if it could not begin.
 * -EPIPE: the parent is gone, and everything is left in place for the next one.
 */
int engine_run(const struct engine_config *config);

/* Take away what an engine that was killed left behind; directories as in its configuration. */
void engine_clean(const char *directory, const char *pins);
