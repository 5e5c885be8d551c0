#include "net/checksum.h"

#include "net/ipv4.h"
#include "net/udp.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

/* The definition, a byte at a time: 16-bit big-endian words, end-around carry at each step. In host order. */
static uint16_t naive_sum(const uint8_t *data, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

static void random_bytes(uint8_t *data, size_t len, unsigned *seed)
{
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(rand_r(seed) >> 7);
}

static void the_example_of_rfc_1071(void **state)
{
    (void)state;
    static const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

    assert_int_equal(be16_to_cpu(checksum_fold(checksum_bytes(data, sizeof(data)))), 0xddf2);
    assert_int_equal(be16_to_cpu(checksum_finish(checksum_bytes(data, sizeof(data)))), 0x220d);
}

static void agrees_with_the_definition(void **state)
{
    (void)state;
    unsigned seed = 1071;
    uint8_t data[1601];

    print_message("# seed %u\n", seed);
    for (int round = 0; round < 5000; round++) {
        size_t offset = (size_t)rand_r(&seed) % 8, len = (size_t)rand_r(&seed) % (sizeof(data) - 8);
        random_bytes(data, sizeof(data), &seed);
        if (round % 10 == 0)
            memset(data, round % 20 ? 0xff : 0, sizeof(data));
        assert_int_equal(be16_to_cpu(checksum_fold(checksum_bytes(data + offset, len))), naive_sum(data + offset, len));
    }
    assert_int_equal(checksum_bytes(NULL, 0), 0);
}

static void folds_the_largest_sums(void **state)
{
    (void)state;

    assert_int_equal(checksum_fold(0), 0);
    assert_int_equal(checksum_fold(0xffff), 0xffff);
    assert_int_equal(checksum_fold(0x10000), 1);
    assert_int_equal(checksum_fold(0x1ffff), 1);
    assert_int_equal(checksum_fold(UINT64_MAX), 0xffff);
    assert_int_equal(checksum_fold(UINT64_MAX - 1), 0xfffe);
}

/* checksum_is_right() does not fold. */
static void right_is_what_folds_to_all_ones(void **state)
{
    (void)state;
    unsigned seed = 1071;

    for (uint64_t sum = 0; sum < 0x50000; sum++)
        assert_int_equal(checksum_is_right(sum), checksum_fold(sum) == 0xffff);
    for (unsigned round = 0; round < 200000; round++) {
        uint64_t sum;
        random_bytes((uint8_t *)&sum, sizeof(sum), &seed);
        sum >>= round % 64;
        assert_int_equal(checksum_is_right(sum), checksum_fold(sum) == 0xffff);
        sum -= sum % 0xffff;
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(checksum_is_right(sum + i - 1), checksum_fold(sum + i - 1) == 0xffff);
    }
    assert_true(checksum_is_right(UINT64_MAX));
}

/* The case on which equation 4 of RFC 1141 goes wrong (RFC 1624 4): the answer is 0x0000, not 0xffff. */
static void the_example_of_rfc_1624(void **state)
{
    (void)state;

    assert_int_equal(checksum_update16(cpu_to_be16(0xdd2f), cpu_to_be16(0x5555), cpu_to_be16(0x3285)), 0);
}

static void update_is_a_full_computation(void **state)
{
    (void)state;
    unsigned seed = 1624;

    print_message("# seed %u\n", seed);
    for (int round = 0; round < 200000; round++) {
        uint8_t header[IPV4_HDR_SIZE];
        struct ipv4_hdr *ip = (struct ipv4_hdr *)header;
        random_bytes(header, sizeof(header), &seed);
        if (round % 4 == 0) /* the corners: words of all ones and all zeros */
            for (size_t i = 0; i < sizeof(header); i++)
                header[i] = header[i] & 1 ? 0xff : 0;
        header[0] = 0x45;
        ip->checksum_be = 0;
        ip->checksum_be = checksum_finish(checksum_ipv4_words(header));
        assert_true(checksum_is_right(checksum_ipv4_words(header)));

        /* What a router does: one less of the TTL, which shares a word with the protocol. */
        ip->ttl += ip->ttl == 0;
        ip->checksum_be = 0;
        ip->checksum_be = checksum_finish(checksum_ipv4_words(header));
        uint16_t old = load_u16(&ip->ttl);
        ip->ttl--;
        assert_int_equal(checksum_update_ttl(ip->checksum_be),
                         checksum_update16(ip->checksum_be, old, load_u16(&ip->ttl)));
        uint16_t updated = checksum_update16(ip->checksum_be, old, load_u16(&ip->ttl));
        ip->checksum_be = 0;
        assert_int_equal(updated, checksum_finish(checksum_bytes(header, sizeof(header))));
        ip->checksum_be = updated;

        uint32_t old_dst = ip->dst_be, new_dst = round % 3 ? (uint32_t)rand_r(&seed) << 8 : UINT32_MAX * (round % 2u);
        ip->dst_be = new_dst;
        updated = checksum_update32(ip->checksum_be, old_dst, new_dst);
        ip->checksum_be = 0;
        assert_int_equal(updated, checksum_finish(checksum_bytes(header, sizeof(header))));
    }
}

/* 192.0.2.1:68 -> 192.0.2.2:67, "Fairlead!" (an odd length). */
static void udp_with_pseudo_header(void **state)
{
    (void)state;
    uint8_t datagram[] = {0x00, 0x44, 0x00, 0x43, 0x00, 0x11, 0x00, 0x00, 'F', 'a', 'i', 'r', 'l', 'e', 'a', 'd', '!'};
    struct udp_hdr *udp = (struct udp_hdr *)datagram;
    uint8_t naive[12 + sizeof(datagram)] = {192, 0, 2, 1, 192, 0, 2, 2, 0, 17, 0, sizeof(datagram)};

    memcpy(naive + 12, datagram, sizeof(datagram));
    uint64_t pseudo = checksum_pseudo_ipv4(0xc0000201, 0xc0000202, IPV4_PROTOCOL_UDP, sizeof(datagram));
    udp->checksum_be = udp_checksum_to_send(checksum_finish(pseudo + checksum_bytes(datagram, sizeof(datagram))));
    assert_int_equal(be16_to_cpu(udp->checksum_be), (uint16_t)~naive_sum(naive, sizeof(naive)));
    assert_true(checksum_is_right(pseudo + checksum_bytes(datagram, sizeof(datagram))));
    datagram[12] ^= 1;
    assert_false(checksum_is_right(pseudo + checksum_bytes(datagram, sizeof(datagram))));
    assert_int_equal(udp_checksum_to_send(0), 0xffff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_1071),         cmocka_unit_test(agrees_with_the_definition),
        cmocka_unit_test(right_is_what_folds_to_all_ones), cmocka_unit_test(folds_the_largest_sums),
        cmocka_unit_test(the_example_of_rfc_1624),         cmocka_unit_test(update_is_a_full_computation),
        cmocka_unit_test(udp_with_pseudo_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
