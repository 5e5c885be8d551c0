/*
 * DualQ Coupled AQM, as DualPI2 (RFC 9332, its appendix A): classic and low-latency (L4S) traffic wait in queues of
 * their own, and one control law gives both their signal: drops with the square of a probability here, marks with k
 * times it there, so that flows of both kinds get about the same rate.
 */
#pragma once

#include "queue/fifo.h"
#include "queue/stats.h"

struct dualpi2_config {
    uint64_t limit_bytes;         /* of both queues */
    int64_t target_ns;            /* of the classic queue's delay; above 0 */
    int64_t update_ns;            /* how often the probability is reckoned; above 0 */
    double alpha, beta;           /* what is added to it, a second of delay above the target, and of growth */
    double coupling;              /* k; at least 1 */
    int64_t low_min_ns;           /* low-latency packets that waited longer are marked, unless one is alone */
    int64_t low_range_ns;         /* over which the probability of that grows from 0 to 1; 0: it is 1 at once */
    uint32_t low_latency_percent; /* of the rate while both wait: 1 to 99; the rest is classic traffic's at least */
};

struct dualpi2;

/* The configuration, the pool, and the numbers, in which drops and marks are counted, are borrowed until it is freed.
 * NULL if there is no memory. */
struct dualpi2 *dualpi2_new(const struct dualpi2_config *config, struct packets *packets, struct queue_stats *stats,
                            int64_t now_ns);
/* What is in it is given back. Takes NULL, returns NULL. */
struct dualpi2 *dualpi2_free(struct dualpi2 *dual);

/* Its appendix A.1, for a link whose longest round-trip time is that one: alpha, beta, update. */
void dualpi2_gains(struct dualpi2_config *config, int64_t rtt_max_ns);

/* A packet has come, at its arrived_ns, which is now. */
void dualpi2_put(struct dualpi2 *dual, uint32_t number, int64_t now_ns);
/* The next one to leave; PACKET_NONE. */
uint32_t dualpi2_get(struct dualpi2 *dual, int64_t now_ns);

/* p', from which both signals are made. */
double dualpi2_probability(const struct dualpi2 *dual);
uint32_t dualpi2_packets(const struct dualpi2 *dual);
uint64_t dualpi2_bytes(const struct dualpi2 *dual);
