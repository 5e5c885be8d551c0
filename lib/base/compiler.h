/* Words that every compiler of ours understands: gcc and clang for user space, clang for BPF. */
#pragma once

/* BPF code has no calls with more than five arguments and no stack to spare: what it shares is inlined without fail. */
#define always_inline inline __attribute__((always_inline))

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* As <assert.h> defines it; BPF has no C library to ask. */
#ifndef static_assert
#define static_assert _Static_assert
#endif
