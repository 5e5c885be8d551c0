/*
 * Address blocks that are not ordinary unicast: the special-purpose registry (RFC 6890 and its updates) and multicast.
 */
#pragma once

#include "net/ipv4_prefix.h"

struct ipv4_special {
    struct ipv4_prefix block;
    const char *name; /* a noun phrase */
    const char *rfc;  /* "RFC 1918" */
};

/* The smallest registered block that holds the address; NULL for ordinary unicast. Static storage. */
const struct ipv4_special *ipv4_special_find(uint32_t addr);
