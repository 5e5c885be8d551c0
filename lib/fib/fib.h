/*
 * The forwarding table as its readers see it: flat memory, and the lookup of the longest prefix in it.
 *
 * Layout (DIR-24-8: Gupta, Lin, McKeown, INFOCOM 1998): 16-bit entries. The root has one for every /24. It holds the
 * next hop, or, with FIB_GROUP set, the number of a group of 256 entries, one for every address of the /24. So a lookup
 * is one load, or two where the table knows prefixes longer than /24.
 *
 * One writer (fib/table.h) changes it under the readers' hands. Each entry is stored by a single store, and a group is
 * complete before the root names it: a reader finds the answer from before a change or the one from after it.
 *
 * Shared with BPF, where the memory is the single value of an array map that user space maps as well.
 */
#pragma once

#include "base/bytes.h"

#define FIB_ROOT_ENTRIES  (1u << 24)
#define FIB_GROUP_ENTRIES 256
#define FIB_GROUPS        32768

#define FIB_GROUP        0x8000 /* in a root entry: the rest is the number of a group */
#define FIB_NO_ROUTE     0      /* the answer where no prefix covers the address */
#define FIB_NEXT_HOP_MAX 0x7fff

/* 48 MiB. All zeros is a table without prefixes. */
struct fib_memory {
    uint16_t root[FIB_ROOT_ENTRIES];
    uint16_t groups[FIB_GROUPS * FIB_GROUP_ENTRIES];
};

static_assert(FIB_GROUPS <= FIB_GROUP, "a root entry holds the number of any group");

/* The next hop of the longest prefix that covers addr (host order); FIB_NO_ROUTE if none does. */
static force_inline uint32_t fib_lookup(const struct fib_memory *memory, uint32_t addr)
{
    uint64_t entry = READ_ONCE(memory->root[(uint64_t)addr >> 8]);

    if (likely(!(entry & FIB_GROUP)))
        return (uint32_t)entry;
    uint64_t index =
        masked_index(entry * FIB_GROUP_ENTRIES + (addr & (FIB_GROUP_ENTRIES - 1)), FIB_GROUPS * FIB_GROUP_ENTRIES - 1);
    return READ_ONCE(memory->groups[index]);
}
