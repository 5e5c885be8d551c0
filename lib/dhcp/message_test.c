#include "dhcp/message.h"
#include "dhcp/reply.h"
#include "tests/dhcp.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <errno.h>

#define MAC "\2\0\0\0\0\1"

static struct dhcp_made made;
static struct dhcp_message message;

static enum dhcp_fault parse(void)
{
    return dhcp_parse(made.bytes, made_end(&made), &message);
}

static void begin(void)
{
    made_begin(&made, 1, 0x12345678, MAC);
}

static void assert_value(uint8_t code, const char *expected, size_t expected_len)
{
    size_t len = 0;
    const uint8_t *value = dhcp_get(&message, code, &len);

    assert_non_null(value);
    assert_int_equal(len, expected_len);
    assert_memory_equal(value, expected, len);
}

static void options_are_found(void **state)
{
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    size_t len;

    (void)state;
    begin();
    made_option_u8(&made, 53, DHCP_DISCOVER);
    made.at += 3; /* pads */
    made_option_u32(&made, 50, 0x0a000105);
    made_option(&made, 57, "\5\xdc", 2);
    made_option(&made, 80, NULL, 0);
    made_option(&made, 12, "pc", 2);
    assert_int_equal(parse(), DHCP_FAULT_NONE);
    assert_int_equal(message.type, DHCP_DISCOVER);
    assert_int_equal(dhcp_get_address(&message, 50, &u32), 0);
    assert_int_equal(u32, 0x0a000105);
    assert_int_equal(dhcp_get_u16(&message, 57, &u16), 0);
    assert_int_equal(u16, 1500);
    assert_value(12, "pc", 2);
    assert_non_null(dhcp_get_bytes(&message, 80, &len));
    assert_int_equal(len, 0);
    assert_null(dhcp_get(&message, 61, &len));
    assert_int_equal(dhcp_get_u8(&message, 57, &u8), -ENOENT);
    assert_int_equal(dhcp_get_u32(&message, 51, &u32), -ENOENT);
}

/* Options that have a length that is none of theirs are as if they were not there. */
static void lengths_are_those_of_the_types(void **state)
{
    uint32_t u32;
    uint16_t u16;
    size_t len;

    (void)state;
    begin();
    made_option_u8(&made, 53, DHCP_REQUEST);
    made_option(&made, 50, "\1\2\3", 3);
    made_option(&made, 54, "\1\2\3\4\5", 5);
    made_option(&made, 51, NULL, 0);
    made_option(&made, 57, "\1", 1);
    made_option(&made, 55, NULL, 0);
    made_option(&made, 12, NULL, 0);
    assert_int_equal(parse(), DHCP_FAULT_NONE);
    assert_int_equal(dhcp_get_address(&message, 50, &u32), -ENOENT);
    assert_int_equal(dhcp_get_address(&message, 54, &u32), -ENOENT);
    assert_int_equal(dhcp_get_u32(&message, 51, &u32), -ENOENT);
    assert_int_equal(dhcp_get_u16(&message, 57, &u16), -ENOENT);
    assert_null(dhcp_get_bytes(&message, 55, &len));
    assert_null(dhcp_get_bytes(&message, 12, &len));
}

/* RFC 3396 5, 7: pieces are joined in the order of options, file, sname, whatever stands between them. */
static void rfc3396_split_options_are_joined(void **state)
{
    (void)state;
    begin();
    made_option_u8(&made, 53, DHCP_DISCOVER);
    made_option(&made, 61, "ab", 2);
    made_option_u8(&made, 52, 3);
    made_option(&made, 12, "host", 4);
    made_option(&made, 61, "cd", 2);
    memcpy(made.bytes + 108, "\x3d\1e\x0c\2-1\xff", 8);       /* file */
    memcpy(made.bytes + 44, "\x3d\2fg\x0c\1x\x3d\0\xff", 10); /* sname */
    assert_int_equal(parse(), DHCP_FAULT_NONE);
    assert_value(61, "abcdefg", 7);
    assert_value(12, "host-1x", 7);
}

