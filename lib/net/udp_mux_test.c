#include "net/udp_mux.h"

#include "net/checksum.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#define HERE   0x0a000101 /* 10.0.1.1 */
#define THERE  0x0a00010a
#define EVERY1 UINT32_MAX

/* What left, and what a service got. */
struct seen {
    uint8_t frame[2048];
    size_t len;
    unsigned port, datagrams;
    struct udp_datagram last;
    uint8_t data[2048];
    bool take;
    int error;
};

static int output(void *arg, unsigned port, const uint8_t *frame, size_t len)
{
    struct seen *seen = arg;

    assert_true(len <= sizeof(seen->frame));
    memcpy(seen->frame, frame, len);
    seen->len = len;
    seen->port = port;
    return seen->error;
}

static bool receive(void *arg, const struct udp_datagram *datagram)
{
    struct seen *seen = arg;

    seen->datagrams++;
    seen->last = *datagram;
    assert_true(datagram->len <= sizeof(seen->data));
    memcpy(seen->data, datagram->data, datagram->len);
    return seen->take;
}

static const struct udp_datagram question = {.port = 3,
                                             .src_mac = {2, 0, 0, 0, 0, 1},
                                             .dst_mac = {2, 0, 0, 0, 0, 2},
                                             .src = THERE,
                                             .dst = HERE,
                                             .src_port = 68,
                                             .dst_port = 67,
                                             .data = (const uint8_t *)"hello",
                                             .len = 5};

static struct udp_mux *begin(struct seen *seen)
{
    *seen = (struct seen){.take = true};
    struct udp_mux *mux = udp_mux_new(output, seen);
    assert_non_null(mux);
    assert_int_equal(udp_mux_register(mux, HERE, 67, receive, seen), 0);
    assert_int_equal(udp_mux_register(mux, EVERY1, 67, receive, seen), 0);
    return mux;
}

static struct ipv4_hdr *ip_of(struct seen *seen)
{
    return (void *)(seen->frame + ETH_HDR_SIZE);
}

static struct udp_hdr *udp_of(struct seen *seen)
{
    return (void *)(seen->frame + ETH_HDR_SIZE + IPV4_HDR_SIZE);
}

static void sign_ip(struct seen *seen)
{
    ip_of(seen)->checksum_be = 0;
    ip_of(seen)->checksum_be = checksum_finish(checksum_ipv4_words(ip_of(seen)));
}

static void what_is_sent_arrives(void **state)
{
    struct seen seen;
    struct udp_mux *mux = begin(&seen);

    (void)state;
    assert_int_equal(udp_mux_send(mux, &question), 0);
    assert_int_equal(seen.port, 3);
    assert_int_equal(seen.len, 42 + 5);
    assert_int_equal(udp_mux_receive(mux, 7, seen.frame, seen.len, false), UDP_DELIVERED);
    assert_int_equal(seen.last.port, 7);
    assert_int_equal(seen.last.src, THERE);
    assert_int_equal(seen.last.dst, HERE);
    assert_int_equal(seen.last.src_port, 68);
    assert_int_equal(seen.last.dst_port, 67);
    assert_true(seen.last.ttl == 64 && seen.last.tos == 0);
    assert_int_equal(seen.last.len, 5);
    assert_memory_equal(seen.data, "hello", 5);
    assert_memory_equal(seen.last.src_mac, question.src_mac, 6);
    assert_memory_equal(seen.last.dst_mac, question.dst_mac, 6);
    assert_int_equal(udp_mux_counts(mux, 3)->sent, 1);
    assert_int_equal(udp_mux_counts(mux, 7)->verdicts[UDP_DELIVERED], 1);
    struct udp_datagram urgent = question;
    urgent.tos = 46 << 2;
    urgent.ttl = 255;
    assert_int_equal(udp_mux_send(mux, &urgent), 0);
    assert_int_equal(udp_mux_receive(mux, 7, seen.frame, seen.len, false), UDP_DELIVERED);
    assert_true(seen.last.ttl == 255 && seen.last.tos == 46 << 2);
    seen.error = -ENOBUFS;
    assert_int_equal(udp_mux_send(mux, &question), -ENOBUFS);
    assert_int_equal(udp_mux_counts(mux, 3)->unsent, 1);
    udp_mux_free(mux);
}

static void from_a_host_without_an_address_to_all(void **state)
{
    struct seen seen;
    struct udp_mux *mux = begin(&seen);
    struct udp_datagram discover = question;

    (void)state;
    discover.src = 0;
    discover.dst = EVERY1;
    udp_mux_send(mux, &discover);
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), UDP_DELIVERED);
    discover.dst = HERE; /* 0.0.0.0 speaks to all or to nobody */
    udp_mux_send(mux, &discover);
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), UDP_IP_HEADER);
    udp_mux_free(mux);
}

static void what_no_service_is_there_for_is_left(void **state)
{
    struct seen seen;
    struct udp_mux *mux = begin(&seen);
    struct udp_datagram other = question;

    (void)state;
    other.dst_port = 68;
    udp_mux_send(mux, &other);
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), UDP_LEFT);
    other = question;
    other.dst = THERE;
    udp_mux_send(mux, &other);
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), UDP_LEFT);
    udp_mux_send(mux, &question);
    ip_of(&seen)->protocol = IPV4_PROTOCOL_TCP;
    sign_ip(&seen);
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), UDP_LEFT);
    udp_mux_send(mux, &question);
    ip_of(&seen)->fragment_be = cpu_to_be16(IPV4_MORE_FRAGMENTS);
    sign_ip(&seen);
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), UDP_LEFT);
    udp_mux_send(mux, &question);
    seen.frame[12] = 0x86;
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), UDP_LEFT);
    assert_int_equal(seen.datagrams, 0);
    udp_mux_free(mux);
}

