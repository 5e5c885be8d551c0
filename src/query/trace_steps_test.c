/* What traces say of each outcome: which step decided, which were taken, and what they saw. */
#include "query/trace_steps.h"

#include "tests/unit.h"

#include <string.h>

static const uint8_t frame[] = {2, 0,  0,  0,    0,    1,  2, 0, 0, 0,  0, 2, 8, 0,    0x45, 0, 0,  28, 0, 0, 0,
                                0, 64, 17, 0x12, 0x34, 10, 0, 1, 2, 10, 0, 2, 2, 0x0f, 0xa0, 0, 53, 0,  8, 0, 0};

static struct query_traced traced(uint32_t word)
{
    struct query_traced record = {.packet = {.word = word, .wire_bytes = sizeof(frame), .captured = sizeof(frame)}};

    memcpy(record.packet.bytes, frame, sizeof(frame));
    return record;
}

static void assert_says(const struct query_traced *record, enum trace_step step, const char *wanted)
{
    char text[TRACE_TEXT_SIZE];

    trace_say(record, step, text);
    assert_string_equal(text, wanted);
}

static unsigned steps_of(const struct query_traced *record)
{
    unsigned count = 0;

    for (unsigned i = 0; i < TRACE_STEP_COUNT; i++)
        count += trace_was_asked(&record->packet, (enum trace_step)i);
    return count;
}

/* Whatever the reason: the step that decided was taken, none behind it was, and each has something to say. */
static void test_every_reason(void **state)
{
    char text[TRACE_TEXT_SIZE];

    (void)state;
    for (unsigned i = 0; i < DOOR_PUNT_COUNT + DROP_REASON_COUNT; i++) {
        bool is_punt = i < DOOR_PUNT_COUNT;
        struct query_traced record =
            traced(is_punt ? door_word(DOOR_PUNT, i, 0) : door_word(DOOR_DROP, i - DOOR_PUNT_COUNT, 0));
        record.packet.checks = DOOR_CHECK_SOURCE;
        enum trace_step decided = trace_decided(&record.packet);
        assert_in_range(decided, 0, TRACE_STEP_COUNT - 1);
        assert_int_equal(steps_of(&record), decided + 1);
        assert_true(trace_was_asked(&record.packet, decided));
        for (unsigned step = 0; step <= decided; step++) {
            trace_say(&record, (enum trace_step)step, text);
            assert_true(text[0]);
        }
    }
    for (unsigned i = 0; i < TRACE_STEP_COUNT; i++)
        assert_string_not_equal(trace_step_name(i), "unknown");
    assert_string_equal(trace_step_name(TRACE_STEP_COUNT), "unknown");
}

static void test_where_it_ended(void **state)
{
    static const struct {
        uint32_t kind, reason;
        enum trace_step step;
    } cases[] = {{DOOR_PUNT, DOOR_PUNT_STALE, TRACE_ENGINE},
                 {DOOR_PUNT, DOOR_PUNT_ALARM, TRACE_RULES},
                 {DOOR_PUNT, DOOR_PUNT_ASIDE, TRACE_PORT},
                 {DOOR_PUNT, DOOR_PUNT_NOT_OURS, TRACE_FRAME},
                 {DOOR_DROP, DROP_IP_CHECKSUM, TRACE_HEADER},
                 {DOOR_DROP, DROP_IP_SOURCE_LOOPBACK, TRACE_HEADER},
                 {DOOR_PUNT, DOOR_PUNT_OPTIONS, TRACE_OPTIONS},
                 {DOOR_PUNT, DOOR_PUNT_TTL, TRACE_TTL},
                 {DOOR_PUNT, DOOR_PUNT_REVERSE_PATH, TRACE_SOURCE},
                 {DOOR_PUNT, DOOR_PUNT_NO_ROUTE, TRACE_ROUTE},
                 {DOOR_DROP, DROP_ROUTE_BLACKHOLE, TRACE_ROUTE},
                 {DOOR_PUNT, DOOR_PUNT_UNRESOLVED, TRACE_NEXT_HOP},
                 {DOOR_PUNT, DOOR_PUNT_TOO_BIG, TRACE_EGRESS},
                 {DOOR_DROP, DROP_SOURCE_GUARD, TRACE_SENDER},
                 {DOOR_FORWARD, 0, TRACE_STEP_COUNT}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct query_traced record = traced(door_word((enum door_kind)cases[i].kind, cases[i].reason, 0));
        assert_int_equal(trace_decided(&record.packet), cases[i].step);
    }
}

