/*
 * What a scheduler gets in `./bench queue`, ours and the peer's: packets of 64 bytes, each to a queue drawn at random,
 * in batches; four packets a queue wait on average. And how long that takes.
 */
#pragma once

#include "base/clock.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define LOAD_FRAME_BYTES 64 /* with 20 of preamble and gap: 84 on the link */
#define LOAD_LINK_BYTES  84
#define LOAD_OCCUPANCY   4  /* packets a queue */
#define LOAD_QUEUE_LIMIT 64 /* packets */
#define LOAD_RED_MIN     24 /* RED: packets */
#define LOAD_RED_MAX     60
#define LOAD_RED_P       10                    /* one in so many, at max */
#define LOAD_RED_WEIGHT  9                     /* 2^-9 */
#define LOAD_RATE        UINT64_C(12500000000) /* bytes a second, at each level: it holds nothing back */
#define LOAD_MTU         1522
#define LOAD_BATCH_MAX   64

struct load {
    uint32_t queues, batch, rounds; /* queues: a power of two, and groups too */
    uint64_t state;                 /* of the draws */
    unsigned groups;                /* classes, or the peer's subports */
    double seconds;                 /* of one round */
};

static inline struct load load_of(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: %s QUEUES BATCH GROUPS SECONDS ROUNDS\n", argv[0]);
        exit(2);
    }
    return (struct load){.queues = (uint32_t)strtoul(argv[1], NULL, 10),
                         .batch = (uint32_t)strtoul(argv[2], NULL, 10),
                         .groups = (unsigned)strtoul(argv[3], NULL, 10),
                         .seconds = strtod(argv[4], NULL),
                         .rounds = (uint32_t)strtoul(argv[5], NULL, 10),
                         .state = 1};
}

/* Marsaglia's xorshift, its upper half. */
static inline uint32_t load_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32);
}

/* The queue of the next packet. */
static inline uint32_t load_draw(struct load *load)
{
    return load_random(&load->state) & (load->queues - 1);
}

/* Rounds of steps, each a batch in and as much out; the packets a second of each, out and in, in millions. */
static inline void load_run(const struct load *load, void (*step)(void *arg, int64_t now_ns), void *arg,
                            const uint64_t *out, const uint64_t *in)
{
    for (uint32_t i = 0; i < load->rounds; i++) {
        uint64_t out_before = *out, in_before = *in;
        int64_t begin_ns = clock_now_ns(), end_ns = begin_ns + (int64_t)(load->seconds * 1e9), now_ns = begin_ns;
        for (; now_ns < end_ns; now_ns = clock_now_ns())
            step(arg, now_ns);
        double ns = (double)(now_ns - begin_ns);
        printf("%.4f %.4f\n", (double)(*out - out_before) * 1e3 / ns, (double)(*in - in_before) * 1e3 / ns);
    }
}
