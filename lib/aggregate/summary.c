/*
 * In the order of addresses, prefixes are laid on a stack: one that lies in the one on top of it says nothing new, and
 * two halves of a block become the block, which may be half of another.
 */
#include "aggregate/summary.h"

#include <stdlib.h>

static int by_address(const void *a, const void *b)
{
    return ipv4_prefix_compare(*(const struct ipv4_prefix *)a, *(const struct ipv4_prefix *)b);
}

/* Whether two prefixes, the first of the lower address, are the halves of a block. */
static bool are_halves(struct ipv4_prefix a, struct ipv4_prefix b)
{
    return a.len == b.len && a.len && ipv4_prefix_equal(ipv4_prefix_sibling(a), b);
}

size_t summary_of_prefixes(struct ipv4_prefix *prefixes, size_t count)
{
    size_t top = 0; /* so many are on the stack, which is the front of the array */

    if (count)
        qsort(prefixes, count, sizeof(*prefixes), by_address);
    for (size_t i = 0; i < count; i++) {
        if (top && ipv4_prefix_covers(prefixes[top - 1], prefixes[i]))
            continue;
        prefixes[top++] = prefixes[i];
        while (top > 1 && are_halves(prefixes[top - 2], prefixes[top - 1]))
            prefixes[--top - 1].len--;
    }
    return top;
}

size_t summary_of_range(struct ipv4_range range, struct ipv4_prefix out[static SUMMARY_RANGE_MAX])
{
    uint64_t at = range.first, end = (uint64_t)range.last + 1;
    size_t count = 0;

    while (at < end) {
        uint8_t len = 32;
        /* The largest block that begins here and ends in it. */
        while (len && !(at & (UINT64_C(1) << (32 - len))) && at + (UINT64_C(1) << (33 - len)) <= end)
            len--;
        out[count++] = (struct ipv4_prefix){.addr = (uint32_t)at, .len = len};
        at += UINT64_C(1) << (32 - len);
    }
    return count;
}
