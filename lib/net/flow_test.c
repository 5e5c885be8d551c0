/* Frames by hand: which of them are one flow, what is read of them, and marks. */
#include "net/flow.h"

#include "net/checksum.h"
#include "net/eth.h"
#include "net/ipv4.h"
#include "net/ipv6.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#define DRAWS 200000

static const uint8_t key[SIPHASH_KEY_SIZE] = {1, 2, 3};

struct frame {
    uint8_t bytes[128];
    size_t len;
};

static void put(struct frame *frame, const void *bytes, size_t len)
{
    memcpy(frame->bytes + frame->len, bytes, len);
    frame->len += len;
}

static struct frame ethernet(uint16_t type, unsigned tags)
{
    static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
    struct frame frame = {.len = 0};
    uint16_t words[2] = {cpu_to_be16(ETH_TYPE_VLAN), cpu_to_be16(7)}, type_be = cpu_to_be16(type);

    put(&frame, macs, sizeof(macs));
    for (unsigned i = 0; i < tags; i++)
        put(&frame, words, sizeof(words));
    put(&frame, &type_be, 2);
    return frame;
}

static struct frame ipv4(unsigned tags, uint8_t tos, uint8_t protocol, uint16_t src_port, uint16_t fragment)
{
    struct frame frame = ethernet(ETH_TYPE_IPV4, tags);
    struct ipv4_hdr ip = {.version_ihl = 0x45,
                          .tos = tos,
                          .total_length_be = cpu_to_be16(28),
                          .fragment_be = cpu_to_be16(fragment),
                          .ttl = 64,
                          .protocol = protocol,
                          .src_be = cpu_to_be32(0x0a000001),
                          .dst_be = cpu_to_be32(0x0a000002)};
    uint16_t ports[4] = {cpu_to_be16(src_port), cpu_to_be16(80)};

    ip.checksum_be = (uint16_t)~checksum_fold(checksum_ipv4_words(&ip));
    put(&frame, &ip, sizeof(ip));
    put(&frame, ports, sizeof(ports));
    return frame;
}

static struct frame ipv6(uint8_t class, uint16_t src_port)
{
    struct frame frame = ethernet(ETH_TYPE_IPV6, 0);
    struct ipv6_hdr ip = {.version_class_label_be = cpu_to_be32(6u << 28 | (uint32_t) class << 20 | 0x12345),
                          .next_header = IPV4_PROTOCOL_UDP,
                          .src = {0xfe, 0x80, [15] = 1},
                          .dst = {0xfe, 0x80, [15] = 2}};
    uint16_t ports[4] = {cpu_to_be16(src_port), cpu_to_be16(80)};

    put(&frame, &ip, sizeof(ip));
    put(&frame, ports, sizeof(ports));
    return frame;
}

static struct flow read_flow(struct frame frame)
{
    struct flow flow;

    flow_read(key, frame.bytes, frame.len, &flow);
    return flow;
}

static void test_which_are_one(void **state)
{
    (void)state;
    uint32_t one = read_flow(ipv4(0, 0, IPV4_PROTOCOL_TCP, 1000, 0)).hash;

    assert_int_equal(read_flow(ipv4(0, 0xb8, IPV4_PROTOCOL_TCP, 1000, 0)).hash, one); /* its marks are not it */
    assert_int_equal(read_flow(ipv4(2, 0, IPV4_PROTOCOL_TCP, 1000, 0)).hash, one);    /* nor its tags */
    assert_int_not_equal(read_flow(ipv4(0, 0, IPV4_PROTOCOL_TCP, 1001, 0)).hash, one);
    assert_int_not_equal(read_flow(ipv4(0, 0, IPV4_PROTOCOL_UDP, 1000, 0)).hash, one);
    assert_int_not_equal(read_flow(ipv6(0, 1000)).hash, read_flow(ipv6(0, 1001)).hash);

    /* Fragments have no ports but in the first of them, so all of them go by addresses. */
    uint32_t first = read_flow(ipv4(0, 0, IPV4_PROTOCOL_UDP, 1000, IPV4_MORE_FRAGMENTS)).hash;
    assert_int_equal(read_flow(ipv4(0, 0, IPV4_PROTOCOL_UDP, 1001, 100)).hash, first);

    /* Of ICMP the first bytes are no ports. */
    assert_int_equal(read_flow(ipv4(0, 0, IPV4_PROTOCOL_ICMP, 1000, 0)).hash,
                     read_flow(ipv4(0, 0, IPV4_PROTOCOL_ICMP, 1001, 0)).hash);

    static const uint8_t other_key[SIPHASH_KEY_SIZE] = {9};
    struct frame frame = ipv4(0, 0, IPV4_PROTOCOL_TCP, 1000, 0);
    struct flow flow;
    flow_read(other_key, frame.bytes, frame.len, &flow);
    assert_int_not_equal(flow.hash, one);
}

