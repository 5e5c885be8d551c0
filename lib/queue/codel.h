/*
 * CoDel (RFC 8289): packets are dropped, or marked, as they leave, when for a whole interval none has waited for less
 * than the target; the next ones ever sooner, until one has.
 */
#pragma once

#include "queue/fifo.h"
#include "queue/stats.h"

struct codel_config {
    int64_t target_ns, interval_ns; /* 0 < target < interval */
    uint32_t mtu;                   /* bytes: with no more than that in the queue nothing is dropped */
    bool ecn;                       /* mark what can be marked */
};

/* All zeros at first. */
struct codel {
    int64_t first_above_ns; /* 0: the last packet had waited for less than the target */
    int64_t next_drop_ns;
    uint32_t count, last_count; /* drops since dropping began, and when it began last */
    bool dropping;
};

/* The next packet that is to leave; those that are dropped before it are given back. PACKET_NONE: there are none. */
uint32_t codel_get(struct codel *codel, const struct codel_config *config, struct fifo *fifo, struct packets *packets,
                   struct queue_stats *stats, int64_t now_ns);
