#include "net/ipv4_addr.h"

#include "tests/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int parse(const char *text, uint32_t *addr, struct text_error *err)
{
    return ipv4_addr_parse(text, strlen(text), addr, err);
}

static void reads_dotted_decimal(void **state)
{
    (void)state;
    uint32_t addr = 1;

    assert_int_equal(parse("0.0.0.0", &addr, NULL), 0);
    assert_int_equal(addr, 0);
    assert_int_equal(parse("255.255.255.255", &addr, NULL), 0);
    assert_int_equal(addr, UINT32_MAX);
    assert_int_equal(parse("192.0.2.1", &addr, NULL), 0);
    assert_int_equal(addr, 0xc0000201);
}

static void names_the_place_of_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {
        {"", 0},          {"1", 1},         {"1.2.3", 5},    {"1.2.3.", 6},           {"1.2.3.4.", 7},
        {"1.2.3.4.5", 7}, {"1.2.3.256", 6}, {"1.2.03.4", 4}, {"010.1.2.3", 0},        {"0x1.2.3.4", 1},
        {" 1.2.3.4", 0},  {"1.2.3.4 ", 7},  {"1..2.3", 2},   {"1.2.-3.4", 4},         {"1.2.3.4\n", 7},
        {"a.b.c.d", 0},   {"1,2,3,4", 1},   {"16909060", 0}, {"1.2.3.4294967300", 6},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint32_t addr = 77;
        struct text_error err = {.at = 99};
        assert_int_equal(parse(cases[i].text, &addr, &err), -EINVAL);
        assert_int_equal(addr, 77);
        assert_int_equal(err.at, cases[i].at);
        assert_non_null(err.expected);
    }
}

static void a_zero_byte_is_not_the_end(void **state)
{
    (void)state;
    uint32_t addr;

    assert_int_equal(ipv4_addr_parse("1.2.3.4\0", 8, &addr, NULL), -EINVAL);
    assert_int_equal(ipv4_addr_parse("1.2.3.45", 7, &addr, NULL), 0);
    assert_int_equal(addr, IPV4(1, 2, 3, 4));
}

/* The C library's strict parser and its printer are the oracle. */
static void agrees_with_the_c_library(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789.. ";
    unsigned seed = 1918;
    char text[IPV4_TEXT_SIZE], theirs[INET_ADDRSTRLEN];

    print_message("# seed %u\n", seed);
    for (int round = 0; round < 200000; round++) {
        uint32_t addr = (uint32_t)rand_r(&seed) << 16 ^ (uint32_t)rand_r(&seed), back = ~addr;
        struct in_addr in = {.s_addr = htonl(addr)};
        size_t len = ipv4_addr_format(addr, text);
        assert_int_equal(len, strlen(text));
        assert_string_equal(text, inet_ntop(AF_INET, &in, theirs, sizeof(theirs)));
        assert_int_equal(parse(text, &back, NULL), 0);
        assert_int_equal(back, addr);

        /* One character changed: whatever it is now, both say the same. */
        text[(size_t)rand_r(&seed) % strlen(text)] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
        int ours = parse(text, &back, NULL);
        assert_int_equal(ours == 0, inet_pton(AF_INET, text, &in) == 1);
        if (ours == 0)
            assert_int_equal(back, ntohl(in.s_addr));
    }
}

static void writes_binary(void **state)
{
    (void)state;
    char bits[IPV4_BITS_SIZE];

    assert_int_equal(ipv4_addr_format_bits(IPV4(192, 0, 2, 1), bits), 35);
    assert_string_equal(bits, "11000000.00000000.00000010.00000001");
    assert_int_equal(ipv4_addr_format_bits(UINT32_MAX, bits), 35);
    assert_string_equal(bits, "11111111.11111111.11111111.11111111");
}

static void masks(void **state)
{
    (void)state;

    assert_int_equal(ipv4_mask(0), 0);
    assert_int_equal(ipv4_mask(1), 0x80000000);
    assert_int_equal(ipv4_mask(24), 0xffffff00);
    assert_int_equal(ipv4_mask(32), UINT32_MAX);
    for (unsigned len = 0; len <= 32; len++)
        assert_int_equal(ipv4_mask_length(ipv4_mask(len)), len);
    assert_int_equal(ipv4_mask_length(1), -EINVAL);
    assert_int_equal(ipv4_mask_length(0xff00ff00), -EINVAL);
    assert_int_equal(ipv4_mask_length(0x7fffffff), -EINVAL);
    assert_int_equal(ipv4_mask_length(0xfffffffd), -EINVAL);
}

static void classes(void **state)
{
    (void)state;
    static const struct {
        uint32_t addr;
        char class;
        int len;
    } cases[] = {
        {0, 'A', 8},
        {IPV4(127, 255, 255, 255), 'A', 8},
        {IPV4(128, 0, 0, 0), 'B', 16},
        {IPV4(191, 255, 255, 255), 'B', 16},
        {IPV4(192, 0, 0, 0), 'C', 24},
        {IPV4(223, 255, 255, 255), 'C', 24},
        {IPV4(224, 0, 0, 0), 'D', -EINVAL},
        {IPV4(239, 255, 255, 255), 'D', -EINVAL},
        {IPV4(240, 0, 0, 0), 'E', -EINVAL},
        {UINT32_MAX, 'E', -EINVAL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(ipv4_addr_class(cases[i].addr), cases[i].class);
        assert_int_equal(ipv4_addr_classful_length(cases[i].addr), cases[i].len);
    }
}

static void ranges_end_where_they_should(void **state)
{
    (void)state;

    assert_true(ipv4_addr_is_zeronet(0) && ipv4_addr_is_zeronet(IPV4(0, 255, 255, 255)));
    assert_false(ipv4_addr_is_zeronet(IPV4(1, 0, 0, 0)));
    assert_true(ipv4_addr_is_loopback(IPV4(127, 0, 0, 0)) && ipv4_addr_is_loopback(IPV4(127, 255, 255, 255)));
    assert_false(ipv4_addr_is_loopback(IPV4(126, 255, 255, 255)) || ipv4_addr_is_loopback(IPV4(128, 0, 0, 0)));
    assert_true(ipv4_addr_is_multicast(IPV4(224, 0, 0, 0)) && ipv4_addr_is_multicast(IPV4(239, 255, 255, 255)));
    assert_false(ipv4_addr_is_multicast(IPV4(223, 255, 255, 255)) || ipv4_addr_is_multicast(IPV4(240, 0, 0, 0)));
    assert_true(ipv4_addr_is_broadcast(UINT32_MAX));
    assert_false(ipv4_addr_is_broadcast(UINT32_MAX - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_dotted_decimal),
        cmocka_unit_test(names_the_place_of_what_is_wrong),
        cmocka_unit_test(a_zero_byte_is_not_the_end),
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(writes_binary),
        cmocka_unit_test(masks),
        cmocka_unit_test(classes),
        cmocka_unit_test(ranges_end_where_they_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
