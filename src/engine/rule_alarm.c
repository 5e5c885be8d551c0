#include "engine/rule_alarm.h"

#include "engine/rule_events.h"
#include "log/log.h"
#include "port/door.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct rule_alarm {
    struct door *door;
    struct rule_events events;
    int raised, end; /* eventfds */
    pthread_t thread;
    bool runs;
};

/* Before others, where that is allowed; and without rights, which are each thread's own. */
static void settle_down(void)
{
    const struct sched_param first = {.sched_priority = 1};
    cap_t none = cap_init();

    sched_setscheduler(0, SCHED_FIFO, &first);
    if (none)
        cap_set_proc(none);
    cap_free(none);
}

static void *run(void *arg)
{
    struct rule_alarm *alarm = arg;
    struct pollfd polled[RULE_EVENTS_FDS + 1];
    int fds[RULE_EVENTS_FDS];
    unsigned count = rule_events_fds(&alarm->events, fds);

    settle_down();
    for (unsigned i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    polled[count] = (struct pollfd){.fd = alarm->end, .events = POLLIN};
    for (;;) {
        if (poll(polled, count + 1, -1) < 0)
            continue;
        if (polled[count].revents)
            return NULL;
        door_raise_alarm(alarm->door);
        rule_events_take(&alarm->events);
        door_raise_alarm(
            alarm->door); /* for what came between the two: somebody may have acknowledged the first already */
        eventfd_write(alarm->raised, 1);
    }
}

int rule_alarm_start(struct door *door, struct rule_alarm **result)
{
    struct rule_alarm *alarm = calloc(1, sizeof(*alarm));
    if (!alarm)
        return -ENOMEM;
    alarm->door = door;
    alarm->raised = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    alarm->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = alarm->raised < 0 || alarm->end < 0 ? -errno : rule_events_open(&alarm->events);
    if (!error)
        error = -pthread_create(&alarm->thread, NULL, run, alarm);
    alarm->runs = !error;
    if (error) {
        log_error("nobody would hear of rules that change: %s", strerror(-error));
        rule_alarm_stop(alarm);
        return error;
    }
    *result = alarm;
    return 0;
}

struct rule_alarm *rule_alarm_stop(struct rule_alarm *alarm)
{
    if (!alarm)
        return NULL;
    if (alarm->runs) {
        eventfd_write(alarm->end, 1);
        pthread_join(alarm->thread, NULL);
    }
    rule_events_close(&alarm->events);
    if (alarm->raised >= 0)
        close(alarm->raised);
    if (alarm->end >= 0)
        close(alarm->end);
    free(alarm);
    return NULL;
}

int rule_alarm_fd(const struct rule_alarm *alarm)
{
    return alarm->raised;
}
