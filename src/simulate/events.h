/*
 * What happens when, in virtual time: a heap of events, those of the same time in the order in which they were put.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
    int64_t at_ns;
    uint64_t order; /* set by events_put() */
    uint32_t flow, kind, number;
};

struct events {
    struct event *all;
    size_t count, room;
    uint64_t order;
};

/* Zeros are none. */

/* False: there is no memory. */
bool events_put(struct events *events, struct event event);

/* When the first one is; INT64_MAX: there is none. */
int64_t events_next_ns(const struct events *events);

/* Take the first one; there is one. */
struct event events_take(struct events *events);

void events_close(struct events *events);
