#include "net/ipv4_prefix.h"

#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int parse(const char *text, unsigned allow, struct ipv4_prefix *prefix, struct text_error *err)
{
    return ipv4_prefix_parse(text, strlen(text), allow, prefix, err);
}

static void reads_what_is_right(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned allow;
        struct ipv4_prefix prefix;
    } cases[] = {
        {"0.0.0.0/0", 0, {0, 0}},
        {"10.0.0.0/8", 0, {IPV4(10, 0, 0, 0), 8}},
        {"192.0.2.7/32", 0, {IPV4(192, 0, 2, 7), 32}},
        {"10.0.1.77/24", IPV4_PREFIX_ALLOW_HOST_BITS, {IPV4(10, 0, 1, 77), 24}},
        {"10.0.0.0/255.0.0.0", IPV4_PREFIX_ALLOW_MASK, {IPV4(10, 0, 0, 0), 8}},
        {"10.0.0.1", IPV4_PREFIX_ALLOW_ADDRESS, {IPV4(10, 0, 0, 1), 32}},
        {"10.0.0.0/8", IPV4_PREFIX_ALLOW_ADDRESS, {IPV4(10, 0, 0, 0), 8}},
        {"10.0.0.0/8", IPV4_PREFIX_ALLOW_MASK, {IPV4(10, 0, 0, 0), 8}},
        {"0.0.0.0/0.0.0.0", IPV4_PREFIX_ALLOW_MASK, {0, 0}},
        {"1.2.3.4/0.0.0.0", IPV4_PREFIX_ALLOW_MASK | IPV4_PREFIX_ALLOW_HOST_BITS, {IPV4(1, 2, 3, 4), 0}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ipv4_prefix prefix = {.addr = 1, .len = 1};
        assert_int_equal(parse(cases[i].text, cases[i].allow, &prefix, NULL), 0);
        assert_int_equal(prefix.addr, cases[i].prefix.addr);
        assert_int_equal(prefix.len, cases[i].prefix.len);
    }
}

