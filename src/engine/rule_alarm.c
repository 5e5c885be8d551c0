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

#define EARS 2

struct ear {
    struct rule_alarm *alarm;
    struct rule_events events;
    int cpu; /* its own; -1: any */
    pthread_t thread;
    bool runs;
};

struct rule_alarm {
    struct door *door;
    struct ear ears[EARS];
    int raised, end; /* eventfds */
};

/* Before others, where that is allowed; and without rights, which are each thread's own. */
static void settle_down(const struct ear *ear)
{
    const struct sched_param first = {.sched_priority = 1};
    cap_t none = cap_init();
    cpu_set_t cpus;

    CPU_ZERO(&cpus);
    if (ear->cpu >= 0) {
        CPU_SET(ear->cpu, &cpus);
        sched_setaffinity(0, sizeof(cpus), &cpus);
    }
    sched_setscheduler(0, SCHED_FIFO, &first);
    if (none)
        cap_set_proc(none);
    cap_free(none);
}

static void *run(void *arg)
{
    struct ear *ear = arg;
    struct rule_alarm *alarm = ear->alarm;
    struct pollfd polled[RULE_EVENTS_FDS + 1];
    int fds[RULE_EVENTS_FDS];
    unsigned count = rule_events_fds(&ear->events, fds);

    settle_down(ear);
    for (unsigned i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    polled[count] = (struct pollfd){.fd = alarm->end, .events = POLLIN};
    for (;;) {
        if (poll(polled, count + 1, -1) < 0)
            continue;
        if (polled[count].revents)
            return NULL;
        door_raise_alarm(alarm->door);
        rule_events_take(&ear->events);
        door_raise_alarm(
            alarm->door); /* for what came between the two: somebody may have acknowledged the first already */
        eventfd_write(alarm->raised, 1);
    }
}

/* Different CPUs for the ears: the first and the last that we may run on. */
static void choose_cpus(struct rule_alarm *alarm)
{
    cpu_set_t cpus;

    alarm->ears[0].cpu = alarm->ears[1].cpu = -1;
    if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0) /* more CPUs than the set has room for */
        return;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &cpus)) {
            if (alarm->ears[0].cpu < 0)
                alarm->ears[0].cpu = cpu;
            alarm->ears[1].cpu = cpu;
        }
}

static int start_ear(struct ear *ear)
{
    int error = rule_events_open(&ear->events);

    if (!error)
        error = -pthread_create(&ear->thread, NULL, run, ear);
    ear->runs = !error;
    return error;
}

int rule_alarm_start(struct door *door, struct rule_alarm **result)
{
    struct rule_alarm *alarm = calloc(1, sizeof(*alarm));
    if (!alarm)
        return -ENOMEM;
    alarm->door = door;
    alarm->raised = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    alarm->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = alarm->raised < 0 || alarm->end < 0 ? -errno : 0;
    choose_cpus(alarm);
    for (unsigned i = 0; !error && i < EARS; i++) {
        alarm->ears[i].alarm = alarm;
        if (i == 0 || alarm->ears[i].cpu != alarm->ears[0].cpu)
            error = start_ear(&alarm->ears[i]);
    }
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
    if (alarm->end >= 0)
        eventfd_write(alarm->end, 1); /* which nobody takes: it is for all */
    for (unsigned i = 0; i < EARS; i++) {
        if (alarm->ears[i].runs)
            pthread_join(alarm->ears[i].thread, NULL);
        rule_events_close(&alarm->ears[i].events);
    }
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
