/* Words that every compiler of ours understands: gcc and clang for user space, clang for BPF. */
#pragma once

/* BPF code has no calls with more than five arguments and no stack to spare: what it shares is inlined without fail. So
 * is a function that does nothing but prefetch, since gcc takes that for one that does nothing. */
#define force_inline inline __attribute__((always_inline))

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* What a member is part of; <stddef.h> comes with whoever uses it. */
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* As <assert.h> defines it; BPF has no C library to ask. */
#ifndef static_assert
#define static_assert _Static_assert
#endif

/* Load what another thread or the kernel may be storing: once, whole, in no particular order. */
#ifdef __bpf__
#define READ_ONCE(object) (*(const volatile __typeof__(object) *)&(object))
#else
#define READ_ONCE(object) __atomic_load_n(&(object), __ATOMIC_RELAXED)
#endif

/* Store it so that whoever sees it also sees everything that was stored before. User space only. */
#define WRITE_RELEASE(object, value) __atomic_store_n(&(object), (value), __ATOMIC_RELEASE)

/* In BPF: keep the compiler from knowing how a variable's value came about. It would compute it again at every use, or
 * in a form that the verifier cannot follow. */
#ifdef __bpf__
#define OPAQUE(variable) __asm__ volatile("" : "+r"(variable))
#else
#define OPAQUE(variable) ((void)0)
#endif