static void names_the_place_of_what_is_wrong(void **state)
{
    (void)state;
    enum { MASK = IPV4_PREFIX_ALLOW_MASK };
    static const struct {
        const char *text;
        unsigned allow;
        size_t at;
    } cases[] = {
        {"", 0, 0},
        {"/8", 0, 0},
        {"10.0.0.0", 0, 8},
        {"10.0.0.0/", 0, 9},
        {"10.0.0.0/33", 0, 9},
        {"10.0.0.0/08", 0, 9},
        {"10.0.0.0/8 ", 0, 10},
        {"10.0.0.0/8/8", 0, 10},
        {"10.0.0.0/-8", 0, 9},
        {"10.0.0/8", 0, 6},
        {"10/8", 0, 2},
        {"10.0.0.1/8", 0, 0}, /* host bits */
        {"0.0.0.1/0", 0, 0},
        {"10.0.0.0/255.0.0.0", 0, 9},
        {"10.0.0.0/255.0.255.0", MASK, 9},
        {"10.0.0.0/0.0.0.255", MASK, 9},
        {"10.0.0.0/255.0.0", MASK, 16},
        {"10.0.0.0/255.0.0.0.", MASK, 18},
        {"10.1.0.0/255.0.0.0", MASK, 0},
        {"10.0.0", IPV4_PREFIX_ALLOW_ADDRESS, 6},
        {"10.0.0.1/8", IPV4_PREFIX_ALLOW_ADDRESS, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ipv4_prefix prefix = {.addr = 77, .len = 7};
        struct text_error err = {.at = 99};
        assert_int_equal(parse(cases[i].text, cases[i].allow, &prefix, &err), -EINVAL);
        assert_int_equal(prefix.addr, 77);
        assert_int_equal(prefix.len, 7);
        assert_int_equal(err.at, cases[i].at);
        assert_non_null(err.expected);
    }
}

static void what_is_printed_parses_again(void **state)
{
    (void)state;
    unsigned seed = 4632;
    char text[IPV4_PREFIX_TEXT_SIZE];

    print_message("# seed %u\n", seed);
    for (int round = 0; round < 100000; round++) {
        struct ipv4_prefix back, prefix = {
                                     .addr = (uint32_t)rand_r(&seed) << 16 ^ (uint32_t)rand_r(&seed),
                                     .len = (uint8_t)(rand_r(&seed) % 33),
                                 };
        size_t len = ipv4_prefix_format(prefix, text);
        assert_int_equal(len, strlen(text));
        assert_int_equal(parse(text, IPV4_PREFIX_ALLOW_HOST_BITS, &back, NULL), 0);
        assert_memory_equal(&back.addr, &prefix.addr, sizeof(prefix.addr));
        assert_int_equal(back.len, prefix.len);
        /* Without host bits allowed, only a network's own address is a prefix. */
        assert_int_equal(parse(text, 0, &back, NULL) == 0, prefix.addr == ipv4_prefix_first(prefix));
    }
}

static void ends_of_a_block(void **state)
{
    (void)state;
    static const struct {
        struct ipv4_prefix prefix;
        uint32_t first, last, first_host, last_host;
        uint64_t size;
        bool broadcast;
    } cases[] = {
        {{IPV4(10, 0, 1, 77), 24},
         IPV4(10, 0, 1, 0),
         IPV4(10, 0, 1, 255),
         IPV4(10, 0, 1, 1),
         IPV4(10, 0, 1, 254),
         256,
         true},
        {{IPV4(1, 2, 3, 4), 0}, 0, UINT32_MAX, 1, UINT32_MAX - 1, 4294967296, true},
        {{IPV4(192, 0, 2, 6), 30},
         IPV4(192, 0, 2, 4),
         IPV4(192, 0, 2, 7),
         IPV4(192, 0, 2, 5),
         IPV4(192, 0, 2, 6),
         4,
         true},
        {{IPV4(192, 0, 2, 7), 31},
         IPV4(192, 0, 2, 6),
         IPV4(192, 0, 2, 7),
         IPV4(192, 0, 2, 6),
         IPV4(192, 0, 2, 7),
         2,
         false},
        {{IPV4(192, 0, 2, 7), 32},
         IPV4(192, 0, 2, 7),
         IPV4(192, 0, 2, 7),
         IPV4(192, 0, 2, 7),
         IPV4(192, 0, 2, 7),
         1,
         false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ipv4_prefix prefix = cases[i].prefix;
        assert_int_equal(ipv4_prefix_first(prefix), cases[i].first);
        assert_int_equal(ipv4_prefix_network(prefix).addr, cases[i].first);
        assert_int_equal(ipv4_prefix_last(prefix), cases[i].last);
        assert_int_equal(ipv4_prefix_first_host(prefix), cases[i].first_host);
        assert_int_equal(ipv4_prefix_last_host(prefix), cases[i].last_host);
        assert_true(ipv4_prefix_size(prefix) == cases[i].size);
        assert_int_equal(ipv4_prefix_has_broadcast(prefix), cases[i].broadcast);
        assert_true(ipv4_prefix_contains(prefix, cases[i].first) && ipv4_prefix_contains(prefix, cases[i].last));
        if (prefix.len > 0) {
            assert_false(ipv4_prefix_contains(prefix, cases[i].first - 1));
            assert_false(ipv4_prefix_contains(prefix, cases[i].last + 1));
        }
    }
}

static void blocks_inside_blocks(void **state)
{
    (void)state;
    const struct ipv4_prefix all = {0, 0}, ten = {IPV4(10, 0, 0, 0), 8}, lan = {IPV4(10, 0, 1, 0), 24},
                             other = {IPV4(11, 0, 0, 0), 8};

    assert_true(ipv4_prefix_covers(all, ten) && ipv4_prefix_covers(ten, lan) && ipv4_prefix_covers(ten, ten));
    assert_false(ipv4_prefix_covers(lan, ten) || ipv4_prefix_covers(ten, all) || ipv4_prefix_covers(other, lan));
}

static void halves(void **state)
{
    (void)state;
    struct ipv4_prefix upper = {IPV4(10, 0, 1, 77), 24}, lower = ipv4_prefix_sibling(upper), all = {0, 0};

    assert_int_equal(lower.addr, IPV4(10, 0, 0, 0));
    assert_int_equal(lower.len, 24);
    assert_true(ipv4_prefix_equal(ipv4_prefix_sibling(lower), ipv4_prefix_network(upper)));
    assert_int_equal(ipv4_prefix_sibling((struct ipv4_prefix){0, 1}).addr, IPV4(128, 0, 0, 0));
    assert_int_equal(ipv4_prefix_sibling((struct ipv4_prefix){UINT32_MAX, 32}).addr, UINT32_MAX - 1);
    assert_true(ipv4_prefix_equal(ipv4_prefix_sibling(all), all));
    assert_int_equal(ipv4_common_length(IPV4(10, 0, 0, 0), IPV4(10, 0, 1, 0)), 23);
    assert_int_equal(ipv4_common_length(7, 7), 32);
    assert_int_equal(ipv4_common_length(0, UINT32_MAX), 0);
    assert_int_equal(ipv4_bit_behind(IPV4(10, 0, 1, 0), 23), 1);
    assert_int_equal(ipv4_bit_behind(IPV4(128, 0, 0, 0), 0), 1);
    assert_int_equal(ipv4_bit_behind(2, 31), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_right),          cmocka_unit_test(names_the_place_of_what_is_wrong),
        cmocka_unit_test(what_is_printed_parses_again), cmocka_unit_test(ends_of_a_block),
        cmocka_unit_test(blocks_inside_blocks),         cmocka_unit_test(halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
