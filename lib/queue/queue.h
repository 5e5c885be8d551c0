/*
 * Queueing disciplines behind one interface: packets are put in and got out, at times that the caller says; the
 * discipline decides which leaves next, which are dropped, and which are marked. What it drops goes back to the pool.
 *
 * A deterministic core: time and random numbers come from the caller.
 */
#pragma once

#include "queue/dualpi2.h"
#include "queue/fq_codel.h"
#include "queue/red.h"

/* X(enumerator, name, help) */
#define QUEUE_KINDS(X)                                                             \
    X(DROP_TAIL, "drop-tail", "first in, first out; what does not fit is dropped") \
    X(RED, "red", "random early detection")                                        \
    X(CODEL, "codel", "controlled delay")                                          \
    X(FQ_CODEL, "fq-codel", "a queue for each flow, with controlled delay")        \
    X(DUALPI2, "dualpi2", "low-latency traffic beside classic traffic")

enum queue_kind {
#define X(enumerator, name, help) QUEUE_##enumerator,
    QUEUE_KINDS(X)
#undef X
        QUEUE_KIND_COUNT
};

/* "drop-tail"; "unknown". */
const char *queue_kind_name(unsigned kind);

/* Random numbers of uniform distribution. */
struct queue_random {
    uint32_t (*draw)(void *arg);
    void *arg;
};

struct queue_red {
    struct red_config law;
    bool in_bytes;                    /* its lengths are in bytes, not in packets */
    bool ecn;                         /* mark what can be marked */
    uint8_t profile_of[PACKET_DSCPS]; /* by DSCP */
};

/* That the limit is to follow what is measured (sizing/limit.h). */
struct queue_auto {
    double factor;                 /* 0: it is not */
    uint64_t min_bytes, max_bytes; /* its bounds */
};

struct queue_config {
    enum queue_kind kind;
    uint32_t limit_packets; /* past which nothing is taken; at least 1 */
    uint64_t limit_bytes;   /* the same, and may change; FQ-CoDel and DualPI2 have limits of their own instead */
    struct queue_auto automatic;
    union { /* by kind */
        struct queue_red red;
        struct codel_config codel;
        struct fq_codel_config fq_codel;
        struct dualpi2_config dualpi2;
    };
};

struct queue;

/* The configuration and the pool are borrowed until it is freed. NULL if there is no memory. */
struct queue *queue_new(const struct queue_config *config, struct packets *packets, struct queue_random random,
                        int64_t now_ns);
/* What is in it goes back to the pool. Takes NULL, returns NULL. */
struct queue *queue_free(struct queue *queue);

/* A packet has come, with len, hash, class and ecn filled in; it is the queue's, or back in the pool. now_ns never goes
 * back. */
void queue_put(struct queue *queue, uint32_t number, int64_t now_ns);

/* The same when the queue has its share of the memory: a packet is dropped for it, whichever the discipline can best do
 * without. */
void queue_put_short(struct queue *queue, uint32_t number, int64_t now_ns);

/* The packet that leaves now; it is the caller's. PACKET_NONE: there is none. */
uint32_t queue_get(struct queue *queue, int64_t now_ns);

/* What waits. */
uint32_t queue_packets(const struct queue *queue);
uint64_t queue_bytes(const struct queue *queue);

/* The average queue of RED, in its unit; its probability at the upper threshold, or p' of DualPI2. 0: it has none. */
double queue_average(const struct queue *queue);
double queue_probability(const struct queue *queue);

/* The numbers are valid as long as the queue is. */
const struct queue_stats *queue_stats(const struct queue *queue);
