/*
 * Ranges of IPv4 addresses: from a first to a last one, both included.
 */
#pragma once

#include "net/ipv4_prefix.h"

struct ipv4_range {
    uint32_t first, last; /* host byte order; first <= last */
};

#define IPV4_RANGE_TEXT_SIZE 32 /* "255.255.255.254-255.255.255.255" and its zero byte */

/*
 * FIRST-LAST, or ADDRESS/LENGTH without host bits, which is all of the block; `allow` is 0 or
 * IPV4_PREFIX_ALLOW_ADDRESS, for an address alone. As strictly as ipv4_addr_parse(): 0; -EINVAL with *err filled in
 * (err may be NULL), *range untouched.
 */
int ipv4_range_parse(const char *text, size_t len, unsigned allow, struct ipv4_range *range, struct text_error *err);

/* As people write it: an address alone if it is one, ADDRESS/LENGTH if it is a block, FIRST-LAST otherwise. Ends in a
 * zero byte; returns the length. */
size_t ipv4_range_format(struct ipv4_range range, char out[static IPV4_RANGE_TEXT_SIZE]);

/* Whether the range is a block; then *prefix is which. */
bool ipv4_range_is_prefix(struct ipv4_range range, struct ipv4_prefix *prefix);

static inline struct ipv4_range ipv4_range_of(struct ipv4_prefix prefix)
{
    return (struct ipv4_range){.first = ipv4_prefix_first(prefix), .last = ipv4_prefix_last(prefix)};
}

/* 1 to 2^32 */
static inline uint64_t ipv4_range_size(struct ipv4_range range)
{
    return (uint64_t)range.last - range.first + 1;
}

static inline bool ipv4_range_equal(struct ipv4_range a, struct ipv4_range b)
{
    return a.first == b.first && a.last == b.last;
}

/* Whether every address of inner is also one of outer. */
static inline bool ipv4_range_covers(struct ipv4_range outer, struct ipv4_range inner)
{
    return outer.first <= inner.first && inner.last <= outer.last;
}

static inline bool ipv4_range_overlaps(struct ipv4_range a, struct ipv4_range b)
{
    return a.first <= b.last && b.first <= a.last;
}

/* By first address, the larger one first. */
static inline int ipv4_range_compare(struct ipv4_range a, struct ipv4_range b)
{
    if (a.first != b.first)
        return a.first < b.first ? -1 : 1;
    return (a.last < b.last) - (a.last > b.last);
}

/* The smallest block that holds the range. */
static inline struct ipv4_prefix ipv4_range_around(struct ipv4_range range)
{
    return ipv4_prefix_network(
        (struct ipv4_prefix){.addr = range.first, .len = (uint8_t)ipv4_common_length(range.first, range.last)});
}

/* The largest blocks that a range is made of, one after the other, by rising address: the fewest for it. */
#define IPV4_BLOCKS_MAX 62 /* at most so many */

struct ipv4_blocks {
    uint64_t at, end;
};

static inline struct ipv4_blocks ipv4_blocks_of(struct ipv4_range range)
{
    return (struct ipv4_blocks){range.first, (uint64_t)range.last + 1};
}

/* False: there is none any more. */
bool ipv4_blocks_next(struct ipv4_blocks *blocks, struct ipv4_prefix *prefix);
