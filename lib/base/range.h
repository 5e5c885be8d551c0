/*
 * A range of numbers as blocks, each as large as it can be: a block's size is a power of two, and its first number a
 * multiple of that. So a range of addresses is prefixes.
 */
#pragma once

#include <stdint.h>

/* How large the first block is of those from `at` to below `end`, which is more: 2 to that. end: at most 2^63. */
static inline unsigned range_block_log(uint64_t at, uint64_t end)
{
    unsigned fits = 63u - (unsigned)__builtin_clzll(end - at), aligned = at ? (unsigned)__builtin_ctzll(at) : fits;

    return aligned < fits ? aligned : fits;
}
