/*
 * How long packets waited: a histogram whose buckets grow with what is in them, eight for each doubling, so that a
 * quantile is off by one part in sixteen at most. From 1 microsecond to 68 s; what is shorter or longer counts as that.
 */
#pragma once

#include <stdint.h>

#define HISTOGRAM_UNIT_NS INT64_C(1024)
#define HISTOGRAM_BUCKETS 192 /* 8 + 8 for each doubling */

struct histogram {
    int64_t max_ns;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(int64_t ns)
{
    uint64_t units = ns > 0 ? (uint64_t)ns / HISTOGRAM_UNIT_NS : 0;

    if (units < 8)
        return (unsigned)units;
    unsigned doubling = 63u - (unsigned)__builtin_clzll(units); /* at least 3 */
    unsigned bucket = (doubling - 2) * 8 + (unsigned)(units >> (doubling - 3) & 7);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static inline void histogram_add(struct histogram *histogram, int64_t ns)
{
    histogram->buckets[histogram_bucket(ns)]++;
    if (ns > histogram->max_ns)
        histogram->max_ns = ns;
}

/* From where on a bucket counts; that of HISTOGRAM_BUCKETS is where the last one ends. */
static inline int64_t histogram_from_ns(unsigned bucket)
{
    return bucket < 8 ? bucket * HISTOGRAM_UNIT_NS : (int64_t)(8 + bucket % 8) * HISTOGRAM_UNIT_NS << (bucket / 8 - 1);
}

/* How many. */
uint64_t histogram_count(const struct histogram *histogram);

/* The time within which so many in a thousand left; the middle of its bucket, and never more than the longest. 0: none
 * did. */
int64_t histogram_quantile_ns(const struct histogram *histogram, unsigned thousandths);

struct histogram_summary {
    uint64_t count;
    int64_t p50_ns, p99_ns, max_ns;
};

struct histogram_summary histogram_summary(const struct histogram *histogram);

/* What a histogram has more than before. Its longest is known as its highest bucket's only. */
struct histogram_summary histogram_since(const struct histogram *now, const struct histogram *before);
