#include "net/ipv4_reverse.h"

#include "tests/unit.h"

static void names_and_zones(void **state)
{
    (void)state;
    static const struct {
        struct ipv4_prefix prefix;
        unsigned count;
        const char *first, *last;
    } cases[] = {
        {{IPV4(193, 32, 216, 9), 20}, 16, "208.32.193.in-addr.arpa", "223.32.193.in-addr.arpa"},
        {{IPV4(10, 0, 0, 0), 8}, 1, "10.in-addr.arpa", "10.in-addr.arpa"},
        {{IPV4(10, 0, 0, 0), 9}, 128, "0.10.in-addr.arpa", "127.10.in-addr.arpa"},
        {{IPV4(192, 0, 2, 0), 24}, 1, "2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa"},
        {{IPV4(192, 0, 2, 77), 26}, 1, "64/26.2.0.192.in-addr.arpa", "64/26.2.0.192.in-addr.arpa"},
        {{IPV4(255, 255, 255, 128), 25}, 1, "128/25.255.255.255.in-addr.arpa", "128/25.255.255.255.in-addr.arpa"},
        {{IPV4(192, 0, 2, 7), 31}, 1, "6/31.2.0.192.in-addr.arpa", "6/31.2.0.192.in-addr.arpa"},
        {{IPV4(192, 0, 2, 7), 32}, 1, "7.2.0.192.in-addr.arpa", "7.2.0.192.in-addr.arpa"},
        {{0, 0}, 1, "in-addr.arpa", "in-addr.arpa"},
        {{0, 1}, 128, "0.in-addr.arpa", "127.in-addr.arpa"},
    };
    char first[IPV4_REVERSE_SIZE], last[IPV4_REVERSE_SIZE];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(ipv4_reverse_zones(cases[i].prefix, first, last), cases[i].count);
        assert_string_equal(first, cases[i].first);
        assert_string_equal(last, cases[i].last);
    }
    assert_int_equal(ipv4_reverse_name(UINT32_MAX, first), 28);
    assert_string_equal(first, "255.255.255.255.in-addr.arpa");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_zones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
