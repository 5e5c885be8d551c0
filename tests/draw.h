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

/* The same for whoever is given something to draw with; the state is its argument. */
static inline uint32_t draw_of(void *state)
{
    return draw_u32(state);
}
