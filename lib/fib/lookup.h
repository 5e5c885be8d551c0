/*
 * Lookups of many addresses at once, which overlap: an answer costs less than half of what it costs alone.
 */
#pragma once

#include "fib/fib.h"

/*
 * next_hops[i] = fib_lookup(memory, addrs[i]), in the fastest way that this processor has. Any count; each answer is
 * from before or after a change that happens meanwhile, not all of them from the same side of it.
 */
void fib_lookup_batch(const struct fib_memory *memory, const uint32_t *addrs, uint32_t *next_hops, size_t count);

/* One of the ways, for tests and benchmarks. */
struct fib_lookup_way {
    const char *name;
    bool (*works_here)(void); /* on this processor */
    void (*lookup)(const struct fib_memory *memory, const uint32_t *addrs, uint32_t *next_hops, size_t count);
};

/* All that there are, the fastest first; the last works everywhere. */
const struct fib_lookup_way *fib_lookup_ways(size_t *count);
