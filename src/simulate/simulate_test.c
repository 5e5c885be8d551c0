/* Senders as they are known to be, and what queues that size themselves promise of them. In virtual time. */
#include "simulate/network.h"

#include "simulate/events.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MS     INT64_C(1000000)
#define SECOND INT64_C(1000000000)

struct wanted {
    const char *shape;
    enum congestion_kind senders;
    unsigned flows;
    int64_t rtt_ns;
    int64_t before_ns, measure_ns;
};

static struct network_result simulate(const struct wanted *wanted)
{
    char text[300];
    struct conf *conf = NULL;
    struct conf_errors errors = {0};
    struct queue_fault fault;
    struct network_result result;
    int len = snprintf(text, sizeof(text), "interface a { %s }", wanted->shape);

    assert_int_equal(conf_parse(text, (size_t)len, &conf, &errors), 0);
    const struct network_config config = {.shape = &conf->interfaces[0].shape,
                                          .mtu = 1500,
                                          .flows = wanted->flows,
                                          .senders = wanted->senders,
                                          .rtt_ns = wanted->rtt_ns,
                                          .spread = 0.2,
                                          .before_ns = wanted->before_ns,
                                          .measure_ns = wanted->measure_ns,
                                          .ping_ns = wanted->flows > 1 ? 50 * MS : 0, /* one is to be alone */
                                          .seed = 1};
    assert_int_equal(network_run(&config, &result, &fault), 0);
    conf_free(conf);
    const struct queues *queues = &result.queues;
    assert_int_equal(queues->frames_queued + queues->frames_held + queues->frames_free, queues->frames);
    return result;
}

static void events_are_in_order(void **state)
{
    struct events events = {.all = NULL};
    uint64_t seed = 1;
    int64_t last_ns = 0;
    uint64_t last_order = 0;

    (void)state;
    assert_int_equal(events_next_ns(&events), INT64_MAX);
    for (unsigned i = 0; i < 20000; i++) {
        assert_true(events_put(&events, (struct event){.at_ns = last_ns + draw_u32(&seed) % 100}));
        if (i % 2)
            continue;
        int64_t next_ns = events_next_ns(&events);
        struct event event = events_take(&events);
        assert_true(event.at_ns == next_ns && next_ns >= last_ns);
        assert_true(next_ns > last_ns || event.order > last_order);
        last_ns = event.at_ns;
        last_order = event.order;
    }
    events_close(&events);
}

/* A buffer of RTT x C is what one flow of Reno needs; a tenth of it is not enough, and leaves about three quarters. */
static void one_flow_needs_a_round_trip_of_buffer(void **state)
{
    struct wanted wanted = {
        "rate = 20Mbit  queue drop-tail { limit = 48ms }", CONGESTION_RENO, 1, 40 * MS, 10 * SECOND, 60 * SECOND};

    (void)state;
    struct network_result result = simulate(&wanted);
    assert_true(result.utilisation > 0.97 && result.delay.max_ns <= 49 * MS && result.lost > 0);
    wanted.shape = "rate = 20Mbit  queue drop-tail { limit = 3p }";
    result = simulate(&wanted);
    assert_true(result.utilisation > 0.65 && result.utilisation < 0.85);
}

/* In an unmanaged buffer all kinds fill it but BBR, which is known for not doing so. */
static void kinds_differ_as_they_do(void **state)
{
    struct wanted wanted = {
        "rate = 20Mbit  queue drop-tail { limit = 300ms }", CONGESTION_RENO, 2, 40 * MS, 20 * SECOND, 40 * SECOND};

    (void)state;
    assert_true(simulate(&wanted).delay.p50_ns > 100 * MS);
    wanted.senders = CONGESTION_CUBIC;
    assert_true(simulate(&wanted).delay.p50_ns > 150 * MS);
    wanted.senders = CONGESTION_BBR;
    struct network_result result = simulate(&wanted);
    assert_true(result.delay.p50_ns < 80 * MS && result.utilisation > 0.95);
    wanted.senders = CONGESTION_SCALABLE;
    wanted.shape = "rate = 20Mbit  queue = dualpi2";
    result = simulate(&wanted);
    assert_true(result.delay.p50_ns < 3 * MS && result.utilisation > 0.9 && result.marked > 1000 && !result.lost);
}

