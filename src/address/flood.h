/*
 * A socket at which more comes in than can be served: how much of the time new clients get, so that the rest stays for
 * those who are known and for what else the system does. It ends when that is enough for everybody.
 *
 * A deterministic core: times are passed in, in nanoseconds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FLOOD_SHARE 8 /* new ones get one of so many parts of the time */

struct flood {
    bool on;
    int64_t credit_ns; /* for how long new ones may be served; below 0: it is taken in advance */
    int64_t looked_ns; /* when that was reckoned */
    int64_t short_ns;  /* when that was not enough for the last time, or somebody said that it is not */
};

/* There is more than can be served. True: that is new. */
bool flood_press(struct flood *flood, int64_t now_ns);

/* Whether there is time for new ones. */
bool flood_allows(struct flood *flood, int64_t now_ns);

/* There was, and they have been served for so long. True: the flood is over. */
bool flood_spend(struct flood *flood, int64_t spent_ns, int64_t now_ns);
