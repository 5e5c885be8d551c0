/*
 * The smallest table that forwards every packet as a table does: Optimal Routing Table Constructor (R. Draves, C. King,
 * S. Venkatachary, B. Zill: Constructing Optimal IP Routing Tables, INFOCOM 1999).
 *
 * Next hops are numbers above 0 that the caller gives; ORTC_NONE stands for an address that has no route. Without
 * `discards` an address that had no route has none afterwards, and the table is the smallest of those; with it, routes
 * of next hop ORTC_NONE may stand in the table, which say that packets are dropped: it may be smaller then.
 */
#pragma once

#include "net/ipv4_prefix.h"

#define ORTC_NONE 0u

struct ortc_route {
    struct ipv4_prefix prefix; /* no host bits */
    uint32_t next_hop;
};

/* By rising address, shorter prefixes first; of those that are there several times the last one counts. 0 with *result
 * for the caller to free (NULL if it is empty); -ENOMEM. Takes some 32 bytes a node of a binary trie of the table:
 * about three for a prefix of a full Internet table. */
int ortc_minimise(const struct ortc_route *routes, size_t count, bool discards, struct ortc_route **result,
                  size_t *result_count);
