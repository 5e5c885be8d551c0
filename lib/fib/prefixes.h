/*
 * What a forwarding table was told: its prefixes and their next hops, in order. The table itself cannot tell which
 * prefix lies behind one that is taken away. Internal to lib/fib; known to its one writer alone.
 *
 * Prefixes up to /17 stand in an array with a place for each that there can be, as a heap: a prefix' shorter neighbour
 * is at half its index. Those of the 2^15 addresses of a block stand in a sorted array of the block's.
 */
#pragma once

#include "fib/fib.h"
#include "fib/table.h"
#include "net/ipv4_prefix.h"

#define FIB_SHORT (32 - FIB_BLOCK_BITS) /* the longest that stands in the heap */

/* A prefix and its next hop: address << 32 | length << 16 | next hop. Ordered as ipv4_prefix_compare() orders. */
typedef uint64_t fib_item;

struct fib_bucket {
    fib_item *items; /* by rising address, shorter ones first */
    uint32_t count, capacity;
};

/* All zeros is closed. */
struct fib_prefixes {
    uint16_t *shorts;           /* 2 * FIB_ROOT_ENTRIES; FIB_NO_ROUTE: not there */
    struct fib_bucket *buckets; /* FIB_ROOT_ENTRIES */
    size_t item_bytes;          /* of all buckets' arrays */
    uint32_t count;
    uint32_t by_length[33];
};

static inline fib_item fib_item_of(struct ipv4_prefix prefix, uint16_t next_hop)
{
    return (uint64_t)prefix.addr << 32 | (uint64_t)prefix.len << 16 | next_hop;
}

static inline struct ipv4_prefix fib_item_prefix(fib_item item)
{
    return (struct ipv4_prefix){.addr = (uint32_t)(item >> 32), .len = (uint8_t)(item >> 16)};
}

static inline uint16_t fib_item_next_hop(fib_item item)
{
    return (uint16_t)item;
}

/* 0; -ENOMEM. */
int fib_prefixes_open(struct fib_prefixes *prefixes);
void fib_prefixes_close(struct fib_prefixes *prefixes);

/* The next hop of exactly this prefix; FIB_NO_ROUTE if it is not there. */
uint16_t fib_prefixes_get(const struct fib_prefixes *prefixes, struct ipv4_prefix prefix);

/* Set or, with FIB_NO_ROUTE, take out; *old is what was there, or FIB_NO_ROUTE. 0; -ENOMEM with nothing changed, never
 * for a prefix that is or just was there. */
int fib_prefixes_set(struct fib_prefixes *prefixes, struct ipv4_prefix prefix, uint16_t next_hop, uint16_t *old);

/*
 * Make a bucket from the one that is there and items in order, each prefix once, whose FIB_NO_ROUTE says that it goes.
 * The old one is left in *bucket for fib_prefixes_swap() to bring back, and is freed by fib_prefixes_forget(). 0;
 * -ENOMEM with nothing changed.
 */
int fib_prefixes_merge(struct fib_prefixes *prefixes, uint32_t block, const fib_item *items, size_t count,
                       struct fib_bucket *old);
void fib_prefixes_swap(struct fib_prefixes *prefixes, uint32_t block, struct fib_bucket *other);
void fib_prefixes_forget(struct fib_prefixes *prefixes, struct fib_bucket *old);

/* All that the prefixes take. */
size_t fib_prefixes_bytes(const struct fib_prefixes *prefixes);

/* The longest of at most max_length bits that covers addr. False: none does, *found as it was. */
bool fib_prefixes_cover(const struct fib_prefixes *prefixes, uint32_t addr, unsigned max_length,
                        struct fib_route *found);

/* Where in a block's bucket the first item is that does not come before this prefix. */
uint32_t fib_prefixes_find(const struct fib_bucket *bucket, struct ipv4_prefix prefix);

/* The first in order that comes behind `after` (or, inclusively, is it) and does not lie behind `last`. */
bool fib_prefixes_next(const struct fib_prefixes *prefixes, struct ipv4_prefix after, bool inclusive, uint32_t last,
                       struct fib_route *found);

/* Fetch what a search in the block of addr begins with; then, a little later, where it will probably end. */
static force_inline void fib_prefixes_prefetch(const struct fib_prefixes *prefixes, uint32_t addr)
{
    __builtin_prefetch(&prefixes->buckets[addr >> FIB_BLOCK_BITS]);
}

static force_inline void fib_prefixes_prefetch_item(const struct fib_prefixes *prefixes, uint32_t addr)
{
    const struct fib_bucket *bucket = &prefixes->buckets[addr >> FIB_BLOCK_BITS];
    uint64_t offset = addr & ((1u << FIB_BLOCK_BITS) - 1);

    __builtin_prefetch(bucket->items + bucket->count / 2);
    __builtin_prefetch(bucket->items + (offset * bucket->count >> FIB_BLOCK_BITS));
}
