/*
 * The time that leases are counted in: seconds since 1970, and never backwards, neither while the daemon runs (a clock
 * that is set does not move it) nor over a restart (it begins at the latest time that was written down, at least).
 */
#pragma once

#include <stdint.h>
#include <time.h>

struct lease_clock {
    int64_t offset_s; /* to CLOCK_BOOTTIME, which also counts while the system sleeps */
};

static inline int64_t lease_clock_read(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec;
}

static inline void lease_clock_open(struct lease_clock *clock, uint64_t latest_s)
{
    int64_t wall_s = lease_clock_read(CLOCK_REALTIME);

    if (wall_s < (int64_t)latest_s)
        wall_s = (int64_t)latest_s;
    clock->offset_s = wall_s - lease_clock_read(CLOCK_BOOTTIME);
}

static inline uint64_t lease_clock_now_s(const struct lease_clock *clock)
{
    return (uint64_t)(lease_clock_read(CLOCK_BOOTTIME) + clock->offset_s);
}
