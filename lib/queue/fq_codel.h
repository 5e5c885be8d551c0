/*
 * FlowQueue-CoDel (RFC 8290): a queue for each flow, as far as a hash tells them apart, each with CoDel of its own;
 * they take turns by bytes (DRR++), and those that have just got something go first.
 */
#pragma once

#include "queue/codel.h"

struct fq_codel_config {
    struct codel_config codel;
    uint32_t flows;         /* queues: 1 to 65,536 */
    uint32_t quantum;       /* bytes a turn, at least 1; the MTU is usual */
    uint32_t limit_packets; /* of all flows: past it the flow with most bytes loses half of them, 64 packets at most */
};

struct fq_codel;

/* The configuration, the pool, and the numbers, in which drops and marks are counted, are borrowed until it is freed.
 * NULL if there is no memory. */
struct fq_codel *fq_codel_new(const struct fq_codel_config *config, struct packets *packets, struct queue_stats *stats);
/* What is in it is given back. Takes NULL, returns NULL. */
struct fq_codel *fq_codel_free(struct fq_codel *fq);

/* A packet has come, at its arrived_ns; its flow is told by its hash. */
void fq_codel_put(struct fq_codel *fq, uint32_t number);
/* Make room: the flow with most bytes loses some, as when there are too many packets. */
void fq_codel_squeeze(struct fq_codel *fq);
/* The next one to leave; PACKET_NONE. */
uint32_t fq_codel_get(struct fq_codel *fq, int64_t now_ns);

uint32_t fq_codel_packets(const struct fq_codel *fq);
uint64_t fq_codel_bytes(const struct fq_codel *fq);
