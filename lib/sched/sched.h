/*
 * What leaves a port next, and when: a shaper of the port's rate; below it the packets of contracts (sched/edf.h); and
 * in all that they leave classes, the more urgent ones first, those that are alike in turn by bytes; in a class a
 * queueing discipline, or many queues that take turns (sched/drr.h).
 *
 * All share the port's packet memory: no class, and no queue of a class, may hold more than a multiple of what is still
 * free, so one that is full leaves room for the others.
 *
 * A deterministic core: time and random numbers come from the caller.
 */
#pragma once

#include "queue/queue.h"
#include "sched/drr.h"
#include "sched/edf.h"
#include "sched/shaper.h"

#define SCHED_CLASSES  8u
#define SCHED_BATCH    DRR_BATCH
#define SCHED_QUANTUM  3028u /* bytes: two packets of 1,514; for whoever knows nothing better */
#define SCHED_CONTRACT 0x80u /* in a packet's class: it has a contract, and the class in case that it is demoted */

struct sched_class {
    uint8_t priority;        /* 0 goes first; below it only what the more urgent classes leave */
    uint32_t quantum;        /* bytes a turn among classes of the same priority; DRR_QUANTUM_MIN to 2^30 */
    struct shaper_rate rate; /* it gets at most that */
    bool many;               /* its queues are those of `drr`; otherwise it has one, and that is `queue` */
    union {
        struct queue_config queue;
        struct drr_config drr;
    };
};

struct sched_config {
    struct shaper_rate rate; /* of the port; with a burst of what leaves between two looks */
    struct edf_config edf;   /* 0 contracts: there are none */
    int share_shift;         /* of what is free in the pool, each class may hold 2 to that times (share.h) */
    unsigned class_count;    /* 1 to SCHED_CLASSES; in ascending order of priority */
    struct sched_class classes[SCHED_CLASSES];
};

struct sched;

/* The configuration and the pool are borrowed until it is freed. NULL if there is no memory. */
struct sched *sched_new(const struct sched_config *config, struct packets *packets, struct queue_random random,
                        int64_t now_ns);
/* What is in it goes back to the pool. Takes NULL, returns NULL. */
struct sched *sched_free(struct sched *sched);

/* Packets have come, at most SCHED_BATCH, each with len (sched/link.h), hash, leaf, class (below class_count), dscp and
 * ecn filled in; with SCHED_CONTRACT contract and arrived_ns too. They are the scheduler's, or back in the pool. now_ns
 * never goes back. */
void sched_put(struct sched *sched, const uint32_t *numbers, unsigned count, int64_t now_ns);

/* The packets that leave now, in order, at most `room` and SCHED_BATCH. They are the caller's. How many. */
unsigned sched_get(struct sched *sched, uint32_t *numbers, unsigned room, int64_t now_ns);

/* When there may be something to get; a time that is past: now; INT64_MAX: not before something is put. */
int64_t sched_next_ns(const struct sched *sched);

/* When all that has been got will have left a link of the port's rate; perhaps a time that is past. */
int64_t sched_due_ns(const struct sched *sched);

/* The packets of contracts, to set those; NULL: there are none. */
struct edf *sched_edf(struct sched *sched);

/* What waits. */
uint32_t sched_packets(const struct sched *sched);
uint32_t sched_class_packets(const struct sched *sched, unsigned class);
uint64_t sched_class_bytes(const struct sched *sched, unsigned class);

/* What a class has done. */
const struct queue_stats *sched_class_stats(const struct sched *sched, unsigned class);

/* A class's only queue, or NULL; its many, or NULL. */
const struct queue *sched_class_queue(const struct sched *sched, unsigned class);
struct drr *sched_class_drr(struct sched *sched, unsigned class);
