/*
 * Many queues that take turns by bytes: deficit round robin (Shreedhar and Varghese, "Efficient Fair Queuing Using
 * Deficit Round-Robin", 1996). Each has a profile, as many subscribers have one: what it may send in a turn, a rate of
 * its own, how long it may get, random early detection or drop-tail. To a million queues: a packet in and out costs a
 * few lines of the cache, which are fetched ahead of time.
 *
 * A queue that may not send yet, for its rate, leaves the round until it may.
 */
#pragma once

#include "queue/queue.h"
#include "sched/shaper.h"

#define DRR_QUEUES_MAX   1048576u
#define DRR_PROFILES_MAX 256u
#define DRR_QUANTUM_MIN  64u /* bytes; with less than a packet's length it takes several turns to send one */
#define DRR_BATCH        64u /* packets at once, for which lines are fetched ahead */

struct drr_profile {
    uint32_t quantum;        /* bytes a turn, DRR_QUANTUM_MIN to 2^30 */
    uint32_t limit_packets;  /* past which nothing is taken; 1 to 2^24 */
    struct shaper_rate rate; /* with a burst of at least WHEEL_SLOT_NS, or less than the rate comes out */
    bool red, ecn;           /* whether there is random early detection, and whether it marks */
    struct red_config law;   /* of it: its first profile, in packets; not adaptive */
};

struct drr_config {
    uint32_t queues;                    /* 1 to DRR_QUEUES_MAX */
    uint32_t profile_count;             /* 1 to DRR_PROFILES_MAX */
    const struct drr_profile *profiles; /* at first each queue has the first */
    int share_shift;                    /* of what is free in the pool, each queue may hold 2 to that times (share.h) */
};

/* What a queue has done; what arrived is all of it, and what waits. */
struct drr_counts {
    uint64_t left_packets, left_bytes, dropped_bytes;
    uint64_t dropped_limit, dropped_memory, dropped_early, dropped_forced, marked; /* packets */
};

struct drr;

/* The configuration and the pool are borrowed until it is freed. NULL if there is no memory. */
struct drr *drr_new(const struct drr_config *config, struct packets *packets, struct queue_random random,
                    int64_t now_ns);
/* What is in it goes back to the pool. Takes NULL, returns NULL. */
struct drr *drr_free(struct drr *drr);

/* Give a queue a profile; what waits in it stays. */
void drr_assign(struct drr *drr, uint32_t queue, uint8_t profile);

/* Packets have come, at most DRR_BATCH, each with len, ecn and leaf (its queue) filled in. They are the drr's, or back
 * in the pool. now_ns never goes back. */
void drr_put(struct drr *drr, const uint32_t *numbers, unsigned count, int64_t now_ns);

/* The packets that leave now, at most `room`, and as long as *budget is above 0; each one's bytes are taken from that.
 * They are the caller's. How many. */
unsigned drr_get(struct drr *drr, uint32_t *numbers, unsigned room, int64_t *budget, int64_t now_ns);

/* When there may be something to get: INT64_MIN: now; INT64_MAX: not before something is put. */
int64_t drr_next_ns(const struct drr *drr);

/* What waits. */
uint32_t drr_packets(const struct drr *drr);
uint64_t drr_bytes(const struct drr *drr);
uint32_t drr_queue_packets(const struct drr *drr, uint32_t queue);
uint64_t drr_queue_bytes(const struct drr *drr, uint32_t queue);

/* Of all queues together, as of now; of one. */
const struct queue_stats *drr_stats(const struct drr *drr);
const struct drr_counts *drr_queue_counts(const struct drr *drr, uint32_t queue);
