/* A sender and a reflector whose clock is wrong, in virtual time. */
#include "twamp/session.h"

#include "tests/draw.h"
#include "tests/unit.h"

#define MS     INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define UTC    (INT64_C(1700000000) * SECOND) /* monotonic time to time since 1970 */

static struct twamp_session session;

/* What the reflector answers to a packet that took so long, whose clock is off by an hour. */
static void reflect(const struct twamp_sent *sent, int64_t there_ns, int64_t held_ns, uint8_t bytes[TWAMP_REFLECTED])
{
    int64_t received_ns = sent->sent_ns + there_ns + 3600 * SECOND;

    twamp_write_reflected(
        &(struct twamp_reflected){
            .number = sent->number, .received_ns = received_ns, .reflected_ns = received_ns + held_ns, .sent = *sent},
        bytes);
}

/* One there and back. */
static enum twamp_verdict round_trip(int64_t now_ns, int64_t there_ns, int64_t held_ns, int64_t back_ns)
{
    uint8_t bytes[TWAMP_REFLECTED];
    struct twamp_sent sent = twamp_session_send(&session, now_ns, UTC + now_ns);

    reflect(&sent, there_ns, held_ns, bytes);
    now_ns += there_ns + held_ns + back_ns;
    return twamp_session_take(&session, bytes, sizeof(bytes), now_ns, UTC + now_ns);
}

static bool is_about(int64_t ns, int64_t of)
{
    return ns >= of * 15 / 16 - 1024 && ns <= of * 17 / 16 + 1024;
}

static void a_round_trip_is_without_the_reflectors_time(void **state)
{
    (void)state;
    session = (struct twamp_session){.next = 0};
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(round_trip((int64_t)i * SECOND / 10, 10 * MS + (i % 10) * MS, 500 * MS, 30 * MS), TWAMP_TAKEN);
    assert_true(session.sent == 100 && session.lost == 0 && session.reordered == 0);
    assert_int_equal(session.round.least_ns.now, 40 * MS);
    assert_true(is_about(histogram_quantile_ns(&session.round.delay, 500), 44 * MS));
    assert_true(is_about(session.round.delay.max_ns, 49 * MS));
    assert_true(is_about(histogram_quantile_ns(&session.there.delay, 990), 9 * MS));
    assert_true(session.back.delay.max_ns < 2);
}

/* Nothing is lost before its time; what comes then is late, and what comes twice is once too often. */
static void what_is_not_back_is_lost(void **state)
{
    uint8_t first[TWAMP_REFLECTED], second[TWAMP_REFLECTED];

    (void)state;
    session = (struct twamp_session){.next = 0};
    struct twamp_sent one = twamp_session_send(&session, 0, UTC), other = twamp_session_send(&session, MS, UTC + MS);
    reflect(&one, MS, 0, first);
    reflect(&other, MS, 0, second);
    assert_int_equal(twamp_session_take(&session, second, sizeof(second), 5 * MS, UTC + 5 * MS), TWAMP_TAKEN);
    assert_int_equal(twamp_session_take(&session, second, sizeof(second), 5 * MS, UTC + 5 * MS), TWAMP_DUPLICATE);
    twamp_session_turn(&session, TWAMP_LOST_NS - 1);
    assert_int_equal(session.lost, 0);
    twamp_session_turn(&session, TWAMP_LOST_NS);
    assert_int_equal(session.lost, 1);
    assert_int_equal(twamp_session_take(&session, first, sizeof(first), 6 * SECOND, UTC + 6 * SECOND), TWAMP_LATE);
    assert_true(session.lost == 1 && session.verdicts[TWAMP_TAKEN] == 1);
}

static void those_that_overtake_are_seen(void **state)
{
    uint8_t bytes[3][TWAMP_REFLECTED];

    (void)state;
    session = (struct twamp_session){.next = 0};
    for (unsigned i = 0; i < 3; i++) {
        struct twamp_sent sent = twamp_session_send(&session, i, UTC + i);
        reflect(&sent, MS, 0, bytes[i]);
    }
    assert_int_equal(twamp_session_take(&session, bytes[0], TWAMP_REFLECTED, MS, UTC + MS), TWAMP_TAKEN);
    assert_int_equal(twamp_session_take(&session, bytes[2], TWAMP_REFLECTED, MS, UTC + MS), TWAMP_TAKEN);
    assert_int_equal(session.reordered, 0);
    assert_int_equal(twamp_session_take(&session, bytes[1], TWAMP_REFLECTED, MS, UTC + MS), TWAMP_TAKEN);
    assert_int_equal(session.reordered, 1);
}

/* Who does not know when a packet was sent has not seen it. */
static void strangers_are_not_believed(void **state)
{
    uint8_t bytes[TWAMP_REFLECTED];
    uint64_t seed = 3;

    (void)state;
    session = (struct twamp_session){.next = 0};
    reflect(&(struct twamp_sent){.number = 0}, MS, 0, bytes);
    assert_int_equal(twamp_session_take(&session, bytes, sizeof(bytes), 0, UTC), TWAMP_STRANGE); /* nothing was sent */
    struct twamp_sent sent = twamp_session_send(&session, 0, UTC + 12345);
    for (unsigned i = 0; i < 1000; i++) {
        struct twamp_sent guess = {.number = i % 2 ? sent.number : draw_u32(&seed), .sent_ns = UTC + draw_u32(&seed)};
        reflect(&guess, MS, 0, bytes);
        assert_int_equal(twamp_session_take(&session, bytes, draw_u32(&seed) % 2 ? sizeof(bytes) : 30, MS, UTC + MS),
                         TWAMP_STRANGE);
    }
    reflect(&sent, MS, 0, bytes);
    assert_int_equal(twamp_session_take(&session, bytes, sizeof(bytes), 2 * MS, UTC + 2 * MS), TWAMP_TAKEN);
}

/* Faster than they can be remembered: the oldest are given up; and numbers turn over. */
static void it_remembers_so_many(void **state)
{
    (void)state;
    session = (struct twamp_session){.next = 0};
    session.next = session.oldest = session.newest = UINT32_MAX - 1000;
    for (unsigned i = 0; i < 3 * TWAMP_FLIGHT; i++)
        twamp_session_send(&session, i, UTC + i);
    assert_int_equal(session.lost, 2 * TWAMP_FLIGHT);
    for (unsigned i = 0; i < 3 * TWAMP_FLIGHT; i++)
        assert_int_equal(round_trip(SECOND + i, MS, 0, MS), TWAMP_TAKEN);
    assert_int_equal(session.lost, 3 * TWAMP_FLIGHT);
    assert_int_equal(session.reordered, 0);
}

/* A way that has become longer is the least there is, after a while. */
static void the_least_is_forgotten_in_time(void **state)
{
    (void)state;
    session = (struct twamp_session){.next = 0};
    for (unsigned i = 0; i < 1000; i++)
        round_trip((int64_t)i * SECOND, i < 100 ? 10 * MS : 25 * MS, 0, 10 * MS);
    assert_int_equal(session.there.least_ns.now - 3600 * SECOND, 25 * MS);
    assert_int_equal(session.there.least_ns.before - 3600 * SECOND, 25 * MS);
    assert_true(is_about(session.there.delay.max_ns, 15 * MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_round_trip_is_without_the_reflectors_time),
        cmocka_unit_test(what_is_not_back_is_lost),
        cmocka_unit_test(those_that_overtake_are_seen),
        cmocka_unit_test(strangers_are_not_believed),
        cmocka_unit_test(it_remembers_so_many),
        cmocka_unit_test(the_least_is_forgotten_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
