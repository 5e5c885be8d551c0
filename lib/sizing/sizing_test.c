/* What is measured, in virtual time: how many flows are long, how long their round trips take, and what limit follows.
 */
#include "sizing/busy.h"
#include "sizing/flow_count.h"
#include "sizing/limit.h"
#include "sizing/rtt.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <math.h>
#include <stdlib.h>

#define MS     INT64_C(1000000)
#define SECOND INT64_C(1000000000)

/* --- how many flows are long -------------------------------------------------------------------------------------- */

/* Of so many long flows and so many short ones, in any order. */
static double counted(unsigned longs, unsigned shorts, uint64_t seed)
{
    static struct flow_count count;
    uint32_t *hashes = calloc(longs + shorts, sizeof(*hashes));

    for (unsigned i = 0; i < longs + shorts; i++)
        hashes[i] = draw_u32(&seed);
    for (unsigned i = 0; i < longs * FLOW_COUNT_LONG; i++)
        flow_count_packet(&count, hashes[i % longs]);
    for (unsigned i = 0; i < shorts * 10; i++)
        flow_count_packet(&count, hashes[longs + i % shorts]);
    free(hashes);
    return flow_count_take(&count);
}

static void long_flows_are_counted(void **state)
{
    (void)state;
    assert_true(counted(0, 0, 1) < 0.01);
    assert_true(fabs(counted(1, 0, 2) - 1) < 0.01);
    for (unsigned longs = 10; longs <= 10000; longs *= 10) {
        double flows = counted(longs, 0, longs);
        assert_true(fabs(flows - longs) < 0.05 * longs + 1);
    }
}

static void short_flows_are_not(void **state)
{
    (void)state;
    assert_true(counted(0, 10000, 3) < 1);
    double flows = counted(100, 10000, 4);
    assert_true(fabs(flows - 100) < 10);
}

static void a_packet_less_and_it_is_short(void **state)
{
    struct flow_count count = {.set = 0};

    (void)state;
    for (unsigned i = 1; i < FLOW_COUNT_LONG; i++)
        flow_count_packet(&count, 7);
    assert_int_equal(count.set, 0);
    flow_count_packet(&count, 7);
    flow_count_packet(&count, 7);
    assert_int_equal(count.set, 1);
    assert_true(flow_count_take(&count) > 0.9 && count.set == 0 && flow_count_take(&count) < 0.01);
}

/* --- round-trip times --------------------------------------------------------------------------------------------- */

static const uint8_t key[SIPHASH_KEY_SIZE] = {1};

/* A segment from inside, of flow `flow`, or its answer from outside. */
static struct tcp_segment segment(unsigned flow, bool from_inside, uint8_t flags, uint32_t value, uint32_t echo)
{
    struct tcp_segment there = {.src = 0x0a000001,
                                .dst = 0xc0000201,
                                .src_port = (uint16_t)(1024 + flow),
                                .dst_port = 443,
                                .flags = flags,
                                .value = value,
                                .echo = echo};
    struct tcp_segment back = there;

    back.src = there.dst, back.dst = there.src;
    back.src_port = there.dst_port, back.dst_port = there.src_port;
    return from_inside ? there : back;
}

static void leaves(struct rtt_table *table, unsigned flow, uint8_t flags, uint32_t value, uint32_t echo,
                   int64_t came_ns, int64_t left_ns)
{
    struct tcp_segment there = segment(flow, true, flags, value, echo);

    rtt_left(table, &there, 0, true, came_ns, left_ns);
}

static void comes(struct rtt_table *table, unsigned flow, uint8_t flags, uint32_t value, uint32_t echo, int64_t now_ns)
{
    struct tcp_segment back = segment(flow, false, flags, value, echo);

    rtt_came(table, &back, now_ns);
}

/* A sender that sends a packet when the last one is acknowledged, after `inside_ns` of its own and `wait_ns` in the
 * queue. */