static void test_marks_are_read(void **state)
{
    (void)state;
    const struct flow four = read_flow(ipv4(1, 46 << 2 | 2, IPV4_PROTOCOL_UDP, 1, 0)), six = read_flow(ipv6(0xb9, 1)),
                      arp = read_flow(ethernet(ETH_TYPE_ARP, 0));

    assert_int_equal(four.dscp, 46);
    assert_int_equal(four.ecn, 2);
    assert_int_equal(six.dscp, 46);
    assert_int_equal(six.ecn, 1);
    assert_int_equal(arp.dscp, 0);
    assert_int_equal(arp.ecn, 0);
}

static void test_marks_are_set(void **state)
{
    (void)state;
    for (uint8_t ecn = 0; ecn < 4; ecn++) {
        for (unsigned tags = 0; tags < 3; tags++) {
            struct frame frame = ipv4(tags, (uint8_t)(46 << 2 | ecn), IPV4_PROTOCOL_TCP, 1, 0), before = frame;
            assert_int_equal(flow_mark(frame.bytes, frame.len), ecn != 0);
            if (!ecn) {
                assert_memory_equal(frame.bytes, before.bytes, frame.len);
                continue;
            }
            assert_int_equal(read_flow(frame).ecn, 3);
            assert_int_equal(read_flow(frame).dscp, 46);
            const uint8_t *ip = frame.bytes + ETH_HDR_SIZE + (size_t)tags * 4;
            assert_int_equal(checksum_fold(checksum_ipv4_words(ip)), 0xffff);
        }
        struct frame frame = ipv6((uint8_t)(46 << 2 | ecn), 1);
        assert_int_equal(flow_mark(frame.bytes, frame.len), ecn != 0);
        assert_int_equal(read_flow(frame).ecn, ecn ? 3 : 0);
        assert_int_equal(read_flow(frame).dscp, 46);
    }
    struct frame arp = ethernet(ETH_TYPE_ARP, 0);
    assert_false(flow_mark(arp.bytes, arp.len));
}

/* Whatever comes, cut anywhere, nothing behind its end is read (the sanitizer looks). */
static void test_any_bytes(void **state)
{
    (void)state;
    uint64_t seed = 15;

    for (unsigned i = 0; i < DRAWS; i++) {
        struct frame frame =
            i & 1 ? ipv4(i % 6, (uint8_t)i, (uint8_t)draw_u32(&seed), 1, (uint16_t)(i & 2 ? draw_u32(&seed) : 0))
                  : ipv6((uint8_t)i, 1);
        size_t len = draw_u32(&seed) % (frame.len + 1);
        uint8_t *bytes = malloc(len ? len : 1);
        struct flow flow;
        assert_non_null(bytes);
        memcpy(bytes, frame.bytes, len);
        if (len && i % 3 == 0)
            bytes[draw_u32(&seed) % len] = (uint8_t)draw_u32(&seed);
        flow_read(key, bytes, len, &flow);
        assert_true(flow.dscp < 64 && flow.ecn < 4);
        assert_int_equal(flow_mark(bytes, len), flow.ecn != 0);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_are_one),
        cmocka_unit_test(test_marks_are_read),
        cmocka_unit_test(test_marks_are_set),
        cmocka_unit_test(test_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
