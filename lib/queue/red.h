/*
 * Random early detection (Floyd and Jacobson, "Random Early Detection Gateways for Congestion Avoidance", 1993): a
 * packet that arrives is dropped, or marked, with a probability that grows with the average queue. Spacing is the
 * paper's: between two drops lie 1 to 1/p packets, all equally likely.
 *
 * With it: gentle RED (Floyd 2000), byte mode (the paper, section 4), ECN (RFC 3168), adaptive RED (Floyd, Gummadi,
 * Shenker 2001), and WRED: profiles of their own, by drop precedence, over one average.
 *
 * Lengths are in packets or in bytes, as the caller counts them: thresholds, queue and average alike.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RED_PROFILES 4

/* From which average on, and with which probability at the upper threshold. */
struct red_profile {
    double min, max; /* 0 <= min < max */
    double max_p;    /* 0 < max_p <= 1 */
};

struct red_config {
    double weight;    /* of the queue in its average: 0 < weight <= 1 */
    bool gentle;      /* above max the probability grows to 1 at 2 max; otherwise all are dropped there */
    double mean_len;  /* not 0: the probability is that of a packet so long, and in proportion to others' length */
    double packet_ns; /* in which a typical packet leaves: in an idle time, how often the average decays; above 0 */
    bool adaptive;    /* max_p follows, so that the average stays in the middle between min and max */
    struct red_profile profiles[RED_PROFILES]; /* those that packets have; with `adaptive` the first */
};

struct red {
    double avg;
    double max_p;                 /* now; of the only profile, with `adaptive` */
    int64_t empty_since_ns;       /* -1: it is not */
    int64_t adapt_ns;             /* when max_p is looked at next */
    int32_t counts[RED_PROFILES]; /* of packets since the last that was dropped; -1: the average is below min */
};

enum red_verdict {
    RED_PASS,
    RED_EARLY, /* drop it, or mark it if it can be */
    RED_FORCED /* drop it: the average is above all thresholds */
};

/* Empty, since now. */
void red_open(struct red *red, const struct red_config *config, int64_t now_ns);

/*
 * A packet arrives, while `queue` waits. `random`: of uniform distribution, and used in one verdict only; a value v
 * means v / 2^32.
 */
enum red_verdict red_arrive(struct red *red, const struct red_config *config, unsigned profile, double queue,
                            uint32_t len, int64_t now_ns, uint32_t random);

/* The last packet has left. */
static inline void red_empty(struct red *red, int64_t now_ns)
{
    red->empty_since_ns = now_ns;
}
