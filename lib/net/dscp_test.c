#include "net/dscp.h"

#include "tests/unit.h"

#include <errno.h>
#include <string.h>

static void every_one_is_read_as_it_is_written(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DSCP_COUNT; i++) {
        char text[DSCP_TEXT_SIZE];
        uint8_t dscp = 99;
        dscp_format((uint8_t)i, text);
        assert_int_equal(dscp_parse(text, strlen(text), &dscp, NULL), 0);
        assert_int_equal(dscp, i);
    }
}

/* RFC 2597: drop precedence j of class i is 8 i + 2 j. RFC 2474: class selector i is 8 i. */
static void names_are_the_RFCs(void **state)
{
    (void)state;
    uint8_t dscp;
    char text[] = "af11";

    for (unsigned i = 1; i <= 4; i++)
        for (unsigned j = 1; j <= 3; j++) {
            text[2] = (char)('0' + i);
            text[3] = (char)('0' + j);
            assert_int_equal(dscp_parse(text, 4, &dscp, NULL), 0);
            assert_int_equal(dscp, 8 * i + 2 * j);
        }
    text[0] = 'c';
    text[1] = 's';
    for (unsigned i = 0; i <= 7; i++) {
        text[2] = (char)('0' + i);
        assert_int_equal(dscp_parse(text, 3, &dscp, NULL), 0);
        assert_int_equal(dscp, 8 * i);
    }
    assert_int_equal(dscp_parse("ef", 2, &dscp, NULL), 0);
    assert_int_equal(dscp, 46);
    assert_int_equal(dscp_parse("46", 2, &dscp, NULL), 0);
    assert_int_equal(dscp, 46);
}

static void what_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "64", "EF", "ef ", "af44", "af", "cs8", "4a", "-1", "046"};
    struct text_error err;
    uint8_t dscp = 99;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(dscp_parse(texts[i], strlen(texts[i]), &dscp, &err), -EINVAL);
        assert_true(err.at <= strlen(texts[i]) && err.expected[0]);
        assert_int_equal(dscp, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_one_is_read_as_it_is_written),
        cmocka_unit_test(names_are_the_RFCs),
        cmocka_unit_test(what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