static void overload_names_its_fields(void **state)
{
    static const struct {
        uint8_t overload;
        const char *expected;
    } cases[] = {{1, "of"}, {2, "os"}, {3, "ofs"}, {0, "o"}, {4, "o"}, {255, "o"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        begin();
        made_option_u8(&made, 53, DHCP_DISCOVER);
        made_option(&made, 12, "o", 1);
        made_option_u8(&made, 52, cases[i].overload);
        memcpy(made.bytes + 108, "\x0c\1f\xff", 4);
        memcpy(made.bytes + 44, "\x0c\1s\xff", 4);
        assert_int_equal(parse(), DHCP_FAULT_NONE);
        assert_value(12, cases[i].expected, strlen(cases[i].expected));
    }
}

/* An overload inside of what is overloaded leads nowhere. */
static void overload_does_not_loop(void **state)
{
    (void)state;
    begin();
    made_option_u8(&made, 53, DHCP_DISCOVER);
    made_option_u8(&made, 52, 1);
    memcpy(made.bytes + 108, "\x34\1\3\x0c\1f\xff", 7);
    memcpy(made.bytes + 44, "\x0c\1s\xff", 4);
    assert_int_equal(parse(), DHCP_FAULT_NONE);
    assert_value(12, "f", 1);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    begin();
    assert_int_equal(dhcp_parse(made.bytes, 239, &message), DHCP_FAULT_SIZE);
    assert_int_equal(dhcp_parse(made.bytes, DHCP_RECEIVED_MAX + 1, &message), DHCP_FAULT_SIZE);
    made.bytes[0] = 3;
    assert_int_equal(parse(), DHCP_FAULT_OP);
    begin();
    made.bytes[2] = 17;
    assert_int_equal(parse(), DHCP_FAULT_HARDWARE);
    begin();
    made.bytes[28] = 1;
    assert_int_equal(parse(), DHCP_FAULT_HARDWARE);
    const uint8_t types[] = {0, 9, 255};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        begin();
        made_option_u8(&made, 53, types[i]);
        assert_int_equal(parse(), DHCP_FAULT_TYPE);
    }
    begin();
    made_option(&made, 53, "\1\1", 2);
    assert_int_equal(parse(), DHCP_FAULT_TYPE);
    begin(); /* twice, and so joined to something that is no type */
    made_option_u8(&made, 53, 1);
    made_option_u8(&made, 53, 1);
    assert_int_equal(parse(), DHCP_FAULT_TYPE);
    begin();
    made_option_u8(&made, 53, DHCP_DISCOVER);
    made.bytes[made.at] = 12;
    made.bytes[made.at + 1] = 200;
    assert_int_equal(dhcp_parse(made.bytes, 300, &message), DHCP_FAULT_OPTIONS);
    made.bytes[299] = 12; /* a code without a length */
    memset(made.bytes + made.at, 0, 299 - made.at);
    assert_int_equal(dhcp_parse(made.bytes, 300, &message), DHCP_FAULT_OPTIONS);
    begin();
    made_option_u8(&made, 53, DHCP_DISCOVER);
    made_option_u8(&made, 52, 2);
    memcpy(made.bytes + 44, "\x0c\x3f", 2); /* one byte longer than sname holds */
    assert_int_equal(parse(), DHCP_FAULT_OPTIONS);
}

static void no_end_is_an_end_too(void **state)
{
    (void)state;
    begin();
    made_option_u8(&made, 53, DHCP_DISCOVER);
    made_option(&made, 12, "x", 1);
    assert_int_equal(dhcp_parse(made.bytes, made.at, &message), DHCP_FAULT_NONE);
    assert_value(12, "x", 1);
}

