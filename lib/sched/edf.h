/*
 * Packets of contracts: earliest deadline first, behind a regulator for each contract (sched/contract.h).
 *
 * A packet conforms when it comes, or later, if its contract shapes; from then on it has its deadline, by which it must
 * have left, and not before it may leave. Both are kept to a bucket of time: it may leave up to a bucket early, and
 * deadlines of one bucket are alike. So what does not conform never takes the time of another contract's packets,
 * whatever comes.
 *
 * A packet in and out is O(1): it is noted in a calendar of those that wait, if it does not conform yet, and in one of
 * deadlines (sched/calendar.h). To a million contracts.
 *
 * A deterministic core: time comes from the caller.
 */
#pragma once

#include "queue/packets.h"
#include "sched/contract.h"

#define EDF_BATCH          64u /* packets at once, for which lines are fetched ahead */
#define EDF_CONTRACTS_MAX  1048576u
#define EDF_BUCKET_LOG_MIN 10u /* 1 us */
#define EDF_BUCKET_LOG_MAX 16u /* 66 us */

/* The longest that a packet may have to leave, wait included, with buckets of 2 to that ns. */
#define EDF_DELAY_MAX_NS(bucket_log) (INT64_C(65000) << (bucket_log))

struct edf_config {
    uint32_t contracts;  /* numbers below it; 1 to EDF_CONTRACTS_MAX */
    uint32_t packets;    /* that it ever has at once */
    unsigned bucket_log; /* a bucket is 2 to that ns; EDF_BUCKET_LOG_MIN to _MAX */
};

/* What has come of a contract, in packets. */
struct edf_counts {
    uint64_t conforming;
    uint64_t shaped;   /* they wait until they conform; */
    uint64_t demoted;  /* are best effort; */
    uint64_t dropped;  /* or are dropped: as the contract says, or since they would have to wait too long, */
    uint64_t too_long; /* or are longer than the contract's largest (dropped, or demoted) */
};

struct edf;

/* The pool is borrowed until it is freed; what waits is counted in its `held`. NULL if there is no memory. */
struct edf *edf_new(const struct edf_config *config, struct packets *packets);
/* What is in it goes back to the pool. Takes NULL, returns NULL. */
struct edf *edf_free(struct edf *edf);

/* A number's contract from now on; sound, and within EDF_DELAY_MAX_NS. It begins with a full bucket. What waits of
 * the one before keeps its times. */
void edf_set(struct edf *edf, uint32_t number, const struct contract *contract);

/*
 * Packets have come, at most EDF_BATCH, each with len, contract, and arrived_ns filled in: when it came, at most
 * now_ns, never earlier than the contract's packet before it. They are the edf's, or back in the pool, but for those
 * that are best effort: they are the caller's, and are in front of `numbers` then. How many. now_ns never goes back.
 */
unsigned edf_put(struct edf *edf, uint32_t *numbers, unsigned count, int64_t now_ns);

/* The packets that leave now, at most `room` and EDF_BATCH, and as long as *budget is above 0; each one's bytes are
 * taken from that. They are the caller's, with the bucket of their deadline filled in (modulo 2^32). How many. */
unsigned edf_get(struct edf *edf, uint32_t *numbers, unsigned room, int64_t *budget, int64_t now_ns);

/* Whether one that edf_get() gave has its last bit on the link later than it was promised, with buckets of 2 to that
 * ns.
 */
static inline bool edf_is_late(uint32_t deadline, int64_t left_ns, unsigned bucket_log)
{
    return (int32_t)((uint32_t)(left_ns >> bucket_log) - deadline) > 0;
}

/* When there may be something to get: INT64_MIN: now; INT64_MAX: not before something is put. */
int64_t edf_next_ns(const struct edf *edf);

/* What waits. */
uint32_t edf_packets(const struct edf *edf);

/* As of now. */
struct edf_counts edf_counts(const struct edf *edf, uint32_t number);
