/*
 * How long a drop-tail queue may be, so that its link is busy and packets wait no longer than that takes: RTT x C for
 * one flow, RTT x C / sqrt n for n long-lived flows, whose windows do not rise and fall together (Appenzeller, Keslassy
 * and McKeown, "Sizing router buffers", 2004); and never less than a burst of packets.
 *
 * Both are measured by others. A guard looks at what comes of it: where the link was less busy than the law promises,
 * although packets were dropped for the limit, it does not hold for these flows, and the limit is raised step by step.
 *
 * A deterministic core.
 */
#pragma once

#include <stdint.h>

#define LIMIT_PACKETS     20u                /* full ones that there is room for at least, and a batch */
#define LIMIT_RTT_NS      INT64_C(100000000) /* as long as nothing is known */
#define LIMIT_BUSY        0.99 /* of the link, while there is enough to send, if the law does not promise less */
#define LIMIT_MANY        50   /* flows from which on it promises something */
#define LIMIT_WINDOW_NS   INT64_C(1000000000)  /* in which flows are counted: at least so long, and four round trips, */
#define LIMIT_WINDOW_MAX  INT64_C(10000000000) /* at most so long, */
#define LIMIT_WINDOW_FULL 65536u               /* full packets that a link sends in between, if that is longer */
#define LIMIT_JUDGE_NS    INT64_C(10000000000) /* so long a busy period is at least for the guard */

struct limit_config {
    double rate;       /* bytes a second */
    double factor;     /* k: 1 for the law itself, 2 for certainty */
    uint64_t min, max; /* bytes: the limit is never less, and never more */
    uint32_t packet;   /* bytes of a full packet */
    uint32_t batch;    /* packets that leave at once */
};

struct limit {
    uint64_t bytes; /* what holds */
    int64_t rtt_ns; /* what it follows from; 0: nothing is known yet */
    double flows;   /* the same; 0: none has been seen yet. The fewer of the last two windows: it is the safe side */
    double last_flows;
    double guard; /* 1: the law holds; more: by so much the limit is above it */
};

void limit_open(struct limit *limit, const struct limit_config *config);

/* What was seen: the round-trip time, in a while; long-lived flows, in a window. 0: there were none. */
void limit_learn_rtt(struct limit *limit, const struct limit_config *config, int64_t rtt_ns);
void limit_learn_flows(struct limit *limit, const struct limit_config *config, double flows);
/* What the link's utilisation was in a busy period, 0 to 1. */
void limit_guard(struct limit *limit, const struct limit_config *config, double utilisation);

/* How long the next window is in which flows are counted. */
int64_t limit_window_ns(const struct limit *limit, const struct limit_config *config);
