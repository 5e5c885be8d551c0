#include "base/text.h"

#include "base/range.h"
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

static void numbers_in_range(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t max, value;
        size_t end;
    } cases[] = {
        {"0", 0, 0, 1},
        {"7.", 9, 7, 1},
        {"255", 255, 255, 3},
        {"4294967295", UINT32_MAX, UINT32_MAX, 10},
        {"0x10", UINT32_MAX, 0, 1},
        {"10 ", 10, 10, 2},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint32_t value = 99;
        size_t at = 0;
        assert_int_equal(text_decimal(cases[i].text, strlen(cases[i].text), &at, cases[i].max, "x", &value, NULL), 0);
        assert_int_equal(value, cases[i].value);
        assert_int_equal(at, cases[i].end);
    }
}

static void what_is_no_number(void **state)
{
    (void)state;
    static const char *const cases[] = {"",    "-1", "+1", " 1", "x", "256", "4294967296", "99999999999999999999",
                                        "007", "00"};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct text_error err = {0};
        uint32_t value = 99;
        size_t at = 0;
        assert_int_equal(text_decimal(cases[i], strlen(cases[i]), &at, 255, "a number", &value, &err), -EINVAL);
        assert_int_equal(value, 99);
        assert_int_equal(at, 0);
        assert_int_equal(err.at, 0);
        assert_string_equal(err.expected, "a number");
    }
}

static void reads_no_further_than_told(void **state)
{
    (void)state;
    uint32_t value;
    size_t at = 1;

    assert_int_equal(text_decimal("1234", 3, &at, 255, "x", &value, NULL), 0);
    assert_int_equal(value, 23);
    assert_int_equal(at, 3);
}

static void texts_that_are_numbers(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "-1", "+1", "01", "1 ", " 1", "1x", "101", "4294967297"};
    uint32_t value = 7;

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_false(text_number(wrong[i], 100, &value));
    assert_int_equal(value, 7);
    assert_true(text_number("100", 100, &value));
    assert_int_equal(value, 100);
    assert_true(text_number("0", 100, &value));
    assert_int_equal(value, 0);
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t seconds;
    } right[] = {{"0s", 0},
                 {"1s", 1},
                 {"90s", 90},
                 {"1h30m", 5400},
                 {"1w2d3h4m5s", 788645},
                 {"infinite", UINT32_MAX},
                 {"4294967294s", UINT32_MAX - 1}};
    static const char *const wrong[] = {"",    "1",   "h",        "1x",          "1s1s",  "1m1h",
                                        "-1s", "1 h", "infinity", "4294967295s", "7102w", "1h "};
    uint32_t seconds;
    char text[TEXT_DURATION_SIZE];

    for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
        assert_int_equal(text_duration(right[i].text, strlen(right[i].text), UINT32_MAX, &seconds, NULL), 0);
        assert_int_equal(seconds, right[i].seconds);
        text_format_duration(seconds, text);
        assert_int_equal(text_duration(text, strlen(text), UINT32_MAX, &seconds, NULL), 0);
        assert_int_equal(seconds, right[i].seconds);
    }
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_int_equal(text_duration(wrong[i], strlen(wrong[i]), UINT32_MAX, &seconds, NULL), -EINVAL);
    assert_int_equal(text_duration("infinite", 8, 100, &seconds, NULL), -EINVAL);
    assert_int_equal(text_duration("101s", 4, 100, &seconds, NULL), -EINVAL);
}

static void words(void **state)
{
    static const char text[] = "  one two   three ";
    static const struct {
        size_t at, len;
    } expected[] = {{2, 3}, {6, 3}, {12, 5}, {18, 0}};
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        size_t len = text_word(text, strlen(text), &at);
        assert_int_equal(at, expected[i].at);
        assert_int_equal(len, expected[i].len);
        at += len;
    }
    at = 0;
    assert_int_equal(text_word("word", 2, &at), 2); /* no further than told */
    assert_true(text_is("two", 3, "two"));
    assert_false(text_is("two", 2, "two"));
    assert_false(text_is("twos", 4, "two"));
    assert_false(text_is("twi", 3, "two"));
    assert_true(text_is("", 0, ""));
}

/* Each block is as large as it can be, and together they are the range. */
static void ranges_are_blocks(void **state)
{
    (void)state;
    for (uint64_t first = 0; first < 40; first++)
        for (uint64_t end = first + 1; end < 80; end++)
            for (uint64_t at = first, size; at < end; at += size) {
                size = UINT64_C(1) << range_block_log(at, end);
                assert_true(at % size == 0 && at + size <= end);
                assert_true(at % (2 * size) != 0 || at + 2 * size > end);
            }
    assert_int_equal(range_block_log(0, UINT64_C(1) << 32), 32);
    assert_int_equal(range_block_log((UINT64_C(1) << 32) - 1, UINT64_C(1) << 32), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_in_range),
        cmocka_unit_test(what_is_no_number),
        cmocka_unit_test(reads_no_further_than_told),
        cmocka_unit_test(texts_that_are_numbers),
        cmocka_unit_test(durations),
        cmocka_unit_test(words),
        cmocka_unit_test(ranges_are_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
