/*
 * The one writer of a forwarding table (fib/fib.h): prefixes with their next hops go in and out, readers look up all
 * the while.
 *
 * A group of entries that is no longer named is used again only after every reader that may still be in it has left.
 * The table does not know its readers; wait_for_readers does, and is asked only when nothing else is free.
 *
 * Where more /24s hold longer prefixes than there are groups, the /24s without a group answer with a next hop that the
 * caller chose for that: nothing is forwarded wrongly, and they get their group as soon as one is free.
 */
#pragma once

#include "fib/fib.h"
#include "net/ipv4_prefix.h"

struct fib_table;

struct fib_table_config {
    struct fib_memory *memory;  /* borrowed until fib_table_free(); the table clears it */
    uint32_t groups;            /* how many of its groups to use: 1 to FIB_GROUPS */
    uint16_t no_group_next_hop; /* the answer in a /24 that found no group */
    /* Returns when no reader that began before the call is still under way; NULL if there are none while writing. */
    void (*wait_for_readers)(void *arg);
    void *arg;
};

struct fib_table_stats {
    uint32_t prefixes;
    uint32_t groups_used;
    uint32_t without_group; /* /24s that answer no_group_next_hop now */
};

/* 0 and a table without prefixes; -EINVAL for a config out of range; -ENOMEM. */
int fib_table_new(const struct fib_table_config *config, struct fib_table **table);

/* Leaves the memory as it is. Takes NULL, returns NULL. */
struct fib_table *fib_table_free(struct fib_table *table);

/*
 * Add a prefix (without host bits) or change its next hop, 1 to FIB_NEXT_HOP_MAX. 0; -EINVAL for a prefix or next hop
 * out of range; -ENOMEM with nothing changed.
 */
int fib_table_set(struct fib_table *table, struct ipv4_prefix prefix, uint16_t next_hop);

/* 0; -ENOENT if the prefix is not in the table. */
int fib_table_remove(struct fib_table *table, struct ipv4_prefix prefix);

/* What was set for exactly this prefix: 0; -ENOENT. */
int fib_table_get(const struct fib_table *table, struct ipv4_prefix prefix, uint16_t *next_hop);

struct fib_table_stats fib_table_stats(const struct fib_table *table);
