/* Compiled for x86-64 with population count and BMI2 (2013 and later). */
#include "fib/lookup_loop.h"
#include "fib/lookup_ways.h"

#ifdef FIB_LOOKUP_X86
void fib_lookup_bmi2(const struct fib_memory *memory, const uint32_t *addrs, uint32_t *next_hops, size_t count)
{
    lookup_loop(memory, addrs, next_hops, count);
}
#endif
