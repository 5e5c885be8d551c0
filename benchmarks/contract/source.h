/*
 * Who sends a contract's traffic: it keeps to its contract to the byte, as its own token buckets say, and may send all
 * that they allow by a given time; or it is a rogue, and sends twice its burst
 * at once and then ten times its rate.
 */
#pragma once

#include "sched/contract.h"

#define SOURCE_NEVER INT64_MAX

static inline int64_t source_later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* A token bucket, in 10^-9 bytes, so that nothing is rounded. */
struct bucket {
    uint64_t rate, size; /* rate 0: as much as you like */
    __int128 credit;
    int64_t at_ns;
};

enum source_sizes { SIZES_LARGEST, SIZES_SMALLEST, SIZES_ANY, SIZES_KINDS };

struct source {
    const struct contract *contract;
    struct bucket bucket, peak;
    int64_t within_ns;
    int64_t next_ns, stop_ns; /* when it sends next; it sends nothing after its stop */
    uint32_t next_len;
    enum source_sizes sizes;
    int64_t pause_ns;                /* on average, between what it sends; 0: none */
    uint64_t at_once;                /* bytes that a rogue still sends so */
    bool rogue, sinned;              /* now; ever */
    uint64_t sent;                   /* packets */
    int64_t shortest_ps, longest_ps; /* delays */
};

/* One with full buckets that sends nothing yet. */
struct source source_new(const struct contract *contract, int64_t now_ns);

/* Find what it sends next, not before at_ns: such that in the end it has sent every byte that it may. */
void source_plan(struct source *source, int64_t at_ns, uint64_t *random);

/* It has sent that. */
void source_sent(struct source *source);

/* When its buckets are full again, and with them what the scheduler thinks of it. */
int64_t source_full_ns(const struct source *source, int64_t now_ns);
