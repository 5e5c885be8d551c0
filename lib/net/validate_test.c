#include "net/validate.h"

#include "tests/unit.h"

#include <string.h>

/* A right packet of 28 bytes, 192.0.2.1 -> 198.51.100.2, UDP; `options` bytes of no-operation in front of its data. */
struct packet {
    uint8_t bytes[128];
    size_t len;
};

static void seal(struct packet *packet)
{
    struct ipv4_hdr *ip = (struct ipv4_hdr *)packet->bytes;

    ip->checksum_be = 0;
    ip->checksum_be = checksum_finish(checksum_bytes(packet->bytes, ipv4_hdr_size(ip)));
}

static struct packet right_packet(unsigned options)
{
    struct packet packet = {.len = IPV4_HDR_SIZE + options + 8};

    *(struct ipv4_hdr *)packet.bytes = (struct ipv4_hdr){
        .version_ihl = (uint8_t)(0x45 + options / 4),
        .total_length_be = cpu_to_be16(packet.len),
        .ttl = 64,
        .protocol = IPV4_PROTOCOL_UDP,
        .src_be = cpu_to_be32(IPV4(192, 0, 2, 1)),
        .dst_be = cpu_to_be32(IPV4(198, 51, 100, 2)),
    };
    memset(packet.bytes + IPV4_HDR_SIZE, 1, options);
    seal(&packet);
    return packet;
}

static enum drop_reason validate(const struct packet *packet)
{
    return ipv4_validate(packet->bytes, packet->bytes + packet->len, (uint32_t)packet->len);
}

static void right_packets_pass(void **state)
{
    (void)state;

    for (unsigned options = 0; options <= 40; options += 4) {
        struct packet packet = right_packet(options);
        assert_int_equal(validate(&packet), DROP_NONE);
        /* A whole header in the first piece of a buffer is enough; padding behind the packet does no harm. */
        const uint8_t *end = packet.bytes + IPV4_HDR_SIZE + options;
        assert_int_equal(ipv4_validate(packet.bytes, end, (uint32_t)packet.len), DROP_NONE);
        assert_int_equal(ipv4_validate(packet.bytes, end, 1500), DROP_NONE);
    }
}

static void truncated(void **state)
{
    (void)state;

    for (unsigned options = 0; options <= 40; options += 4) {
        struct packet packet = right_packet(options);
        for (size_t captured = 0; captured < IPV4_HDR_SIZE + options; captured++)
            assert_int_equal(ipv4_validate(packet.bytes, packet.bytes + captured, (uint32_t)packet.len),
                             DROP_IP_TRUNCATED);
    }
}

static void version_and_header_length(void **state)
{
    (void)state;

    for (unsigned version = 0; version < 16; version++) {
        for (unsigned words = 0; words < 16; words++) {
            struct packet packet = right_packet(40);
            packet.bytes[0] = (uint8_t)(version << 4 | words);
            if (words >= 5)
                seal(&packet);
            assert_int_equal(validate(&packet), version != 4 ? DROP_IP_VERSION
                                                : words < 5  ? DROP_IP_HEADER_LENGTH
                                                             : DROP_NONE);
        }
    }
}

/* The checksum detects each single bit, wherever no earlier test has something to say first. */
static void every_bit_counts(void **state)
{
    (void)state;

    for (unsigned options = 0; options <= 40; options += 20) {
        for (unsigned bit = 8; bit < (IPV4_HDR_SIZE + options) * 8; bit++) {
            struct packet packet = right_packet(options);
            packet.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(validate(&packet), DROP_IP_CHECKSUM);
        }
    }
}

static void total_length(void **state)
{
    (void)state;

    for (unsigned total = 0; total <= UINT16_MAX; total++) {
        struct packet packet = right_packet(4);
        ((struct ipv4_hdr *)packet.bytes)->total_length_be = cpu_to_be16(total);
        seal(&packet);
        assert_int_equal(validate(&packet), total > packet.len ? DROP_IP_LENGTH_LONG
                                            : total < 24       ? DROP_IP_LENGTH_SHORT
                                                               : DROP_NONE);
    }
}

