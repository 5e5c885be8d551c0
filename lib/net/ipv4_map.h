/*
 * A map from IPv4 prefixes to pointers, ordered, that also finds what covers an address and what lies within a prefix:
 * a path-compressed binary trie.
 *
 * For tables that change and are asked by one thread; what forwards packets asks lib/fib.
 */
#pragma once

#include "net/ipv4_prefix.h"

#include <stddef.h>

struct ipv4_map_node;

/* All zeros is an empty map. */
struct ipv4_map {
    struct ipv4_map_node *root;
    size_t count;
};

/* Forget all prefixes; the values are the caller's. */
void ipv4_map_clear(struct ipv4_map *map);

/* The value of exactly this prefix; NULL if there is none. */
void *ipv4_map_get(const struct ipv4_map *map, struct ipv4_prefix prefix);

/* Set or replace it; value is not NULL. 0; -ENOMEM with nothing changed. */
int ipv4_map_put(struct ipv4_map *map, struct ipv4_prefix prefix, void *value);

/* Take it out and return its value; NULL if there was none. */
void *ipv4_map_remove(struct ipv4_map *map, struct ipv4_prefix prefix);

/* The value of the longest prefix of at most max_length bits that covers addr, with that prefix in *found (may be
 * NULL); NULL if none does. */
void *ipv4_map_cover(const struct ipv4_map *map, uint32_t addr, unsigned max_length, struct ipv4_prefix *found);

/*
 * Walk what lies within a prefix (itself included), by rising address, shorter prefixes first:
 *
 *     struct ipv4_prefix at;
 *     for (void *value = ipv4_map_first(map, within, &at); value; value = ipv4_map_next(map, within, &at))
 *
 * The map may change between two steps: the walk goes on behind *at, whether or not that is still there.
 */
void *ipv4_map_first(const struct ipv4_map *map, struct ipv4_prefix within, struct ipv4_prefix *at);
void *ipv4_map_next(const struct ipv4_map *map, struct ipv4_prefix within, struct ipv4_prefix *at);