static void without_cookie_or_type_it_is_bootp(void **state)
{
    size_t len;

    (void)state;
    begin();
    made_option(&made, 12, "x", 1);
    assert_int_equal(parse(), DHCP_FAULT_NONE);
    assert_int_equal(message.type, DHCP_BOOTP);
    assert_value(12, "x", 1);
    begin();
    made.bytes[236] = 0;
    memset(made.bytes + 240, 53, 60);
    assert_int_equal(dhcp_parse(made.bytes, 300, &message), DHCP_FAULT_NONE);
    assert_int_equal(message.type, DHCP_BOOTP);
    assert_null(dhcp_get(&message, 53, &len));
}

/* RFC 3046 2.0. */
static void relay_suboptions(void **state)
{
    static const uint8_t info[] = {1, 3, 'e', 't', 'h', 2, 0, 5, 4, 10, 0, 1, 0, 9, 7, 1};
    size_t len;

    (void)state;
    assert_memory_equal(dhcp_relay_get(info, sizeof(info), 1, &len), "eth", 3);
    assert_int_equal(len, 3);
    assert_non_null(dhcp_relay_get(info, sizeof(info), 2, &len));
    assert_int_equal(len, 0);
    assert_memory_equal(dhcp_relay_get(info, sizeof(info), 5, &len), "\n\0\1\0", 4);
    assert_null(dhcp_relay_get(info, sizeof(info), 9, &len)); /* longer than what is left */
    assert_null(dhcp_relay_get(info, sizeof(info), 6, &len));
    assert_null(dhcp_relay_get(info, 1, 1, &len));
    assert_null(dhcp_relay_get(info, 0, 1, &len));
}

/* Whatever is written is read again, wherever it had to be put. */
static void what_is_written_is_read(void **state)
{
    static struct dhcp_reply reply;
    uint64_t seed = 14;

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        static uint8_t values[40][700];
        size_t lengths[40], count = 1 + draw_u32(&seed) % 40, limit = 300 + draw_u32(&seed) % (DHCP_REPLY_MAX - 299);
        bool put[40], overload = draw_u32(&seed) % 2, last = limit > 320 && draw_u32(&seed) % 2;
        dhcp_reply_begin(&reply, limit, last ? 9 : 0, overload);
        reply.header.op = DHCP_BOOTREPLY;
        for (size_t i = 0; i < count; i++) {
            lengths[i] = draw_u32(&seed) % (draw_u32(&seed) % 8 ? 20 : 700);
            for (size_t j = 0; j < lengths[i]; j++)
                values[i][j] = (uint8_t)draw_u32(&seed);
            put[i] = dhcp_reply_put(&reply, (uint8_t)(100 + i), values[i], lengths[i]);
            /* Room that there is, is used. */
            assert_true(put[i] || reply.at + lengths[i] + 2 * (1 + lengths[i] / 256) + reply.kept > limit);
        }
        dhcp_reply_end(&reply, 82, last ? "123456789" : NULL, 9);
        assert_true(reply.len <= limit && reply.len >= 300);
        assert_int_equal(dhcp_parse(reply.bytes, reply.len, &message), DHCP_FAULT_NONE);
        for (size_t i = 0; i < count; i++) {
            size_t len = 0;
            const uint8_t *value = dhcp_get(&message, (uint8_t)(100 + i), &len);
            assert_int_equal(value != NULL, put[i]);
            if (put[i]) {
                assert_int_equal(len, lengths[i]);
                assert_memory_equal(value, values[i], len);
            }
        }
        if (last)
            assert_value(82, "123456789", 9);
    }
}

