/* Test packets of TWAMP: byte by byte as the RFCs draw them, and back. */
#include "twamp/packet.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <string.h>

#define SECOND INT64_C(1000000000)

static void a_senders_packet_is_as_drawn(void **state)
{
    static const uint8_t drawn[TWAMP_SENT_SIZE] = {0, 0, 1, 2, 0x83, 0xaa, 0x7e, 0x81, 0x80, 0, 0, 0, 0x9f, 7};
    const struct twamp_sent sent = {0x102, SECOND + SECOND / 2, {true, 31, 7}};
    uint8_t bytes[TWAMP_SENT_SIZE];
    struct twamp_sent read;

    (void)state;
    twamp_write_sent(&sent, bytes);
    assert_memory_equal(bytes, drawn, sizeof(drawn));
    assert_true(twamp_read_sent(bytes, sizeof(bytes), &read));
    assert_true(read.number == 0x102 && read.sent_ns == sent.sent_ns);
    assert_true(read.error.synchronised && read.error.scale == 31 && read.error.multiplier == 7);
    assert_false(twamp_read_sent(bytes, sizeof(bytes) - 1, &read));
}

static void a_reflected_packet_is_as_drawn(void **state)
{
    static const uint8_t drawn[TWAMP_REFLECTED] = {0,    0,    0,    9,    0x83, 0xaa, 0x7e, 0x83, 0x40,
                                                   0,    0,    0,    0x1f, 1,    0,    0, /* number, time, error, 0 */
                                                   0x83, 0xaa, 0x7e, 0x82, 0x80, 0,    0,    0, /* received */
                                                   0,    0,    0,    5,    0x83, 0xaa, 0x7e, 0x81, 0,
                                                   0,    0,    0,    0x80, 255,  0,    0, /* what was sent */
                                                   63};
    const struct twamp_reflected reflected = {.number = 9,
                                              .reflected_ns = 3 * SECOND + SECOND / 4,
                                              .received_ns = 2 * SECOND + SECOND / 2,
                                              .error = {false, 31, 0}, /* 0 is none that may be said */
                                              .sent = {5, SECOND, {true, 0, 255}},
                                              .ttl = 63};
    uint8_t bytes[TWAMP_REFLECTED];
    struct twamp_reflected read;

    (void)state;
    twamp_write_reflected(&reflected, bytes);
    assert_memory_equal(bytes, drawn, sizeof(drawn));
    assert_true(twamp_read_reflected(bytes, sizeof(bytes), &read));
    assert_true(read.number == 9 && read.reflected_ns == reflected.reflected_ns);
    assert_true(read.received_ns == reflected.received_ns && read.ttl == 63 && read.sent.number == 5);
    assert_true(read.sent.sent_ns == SECOND && read.sent.error.multiplier == 255);
    assert_false(twamp_read_reflected(bytes, sizeof(bytes) - 1, &read));
}

/* To the nanosecond, also when the seconds since 1900 have turned over (2036). */
static void times_come_back_as_they_were(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        const struct twamp_sent sent = {
            i, (int64_t)(draw_u32(&seed)) * SECOND + draw_u32(&seed) % SECOND, {true, 0, 1}};
        uint8_t bytes[TWAMP_SENT_SIZE];
        struct twamp_sent read;
        twamp_write_sent(&sent, bytes);
        assert_true(twamp_read_sent(bytes, sizeof(bytes), &read));
        assert_int_equal(read.sent_ns, sent.sent_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_senders_packet_is_as_drawn),
        cmocka_unit_test(a_reflected_packet_is_as_drawn),
        cmocka_unit_test(times_come_back_as_they_were),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
