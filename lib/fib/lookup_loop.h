/*
 * The way that needs nothing special, compiled for several processors. Internal to lib/fib.
 *
 * A batch goes in groups. For a group, first the cache lines of all nodes are asked for, then all nodes are loaded and
 * the lines of their answers asked for, then all answers are loaded. What asks for a line does not wait for it, so as
 * many misses are under way as the processor has buffers for; loads that wait would fill its reorder buffer long
 * before.
 */
#pragma once

#include "fib/fib.h"

#define LOOKUP_GROUP 64

static force_inline void lookup_group(const struct fib_memory *memory, const uint32_t *addrs, uint32_t *next_hops,
                                      size_t count)
{
    uint32_t at[LOOKUP_GROUP];
    uint8_t width[LOOKUP_GROUP];

    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(&memory->root[addrs[i] >> FIB_BLOCK_BITS]);
    for (size_t i = 0; i < count; i++) {
        uint64_t node = fib_load_node(&memory->root[addrs[i] >> FIB_BLOCK_BITS]);
        at[i] = (uint32_t)fib_answer_at(node, addrs[i] >> 10 & 31, addrs[i] >> 8 & 3, FIB_BLOCK_SHIFT);
        width[i] = (uint8_t)fib_node_width(node);
        __builtin_prefetch(&memory->pool[at[i]]);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t answer = fib_load_answer(&memory->pool[at[i]], width[i]);
        next_hops[i] = likely(!(answer & FIB_MORE)) ? answer : fib_lookup_more(memory, answer, addrs[i]);
    }
}

static force_inline void lookup_loop(const struct fib_memory *memory, const uint32_t *addrs, uint32_t *next_hops,
                                     size_t count)
{
    for (; count >= LOOKUP_GROUP; count -= LOOKUP_GROUP, addrs += LOOKUP_GROUP, next_hops += LOOKUP_GROUP)
        lookup_group(memory, addrs, next_hops, LOOKUP_GROUP);
    lookup_group(memory, addrs, next_hops, count);
}
