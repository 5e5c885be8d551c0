/*
 * A contract: traffic that keeps to a rate and a burst leaves within a delay, and within a jitter, and none of it is
 * lost. What does not keep to them does not conform; the contract says what becomes of it.
 *
 * Bytes are those on the link (sched/link.h), rates are bytes a second. A packet's delay is from its arrival to the end
 * of its transmission; jitter is the most by which the delays of two packets may differ.
 */
#pragma once

#include "sched/gcra.h"

#include <stdbool.h>

/* X(enumerator, name, help) */
#define CONTRACT_TREATMENTS(X)                                              \
    X(SHAPE, "shape", "it waits until it conforms, as long as it may wait") \
    X(DEMOTE, "demote", "it has no guarantee: it is best effort")           \
    X(DROP, "drop", "it is dropped")

enum contract_treatment {
#define X(enumerator, name, help) CONTRACT_##enumerator,
    CONTRACT_TREATMENTS(X)
#undef X
        CONTRACT_TREATMENT_COUNT
};

/* "shape"; "unknown". */
const char *contract_treatment_name(unsigned treatment);

#define CONTRACT_DELAY_MAX    INT64_C(4000000000) /* ns */
#define CONTRACT_UNHURRIED_NS INT64_C(125000000)  /* for traffic that needs its rate, and no delay in particular */

struct contract {
    uint64_t rate;       /* GCRA_RATE_MIN to GCRA_RATE_MAX */
    uint64_t peak_rate;  /* how fast a burst may come; at least rate. 0: at any speed */
    int64_t delay_ns;    /* 1 to CONTRACT_DELAY_MAX */
    int64_t jitter_ns;   /* 0: none is promised, and it is no more than the delay */
    int64_t wait_ns;     /* how long a packet may wait to conform, 0 to CONTRACT_DELAY_MAX; with CONTRACT_SHAPE */
    uint32_t burst;      /* at least packet_max */
    uint32_t peak_burst; /* what may come at once in spite of the peak rate; packet_max to burst */
    uint32_t packet_min; /* what is shorter counts as this (RFC 2212: minimum policed unit); 1 to packet_max */
    uint32_t packet_max; /* what is longer does not conform; to GCRA_LEN_MAX */
    enum contract_treatment treatment; /* of what does not conform; with best_effort not CONTRACT_SHAPE */
    bool best_effort;                  /* nothing is promised: what conforms is best effort, delay and jitter are 0 */
};

/* What may be wrong with one. X(enumerator, field, help) */
#define CONTRACT_FAULTS(X)                                                                    \
    X(RATE, "rate", "1 kbit/s to 400 Gbit/s")                                                 \
    X(PACKET, "packet", "the largest packet: up to 65,535 bytes, and not below the smallest") \
    X(BURST, "burst", "at least the largest packet")                                          \
    X(PEAK_RATE, "peak rate", "at least the rate, up to 400 Gbit/s")                          \
    X(PEAK_BURST, "peak burst", "at least the largest packet, and at most the burst")         \
    X(DELAY, "delay", "up to 4 s, and more than the scheduler's resolution")                  \
    X(JITTER, "jitter", "more than the scheduler's resolution")                               \
    X(WAIT, "wait", "up to 4 s")                                                              \
    X(EXCESS, "excess", "demote or drop: what is best effort cannot wait to conform")

enum contract_fault {
    CONTRACT_SOUND, /* nothing is wrong */
#define X(enumerator, field, help) CONTRACT_FAULT_##enumerator,
    CONTRACT_FAULTS(X)
#undef X
};

/* The first that is wrong. bucket_ns: the scheduler's resolution (sched/edf.h). */
enum contract_fault contract_check(const struct contract *contract, int64_t bucket_ns);
/* "burst", "at least the largest packet"; NULL for CONTRACT_SOUND. */
const char *contract_fault_field(enum contract_fault fault);
const char *contract_fault_expected(enum contract_fault fault);

/* Within what a packet has to have left, from when it conforms: the delay, or the jitter where that is less. Delays
 * from nothing to the jitter differ by no more than that; to hold packets back first would make them longer, and not
 * more alike. */
int64_t contract_within_ns(const struct contract *contract);

/* How long its packets may wait to conform. */
static inline int64_t contract_wait_ns(const struct contract *contract)
{
    return contract->treatment == CONTRACT_SHAPE ? contract->wait_ns : 0;
}

/* The most that its packets can need of memory, in packets: those of a burst and of what comes while they wait; none if
 * nothing is promised. */
uint64_t contract_packets(const struct contract *contract);
