/*
 * The time that leases are counted in: seconds since 1970, and nobody sets it. While the system runs it goes with the
 * time since boot, over restarts of the daemon too; over a restart of the system it goes on by the system's clock, as
 * far as that was ahead of it before, but never back behind a time that was written down. So a clock that is set does
 * not end leases, or make them longer.
 *
 * A deterministic core: what the clocks say is passed in.
 */
#pragma once

#include "store/store.h"

#include <stdbool.h>

struct lease_clock {
    struct store_clock state; /* as it is stored, or is to be */
};

/* What the system's clocks say. */
struct lease_clock_reading {
    char boot[40]; /* which boot this is; empty: not known, then every start of the daemon counts as one */
    int64_t since_boot_s, system_s;
};

void lease_clock_read(struct lease_clock_reading *reading);
/* The same, all but the boot, which does not change while we run. */
void lease_clock_read_system(struct lease_clock_reading *reading);

/* Begin: what was stored, the latest time that was written down. clock->state is to be stored then. */
void lease_clock_open(struct lease_clock *clock, const struct store_clock *stored, uint64_t latest_s,
                      const struct lease_clock_reading *reading);

/* The system's clock may have been set. True: it has, and clock->state is to be stored. */
bool lease_clock_look(struct lease_clock *clock, const struct lease_clock_reading *reading);

uint64_t lease_clock_now_s(const struct lease_clock *clock);

/* A time of the system's clock, as this one has it; 0 if that was before it began. */
static inline uint64_t lease_clock_of_system_s(const struct lease_clock *clock, uint64_t time_s)
{
    int64_t skew_s = clock->state.skew_s;

    return skew_s > 0 && time_s < (uint64_t)skew_s ? 0 : time_s - (uint64_t)skew_s;
}

/* A time of this clock, as the system's clock has it; DHCP_NEVER stays. */
static inline uint64_t lease_clock_to_system_s(const struct lease_clock *clock, uint64_t time_s)
{
    return time_s == DHCP_NEVER ? time_s : time_s + (uint64_t)clock->state.skew_s;
}
