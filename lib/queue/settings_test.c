/* What operators say, what becomes of it, and what is refused. */
#include "queue/settings.h"

#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#define RATE UINT64_C(2500000) /* 20 Mbit/s */
#define MTU  1500u
#define MS   INT64_C(1000000)

static void lengths_are_read_and_written(void **state)
{
    static const struct {
        const char *text;
        enum queue_unit unit;
        uint64_t value;
    } cases[] = {
        {"20ms", QUEUE_NS, 20000000},     {"800us", QUEUE_NS, 800000},    {"1s", QUEUE_NS, 1000000000},
        {"1500B", QUEUE_BYTES, 1500},     {"64kB", QUEUE_BYTES, 64000},   {"2MB", QUEUE_BYTES, 2000000},
        {"100p", QUEUE_PACKETS, 100},     {"60s", QUEUE_NS, 60000000000}, {"16777216p", QUEUE_PACKETS, 16777216},
        {"1GB", QUEUE_BYTES, 1000000000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct queue_length length = {QUEUE_UNSET, 0};
        char text[QUEUE_LENGTH_TEXT_SIZE];
        assert_int_equal(queue_length_parse(cases[i].text, strlen(cases[i].text), &length, NULL), 0);
        assert_int_equal(length.unit, cases[i].unit);
        assert_int_equal(length.value, cases[i].value);
        queue_length_format(&length, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void lengths_that_make_no_sense_are_refused(void **state)
{
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {{"", 0},     {"ms", 0},        {"20", 2},   {"20 ms", 2},       {"20msec", 2},
                 {"0ms", 0},  {"-1ms", 0},      {"61s", 0},  {"1.5s", 1},        {"64KB", 2},
                 {"100P", 3}, {"16777217p", 0}, {"010p", 0}, {"5000000000B", 0}, {"2000GB", 0}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct queue_length length = {QUEUE_UNSET, 7};
        struct text_error err = {0};
        assert_int_equal(queue_length_parse(cases[i].text, strlen(cases[i].text), &length, &err), -EINVAL);
        assert_int_equal(err.at, cases[i].at);
        assert_non_null(err.expected);
        assert_int_equal(length.value, 7);
    }
}

static struct queue_config configure(const struct queue_settings *settings)
{
    struct queue_config config;
    struct queue_fault fault = {NULL, ""};

    if (queue_configure(settings, RATE, MTU, &config, &fault))
        fail_msg("%s: %s", fault.setting, fault.why);
    return config;
}

static void what_is_not_said_is_usual(void **state)
{
    (void)state;
    struct queue_config config = configure(&(struct queue_settings){.kind = QUEUE_DROP_TAIL});
    assert_int_equal(config.limit_bytes, RATE / 10);
    config = configure(&(struct queue_settings){.kind = QUEUE_CODEL});
    assert_int_equal(config.codel.target_ns, 5 * MS);
    assert_int_equal(config.codel.interval_ns, 100 * MS);
    assert_true(config.codel.ecn);
    config = configure(&(struct queue_settings){.kind = QUEUE_FQ_CODEL});
    assert_int_equal(config.fq_codel.flows, 1024);
    assert_int_equal(config.fq_codel.quantum, MTU + 14);
    assert_int_equal(config.fq_codel.limit_packets, 10240);
    config = configure(&(struct queue_settings){.kind = QUEUE_RED});
    assert_false(config.red.in_bytes);
    assert_true(config.red.law.gentle);
    assert_true(config.red.law.profiles[0].min == 5 && config.red.law.profiles[0].max == 15);
    /* Adaptive RED, section 5: 1 - e^(-1/C), C of the rate in packets. */
    assert_true(config.red.law.weight > 0.99 * MTU / RATE && config.red.law.weight < 1.01 * MTU / RATE);
    config = configure(&(struct queue_settings){.kind = QUEUE_DUALPI2}); /* RFC 9332 A.1 */
    assert_int_equal(config.dualpi2.target_ns, 15 * MS);
    assert_int_equal(config.dualpi2.update_ns, 15 * MS);
    assert_true(config.dualpi2.alpha > 0.149 && config.dualpi2.alpha < 0.151);
    assert_true(config.dualpi2.beta > 2.99 && config.dualpi2.beta < 3.01);
    assert_int_equal(config.dualpi2.limit_bytes, RATE / 4);
    assert_int_equal(config.dualpi2.low_min_ns, 1200000); /* two packets */
}

static void times_become_bytes(void **state)
{
    (void)state;
    struct queue_config config =
        configure(&(struct queue_settings){.kind = QUEUE_RED,
                                           .red = {{.min = {QUEUE_NS, 5 * MS}, .max = {QUEUE_NS, 15 * MS}}},
                                           .limit = {QUEUE_NS, 100 * MS}});
    assert_true(config.red.in_bytes);
    assert_true(config.red.law.profiles[0].min == 12500 && config.red.law.profiles[0].max == 37500);
    assert_int_equal(config.limit_bytes, 250000);
    config = configure(&(struct queue_settings){.kind = QUEUE_RED, .adaptive = true, .target_ns = 10 * MS});
    assert_true(config.red.law.profiles[0].min == 12500 && config.red.law.profiles[0].max == 37500);
    config = configure(&(struct queue_settings){.kind = QUEUE_DROP_TAIL, .limit = {QUEUE_PACKETS, 50}});
    assert_int_equal(config.limit_packets, 50);
}

static void a_slow_link_has_a_target_that_it_can_meet(void **state)
{
    struct queue_config config;
    struct queue_fault fault;

    (void)state; /* 1 Mbit/s: a packet takes 12 ms */
    assert_int_equal(queue_configure(&(struct queue_settings){.kind = QUEUE_CODEL}, 125000, MTU, &config, &fault), 0);
    assert_int_equal(config.codel.target_ns, 18 * MS);
    assert_int_equal(config.codel.interval_ns, 118 * MS);
}

static void a_limit_may_follow_what_is_measured(void **state)
{
    uint32_t packets;
    uint64_t bytes;

    (void)state;
    struct queue_config config = configure(&(struct queue_settings){.limit = {QUEUE_AUTO, 0}});
    assert_true(config.automatic.factor == 1 && config.automatic.min_bytes == UINT64_C(2) * MTU);
    assert_int_equal(config.automatic.max_bytes, RATE / 2);
    config = configure(&(struct queue_settings){
        .limit = {QUEUE_AUTO, 0}, .factor = 2, .limit_min = {QUEUE_PACKETS, 30}, .limit_max = {QUEUE_NS, 100 * MS}});
    assert_true(config.automatic.factor == 2 && config.automatic.min_bytes == UINT64_C(30) * MTU);
    assert_int_equal(config.automatic.max_bytes, RATE / 10);
    queue_limit(&config, &packets, &bytes);
    assert_true(packets == 0 && bytes == config.limit_bytes);
    config = configure(&(struct queue_settings){.limit = {QUEUE_PACKETS, 30}});
    queue_limit(&config, &packets, &bytes);
    assert_true(config.automatic.factor == 0 && packets == 30 && bytes == 0);
    config = configure(&(struct queue_settings){.kind = QUEUE_FQ_CODEL});
    queue_limit(&config, &packets, &bytes);
    assert_true(packets == 10240 && bytes == 0);
    config = configure(&(struct queue_settings){.kind = QUEUE_DUALPI2});
    queue_limit(&config, &packets, &bytes);
    assert_true(packets == 0 && bytes == RATE / 4);
}

static void what_makes_no_sense_is_refused(void **state)
{
    static const struct {
        const char *setting, *why;
        struct queue_settings settings;
    } cases[] = {
        {"limit", "1000 bytes hold less than two packets of 1500", {.limit = {QUEUE_BYTES, 1000}}},
        {"limit", "a queue needs room for two packets at least", {.limit = {QUEUE_PACKETS, 1}}},
        {"limit",
         "auto is for drop-tail queues; a codel queue holds the delay down by itself",
         {.kind = QUEUE_CODEL, .limit = {QUEUE_AUTO, 0}}},
        {"factor", "it goes with limit = auto", {.factor = 1}},
        {"limit-min", "it goes with limit = auto", {.limit_min = {QUEUE_NS, MS}}},
        {"limit-max", "it goes with limit = auto", {.limit_max = {QUEUE_NS, MS}}},
        {"factor", "0.5 is not between 1 and 10", {.limit = {QUEUE_AUTO, 0}, .factor = 0.5}},
        {"limit-max",
         "10ms is below limit-min, 20ms",
         {.limit = {QUEUE_AUTO, 0}, .limit_min = {QUEUE_NS, 20 * MS}, .limit_max = {QUEUE_NS, 10 * MS}}},
        {"limit-max", "500ms is below limit-min, 1s", {.limit = {QUEUE_AUTO, 0}, .limit_min = {QUEUE_NS, 1000 * MS}}},
        {"limit", "FQ-CoDel's is in packets (p)", {.kind = QUEUE_FQ_CODEL, .limit = {QUEUE_NS, 20 * MS}}},
        {"limit", "DualPI2's is a time or in bytes", {.kind = QUEUE_DUALPI2, .limit = {QUEUE_PACKETS, 20}}},
        {"max",
         "10ms is not above min, 20ms",
         {.kind = QUEUE_RED, .red = {{.min = {QUEUE_NS, 20 * MS}, .max = {QUEUE_NS, 10 * MS}}}}},
        {"max",
         "min and max are both in packets, or neither is",
         {.kind = QUEUE_RED, .red = {{.min = {QUEUE_NS, 20 * MS}, .max = {QUEUE_PACKETS, 100}}}}},
        {"max",
         "500us is less than one packet of 1500 bytes",
         {.kind = QUEUE_RED, .red = {{.min = {QUEUE_NS, MS / 10}, .max = {QUEUE_NS, MS / 2}}}}},
        {"probability", "1.5 is not between 0 and 1", {.kind = QUEUE_RED, .red = {{.probability = 1.5}}}},
        {"weight", "2 is not between 0 and 1", {.kind = QUEUE_RED, .weight = 2}},
        {"profile", "there are at most 4", {.kind = QUEUE_RED, .red_count = 5}},
        {"profile", "DSCP 8 has profile 1, and there are 1", {.kind = QUEUE_RED, .profile_of = {[8] = 1}}},
        {"adaptive", "it goes with one profile", {.kind = QUEUE_RED, .red_count = 2, .adaptive = true}},
        {"target", "200000 us is not below the interval, 100000 us", {.kind = QUEUE_CODEL, .target_ns = 200 * MS}},
        {"target",
         "200000 us is not below the longest round-trip time, 100000 us",
         {.kind = QUEUE_DUALPI2, .target_ns = 200 * MS}},
        {"flows", "70000 is more than 65536", {.kind = QUEUE_FQ_CODEL, .flows = 70000}},
        {"coupling", "0.5 is not between 1 and 100", {.kind = QUEUE_DUALPI2, .coupling = 0.5}},
        {"low-latency-share",
         "100 % leave classic traffic nothing; at most 99",
         {.kind = QUEUE_DUALPI2, .low_latency_percent = 100}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct queue_config config = {.limit_packets = 7};
        struct queue_fault fault = {"", ""};
        assert_int_equal(queue_configure(&cases[i].settings, RATE, MTU, &config, &fault), -EINVAL);
        assert_string_equal(fault.setting, cases[i].setting);
        assert_string_equal(fault.why, cases[i].why);
        assert_int_equal(config.limit_packets, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_read_and_written),
        cmocka_unit_test(lengths_that_make_no_sense_are_refused),
        cmocka_unit_test(what_is_not_said_is_usual),
        cmocka_unit_test(times_become_bytes),
        cmocka_unit_test(a_slow_link_has_a_target_that_it_can_meet),
        cmocka_unit_test(a_limit_may_follow_what_is_measured),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
