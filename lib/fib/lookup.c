#include "fib/lookup.h"

#include "fib/lookup_loop.h"
#include "fib/lookup_ways.h"

static bool everywhere(void)
{
    return true;
}

static void portable(const struct fib_memory *memory, const uint32_t *addrs, uint32_t *next_hops, size_t count)
{
    lookup_loop(memory, addrs, next_hops, count);
}

#ifdef FIB_LOOKUP_X86
static bool with_bmi2(void)
{
    return __builtin_cpu_supports("bmi2"); /* what has that has a population count */
}

static bool with_avx512(void)
{
    return __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512vl"); /* and all before them */
}
#endif

static const struct fib_lookup_way ways[] = {
#ifdef FIB_LOOKUP_X86
    {"avx512", with_avx512, fib_lookup_avx512},
    {"bmi2", with_bmi2, fib_lookup_bmi2},
#endif
    {"portable", everywhere, portable},
};

const struct fib_lookup_way *fib_lookup_ways(size_t *count)
{
    *count = ARRAY_SIZE(ways);
    return ways;
}

/* Without a call through the table: a batch takes as long as a few cache misses. */
void fib_lookup_batch(const struct fib_memory *memory, const uint32_t *addrs, uint32_t *next_hops, size_t count)
{
#ifdef FIB_LOOKUP_X86
    if (likely(with_avx512())) {
        fib_lookup_avx512(memory, addrs, next_hops, count);
        return;
    }
    if (likely(with_bmi2())) {
        fib_lookup_bmi2(memory, addrs, next_hops, count);
        return;
    }
#endif
    portable(memory, addrs, next_hops, count);
}
