/*
 * The dhcp role: an address's way from the configuration's pools over the lease machine and the store to the wire. One
 * thread, one loop; what it needs from the engine (sockets, what addresses there are) it is handed.
 */
#pragma once

#include "conf/conf.h"

#include <stdint.h>

struct address_config {
    const struct conf *conf;       /* to begin with; borrowed */
    const char *store_path;        /* of the leases' database */
    const char *engine_path;       /* of the engine's socket (query/query.h) */
    const uint8_t *token;          /* of those who may ask, and with which the engine is asked; borrowed */
    int control;                   /* the parent's socket (control/control.h) */
    int listener;                  /* on which others ask */
    void (*drop_privileges)(void); /* called when the database is open */
    void (*started)(void);         /* called when DHCP is served */
};

/* Run until SIGTERM, or until the parent is gone: 0. -errno, logged, if it could not begin or go on. */
int address_run(const struct address_config *config);
