/*
 * A fuzz target: one function for libFuzzer, and for replay.c, which runs the same function over the named corpus in
 * every test run. A target says that something is wrong by FUZZ_CHECK, which aborts.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FUZZ_CHECK(condition)                                                         \
    do {                                                                              \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                  \
        }                                                                             \
    } while (0)

/* data is never NULL, and a block of its own on the heap, so that ASan sees a read beyond its size. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A target may have one, which knows what its inputs look like: change one in place, and return its new length. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed) __attribute__((weak));

/* For it: a change that knows nothing of that. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
