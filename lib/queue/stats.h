/*
 * What a queue has done: counters of its own, and how long packets waited in it.
 */
#pragma once

#include "base/histogram.h"
#include "queue/packets.h"

/* X(enumerator, name, help) */
#define QUEUE_DROPS(X)                                                                \
    X(LIMIT, "limit", "the queue is as long as it may be")                            \
    X(MEMORY, "memory", "the queue has its share of the port's memory")               \
    X(EARLY, "early", "random early detection, before the queue is too long")         \
    X(FORCED, "forced", "random early detection, the average is above all bounds")    \
    X(DELAY, "delay", "packets have waited for too long, for too long")               \
    X(FATTEST, "fattest", "it was of the flow that has most, when there was no room") \
    X(COUPLED, "coupled", "by the probability that holds the delay at its target")

#define QUEUE_MARKS(X)                                                             \
    X(EARLY, "early", "instead of an early drop")                                  \
    X(DELAY, "delay", "instead of a drop for delay")                               \
    X(COUPLED, "coupled", "by the probability that holds the delay at its target") \
    X(STEP, "step", "low-latency traffic that has waited longer than it should")

enum queue_drop_cause {
#define X(enumerator, name, help) QUEUE_DROP_##enumerator,
    QUEUE_DROPS(X)
#undef X
        QUEUE_DROP_COUNT
};

enum queue_mark_cause {
#define X(enumerator, name, help) QUEUE_MARK_##enumerator,
    QUEUE_MARKS(X)
#undef X
        QUEUE_MARK_COUNT
};

/* "limit"; "unknown". */
const char *queue_drop_name(unsigned cause);
const char *queue_mark_name(unsigned cause);

/* Bytes are those on the link. */
struct queue_stats {
    uint64_t arrived_packets, arrived_bytes; /* all, those that were dropped too */
    uint64_t left_packets, left_bytes;
    uint64_t dropped_bytes;
    uint64_t drops[QUEUE_DROP_COUNT], marks[QUEUE_MARK_COUNT]; /* packets */
    struct histogram delay;                                    /* of those that left */
};

static inline void queue_note_arrival(struct queue_stats *stats, const struct packet *packet)
{
    stats->arrived_packets++;
    stats->arrived_bytes += packet->len;
}

static inline void queue_note_left(struct queue_stats *stats, const struct packet *packet, int64_t now_ns)
{
    stats->left_packets++;
    stats->left_bytes += packet->len;
    histogram_add(&stats->delay, now_ns - packet->arrived_ns);
}

/* Give it back, and count why. */
static inline void queue_drop(struct packets *packets, struct queue_stats *stats, uint32_t number,
                              enum queue_drop_cause cause)
{
    stats->drops[cause]++;
    stats->dropped_bytes += packets->all[number].len;
    packets_give_back(packets, number);
}

/* Mark it as having met congestion. False: its sender does not know what that means (RFC 3168 5), so it is not. */
static inline bool queue_mark(struct packets *packets, struct queue_stats *stats, uint32_t number,
                              enum queue_mark_cause cause)
{
    struct packet *packet = &packets->all[number];

    if (packet->ecn == PACKET_NOT_ECT)
        return false;
    packet->marked = packet->marked || packet->ecn != PACKET_CE;
    packet->ecn = PACKET_CE;
    stats->marks[cause]++;
    return true;
}
