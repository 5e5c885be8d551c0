/*
 * A shaper: when the next packet may begin, so that a link of a given rate never has to keep one waiting. What it lets
 * pass in any time t is at most rate x t + burst, in bytes on the link, and one packet; over a long time it is the
 * rate, to one part in 10^5 at 10 Gbit/s and in 10^4 at 100.
 *
 * It is GCRA (ITU-T I.371, virtual scheduling) in bytes, with no drift: fractions of a nanosecond are kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SHAPER_RATE_MIN  UINT64_C(125)         /* bytes a second: 1 kbit/s */
#define SHAPER_RATE_MAX  UINT64_C(50000000000) /* 400 Gbit/s */
#define SHAPER_UNLIMITED INT64_MAX
#define SCHED_BURST_NS   1000000u /* what leaves a port between two looks at its queues */

struct shaper_rate {
    uint64_t byte_16;  /* the time of a byte in 2^-16 ns, rounded up; 0: nothing is held back */
    uint32_t burst_ns; /* how far ahead of its link a shaper may be */
};

/* 4-byte aligned, so that it fits where space is dear. */
struct shaper {
    int64_t due_ns;    /* when what has passed will have left a link of this rate */
    uint32_t due_frac; /* 2^-16 ns */
} __attribute__((packed, aligned(4)));

/* rate: bytes a second, SHAPER_RATE_MIN to _MAX; 0: nothing is held back. burst_ns: below one second. */
static inline struct shaper_rate shaper_rate(uint64_t rate, uint32_t burst_ns)
{
    return (struct shaper_rate){.byte_16 = rate ? ((UINT64_C(1000000000) << 16) + rate - 1) / rate : 0,
                                .burst_ns = burst_ns};
}

/* Whether a packet may begin now. */
static inline bool shaper_may(const struct shaper *shaper, struct shaper_rate rate, int64_t now_ns)
{
    return !rate.byte_16 || shaper->due_ns <= now_ns + rate.burst_ns;
}

/* From when on one may. */
static inline int64_t shaper_next_ns(const struct shaper *shaper, struct shaper_rate rate)
{
    return rate.byte_16 ? shaper->due_ns - rate.burst_ns : INT64_MIN;
}

/* Packets may begin as long as fewer bytes than this have; 0: none. */
static inline int64_t shaper_budget(const struct shaper *shaper, struct shaper_rate rate, int64_t now_ns)
{
    if (!rate.byte_16)
        return SHAPER_UNLIMITED;
    int64_t ahead_ns = now_ns + rate.burst_ns - shaper->due_ns;
    if (ahead_ns < 0)
        return 0;
    if (ahead_ns > rate.burst_ns) /* what was not used is lost */
        ahead_ns = rate.burst_ns;
    return (int64_t)(((uint64_t)ahead_ns << 16) / rate.byte_16) + 1;
}

/* So many bytes begin. */
static inline void shaper_pass(struct shaper *shaper, struct shaper_rate rate, uint64_t bytes, int64_t now_ns)
{
    if (!rate.byte_16)
        return;
    if (shaper->due_ns < now_ns) {
        shaper->due_ns = now_ns;
        shaper->due_frac = 0;
    }
    uint64_t time_16 = bytes * rate.byte_16 + shaper->due_frac;
    shaper->due_ns += (int64_t)(time_16 >> 16);
    shaper->due_frac = time_16 & 0xffff;
}
