/* Who is answered, with what, and how often. */
#include "twamp/reflector.h"

#include "tests/unit.h"

#include <string.h>

#define SECOND INT64_C(1000000000)
#define FRIEND 0x0a000105
#define LONG   200

static const struct ipv4_prefix friends[] = {{0x0a000100, 24}, {0xc0000207, 32}};
static const struct twamp_reflector_config config = {
    .from = friends, .from_count = ARRAY_SIZE(friends), .rate = 10, .synchronised = true};

static size_t ask(struct twamp_reflector *reflector, uint32_t src, size_t len, int64_t now_ns, uint8_t *answer)
{
    uint8_t bytes[LONG];
    const struct twamp_question question = {
        .src = src, .ttl = 250, .bytes = bytes, .len = len, .received_ns = 7 * SECOND};

    memset(bytes, 0xaa, sizeof(bytes));
    twamp_write_sent(&(struct twamp_sent){.number = 77, .sent_ns = 6 * SECOND, .error = {.multiplier = 3}}, bytes);
    bytes[11] ^= 1; /* less than a nanosecond */
    size_t answered = twamp_reflect(reflector, &config, &question, now_ns, answer);
    if (answered)
        assert_memory_equal(answer + TWAMP_SENT_AT, bytes, TWAMP_SENT_SIZE);
    return answered;
}

static void a_friend_is_answered(void **state)
{
    static const size_t lengths[] = {TWAMP_SENT_SIZE, TWAMP_REFLECTED - 1, TWAMP_REFLECTED, 44, LONG};
    struct twamp_reflector reflector;
    struct twamp_reflected read;

    (void)state;
    twamp_reflector_open(&reflector, &config, 0);
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        uint8_t answer[LONG + 1];
        memset(answer, 0x55, sizeof(answer));
        size_t len = ask(&reflector, i % 2 ? FRIEND : friends[1].addr, lengths[i], SECOND, answer);
        assert_int_equal(len, lengths[i] > TWAMP_REFLECTED ? lengths[i] : TWAMP_REFLECTED);
        for (size_t j = TWAMP_REFLECTED; j < len; j++)
            assert_int_equal(answer[j], 0);
        assert_int_equal(answer[len], 0x55);
        twamp_stamp(answer, 8 * SECOND);
        assert_true(twamp_read_reflected(answer, len, &read));
        assert_true(read.number == 77 && read.sent.number == 77 && read.sent.sent_ns == 6 * SECOND);
        assert_true(read.received_ns == 7 * SECOND && read.reflected_ns == 8 * SECOND && read.ttl == 250);
        assert_true(read.error.synchronised && read.error.multiplier == 1 && read.sent.error.multiplier == 3);
    }
    assert_int_equal(reflector.answers[TWAMP_ANSWER_REFLECTED], ARRAY_SIZE(lengths));
}

static void others_are_not(void **state)
{
    struct twamp_reflector reflector;
    uint8_t answer[LONG];

    (void)state;
    twamp_reflector_open(&reflector, &config, 0);
    assert_int_equal(ask(&reflector, 0x0a000205, LONG, 0, answer), 0);
    assert_int_equal(ask(&reflector, friends[1].addr + 1, LONG, 0, answer), 0);
    assert_int_equal(ask(&reflector, FRIEND, TWAMP_SENT_SIZE - 1, 0, answer), 0);
    assert_int_equal(reflector.answers[TWAMP_ANSWER_STRANGER], 2);
    assert_int_equal(reflector.answers[TWAMP_ANSWER_SHORT], 1);
}

static void only_so_many_are(void **state)
{
    struct twamp_reflector reflector;
    uint8_t answer[LONG];
    unsigned answered = 0;

    (void)state;
    twamp_reflector_open(&reflector, &config, 0);
    for (unsigned i = 0; i < 10000; i++) /* in ten seconds, and ten that were there at first */
        answered += ask(&reflector, FRIEND, LONG, (int64_t)i * SECOND / 1000, answer) > 0;
    assert_true(answered >= 108 && answered <= 110);
    assert_int_equal(reflector.answers[TWAMP_ANSWER_TOO_MANY], 10000 - answered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_friend_is_answered),
        cmocka_unit_test(others_are_not),
        cmocka_unit_test(only_so_many_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
