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

#include <math.h>
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

enum red_verdict {
    RED_PASS,
    RED_EARLY, /* drop it, or mark it if it can be */
    RED_FORCED /* drop it: the average is above all thresholds */
};

/* --- its parts, for whoever has many small queues ---------------------------------------------------------------- */

struct red_average {
    double avg;
    int64_t empty_since_ns; /* -1: it is not */
};

/* How the average decays while nothing waits: by 2 to this times the nanoseconds. */
static inline double red_decay(const struct red_config *config)
{
    double a_packet = log2(1 - config->weight);

    return (a_packet > -1100 ? a_packet : -1100) / config->packet_ns; /* finite, and to 0 all the same */
}

/* A packet arrives, while `queue` waits: figure 2 of the paper, "calculate the average queue size". decay: red_decay.
 */
static inline void red_average(struct red_average *average, double weight, double decay, double queue, int64_t now_ns)
{
    if (average->empty_since_ns < 0)
        average->avg = (1 - weight) * average->avg + weight * queue;
    else if (average->avg > 0)
        average->avg *= exp2((double)(now_ns - average->empty_since_ns) * decay);
    average->empty_since_ns = -1;
}

/*
 * What becomes of a packet that arrives at that average, not below the profile's min. *count: of packets since the last
 * that was dropped; -1: the average was below min. `random`: of uniform distribution, used in one verdict only; a value
 * v means v / 2^32.
 */
enum red_verdict red_judge(const struct red_config *config, const struct red_profile *profile, double avg,
                           int32_t *count, uint32_t len, uint32_t random);

/* --- a queue ----------------------------------------------------------------------------------------------------- */

struct red {
    struct red_average average;
    double decay;                 /* red_decay */
    double max_p;                 /* now; of the only profile, with `adaptive` */
    int64_t adapt_ns;             /* when max_p is looked at next */
    int32_t counts[RED_PROFILES]; /* as red_judge has them */
};

/* Empty, since now. */
void red_open(struct red *red, const struct red_config *config, int64_t now_ns);

/* A packet arrives, while `queue` waits. `random`: as red_judge. */
enum red_verdict red_arrive(struct red *red, const struct red_config *config, unsigned profile, double queue,
                            uint32_t len, int64_t now_ns, uint32_t random);

/* The last packet has left. */
static inline void red_empty(struct red *red, int64_t now_ns)
{
    red->average.empty_since_ns = now_ns;
}
