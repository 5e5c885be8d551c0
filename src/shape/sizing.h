/*
 * A shaped port's queues that size themselves: what passes by is measured, and their limits follow (lib/sizing).
 *
 * Segments that come in at the port are told by its door; those that leave are seen here. Of one thread at a time.
 */
#pragma once

#include "base/siphash.h"
#include "bpf/door.h"
#include "query/queues.h"
#include "sched/sched.h"

struct sizing_config {
    struct sched_config *queues;        /* whose limits follow; borrowed */
    uint64_t rates[SCHED_CLASSES];      /* bytes a second that each class gets at most */
    uint64_t rate;                      /* of the port */
    uint32_t packet;                    /* bytes that a full packet takes on the link */
    uint32_t batch_max;                 /* packets that leave at once, at most */
    const struct door_samples *samples; /* NULL: nothing is known of what comes in; borrowed */
    uint8_t key[SIPHASH_KEY_SIZE];
};

struct sizing;

/* Limits are what they are as long as nothing is known. 0; -ENOMEM. */
int sizing_new(const struct sizing_config *config, int64_t now_ns, struct sizing **sizing);
struct sizing *sizing_free(struct sizing *sizing); /* takes NULL, returns NULL */

/* A packet has left its queue. */
void sizing_left(struct sizing *sizing, const struct packet *packet, const uint8_t *frame, size_t len, int64_t now_ns);

/* Learn what there is to learn. */
void sizing_turn(struct sizing *sizing, const struct sched *sched, int64_t now_ns);

/* What is known, if that class sizes itself. */
void sizing_describe(const struct sizing *sizing, unsigned class, struct queues_class *what);
