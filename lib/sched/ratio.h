/*
 * Within lib/sched: a x b / c of whole numbers, rounded, for products that need more than 64 bits. c is not 0; the
 * result fits, or is UINT64_MAX.
 */
#pragma once

#include <stdint.h>

static inline uint64_t ratio_down(uint64_t a, uint64_t b, uint64_t c)
{
    unsigned __int128 result = (unsigned __int128)a * b / c;

    return result < UINT64_MAX ? (uint64_t)result : UINT64_MAX;
}

static inline uint64_t ratio_up(uint64_t a, uint64_t b, uint64_t c)
{
    unsigned __int128 result = ((unsigned __int128)a * b + c - 1) / c;

    return result < UINT64_MAX ? (uint64_t)result : UINT64_MAX;
}
