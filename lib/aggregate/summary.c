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
