/*
 * The audit: do the kernel's tables, the RIB, the FIB and what the door reads still say the same? What differs without
 * having changed meanwhile is drift: something was lost or is wrong. It is counted, told in the log, and put right.
 *
 * It goes on beside everything else, a little at a time. Events and dumps come over different sockets, so that what the
 * kernel says of a prefix is compared only if no event names that address from the audit's begin until a while after
 * its end; what is left out now is looked at by the next audit.
 */
#pragma once

#include "net/ipv4_prefix.h"

#include <stdbool.h>
#include <stdint.h>

struct audit;
struct routing;

struct audit_result {
    uint64_t audits;     /* that are complete */
    uint64_t drift;      /* differences that all of them found: must stay 0 */
    uint64_t prefixes;   /* of the last one: compared, of the RIB and of the FIB */
    uint64_t changed;    /* of the last one: differences left out, because events named them meanwhile */
    uint64_t last_drift; /* of the last one */
    uint64_t ended_s;    /* when it ended, in seconds since 1970; 0: there was none */
    bool runs;           /* one is under way */
};

/* The routing is borrowed. 0; -errno, logged. */
int audit_new(struct routing *routing, struct audit **audit);
struct audit *audit_free(struct audit *audit); /* takes NULL, returns NULL */

/* Begin one now, unless one is under way. The number of the first audit that begins after this call: it is complete
 * when `audits` has come so far. */
uint64_t audit_begin(struct audit *audit);

/* Go on. Call four times a second, with everything that was heard of handled. */
void audit_tick(struct audit *audit);

struct audit_result audit_result(const struct audit *audit);
