/*
 * The prefixes of a forwarding table and their next hops: a hash table, because the table itself cannot tell which
 * prefix lies behind the one that is taken away. Internal to lib/fib.
 */
#pragma once

#include "net/ipv4_prefix.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prefix_set {
    uint64_t *slots; /* 0 is empty; see prefix_set.c */
    size_t capacity; /* a power of two, or 0 */
    size_t count;
    size_t cursor;          /* where prefix_set_any() looks next */
    uint32_t by_length[33]; /* how many there are of each length */
};

/* An empty set is all zeros. Frees what the set holds and leaves an empty one. */
void prefix_set_clear(struct prefix_set *set);

/* Prefixes here have no host bits. Add or replace: 0, or -ENOMEM with the set unchanged. */
int prefix_set_put(struct prefix_set *set, struct ipv4_prefix prefix, uint16_t value);

bool prefix_set_get(const struct prefix_set *set, struct ipv4_prefix prefix, uint16_t *value);
bool prefix_set_remove(struct prefix_set *set, struct ipv4_prefix prefix);

/* The longest prefix of at most max_length bits that covers addr. */
bool prefix_set_cover(const struct prefix_set *set, uint32_t addr, unsigned max_length, struct ipv4_prefix *prefix,
                      uint16_t *value);

/* Any one of them; false if there is none. */
bool prefix_set_any(struct prefix_set *set, struct ipv4_prefix *prefix);