static void what_is_wrong_is_dropped_by_reason(void **state)
{
    struct seen seen;
    struct udp_mux *mux = begin(&seen);

    (void)state;
    /* Every length that is too short; the frame stands at the end of its memory, where ASan watches. */
    udp_mux_send(mux, &question);
    for (size_t len = 0; len < 42 + 5; len++) {
        uint8_t *at = seen.frame + sizeof(seen.frame) - len;
        memmove(at, seen.frame, len);
        enum udp_verdict verdict = udp_mux_receive(mux, 1, at, len, false);
        assert_true(verdict == UDP_TRUNCATED || (len >= 34 && verdict == UDP_IP_HEADER));
        udp_mux_send(mux, &question);
    }
    const uint16_t lengths[] = {0, 7, 14, 0xffff};
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        udp_mux_send(mux, &question);
        udp_of(&seen)->length_be = cpu_to_be16(lengths[i]);
        assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), UDP_LENGTH);
    }
    udp_mux_send(mux, &question);
    ip_of(&seen)->total_length_be = cpu_to_be16(27);
    sign_ip(&seen);
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), UDP_TRUNCATED);
    for (size_t bit = 8 * (size_t)(ETH_HDR_SIZE + IPV4_HDR_SIZE); bit < (size_t)8 * (42 + 5); bit++) {
        udp_mux_send(mux, &question);
        seen.frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum udp_verdict verdict = udp_mux_receive(mux, 1, seen.frame, seen.len, false);
        assert_true(verdict == UDP_CHECKSUM || verdict == UDP_LENGTH || verdict == UDP_LEFT);
    }
    assert_int_equal(seen.datagrams, 0);
    seen.take = false;
    udp_mux_send(mux, &question);
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), UDP_REFUSED);
    uint64_t sum = 0;
    for (unsigned i = 0; i < UDP_VERDICT_COUNT; i++)
        sum += udp_mux_counts(mux, 1)->verdicts[i];
    assert_int_equal(sum, 47 + 4 + 1 + 13 * 8 + 1);
    udp_mux_free(mux);
}

static void checksums_that_are_none_or_only_begun_are_right(void **state)
{
    struct seen seen;
    struct udp_mux *mux = begin(&seen);

    (void)state;
    udp_mux_send(mux, &question);
    udp_of(&seen)->checksum_be = 0;
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), UDP_DELIVERED);
    udp_of(&seen)->checksum_be = checksum_fold(checksum_pseudo_ipv4(THERE, HERE, IPV4_PROTOCOL_UDP, 13));
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), UDP_DELIVERED);
    udp_of(&seen)->checksum_be ^= 0x0101;
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), UDP_CHECKSUM);
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, true), UDP_DELIVERED);
    udp_mux_free(mux);
}

static void padding_and_options_are_no_data(void **state)
{
    struct seen seen;
    struct udp_mux *mux = begin(&seen);

    (void)state;
    udp_mux_send(mux, &question);
    memset(seen.frame + seen.len, 0xee, 20);
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len + 20, false), UDP_DELIVERED);
    assert_int_equal(seen.last.len, 5);
    udp_mux_send(mux, &question);
    memmove(seen.frame + 38, seen.frame + 34, 13);
    memset(seen.frame + 34, 1, 4); /* NOPs */
    ip_of(&seen)->version_ihl = 0x46;
    ip_of(&seen)->total_length_be = cpu_to_be16(24 + 13);
    ip_of(&seen)->checksum_be = 0;
    ip_of(&seen)->checksum_be = checksum_finish(checksum_bytes(ip_of(&seen), 24));
    assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len + 4, false), UDP_DELIVERED);
    assert_memory_equal(seen.data, "hello", 5);
    udp_mux_free(mux);
}

/* Against the plain array: a thousand services come and go. */
static void services_come_and_go(void **state)
{
    enum { MANY = 1000 };
    static bool there[MANY];
    struct seen seen;
    struct udp_mux *mux = begin(&seen);
    uint64_t seed = 5;

    (void)state;
    assert_int_equal(udp_mux_register(mux, HERE, 67, receive, &seen), -EADDRINUSE);
    for (unsigned round = 0; round < 20000; round++) {
        uint32_t which = draw_u32(&seed) % MANY;
        uint32_t addr = 0x0b000000 + which / 4;
        uint16_t port = (uint16_t)(100 + which % 4);
        if (draw_u32(&seed) % 2) {
            assert_int_equal(udp_mux_register(mux, addr, port, receive, &seen), there[which] ? -EADDRINUSE : 0);
            there[which] = true;
        } else {
            udp_mux_unregister(mux, addr, port);
            there[which] = false;
        }
        which = draw_u32(&seed) % MANY;
        struct udp_datagram datagram = question;
        datagram.dst = 0x0b000000 + which / 4;
        datagram.dst_port = (uint16_t)(100 + which % 4);
        udp_mux_send(mux, &datagram);
        assert_int_equal(udp_mux_receive(mux, 1, seen.frame, seen.len, false), there[which] ? UDP_DELIVERED : UDP_LEFT);
    }
    udp_mux_free(mux);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_arrives),
        cmocka_unit_test(from_a_host_without_an_address_to_all),
        cmocka_unit_test(what_no_service_is_there_for_is_left),
        cmocka_unit_test(what_is_wrong_is_dropped_by_reason),
        cmocka_unit_test(checksums_that_are_none_or_only_begun_are_right),
        cmocka_unit_test(padding_and_options_are_no_data),
        cmocka_unit_test(services_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
