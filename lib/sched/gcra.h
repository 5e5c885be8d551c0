/*
 * Conformance to a rate and a burst: GCRA (ITU-T I.371, virtual scheduling) in bytes, which is a token bucket (RFC
 * 2697, RFC 2212). What conforms in any time t is at most rate x t + burst.
 *
 * What is enforced is never less than what was asked for, so whoever keeps to that always conforms, however long; and
 * more by a few parts in a million at 10 Gbit/s, and less at lower rates. gcra_rate() and gcra_burst() say how much it
 * is: that is what a guarantee must reckon with.
 */
#pragma once

#include "sched/ratio.h"

#include <stdint.h>

#define GCRA_RATE_MIN UINT64_C(125)         /* bytes a second: 1 kbit/s */
#define GCRA_RATE_MAX UINT64_C(50000000000) /* 400 Gbit/s */
#define GCRA_LEN_MAX  65535u                /* bytes of a packet */

struct gcra_law {
    uint64_t byte_20; /* the time of a byte in 2^-20 ns, rounded down */
    int64_t burst_ns; /* the time of the burst, rounded up */
};

/* 4-byte aligned, so that it fits where space is dear. All zeros: the bucket has always been full. */
struct gcra {
    int64_t tat_ns;  /* theoretical arrival time: when the bucket is full again */
    uint32_t tat_20; /* 2^-20 ns */
} __attribute__((packed, aligned(4)));

/* rate: bytes a second, GCRA_RATE_MIN to _MAX; burst: bytes. */
static inline struct gcra_law gcra_law(uint64_t rate, uint32_t burst)
{
    return (struct gcra_law){.byte_20 = (UINT64_C(1000000000) << 20) / rate,
                             .burst_ns = (int64_t)((burst * UINT64_C(1000000000) + rate - 1) / rate)};
}

/* What is enforced, rounded up: bytes a second, and bytes. */
static inline uint64_t gcra_rate(struct gcra_law law)
{
    return ((UINT64_C(1000000000) << 20) + law.byte_20 - 1) / law.byte_20;
}

static inline uint64_t gcra_burst(struct gcra_law law)
{
    return ratio_up((uint64_t)law.burst_ns + 1, gcra_rate(law), 1000000000);
}

/* When a packet of len bytes, at most the burst, conforms that comes at at_ns, which never goes back; not before at_ns.
 */
static inline int64_t gcra_conforms_ns(const struct gcra *gcra, struct gcra_law law, uint32_t len, int64_t at_ns)
{
    if (gcra->tat_ns < at_ns)
        return at_ns;
    int64_t conforms_ns = gcra->tat_ns + (int64_t)((len * law.byte_20 + gcra->tat_20) >> 20) - law.burst_ns;
    return conforms_ns > at_ns ? conforms_ns : at_ns;
}

/* It passes, at a time at which it conforms. */
static inline void gcra_pass(struct gcra *gcra, struct gcra_law law, uint32_t len, int64_t at_ns)
{
    if (gcra->tat_ns < at_ns) {
        gcra->tat_ns = at_ns;
        gcra->tat_20 = 0;
    }
    uint64_t time_20 = len * law.byte_20 + gcra->tat_20;
    gcra->tat_ns += (int64_t)(time_20 >> 20);
    gcra->tat_20 = time_20 & 0xfffff;
}
