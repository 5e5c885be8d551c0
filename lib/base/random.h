/*
 * Random numbers that come out the same from the same seed: xorshift64* (Vigna, "An experimental exploration of
 * Marsaglia's xorshift generators, scrambled", 2016). Nothing that anybody must not foresee.
 */
#pragma once

#include <stdint.h>

/* The next one; *state is the seed at first, and not 0. The upper bits are the better ones. */
static inline uint64_t random_u64(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}