static void values_as_people_write_them(void **state)
{
    static const struct {
        const char *name, *text, *bytes;
        size_t len;
    } right[] = {
        {"routers", "10.0.1.1", "\n\0\1\1", 4},
        {"dns", "10.0.1.1", "\n\0\1\1", 4},
        {"time-offset", "-3600", "\xff\xff\xf1\xf0", 4},
        {"time-offset", "-2147483648", "\x80\0\0\0", 4},
        {"mtu", "1400", "\5\x78", 2},
        {"default-ip-ttl", "64", "@", 1},
        {"ip-forwarding", "true", "\1", 1},
        {"host-name", "pc 1", "pc 1", 4},
        {"domain", "example.net", "example.net", 11},
        {"domain-search", "a.example.net.", "\1a\7example\3net\0", 15},
        {"classless-static-routes", "0.0.0.0/0 10.0.1.1", "\0\n\0\1\1", 5},
        {"classless-static-routes", "10.0.0.0/8 10.0.1.1", "\x08\n\n\0\1\1", 6},
        {"classless-static-routes", "10.17.0.0/16 10.0.1.1", "\x10\n\x11\n\0\1\1", 7},
        {"classless-static-routes", "10.27.129.0/25 10.0.1.1", "\x19\n\x1b\x81\0\n\0\1\1", 9},
        {"static-routes", "10.1.2.3  10.0.1.1", "\n\1\2\3\n\0\1\1", 8},
        {"vendor-encapsulated-options", "01:02:aF", "\1\2\xaf", 3},
        {"vendor-encapsulated-options", "0102", "\1\2", 2},
        {"ntp", "192.0.2.1", "\xc0\0\2\1", 4},
    };
    static const char *const wrong[][2] = {
        {"routers", "10.0.1"},
        {"routers", "10.0.1.1 "},
        {"mtu", "65536"},
        {"mtu", "-1"},
        {"mtu", ""},
        {"default-ip-ttl", "256"},
        {"ip-forwarding", "yes"},
        {"host-name", ""},
        {"time-offset", "-2147483649"},
        {"domain", ".net"},
        {"domain", "a..b"},
        {"domain", "a b"},
        {"domain-search", ""},
        {"static-routes", "10.0.0.1"},
        {"classless-static-routes", "10.0.0.1/8 10.0.1.1"},
        {"classless-static-routes", "10.0.0.0/8 x"},
        {"vendor-encapsulated-options", "0"},
        {"vendor-encapsulated-options", "01:"},
        {"vendor-encapsulated-options", ""},
    };
    uint8_t bytes[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
        const struct dhcp_option *option = dhcp_option_find_name(right[i].name);
        size_t len = 0;
        assert_non_null(option);
        assert_int_equal(dhcp_option_encode(option->type, right[i].text, bytes, sizeof(bytes), &len, NULL), 0);
        assert_int_equal(len, right[i].len);
        assert_memory_equal(bytes, right[i].bytes, len);
        assert_true(dhcp_option_fits(option->code, len));
        for (size_t room = 0; room < right[i].len; room++) {
            len = 0;
            assert_int_equal(dhcp_option_encode(option->type, right[i].text, bytes, room, &len, NULL), -ENOSPC);
            assert_int_equal(len, 0);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        const struct dhcp_option *option = dhcp_option_find_name(wrong[i][0]);
        struct text_error err = {0};
        size_t len = 0;
        assert_int_equal(dhcp_option_encode(option->type, wrong[i][1], bytes, sizeof(bytes), &len, &err), -EINVAL);
        assert_non_null(err.expected);
        assert_int_equal(len, 0);
    }
    assert_null(dhcp_option_find_name("router"));
}

/* The table itself: no code and no name twice. */
static void the_table_is_consistent(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        const struct dhcp_option *option = dhcp_option_find(code);
        if (option)
            assert_ptr_equal(dhcp_option_find_name(option->name), option);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_found),
        cmocka_unit_test(lengths_are_those_of_the_types),
        cmocka_unit_test(rfc3396_split_options_are_joined),
        cmocka_unit_test(overload_names_its_fields),
        cmocka_unit_test(overload_does_not_loop),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(no_end_is_an_end_too),
        cmocka_unit_test(without_cookie_or_type_it_is_bootp),
        cmocka_unit_test(relay_suboptions),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(values_as_people_write_them),
        cmocka_unit_test(the_table_is_consistent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
