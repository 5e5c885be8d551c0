#include "net/ipv4_special.h"

#include "tests/unit.h"

static const char *name(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t len)
{
    const struct ipv4_special *special = ipv4_special_find((struct ipv4_prefix){.addr = IPV4(a, b, c, d), .len = len});

    return special ? special->name : "none";
}

static void the_smallest_block_that_covers(void **state)
{
    (void)state;

    assert_string_equal(name(0, 0, 0, 0, 32), "this host");
    assert_string_equal(name(0, 0, 0, 1, 32), "this network");
    assert_string_equal(name(10, 255, 255, 255, 32), "private use");
    assert_string_equal(name(172, 31, 0, 0, 16), "private use");
    assert_string_equal(name(172, 32, 0, 0, 16), "none");
    assert_string_equal(name(100, 64, 0, 0, 10), "shared between provider and subscriber");
    assert_string_equal(name(100, 63, 255, 255, 32), "none");
    assert_string_equal(name(192, 0, 0, 9, 32), "port control protocol anycast");
    assert_string_equal(name(192, 0, 0, 171, 32), "NAT64 and DNS64 discovery");
    assert_string_equal(name(192, 0, 0, 0, 24), "IETF protocol assignments");
    assert_string_equal(name(192, 0, 0, 0, 8), "none");
    assert_string_equal(name(198, 19, 255, 255, 32), "benchmarking");
    assert_string_equal(name(224, 0, 0, 5, 32), "multicast, this link only");
    assert_string_equal(name(224, 0, 0, 0, 4), "multicast");
    assert_string_equal(name(239, 255, 255, 255, 32), "multicast, administratively scoped");
    assert_string_equal(name(240, 0, 0, 1, 32), "reserved");
    assert_string_equal(name(255, 255, 255, 255, 32), "limited broadcast");
    assert_string_equal(name(8, 8, 8, 8, 32), "none");
    assert_string_equal(name(0, 0, 0, 0, 0), "none");
}

static void overlaps(void **state)
{
    (void)state;

    assert_true(ipv4_special_overlaps((struct ipv4_prefix){0, 0}));
    assert_true(ipv4_special_overlaps((struct ipv4_prefix){IPV4(192, 0, 0, 0), 8}));
    assert_true(ipv4_special_overlaps((struct ipv4_prefix){IPV4(10, 1, 2, 0), 24}));
    assert_false(ipv4_special_overlaps((struct ipv4_prefix){IPV4(8, 0, 0, 0), 8}));
    assert_false(ipv4_special_overlaps((struct ipv4_prefix){IPV4(192, 0, 1, 0), 24}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_block_that_covers),
        cmocka_unit_test(overlaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
