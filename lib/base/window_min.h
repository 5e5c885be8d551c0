/*
 * The least of what was measured lately: in a window of time and in the one before. A window ends only when something
 * new is measured after its time: what is known is not forgotten for nothing.
 */
#pragma once

#include <stdint.h>

#define WINDOW_MIN_NONE INT64_MAX

struct window_min {
    int64_t now, before; /* the least of this window, and of the one before */
    int64_t end_ns;      /* of this one; 0: nothing has been measured yet */
};

/* Zeros are one in which nothing was measured. */

static inline void window_min_add(struct window_min *min, int64_t value, int64_t now_ns, int64_t window_ns)
{
    if (now_ns >= min->end_ns || !min->end_ns) {
        min->before = min->end_ns ? min->now : WINDOW_MIN_NONE;
        min->now = WINDOW_MIN_NONE;
        min->end_ns = now_ns + window_ns;
    }
    if (value < min->now)
        min->now = value;
}

/* WINDOW_MIN_NONE: nothing has been measured. */
static inline int64_t window_min_get(const struct window_min *min)
{
    return !min->end_ns ? WINDOW_MIN_NONE : min->before < min->now ? min->before : min->now;
}
