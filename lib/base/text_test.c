#include "base/text.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_in_range),
        cmocka_unit_test(what_is_no_number),
        cmocka_unit_test(reads_no_further_than_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
