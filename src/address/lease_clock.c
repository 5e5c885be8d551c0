#include "address/lease_clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SKEW_S 2 /* by how much the clocks may differ from what is stored: reading them, and slewing, is not exact */

static int64_t seconds_of(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec;
}

void lease_clock_read_system(struct lease_clock_reading *reading)
{
    reading->since_boot_s = seconds_of(CLOCK_BOOTTIME); /* which also counts while the system sleeps */
    reading->system_s = seconds_of(CLOCK_REALTIME);
}

void lease_clock_read(struct lease_clock_reading *reading)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, reading->boot, sizeof(reading->boot) - 1);

    if (fd >= 0)
        close(fd);
    reading->boot[len < 0 ? 0 : len] = '\0';
    reading->boot[strcspn(reading->boot, "\n")] = '\0';
    lease_clock_read_system(reading);
}

void lease_clock_open(struct lease_clock *clock, const struct store_clock *stored, uint64_t latest_s,
                      const struct lease_clock_reading *reading)
{
    bool same_boot = reading->boot[0] && strcmp(reading->boot, stored->boot) == 0;
    int64_t now_s = same_boot ? reading->since_boot_s + stored->offset_s : reading->system_s - stored->skew_s;

    if (now_s < (int64_t)latest_s)
        now_s = (int64_t)latest_s;
    memcpy(clock->state.boot, reading->boot, sizeof(clock->state.boot));
    clock->state.offset_s = now_s - reading->since_boot_s;
    clock->state.skew_s = reading->system_s - now_s;
}

bool lease_clock_look(struct lease_clock *clock, const struct lease_clock_reading *reading)
{
    int64_t skew_s = reading->system_s - (reading->since_boot_s + clock->state.offset_s);
    int64_t moved_s = skew_s - clock->state.skew_s;

    if (moved_s < SKEW_S && moved_s > -SKEW_S)
        return false;
    clock->state.skew_s = skew_s;
    return true;
}

uint64_t lease_clock_now_s(const struct lease_clock *clock)
{
    return (uint64_t)(seconds_of(CLOCK_BOOTTIME) + clock->state.offset_s);
}