static void the_same_comes_out_twice(void **state)
{
    const struct wanted wanted = {"rate = 50Mbit  queue = red", CONGESTION_CUBIC, 10, 30 * MS, SECOND, 5 * SECOND};

    (void)state;
    struct network_result one = simulate(&wanted), other = simulate(&wanted);
    assert_true(one.lost == other.lost && one.delay.p99_ns == other.delay.p99_ns && one.jain > 0.9);
    assert_memory_equal(&one.queues, &other.queues, sizeof(one.queues));
}

/* --- queues that size themselves --------------------------------------------------------------------------------- */

static bool is_within(double value, double of, double share)
{
    return fabs(value - of) <= share * of;
}

static void check_estimates(const struct network_result *result, unsigned flows)
{
    const struct queues_class *class = &result->queues.classes[0];

    assert_true(class->limit_auto);
    assert_true(is_within((double)class->rtt_ns, result->rtt_ns, 0.2));
    assert_true(is_within((double)class->flows_thousandths / 1000, flows, 0.2));
}

#define LINE "rate = 155Mbit  queue drop-tail { limit = auto }" /* as in the paper's experiment */

static void many_flows_need_little(void **state)
{
    static const struct wanted cases[] = {
        {LINE, CONGESTION_RENO, 100, 87 * MS, 30 * SECOND, 20 * SECOND},
        {LINE, CONGESTION_CUBIC, 100, 87 * MS, 30 * SECOND, 20 * SECOND},
        {LINE, CONGESTION_RENO, 400, 87 * MS, 30 * SECOND, 20 * SECOND},
        {LINE, CONGESTION_CUBIC, 400, 87 * MS, 30 * SECOND, 20 * SECOND},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct network_result result = simulate(&cases[i]);
        check_estimates(&result, cases[i].flows);
        assert_true(result.utilisation >= 0.98);
        assert_true((double)result.delay.p99_ns <= 1.1 * result.rtt_ns / sqrt(cases[i].flows));
    }
}

static void few_flows_are_measured_too(void **state)
{
    static const struct wanted cases[] = {
        {"rate = 20Mbit  queue drop-tail { limit = auto }", CONGESTION_RENO, 1, 40 * MS, 30 * SECOND, 20 * SECOND},
        {"rate = 20Mbit  queue drop-tail { limit = auto }", CONGESTION_CUBIC, 1, 40 * MS, 30 * SECOND, 20 * SECOND},
        {"rate = 100Mbit  queue drop-tail { limit = auto }", CONGESTION_RENO, 10, 40 * MS, 30 * SECOND, 10 * SECOND},
        {"rate = 100Mbit  queue drop-tail { limit = auto }", CONGESTION_CUBIC, 10, 40 * MS, 30 * SECOND, 10 * SECOND},
        {"rate = 100Mbit  queue drop-tail { limit = auto }", CONGESTION_CUBIC, 4, 40 * MS, 30 * SECOND, 10 * SECOND},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct network_result result = simulate(&cases[i]);
        check_estimates(&result, cases[i].flows);
        assert_true(result.utilisation > 0.96);
    }
}

/* 100 flows of large windows fall into step, as the law takes it that they do not: the guard makes up for it. */
static void the_guard_makes_up_where_the_law_fails(void **state)
{
    struct wanted wanted = {"rate = 500Mbit  queue drop-tail { limit = auto  limit-max = 7ms }",
                            CONGESTION_RENO,
                            100,
                            87 * MS,
                            60 * SECOND,
                            10 * SECOND};

    (void)state;
    struct network_result result = simulate(&wanted);
    assert_true(result.queues.classes[0].limit_bytes == 437500); /* it would be more */
    wanted.shape = "rate = 500Mbit  queue drop-tail { limit = auto }";
    struct network_result guarded = simulate(&wanted);
    assert_true(guarded.queues.classes[0].guard_thousandths > 1000 && guarded.utilisation > result.utilisation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_in_order),
        cmocka_unit_test(one_flow_needs_a_round_trip_of_buffer),
        cmocka_unit_test(kinds_differ_as_they_do),
        cmocka_unit_test(the_same_comes_out_twice),
        cmocka_unit_test(many_flows_need_little),
        cmocka_unit_test(few_flows_are_measured_too),
        cmocka_unit_test(the_guard_makes_up_where_the_law_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
