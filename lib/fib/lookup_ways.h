/*
 * The ways that only some processors have, each in a file that is compiled for them. Internal to lib/fib.
 */
#pragma once

#include "fib/fib.h"

#if defined(__x86_64__) && !defined(FIB_SANITIZE_THREAD) /* it cannot tell what a gather needs from what it loads */
#define FIB_LOOKUP_X86

void fib_lookup_bmi2(const struct fib_memory *memory, const uint32_t *addrs, uint32_t *next_hops, size_t count);
void fib_lookup_avx512(const struct fib_memory *memory, const uint32_t *addrs, uint32_t *next_hops, size_t count);
#endif
