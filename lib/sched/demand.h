/*
 * How much may have to be sent, at the most, within any time after a moment at which nothing waits, so that nothing is
 * late: the sum of the contracts' demands, against what the link sends in that time.
 *
 * With earliest deadline first the guarantees of all hold exactly if, for every time t,
 *
 *      blocking + demand(t) <= rate x t
 *
 * where a contract that must leave within d and conforms to a burst b and a rate r demands b + r (t - d) from t = d on
 * (Liebeherr, Wrege, Ferrari, "Exact Admission Control for Networks with a Bounded Delay Service", 1996; Georgiadis,
 * Guerin, Parekh, "Optimal Multiplexing on a Single Link", 1997). The blocking is what may be under way at first. As
 * the demand grows no faster than the link sends except where a curve jumps or bends, only those times have to be
 * looked at; and of them only few, for a tree of them bounds each range by a line: O(log n), unless the link is all but
 * full everywhere. All is reckoned in whole numbers, so what is taken away leaves nothing behind.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DEMAND_BENDS 2u
#define DEMAND_NEW   UINT32_MAX

/* A curve: from at_ns on it is jump bytes more, and grows by slope bytes a second more. */
struct demand_bend {
    int64_t at_ns; /* above 0, below 2^51 */
    uint64_t jump; /* below 2^40 */
    int64_t slope;
};

/* In the order of time. It never falls: the second bend has no jump and takes away no more than the first slope. */
struct demand_curve {
    unsigned count; /* 0, which is nothing, to DEMAND_BENDS */
    struct demand_bend bends[DEMAND_BENDS];
};

/* Where it does not fit. */
struct demand_excess {
    int64_t at_ns;       /* within this time */
    uint64_t bytes;      /* this may have to be sent, the blocking included, */
    uint64_t room_bytes; /* and the link sends this */
    uint32_t owner;      /* whose curve jumps or bends there; DEMAND_NEW: the one that is asked for */
};

struct demand;

/* rate: bytes a second; blocking: bytes. Curves have owners 0 to `owners` - 1. NULL if there is no memory. */
struct demand *demand_new(uint64_t rate, uint64_t blocking, uint32_t owners);
/* Takes NULL, returns NULL. */
struct demand *demand_free(struct demand *demand);

/* Whether everything is still in time with that curve besides; if not, and excess is not NULL, where it does not fit:
 * at one of its own bends, or else the shortest time of another's. That the link keeps up in the end is another
 * question: demand_slope(). */
bool demand_fits(const struct demand *demand, const struct demand_curve *curve, struct demand_excess *excess);

/* Whether what there is would be in time on another link. As demand_fits. */
bool demand_fits_link(const struct demand *demand, uint64_t rate, uint64_t blocking, struct demand_excess *excess);

/* Add an owner's curve, who has none; whether or not it fits. */
void demand_add(struct demand *demand, uint32_t owner, const struct demand_curve *curve);
/* Take away that curve, which its owner has. */
void demand_remove(struct demand *demand, uint32_t owner, const struct demand_curve *curve);

/* How fast all curves grow in the end: bytes a second. */
uint64_t demand_slope(const struct demand *demand);
