/*
 * What the lease machine is told of subnets: made of what the configuration says and of the addresses that interfaces
 * have. Addresses come and go while the daemon runs, so it is made anew each time.
 */
#pragma once

#include "address/kept.h"
#include "address/sockets.h"
#include "base/arena.h"
#include "conf/conf.h"
#include "dhcp/subnet.h"

struct subnets {
    struct arena arena; /* behind everything below */
    struct dhcp_subnets list;
    const char **names; /* of networks behind relays, the first of number SOCKETS_PORTS; empty ones have none */
    size_t name_count;
    char *said; /* what people are to know of it, a line each */
};

/* The configuration is borrowed as long as what is returned lives. NULL: no memory. */
struct subnets *subnets_make(const struct conf *conf, const struct sockets *sockets,
                             const struct kept_reservations *kept);
/* Log what is served where, and which pools have no subnet, unless `before` (or NULL) said the same. */
void subnets_tell(const struct subnets *subnets, const struct subnets *before);
struct subnets *subnets_free(struct subnets *subnets); /* takes NULL, returns NULL */

/* Of a network: its interface's name, or what the configuration calls it; "". */
const char *subnets_name(const struct subnets *subnets, const struct sockets *sockets, uint32_t network);
