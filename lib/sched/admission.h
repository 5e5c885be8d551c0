/*
 * Which contracts a port can keep: one is admitted if its guarantee, and those of all that are admitted already, hold
 * whatever conforming traffic comes, whatever else is sent besides, and whatever those do that do not conform. If it is
 * refused, the answer says what stands in the way, and what would be admitted instead.
 *
 * The test is exact but for three things that the blocking and the bucket below count in full: what is under way in the
 * transmit ring, one packet of the largest size, and the resolution of the scheduler (sched/edf.h). docs/guarantees.md
 * has the proof.
 */
#pragma once

#include "sched/contract.h"

#include <stddef.h>

struct admission_config {
    uint64_t rate;        /* of the port: what it sends at least; bytes a second */
    uint64_t blocking;    /* bytes: what is in the transmit ring at most, and the largest packet of the port */
    int64_t bucket_ns;    /* of the scheduler */
    int64_t delay_max_ns; /* no contract may ask for more, wait included */
    uint64_t packets;     /* that memory can hold for contracts */
    uint32_t contracts;   /* numbers below it; at least 1 */
};

/* X(enumerator, name, help) */
#define ADMISSION_CAUSES(X)                                                                 \
    X(NONE, "none", "it is admitted")                                                       \
    X(RANGE, "range", "it asks for a longer delay or wait than the scheduler reckons with") \
    X(RATE, "rate", "all rates together are more than the port's")                          \
    X(DELAY, "delay", "its own delay could not be kept")                                    \
    X(OTHER, "other", "the delay of a contract that is admitted could not be kept")         \
    X(MEMORY, "memory", "its packets could need more memory than is left")

enum admission_cause {
#define X(enumerator, name, help) ADMISSION_##enumerator,
    ADMISSION_CAUSES(X)
#undef X
        ADMISSION_CAUSE_COUNT
};

/* "rate"; "unknown". */
const char *admission_cause_name(unsigned cause);

/* needed and room: with RATE bytes a second of all contracts and of the port; with DELAY and OTHER the bytes that could
 * have to be sent within within_ns, and those that the port sends; with MEMORY packets. */
struct admission_refusal {
    enum admission_cause cause;
    uint32_t other;    /* with OTHER: that contract */
    int64_t within_ns; /* with DELAY and OTHER */
    uint64_t needed, room;
};

/* What would be admitted in a contract's place, all else being the same. 0: nothing would. */
struct admission_offer {
    int64_t delay_ns;  /* the smallest delay, not below what is asked for; with */
    int64_t jitter_ns; /* the smallest jitter, where one is asked for */
    uint64_t rate;     /* the largest rate, not above what is asked for */
    uint32_t burst;    /* the largest burst, not above what is asked for */
};

struct admission;

/* NULL if there is no memory. */
struct admission *admission_new(const struct admission_config *config);
/* Takes NULL, returns NULL. */
struct admission *admission_free(struct admission *admission);

/* Whether a sound contract (contract_check) would be admitted; refusal may be NULL. */
bool admission_test(const struct admission *admission, const struct contract *contract,
                    struct admission_refusal *refusal);

/* Admit it by a number that is not taken. False, and nothing is changed: refused. */
bool admission_add(struct admission *admission, uint32_t number, const struct contract *contract,
                   struct admission_refusal *refusal);
/* That number is free again, and so is its share. */
void admission_remove(struct admission *admission, uint32_t number);

/* What would be admitted in the place of one that is refused. */
struct admission_offer admission_offer(const struct admission *admission, const struct contract *contract);

/* Whether what is admitted would hold on a port of another rate and blocking. Refused: by RATE or OTHER. */
bool admission_fits_port(const struct admission *admission, uint64_t rate, uint64_t blocking,
                         struct admission_refusal *refusal);

/* The contract of a number; NULL if it is not taken. */
const struct contract *admission_contract(const struct admission *admission, uint32_t number);

/* How many are admitted; their rates together, in bytes a second; the packets of memory that are theirs. */
uint32_t admission_count(const struct admission *admission);
uint64_t admission_rate(const struct admission *admission);
uint64_t admission_packets(const struct admission *admission);