static void addresses(void **state)
{
    (void)state;
    enum { HOST = IPV4(192, 0, 2, 1), GROUP = IPV4(224, 0, 0, 5) };
    static const struct {
        uint32_t src, dst;
        enum drop_reason reason;
    } cases[] = {
        {HOST, IPV4(8, 8, 8, 8), DROP_NONE},
        {HOST, GROUP, DROP_NONE},
        {HOST, UINT32_MAX, DROP_NONE},
        {HOST, IPV4(240, 0, 0, 1), DROP_NONE}, /* class E: unicast to Linux */
        {IPV4(240, 0, 0, 1), HOST, DROP_NONE},
        {IPV4(223, 255, 255, 255), IPV4(1, 0, 0, 0), DROP_NONE},
        {GROUP, HOST, DROP_IP_SOURCE_MULTICAST},
        {IPV4(239, 255, 255, 255), HOST, DROP_IP_SOURCE_MULTICAST},
        {GROUP, GROUP, DROP_IP_SOURCE_MULTICAST},
        {UINT32_MAX, HOST, DROP_IP_SOURCE_BROADCAST},
        {UINT32_MAX, UINT32_MAX, DROP_IP_SOURCE_BROADCAST},
        {0, HOST, DROP_IP_SOURCE_ZERO},
        {IPV4(0, 255, 255, 255), HOST, DROP_IP_SOURCE_ZERO},
        {0, IPV4(0, 0, 0, 1), DROP_IP_SOURCE_ZERO},
        {0, UINT32_MAX, DROP_NONE}, /* DHCP */
        {0, GROUP, DROP_NONE},      /* IGMP */
        {0, 0, DROP_NONE},
        {IPV4(127, 0, 0, 1), HOST, DROP_IP_SOURCE_LOOPBACK},
        {IPV4(127, 0, 0, 1), UINT32_MAX, DROP_IP_SOURCE_LOOPBACK},
        {IPV4(127, 0, 0, 1), GROUP, DROP_IP_SOURCE_LOOPBACK},
        {IPV4(127, 0, 0, 1), IPV4(127, 0, 0, 1), DROP_IP_DESTINATION_LOOPBACK},
        {HOST, 0, DROP_IP_DESTINATION_ZERO},
        {HOST, IPV4(0, 255, 255, 255), DROP_IP_DESTINATION_ZERO},
        {HOST, IPV4(127, 0, 0, 1), DROP_IP_DESTINATION_LOOPBACK},
        {HOST, IPV4(127, 255, 255, 255), DROP_IP_DESTINATION_LOOPBACK},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct packet packet = right_packet(0);
        struct ipv4_hdr *ip = (struct ipv4_hdr *)packet.bytes;
        ip->src_be = cpu_to_be32(cases[i].src);
        ip->dst_be = cpu_to_be32(cases[i].dst);
        seal(&packet);
        assert_string_equal(drop_reason_name(validate(&packet)), drop_reason_name(cases[i].reason));
    }
}

/* With two faults, the earlier test names the reason. */
static void order_of_tests(void **state)
{
    (void)state;
    struct packet packet = right_packet(0);
    struct ipv4_hdr *ip = (struct ipv4_hdr *)packet.bytes;

    ip->src_be = 0;
    seal(&packet);
    assert_int_equal(validate(&packet), DROP_IP_SOURCE_ZERO);
    ip->total_length_be = cpu_to_be16(19);
    seal(&packet);
    assert_int_equal(validate(&packet), DROP_IP_LENGTH_SHORT);
    ip->checksum_be ^= 1;
    assert_int_equal(validate(&packet), DROP_IP_CHECKSUM);
    ip->version_ihl = 0x44;
    assert_int_equal(validate(&packet), DROP_IP_HEADER_LENGTH);
    ip->version_ihl = 0x64;
    assert_int_equal(validate(&packet), DROP_IP_VERSION);
    packet.len = 19;
    assert_int_equal(validate(&packet), DROP_IP_TRUNCATED);
}

static void every_reason_has_a_name_of_its_own(void **state)
{
    (void)state;

    for (unsigned a = 0; a < DROP_REASON_COUNT; a++) {
        assert_true(strlen(drop_reason_name(a)) > 0 && strlen(drop_reason_help(a)) > 0);
        for (unsigned b = 0; b < a; b++)
            assert_string_not_equal(drop_reason_name(a), drop_reason_name(b));
    }
    assert_string_equal(drop_reason_name(DROP_NONE), "none");
    assert_string_equal(drop_reason_name(DROP_REASON_COUNT), "unknown");
    assert_string_equal(drop_reason_name(UINT32_MAX), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_packets_pass),
        cmocka_unit_test(truncated),
        cmocka_unit_test(version_and_header_length),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(total_length),
        cmocka_unit_test(addresses),
        cmocka_unit_test(order_of_tests),
        cmocka_unit_test(every_reason_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
