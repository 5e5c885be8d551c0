#include "net/ipv4_range.h"

#include "tests/unit.h"

#include <errno.h>
#include <string.h>

static void text_is_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text, *written;
        uint32_t first, last;
    } cases[] = {
        {"10.0.0.1-10.0.0.3", "10.0.0.1-10.0.0.3", IPV4(10, 0, 0, 1), IPV4(10, 0, 0, 3)},
        {"10.0.0.0-10.0.0.3", "10.0.0.0/30", IPV4(10, 0, 0, 0), IPV4(10, 0, 0, 3)},
        {"10.0.0.0/8", "10.0.0.0/8", IPV4(10, 0, 0, 0), IPV4(10, 255, 255, 255)},
        {"0.0.0.0-255.255.255.255", "0.0.0.0/0", 0, UINT32_MAX},
        {"0.0.0.0/0", "0.0.0.0/0", 0, UINT32_MAX},
        {"10.0.0.1/32", "10.0.0.1", IPV4(10, 0, 0, 1), IPV4(10, 0, 0, 1)},
        {"10.0.0.1", "10.0.0.1", IPV4(10, 0, 0, 1), IPV4(10, 0, 0, 1)},
        {"255.255.255.253-255.255.255.255", "255.255.255.253-255.255.255.255", UINT32_MAX - 2, UINT32_MAX},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ipv4_range range;
        char text[IPV4_RANGE_TEXT_SIZE];
        assert_int_equal(
            ipv4_range_parse(cases[i].text, strlen(cases[i].text), IPV4_PREFIX_ALLOW_ADDRESS, &range, NULL), 0);
        assert_int_equal(range.first, cases[i].first);
        assert_int_equal(range.last, cases[i].last);
        assert_int_equal(ipv4_range_format(range, text), strlen(cases[i].written));
        assert_string_equal(text, cases[i].written);
    }
}

static void wrong_text_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {
        {"", 0},
        {"10.0.0.1", 8},
        {"10.0.0.1-", 9},
        {"10.0.0.1-10.0.0", 15},
        {"10.0.0.1-10.0.0.256", 16},
        {"10.0.0.2-10.0.0.1", 9},
        {"10.0.0.1/24", 0},
        {"10.0.0.0/33", 9},
        {"10.0.0.0/24-10.0.0.1", 11},
        {"-10.0.0.1", 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ipv4_range range = {7, 9};
        struct text_error err = {0};
        assert_int_equal(ipv4_range_parse(cases[i].text, strlen(cases[i].text), 0, &range, &err), -EINVAL);
        assert_int_equal(err.at, cases[i].at);
        assert_int_equal(range.first, 7);
        assert_int_equal(ipv4_range_parse(cases[i].text, strlen(cases[i].text), 0, &range, NULL), -EINVAL);
    }
}

static void the_block_around_a_range(void **state)
{
    (void)state;
    struct ipv4_prefix prefix;

    assert_true(ipv4_range_is_prefix((struct ipv4_range){4, 7}, &prefix));
    assert_int_equal(prefix.addr, 4);
    assert_int_equal(prefix.len, 30);
    assert_false(ipv4_range_is_prefix((struct ipv4_range){4, 6}, &prefix));
    assert_false(ipv4_range_is_prefix((struct ipv4_range){2, 5}, &prefix));
    assert_int_equal(ipv4_range_around((struct ipv4_range){2, 5}).len, 29);
    assert_int_equal(ipv4_range_around((struct ipv4_range){0, UINT32_MAX}).len, 0);
    assert_true(ipv4_range_size((struct ipv4_range){0, UINT32_MAX}) == UINT64_C(1) << 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_read_and_written),
        cmocka_unit_test(wrong_text_is_refused),
        cmocka_unit_test(the_block_around_a_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
