/*
 * The one writer of a forwarding table (fib/fib.h): prefixes with their next hops go in and out, readers look up all
 * the while, and never wait.
 *
 * Memory that no reader finds any more is used again only after every reader that may still be in it has left. The
 * table does not know its readers; wait_for_readers does, and is asked only when nothing else is free.
 *
 * Where a change finds no room, either it is refused and the table stays as it was, or, where the caller chose a next
 * hop for that, the blocks concerned (a /17 each) answer with that until there is room: nothing is forwarded wrongly.
 */
#pragma once

#include "fib/fib.h"
#include "net/ipv4_prefix.h"

struct fib_table;

struct fib_table_config {
    struct fib_memory *memory; /* borrowed until fib_table_free(); the table clears its root */
    uint32_t pool_bytes;       /* how much of its pool to use: FIB_TABLE_POOL_MIN to FIB_POOL_BYTES, a multiple of 8 */
    uint16_t no_room_next_hop; /* the answer of blocks that find no room; FIB_NO_ROUTE: such changes are refused */
    /* Returns when no reader that began before the call is still under way; NULL if there are none while writing. */
    void (*wait_for_readers)(void *arg);
    void *arg;
};

#define FIB_TABLE_POOL_MIN 1024

/*
 * Memory for a table with so much pool, in huge pages where the system has them: all zeros, a table without prefixes.
 * A full Internet table takes 2.4 MiB of pool, FIB_POOL_BYTES holds several. Given back with free(), after the table
 * and its last reader. NULL if pool_bytes is out of range, or there is no memory.
 */
struct fib_memory *fib_memory_new(uint32_t pool_bytes);

struct fib_route {
    struct ipv4_prefix prefix;
    uint16_t next_hop;
};

struct fib_change {
    struct ipv4_prefix prefix;
    uint16_t next_hop; /* FIB_NO_ROUTE: the prefix goes */
    int error;         /* of this change, set by fib_table_update() */
};

struct fib_table_stats {
    uint32_t prefixes;
    uint32_t by_length[33];
    uint32_t blocks;               /* with a node of their own; all the others answer one next hop everywhere */
    uint32_t blocks_wide;          /* of these, with answers of two bytes */
    uint32_t blocks_more;          /* of these, with answers of four bytes */
    uint32_t slash24_more;         /* /24s with longer prefixes */
    uint32_t without_room;         /* blocks that answer no_room_next_hop now */
    size_t root_bytes, pool_bytes; /* what readers look at; as configured */
    size_t used_bytes;             /* of the pool */
    size_t waiting_bytes;          /* not used any more, but a reader may still be in them */
    size_t writer_bytes;           /* what the writer keeps for itself */
};

/* 0 and a table without prefixes; -EINVAL for a config out of range; -ENOMEM. */
int fib_table_new(const struct fib_table_config *config, struct fib_table **table);

/* Leaves the memory as it is. Takes NULL, returns NULL. */
struct fib_table *fib_table_free(struct fib_table *table);

/*
 * Add a prefix (without host bits) or change its next hop, 1 to FIB_NEXT_HOP_MAX. 0; -EINVAL for a prefix or next hop
 * out of range; -ENOMEM, or -ENOSPC if the pool has no room, with nothing changed. A change to a prefix shorter than
 * /17 needs room for all blocks that it changes beside what is there.
 */
int fib_table_set(struct fib_table *table, struct ipv4_prefix prefix, uint16_t next_hop);

/* 0; -ENOENT if the prefix is not in the table; -ENOMEM and -ENOSPC as above. */
int fib_table_remove(struct fib_table *table, struct ipv4_prefix prefix);

/*
 * Many changes at once, in any order, for as little work as possible: a block is written once, whatever changes in it.
 * Where a prefix is named twice, the later change counts. A prefix that is to go and is not there is no error.
 *
 * Returns how many could not be made, 0 to count; their errors are as above, those of the others 0. Those in one block
 * may be refused together. Needs memory in proportion to count; without it none is made, and all have -ENOMEM.
 */
size_t fib_table_update(struct fib_table *table, struct fib_change *changes, size_t count);

/*
 * From now on changes wait for fib_table_flush(), which writes each block once, whatever has changed in it; all else
 * that this header has tells of them at once. For who hears of changes one by one and in bursts. Only for a table with
 * a no_room_next_hop, which can make all changes: otherwise -EINVAL.
 */
int fib_table_defer(struct fib_table *table);
/* Show readers what has changed. The table goes on deferring. */
void fib_table_flush(struct fib_table *table);

/* What was set for exactly this prefix: 0; -ENOENT. */
int fib_table_get(const struct fib_table *table, struct ipv4_prefix prefix, uint16_t *next_hop);

/* The longest prefix of at most max_length bits (32: any) that covers addr. False if none does. The next shorter one is
 * found with the length of this one less 1. */
bool fib_table_cover(const struct fib_table *table, uint32_t addr, unsigned max_length, struct fib_route *found);

/*
 * Walk what lies within a prefix (itself included), by rising address, shorter prefixes first; 0.0.0.0/0 for all:
 *
 *     struct fib_route at;
 *     for (bool more = fib_table_first(table, within, &at); more; more = fib_table_next(table, within, &at))
 *
 * The table may change between two steps: the walk goes on behind at->prefix, whether or not that is still there.
 */
bool fib_table_first(const struct fib_table *table, struct ipv4_prefix within, struct fib_route *at);
bool fib_table_next(const struct fib_table *table, struct ipv4_prefix within, struct fib_route *at);

struct fib_table_stats fib_table_stats(const struct fib_table *table);

/* The longest stretch of the pool that is free. Takes time with the number of such stretches. */
size_t fib_table_largest_bytes(const struct fib_table *table);
