/*
 * What the measurement role answers.
 */
#pragma once

#include "base/histogram.h"
#include "net/ipv4_prefix.h"
#include "query/query.h"
#include "twamp/reflector.h"
#include "twamp/session.h"

#define QUERY_PROBE_NAME_SIZE 32

struct query_probe {
    char name[QUERY_PROBE_NAME_SIZE];
    uint32_t to;
    uint16_t port, size; /* UDP's; bytes of its data */
    uint8_t dscp;
    int64_t interval_ns;
    uint64_t sent, lost, reordered;
    uint64_t verdicts[TWAMP_VERDICT_COUNT];      /* of what came back */
    uint64_t unreachable;                        /* the system could not send them, or heard that they cannot arrive */
    int32_t error;                               /* 0; -errno: why not, the last time, if nothing has come back since */
    struct histogram_summary round, there, back; /* of a way: above its least */
};

struct query_reflector {
    char interface[QUERY_NAME_SIZE];
    uint16_t port; /* UDP */
    bool there;    /* it answers */
    int32_t error; /* 0; -errno: why not */
    uint32_t rate; /* answers a second at most */
    uint64_t answers[TWAMP_ANSWER_COUNT];
    uint64_t missed; /* came faster than they were looked at */
    uint64_t unsent; /* answers that the system could not send */
};
