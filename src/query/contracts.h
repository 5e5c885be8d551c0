/*
 * Contracts, as others may ask the engine for them.
 */
#pragma once

#include "base/histogram.h"
#include "query/query.h"
#include "sched/admission.h"
#include "sched/edf.h"

#define QUERY_CONTRACT_NAME_SIZE 32
#define QUERY_MATCHES_SIZE       640
#define QUERY_CONTRACT_TEXT_SIZE 300
#define QUERY_WORDS_SIZE         160

/* X(enumerator, name, help) */
#define QUERY_CONTRACT_STATES(X)                                                                \
    X(KEPT, "kept", "its guarantee holds")                                                      \
    X(REFUSED, "refused", "the port cannot keep it: its packets are best effort")               \
    X(WAITING, "waiting", "the port is not there, or has no queues now: there is no guarantee") \
    X(NEXT, "next", "it waits until the last packets of others have left that were removed")

enum query_contract_state {
#define X(enumerator, name, help) QUERY_CONTRACT_##enumerator,
    QUERY_CONTRACT_STATES(X)
#undef X
        QUERY_CONTRACT_STATE_COUNT
};

/* "kept"; "unknown". */
const char *query_contract_state_name(unsigned state);
const char *query_contract_state_help(unsigned state);

/* What has left of a contract. */
struct query_kept {
    uint64_t packets, bytes;
    uint64_t rate;                  /* bytes a second, of the last second or two */
    uint64_t late, late_stalled;    /* later than promised: without and with a stall of platform or port */
    struct histogram_summary delay; /* and */
    int64_t least_ns;               /* the shortest */
};

/* What has become of a contract's packets, since it is kept. */
struct query_figures {
    struct edf_counts came;
    struct query_kept left;
    uint64_t stalls; /* of the platform, at its port, since then */
};

struct query_contract {
    char name[QUERY_CONTRACT_NAME_SIZE], out[QUERY_NAME_SIZE];
    uint8_t state; /* enum query_contract_state */
    uint8_t by_hand;
    uint8_t unused[6];
    struct contract terms; /* on the link */
    uint8_t has_delay;     /* 0: none is promised; what is in the terms is what the scheduler reckons with */
    char atm[QUERY_WORDS_SIZE], tspec[QUERY_WORDS_SIZE], rspec[QUERY_WORDS_SIZE]; /* the same in these words, or "" */
    uint32_t match_count;
    char matches[QUERY_MATCHES_SIZE];   /* a line each, as many as there is room for */
    char why[QUERY_CONTRACT_TEXT_SIZE]; /* of REFUSED and NEXT */
    struct admission_offer offer;       /* of REFUSED and NEXT */
    struct query_figures figures;
};

/* One of them, with all its delays. */
struct query_contract_seen {
    struct query_contract contract;
    struct histogram delays;
};
