/*
 * Random numbers for tests: the same from the same seed, on every machine.
 */
#pragma once

#include <stdint.h>

/* The next one; *state is the seed at first (Knuth's linear congruential generator, its upper half). */
static inline uint32_t draw_u32(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 32);
}

/* One of 64 bits, from 0 to below. */
static inline uint64_t draw_below(uint64_t *state, uint64_t below)
{
    uint64_t upper = draw_u32(state);

    return (upper << 32 | draw_u32(state)) % below;
}

/* The same for whoever is given something to draw with; the state is its argument. */
static inline uint32_t draw_of(void *state)
{
    return draw_u32(state);
}
