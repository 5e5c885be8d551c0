/*
 * The alarm's threads, under TSan: who makes a change hears that the alarm has been raised after it, however many
 * changes there are. The kernel's events are bytes in pipes here, and the door is a number.
 */
#include "engine/rule_alarm.h"

#include "base/compiler.h"
#include "engine/rule_events.h"
#include "log/log.h"
#include "port/door.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CHANGES 20000

static struct source {
    int fds[2];
    bool open;
} sources[2];
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
    struct source *source = &sources[sources[0].open];

    assert_false(source->open);
    events->sockets[0] = (struct netlink *)source;
    events->count = 1;
    source->open = pipe2(source->fds, O_NONBLOCK | O_CLOEXEC) == 0;
    return source->open ? 0 : -1;
}

void rule_events_close(struct rule_events *events)
{
    if (!events->count)
        return;
    struct source *source = (struct source *)events->sockets[0];
    close(source->fds[0]);
    close(source->fds[1]);
    source->open = false;
    events->count = 0;
}

unsigned rule_events_fds(const struct rule_events *events, int fds[static RULE_EVENTS_FDS])
{
    fds[0] = ((const struct source *)events->sockets[0])->fds[0];
    return events->count;
}

void rule_events_take(struct rule_events *events)
{
    char some[16];

    while (read(((struct source *)events->sockets[0])->fds[0], some, sizeof(some)) > 0)
        ;
}

static void change(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(sources); i++)
        if (sources[i].open)
            assert_int_equal(write(sources[i].fds[1], "x", 1), 1);
}

static void every_change_raises_it(void **state)
{
    struct rule_alarm *alarm = NULL;
    eventfd_t times;

    (void)state;
    assert_int_equal(rule_alarm_start((struct door *)&raised, &alarm), 0);
    for (unsigned i = 0; i < CHANGES; i++) {
        uint32_t before = __atomic_load_n(&raised, __ATOMIC_SEQ_CST);
        change();
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
            change();
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
