/*
 * What the lease machine is told of subnets: made of what the configuration says of interfaces and of the addresses
 * that these have. Addresses come and go while the daemon runs, so it is made anew each time.
 */
#pragma once

#include "address/sockets.h"
#include "base/arena.h"
#include "conf/conf.h"
#include "dhcp/subnet.h"

struct subnets {
    struct arena arena; /* behind everything below */
    struct dhcp_subnets list;
    char *said; /* what people are to know of it, a line each */
};

/* The configuration is borrowed as long as what is returned lives. NULL: no memory. */
struct subnets *subnets_make(const struct conf *conf, const struct sockets *sockets);
/* Log what is served where, and which pools have no subnet, unless `before` (or NULL) said the same. */
void subnets_tell(const struct subnets *subnets, const struct subnets *before);
struct subnets *subnets_free(struct subnets *subnets); /* takes NULL, returns NULL */