static int64_t talk(struct rtt_table *table, unsigned flow, unsigned packets, int64_t now_ns, int64_t inside_ns,
                    int64_t wait_ns, int64_t outside_ns)
{
    for (unsigned i = 0; i < packets; i++) {
        uint32_t tick = (uint32_t)(now_ns / MS) + 1;
        leaves(table, flow, TCP_ACK, tick, 500000 + tick, now_ns, now_ns + wait_ns);
        now_ns += wait_ns + outside_ns;
        uint32_t next = (uint32_t)((now_ns + inside_ns) / MS) + 1;
        comes(table, flow, TCP_ACK, 500000 + next, tick, now_ns);
        now_ns += inside_ns;
    }
    return now_ns;
}

static void both_halves_make_a_round_trip_without_the_wait(void **state)
{
    struct rtt_table *table = rtt_new(key);
    unsigned flows;

    (void)state;
    talk(table, 1, 50, SECOND, 3 * MS, 200 * MS, 37 * MS);
    assert_int_equal(rtt_take(table, 0, &flows), 40 * MS);
    assert_int_equal(flows, 1);
    assert_int_equal(rtt_take(table, 0, &flows), 0); /* nothing since */
    assert_int_equal(flows, 0);
    rtt_free(table);
}

static void the_mean_of_many_is_harmonic(void **state)
{
    struct rtt_table *table = rtt_new(key);
    double inverse = 0;
    unsigned flows;

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        talk(table, i, RTT_LONG, SECOND, MS, 10 * MS, (10 + i) * MS);
        inverse += 1.0 / (11 + i);
    }
    talk(table, 1000, RTT_LONG - 1, SECOND, MS, 0, MS); /* too short to count */
    int64_t ns = rtt_take(table, 0, &flows);
    assert_int_equal(flows, 100);
    assert_true(fabs((double)ns / 1e6 - 100 / inverse) < 0.01);
    rtt_free(table);
}

static void the_least_is_taken_and_forgotten_in_time(void **state)
{
    struct rtt_table *table = rtt_new(key);
    unsigned flows;

    (void)state;
    int64_t now_ns = talk(table, 1, 20, SECOND, 0, 0, 20 * MS);
    now_ns = talk(table, 1, 20, now_ns, 0, 0, 80 * MS);
    assert_int_equal(rtt_take(table, 0, &flows), 20 * MS);
    now_ns = talk(table, 1, 300, now_ns, 0, 0, 80 * MS); /* the way has become longer */
    assert_int_equal(rtt_take(table, 0, &flows), 80 * MS);
    talk(table, 1, 20, now_ns + 1000 * SECOND, 0, 0, 30 * MS);
    assert_int_equal(rtt_take(table, 0, &flows), 30 * MS);
    rtt_free(table);
}

static void a_handshake_will_do_where_there_are_no_timestamps(void **state)
{
    struct rtt_table *table = rtt_new(key);
    unsigned flows;

    (void)state;
    leaves(table, 1, TCP_SYN, 0, 0, SECOND, SECOND + MS);
    comes(table, 1, TCP_SYN | TCP_ACK, 0, 0, SECOND + 31 * MS);
    leaves(table, 1, TCP_ACK, 0, 0, SECOND + 33 * MS, SECOND + 40 * MS);
    for (unsigned i = 0; i < RTT_LONG; i++)
        leaves(table, 1, TCP_ACK, 0, 0, 2 * SECOND, 2 * SECOND);
    assert_int_equal(rtt_take(table, 0, &flows), 32 * MS);
    /* One that was repeated says nothing: which was answered? */
    leaves(table, 2, TCP_SYN, 0, 0, SECOND, SECOND);
    leaves(table, 2, TCP_SYN, 0, 0, 2 * SECOND, 2 * SECOND);
    comes(table, 2, TCP_SYN | TCP_ACK, 0, 0, 2 * SECOND + MS);
    for (unsigned i = 0; i < RTT_LONG; i++)
        leaves(table, 2, TCP_ACK, 0, 0, 3 * SECOND, 3 * SECOND);
    int64_t ns = rtt_take(table, 0, &flows);
    assert_true(flows <= 1 && (ns == 0 || ns > SECOND / 2));
    rtt_free(table);
}

