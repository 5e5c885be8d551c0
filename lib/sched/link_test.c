/* Kinds of links, and rates as text. What a packet takes on a link: shaper_test.c. */
#include "sched/link.h"

#include "sched/shaper.h"
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

static void test_kinds(void **state)
{
    (void)state;
    unsigned kind = 0;

    for (; link_kind_name(kind); kind++) {
        struct link_overhead overhead = link_kind_overhead(kind);
        for (unsigned other = 0; other < kind; other++)
            assert_string_not_equal(link_kind_name(kind), link_kind_name(other));
        for (uint32_t bytes = 60; bytes <= 1514; bytes++) /* nothing gets shorter than the packet in it */
            assert_true(link_bytes(&overhead, bytes) >= bytes - 14);
    }
    assert_int_equal(kind, 13);
    assert_string_equal(link_kind_name(0), "ethernet");
    /* An IP packet of 1,500 bytes over PPPoE on ADSL with LLC/SNAP: 1,540 bytes in 33 cells. */
    for (kind = 0; strcmp(link_kind_name(kind), "pppoe-llcsnap") != 0; kind++)
        ;
    struct link_overhead overhead = link_kind_overhead(kind);
    assert_int_equal(link_bytes(&overhead, 1514), 33 * 53);
}

static void test_rates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t rate; /* 0: it is wrong */
        const char *again;
    } cases[] = {
        {"20Mbit", 2500000, NULL},
        {"1kbit", 125, NULL},
        {"1500kbit", 187500, NULL},
        {"10Gbit", 1250000000, NULL},
        {"400Gbit", SHAPER_RATE_MAX, NULL},
        {"2000kbit", 250000, "2Mbit"},
        {"401Gbit", 0, NULL},
        {"0Mbit", 0, NULL},
        {"20", 0, NULL},
        {"20mbit", 0, NULL},
        {"20Mbit/s", 0, NULL},
        {"-1Mbit", 0, NULL},
        {"", 0, NULL},
        {"020Mbit", 0, NULL},
        {"99999999999Mbit", 0, NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint64_t rate = 1;
        struct text_error err = {0};
        char text[LINK_RATE_TEXT_SIZE];
        int error = link_rate_parse(cases[i].text, strlen(cases[i].text), &rate, &err);
        assert_int_equal(error, cases[i].rate ? 0 : -EINVAL);
        if (error) {
            assert_int_equal(rate, 1);
            assert_non_null(err.expected);
            continue;
        }
        assert_int_equal(rate, cases[i].rate);
        link_rate_format(rate, text);
        assert_string_equal(text, cases[i].again ? cases[i].again : cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
