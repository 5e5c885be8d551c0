/*
 * Address blocks that are not ordinary unicast: the special-purpose registry (RFC 6890 and its updates) and multicast.
 */
#pragma once

#include "net/ipv4_prefix.h"

struct ipv4_special {
    struct ipv4_prefix block;
    const char *name; /* a noun phrase */
    const char *rfc;  /* "RFC 1918" */
    bool forwardable; /* routers may forward packets to it */
    bool global;      /* and beyond any one administration's networks */
};

/* The smallest registered block that covers all of `prefix`; NULL if none does. Static storage. */
const struct ipv4_special *ipv4_special_find(struct ipv4_prefix prefix);

/* Whether any registered block has an address in common with `prefix`. */
bool ipv4_special_overlaps(struct ipv4_prefix prefix);