/* An acknowledgement that answers a later segment says nothing of the one that is timed; one timestamp on many segments
 * is timed from the first; and a clock that turns over is no clock that goes back. */
static void only_what_is_answered_is_timed(void **state)
{
    struct rtt_table *table = rtt_new(key);
    unsigned flows;

    (void)state;
    for (unsigned i = 0; i < RTT_LONG; i++) {
        uint32_t tick = UINT32_MAX - 20 + 4 * i;
        int64_t now_ns = SECOND + (int64_t)i * 100 * MS;
        if (!tick)
            continue; /* not to be told from none */
        leaves(table, 1, TCP_ACK, tick, 0, now_ns, now_ns);
        leaves(table, 1, TCP_ACK, tick, 0, now_ns + 10 * MS, now_ns + 10 * MS);
        leaves(table, 1, TCP_ACK, tick + 1 + (tick + 1 == 0), 0, now_ns + 20 * MS, now_ns + 20 * MS);
        if (i % 2)
            comes(table, 1, TCP_ACK, 0, tick, now_ns + 50 * MS);
        comes(table, 1, TCP_ACK, 0, tick + 1 + (tick + 1 == 0), now_ns + 60 * MS);
    }
    assert_int_equal(rtt_take(table, 0, &flows), 50 * MS);
    rtt_free(table);
}

/* Flows that nobody has, by the million: a long one stays. And what comes without having been asked for is nothing. */
static void strangers_do_not_drive_out_long_flows(void **state)
{
    struct rtt_table *table = rtt_new(key);
    uint64_t seed = 1;
    unsigned flows;

    (void)state;
    int64_t now_ns = talk(table, 1, RTT_LONG, SECOND, 0, 0, 20 * MS);
    for (unsigned i = 0; i < 1000000; i++) {
        struct tcp_segment stranger = {
            .src = draw_u32(&seed), .dst = draw_u32(&seed), .flags = i % 2 ? TCP_SYN : TCP_ACK, .value = i, .echo = i};
        rtt_left(table, &stranger, 0, true, now_ns + i, now_ns + i);
        rtt_came(table, &stranger, now_ns + i);
    }
    assert_int_equal(rtt_take(table, 0, &flows), 20 * MS);
    assert_int_equal(flows, 1);
    rtt_free(table);
}

/* --- the limit ---------------------------------------------------------------------------------------------------- */

static const struct limit_config gigabit = {
    .rate = 125e6, .factor = 1, .min = 3000, .max = 62500000, .packet = 1538, .batch = 64};

static void learn(struct limit *limit, unsigned times, int64_t rtt_ns, double flows)
{
    while (times--) {
        limit_learn_rtt(limit, &gigabit, rtt_ns);
        limit_learn_flows(limit, &gigabit, flows);
    }
}

/* Within what hysteresis leaves. */
static bool is_about(const struct limit *limit, double bytes)
{
    return (double)limit->bytes >= bytes * 31 / 32 && (double)limit->bytes <= bytes * 32 / 31;
}

static void it_follows_the_law(void **state)
{
    struct limit limit;

    (void)state;
    limit_open(&limit, &gigabit);
    assert_int_equal(limit.bytes, 12500000); /* nothing is known: one flow, 100 ms */
    learn(&limit, 2, 40 * MS, 100);
    assert_true(is_about(&limit, 125e6 * 0.04 / 10));
    learn(&limit, 2, 0, 0); /* nothing passes: nothing is learnt */
    assert_true(is_about(&limit, 125e6 * 0.04 / 10));
    learn(&limit, 1, 40 * MS, 1); /* more is needed at once */
    assert_int_equal(limit.bytes, 5000000);
    learn(&limit, 1, 40 * MS, 100); /* fewer once it has been seen twice */
    assert_int_equal(limit.bytes, 5000000);
    learn(&limit, 1, 40 * MS, 1);
    learn(&limit, 1, 40 * MS, 1.05); /* as good as the same */
    assert_int_equal(limit.bytes, 5000000);
    learn(&limit, 2, 40 * MS, 1e6); /* never less than a burst */
    assert_true(is_about(&limit, 84 * 1538));
    learn(&limit, 2, 5 * SECOND, 1);
    assert_int_equal(limit.bytes, gigabit.max);
}

