/*
 * TCP flows through one shaped port, in virtual time: senders, a way to the port, its queues as in the daemon, a line,
 * receivers, and the way back. The queues see frames, and the measuring sees segments in both directions, as on a wire.
 */
#pragma once

#include "conf/conf.h"
#include "query/queues.h"
#include "simulate/congestion.h"

struct network_config {
    const struct conf_shape *shape; /* with a rate */
    uint32_t mtu;                   /* bytes */
    unsigned flows;                 /* 1 to NETWORK_FLOWS */
    enum congestion_kind senders;
    int64_t rtt_ns;     /* on average, with nothing in the queue */
    double spread;      /* of the flows' round-trip times: 0.2 is from 0.8 to 1.2 of it; below 1 */
    int64_t before_ns;  /* what happens before is not counted */
    int64_t measure_ns; /* so long it is */
    int64_t ping_ns;    /* between two small packets of somebody else; 0: there are none */
    uint64_t seed;
};

#define NETWORK_FLOWS 4096u

struct network_result {
    double utilisation;                   /* of the rate, 0 to 1, with what the link adds */
    double jain;                          /* fairness of what arrived, 1 is equal */
    struct histogram_summary delay, ping; /* in the queue: of the flows' packets, and of the others */
    double rtt_ns;         /* the flows' harmonic mean, with nothing in the queue: what there is to measure */
    uint64_t lost, marked; /* packets, as senders know it */
    struct queues queues;  /* at the end */
};

/* 0; -EINVAL with the fault filled in; -ENOMEM. */
int network_run(const struct network_config *config, struct network_result *result, struct queue_fault *fault);
