/*
 * How busy a link was while there was enough to send: in busy periods, which begin and end with a packet that was
 * dropped for the queue's limit, so that senders were pressing at both times, and in between did not pause. Senders
 * that only back off after a drop leave a link half empty at worst; what is emptier is a pause.
 */
#pragma once

#include <stdint.h>

#define BUSY_SLICE_NS INT64_C(100000000) /* looked at in slices of at least so long, and a round-trip time */

struct busy {
    int64_t ns;     /* since it began; 0: it has not */
    double busy_ns; /* of these */
};

/* Zeros are one that has not begun. */

/* A slice of so long is over, in which that share of the link was used. Its utilisation in the busy period that ended
 * with it, once that was at least so long; negative: none has ended. */
double busy_slice(struct busy *busy, int64_t least_ns, int64_t ns, double used, uint64_t drops);