static void a_guard_raises_it_until_the_link_is_busy(void **state)
{
    struct limit limit;

    (void)state;
    limit_open(&limit, &gigabit);
    learn(&limit, 2, 40 * MS, 100);
    uint64_t before = limit.bytes;
    limit_guard(&limit, &gigabit, 0.999);
    assert_int_equal(limit.bytes, before);
    limit_guard(&limit, &gigabit, 0.9);
    limit_guard(&limit, &gigabit, 0.984); /* just what the law promises for 100 flows: 0.9817 */
    assert_true(is_about(&limit, (double)before * 1.2));
    for (unsigned i = 0; i < 100; i++)
        limit_guard(&limit, &gigabit, 0.9);
    assert_true(limit.guard == 8);
    for (unsigned i = 0; i < 1000; i++)
        limit_guard(&limit, &gigabit, 1);
    assert_true(limit.guard == 1 && is_about(&limit, 125e6 * 0.04 / 10));
}

static void windows_are_long_enough_to_tell_long_flows(void **state)
{
    const struct limit_config slow = {.rate = 2.5e6, .packet = 1538}, modem = {.rate = 1e4, .packet = 1538};
    struct limit limit = {.rtt_ns = 40 * MS}, far = {.rtt_ns = 600 * MS};

    (void)state;
    assert_int_equal(limit_window_ns(&limit, &gigabit), SECOND);
    assert_int_equal(limit_window_ns(&far, &gigabit), 2400 * MS);
    assert_int_equal(limit_window_ns(&limit, &slow), 10 * SECOND);
    assert_int_equal(limit_window_ns(&limit, &modem), 10 * SECOND);
}

/* --- busy periods ------------------------------------------------------------------------------------------------- */

static void only_busy_periods_tell_utilisation(void **state)
{
    struct busy busy = {0};
    const int64_t slice = 100 * MS, least = SECOND;

    (void)state;
    for (unsigned i = 0; i < 20; i++) /* nothing is dropped: nothing is wanted */
        assert_true(busy_slice(&busy, least, slice, 0.5, 0) < 0);
    assert_true(busy_slice(&busy, least, slice, 1, 1) < 0);
    for (unsigned i = 0; i < 9; i++)
        assert_true(busy_slice(&busy, least, slice, 0.9, 0) < 0);
    double utilisation = busy_slice(&busy, least, slice, 0.9, 3); /* long enough, and senders press still */
    assert_true(fabs(utilisation - 1.0 / 1.1) < 0.001);
    assert_true(busy_slice(&busy, least, slice, 1, 1) < 0);
    assert_true(busy_slice(&busy, least, slice, 0.1, 0) < 0); /* a pause */
    for (unsigned i = 0; i < 20; i++)
        assert_true(busy_slice(&busy, least, slice, 1, 0) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_flows_are_counted),
        cmocka_unit_test(short_flows_are_not),
        cmocka_unit_test(a_packet_less_and_it_is_short),
        cmocka_unit_test(both_halves_make_a_round_trip_without_the_wait),
        cmocka_unit_test(the_mean_of_many_is_harmonic),
        cmocka_unit_test(the_least_is_taken_and_forgotten_in_time),
        cmocka_unit_test(a_handshake_will_do_where_there_are_no_timestamps),
        cmocka_unit_test(only_what_is_answered_is_timed),
        cmocka_unit_test(strangers_do_not_drive_out_long_flows),
        cmocka_unit_test(it_follows_the_law),
        cmocka_unit_test(a_guard_raises_it_until_the_link_is_busy),
        cmocka_unit_test(windows_are_long_enough_to_tell_long_flows),
        cmocka_unit_test(only_busy_periods_tell_utilisation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
