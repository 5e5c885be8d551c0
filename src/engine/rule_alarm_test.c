/*
 * The alarm's thread, under TSan: who makes a change hears that the alarm has been raised after it, however many
 * changes there are. The kernel's events are bytes in a pipe here, and the door is a number.
 */
#include "engine/rule_alarm.h"

#include "engine/rule_events.h"
#include "log/log.h"
#include "port/door.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CHANGES 20000

static int events_pipe[2];
static uint32_t raised;

void log_line(enum log_level level, const char *format, ...)
{
    (void)level;
    fail_msg("%s", format);
}

void door_raise_alarm(struct door *door)
{
    assert_ptr_equal(door, &raised);
    __atomic_fetch_add(&raised, 1, __ATOMIC_SEQ_CST);
}

int rule_events_open(struct rule_events *events)
{
    events->count = 1;
    return pipe2(events_pipe, O_NONBLOCK | O_CLOEXEC) < 0 ? -1 : 0;
}

void rule_events_close(struct rule_events *events)
{
    if (!events->count)
        return;
    close(events_pipe[0]);
    close(events_pipe[1]);
    events->count = 0;
}

unsigned rule_events_fds(const struct rule_events *events, int fds[static RULE_EVENTS_FDS])
{
    fds[0] = events_pipe[0];
    return events->count;
}

void rule_events_take(struct rule_events *events)
{
    char some[16];

    (void)events;
    while (read(events_pipe[0], some, sizeof(some)) > 0)
        ;
}

static void every_change_raises_it(void **state)
{
    struct rule_alarm *alarm = NULL;
    eventfd_t times;

    (void)state;
    assert_int_equal(rule_alarm_start((struct door *)&raised, &alarm), 0);
    for (unsigned i = 0; i < CHANGES; i++) {
        uint32_t before = __atomic_load_n(&raised, __ATOMIC_SEQ_CST);
        assert_int_equal(write(events_pipe[1], "x", 1), 1);
        struct pollfd told = {.fd = rule_alarm_fd(alarm), .events = POLLIN};
        do {
            assert_int_equal(poll(&told, 1, 10000), 1);
            eventfd_read(told.fd, &times);
        } while (__atomic_load_n(&raised, __ATOMIC_SEQ_CST) == before);
    }
    assert_null(rule_alarm_stop(alarm));
    assert_null(rule_alarm_stop(NULL));
}

static void it_ends_at_any_time(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        struct rule_alarm *alarm = NULL;
        assert_int_equal(rule_alarm_start((struct door *)&raised, &alarm), 0);
        if (i % 2)
            assert_int_equal(write(events_pipe[1], "x", 1), 1);
        rule_alarm_stop(alarm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_raises_it),
        cmocka_unit_test(it_ends_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