static void test_what_was_not_asked(void **state)
{
    struct query_traced record = traced(door_word(DOOR_FORWARD, 0, 1));

    (void)state;
    assert_int_equal(steps_of(&record), TRACE_STEP_COUNT - 1);
    assert_false(trace_was_asked(&record.packet, TRACE_SENDER)); /* nobody checks senders there */
    assert_false(trace_was_asked(&record.packet, TRACE_STEP_COUNT));
    record.packet.checks = DOOR_CHECK_SERVERS;
    assert_int_equal(steps_of(&record), TRACE_STEP_COUNT);

    record = traced(door_word(DOOR_PUNT, DOOR_PUNT_NOT_IPV4, 0)); /* at a port without Ethernet headers */
    record.packet.bare = 1;
    assert_int_equal(steps_of(&record), 1);
    assert_true(trace_was_asked(&record.packet, TRACE_FRAME));
    assert_says(&record, TRACE_FRAME, "no Ethernet header");

    record = traced(door_word(DOOR_PUNT, DOOR_PUNT_OPTIONS, 0)); /* they are in another piece than the header */
    record.packet.in_pieces = 1;
    assert_false(trace_was_asked(&record.packet, TRACE_HEADER));
    assert_true(trace_was_asked(&record.packet, TRACE_OPTIONS));

    record = traced(door_word(DOOR_PUNT, DOOR_PUNT_TOO_BIG, 0)); /* more than 64 KiB in one */
    record.packet.gso_bytes = 1448;
    record.packet.bytes[16] = record.packet.bytes[17] = 0;
    assert_int_equal(trace_decided(&record.packet), TRACE_HEADER);
}

static void test_what_they_saw(void **state)
{
    struct query_traced record = traced(door_word(DOOR_FORWARD, 0, 1));

    (void)state;
    record.packet.next = (struct door_adjacency){.dst = {2, 0, 0, 0, 0, 9}, .ifindex = 12, .mtu = 1400};
    record.packet.egress = 12;
    record.packet.rp_filter = DOOR_RP_STRICT;
    record.routed = 1;
    record.gateway = IPV4(10, 0, 2, 2);
    record.route.prefix = (struct ipv4_prefix){IPV4(10, 0, 2, 0), 24};
    memcpy(record.egress, "lan1", 5);
    assert_says(&record, TRACE_ENGINE, "heard of in time");
    assert_says(&record, TRACE_FRAME, "to 02:00:00:00:00:01, EtherType 0x0800");
    assert_says(&record, TRACE_SENDER, "from 02:00:00:00:00:02, EtherType 0x0800");
    assert_says(&record, TRACE_HEADER, "version 4, 20 bytes, total length 28 of 28, checksum 0x1234");
    assert_says(&record, TRACE_OPTIONS, "0 bytes");
    assert_says(&record, TRACE_TTL, "64");
    assert_says(&record, TRACE_DESTINATION, "10.0.2.2");
    assert_says(&record, TRACE_SOURCE, "10.0.1.2, rp_filter strict");
    assert_says(&record, TRACE_NEXT_HOP, "10.0.2.2 at 02:00:00:00:00:09");
    assert_says(&record, TRACE_EGRESS, "lan1, 28 bytes of at most 1400");
    record.grouped = 1;
    record.bucket = 513;
    assert_says(&record, TRACE_NEXT_HOP, "bucket 513 of 1024: 10.0.2.2 at 02:00:00:00:00:09");
    record.packet.egress = 99; /* its lift */
    record.packet.gso_bytes = 1348;
    assert_says(&record, TRACE_EGRESS,
                "lan1, 28 bytes of at most 1400, to be cut into segments of 1348, into its queues");
    record = traced(door_word(DOOR_PUNT, DOOR_PUNT_NO_ROUTE, 0));
    assert_says(&record, TRACE_ROUTE, "none");
    record.packet.captured = 3; /* bytes that are not there are not told of */
    record.packet.wire_bytes = 3;
    assert_says(&record, TRACE_FRAME, "3 bytes");
    assert_says(&record, TRACE_TTL, "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_reason),
        cmocka_unit_test(test_where_it_ended),
        cmocka_unit_test(test_what_was_not_asked),
        cmocka_unit_test(test_what_they_saw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
