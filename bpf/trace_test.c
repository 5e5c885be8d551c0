/* Traces: which packets a filter wants, and what of them is kept. */
#include "bpf/trace.h"

#include "net/ipv4_addr.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#define PORT 3

/* A UDP datagram from 10.0.1.2:4000 to 10.0.2.2:53, DSCP EF. */
static const uint8_t datagram[] = {2, 0,  0,    0,    0, 1,  2,  0,  0, 0, 0,  2, 8, 0, 0x45, 0xb8,
                                   0, 32, 0,    0,    0, 0,  64, 17, 0, 0, 10, 0, 1, 2, 10,   0,
                                   2, 2,  0x0f, 0xa0, 0, 53, 0,  12, 0, 0, 1,  2, 3, 4};
static const struct door_port in_port = {.ifindex = 11, .rp_filter = DOOR_RP_LOOSE, .checks = DOOR_TRACE};

static struct door_frame frame_of(const void *bytes, size_t size, bool bare)
{
    const uint8_t *data = bytes;

    return (
        struct door_frame){.data = data, .end = data + size, .wire_bytes = (uint32_t)size, .ifindex = 11, .bare = bare};
}

static struct door_trace_key key_of(const void *bytes, size_t size, bool bare)
{
    const struct door_frame frame = frame_of(bytes, size, bare);
    struct door_trace_key key;

    door_trace_key(&frame, &key);
    return key;
}

static void test_key(void **state)
{
    (void)state;
    struct door_trace_key key = key_of(datagram, sizeof(datagram), false);
    assert_true(key.ipv4 && key.ports);
    assert_int_equal(key.src, IPV4(10, 0, 1, 2));
    assert_int_equal(key.dst, IPV4(10, 0, 2, 2));
    assert_int_equal(key.protocol, 17);
    assert_int_equal(key.dscp, 46);
    assert_int_equal(key.src_port, 4000);
    assert_int_equal(key.dst_port, 53);
    key = key_of(datagram + ETH_HDR_SIZE, sizeof(datagram) - ETH_HDR_SIZE, true);
    assert_true(key.ipv4 && key.ports && key.dst_port == 53);

    for (size_t size = 0; size <= sizeof(datagram); size++) { /* no byte is read that is not there */
        uint8_t *cut = malloc(size ? size : 1);
        assert_non_null(cut);
        memcpy(cut, datagram, size);
        key = key_of(cut, size, false);
        assert_int_equal(key.ipv4, size >= ETH_HDR_SIZE + IPV4_HDR_SIZE);
        assert_int_equal(key.ports, size >= ETH_HDR_SIZE + IPV4_HDR_SIZE + 4);
        free(cut);
    }

    uint8_t other[sizeof(datagram)];
    memcpy(other, datagram, sizeof(other));
    other[12] = 0x86;
    assert_false(key_of(other, sizeof(other), false).ipv4);
    memcpy(other, datagram, sizeof(other));
    other[14] = 0x65;
    assert_false(key_of(other, sizeof(other), false).ipv4);
    other[14] = 0x46; /* with options ports are not looked for */
    assert_true(key_of(other, sizeof(other), false).ipv4);
    assert_false(key_of(other, sizeof(other), false).ports);
    memcpy(other, datagram, sizeof(other));
    other[20] = 0x20; /* a fragment has none */
    assert_false(key_of(other, sizeof(other), false).ports);
}

static void test_filter(void **state)
{
    const uint32_t cut = door_word(DOOR_FORWARD, 0, 9), drop = door_word(DOOR_DROP, DROP_IP_CHECKSUM, 0);
    const struct door_trace_key udp = key_of(datagram, sizeof(datagram), false), other = {.ipv4 = false};
    const struct {
        struct door_trace_filter filter;
        bool udp, other; /* which it wants, that were cut through at PORT */
    } cases[] = {
        {{.word = 0}, true, true},
        {{.port = PORT}, true, true},
        {{.port = PORT + 1}, false, false},
        {{.only_ipv4 = 1}, true, false},
        {{.only_ipv4 = 1, .src = IPV4(10, 0, 1, 0), .src_mask = 0xffffff00}, true, false},
        {{.only_ipv4 = 1, .src = IPV4(10, 0, 2, 0), .src_mask = 0xffffff00}, false, false},
        {{.only_ipv4 = 1, .dst = IPV4(10, 0, 2, 2), .dst_mask = UINT32_MAX}, true, false},
        {{.only_ipv4 = 1, .dst = IPV4(10, 0, 2, 3), .dst_mask = UINT32_MAX}, false, false},
        {{.only_ipv4 = 1, .protocol = 17}, true, false},
        {{.only_ipv4 = 1, .protocol = 6}, false, false},
        {{.only_ipv4 = 1, .only_dscp = 1, .dscp = 46}, true, false},
        {{.only_ipv4 = 1, .only_dscp = 1, .dscp = 0}, false, false},
        {{.only_ipv4 = 1, .only_ports = 1, .src_port_last = 65535, .dst_port_first = 53, .dst_port_last = 53},
         true,
         false},
        {{.only_ipv4 = 1, .only_ports = 1, .src_port_last = 3999, .dst_port_last = 65535}, false, false},
        {{.only_ipv4 = 1, .only_ports = 1, .src_port_last = 65535, .dst_port_first = 54, .dst_port_last = 65535},
         false,
         false},
        {{.word_mask = DOOR_WORD_KIND, .word = door_word(DOOR_FORWARD, 0, 0)}, true, true},
        {{.word_mask = DOOR_WORD_KIND, .word = door_word(DOOR_DROP, 0, 0)}, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(door_trace_wants(&cases[i].filter, &udp, PORT, cut), cases[i].udp);
        assert_int_equal(door_trace_wants(&cases[i].filter, &other, PORT, cut), cases[i].other);
    }
    const struct door_trace_filter why = {.word_mask = DOOR_WORD_KIND | DOOR_WORD_REASON, .word = drop};
    assert_true(door_trace_wants(&why, &other, PORT, drop));
    assert_false(door_trace_wants(&why, &other, PORT, door_word(DOOR_DROP, DROP_IP_VERSION, 0)));
}

static void test_record(void **state)
{
    const struct door_adjacency next = {.ifindex = 12, .mtu = 1500, .port = 2};
    const uint32_t word = door_word(DOOR_FORWARD, 0, 9);
    struct door_traced traced;
    uint8_t long_frame[200];

    (void)state;
    struct door_frame frame = frame_of(datagram, sizeof(datagram), false);
    door_traced_make(&traced, &frame, &in_port, PORT, word, &next, 77);
    assert_int_equal(traced.captured, sizeof(datagram));
    assert_memory_equal(traced.bytes, datagram, sizeof(datagram));
    assert_int_equal(traced.word, word);
    assert_int_equal(traced.egress, 77);
    assert_int_equal(traced.port, PORT);
    assert_int_equal(traced.rp_filter, DOOR_RP_LOOSE);
    assert_int_equal(traced.wire_bytes, sizeof(datagram));
    assert_memory_equal(&traced.next, &next, sizeof(next));
    const struct door_frame again = door_traced_frame(&traced);
    assert_int_equal((const uint8_t *)again.end - (const uint8_t *)again.data, sizeof(datagram));

    memset(long_frame, 7, sizeof(long_frame));
    frame = frame_of(long_frame, sizeof(long_frame), false);
    door_traced_make(&traced, &frame, &in_port, PORT, word, &next, 77);
    assert_int_equal(traced.captured, DOOR_TRACED_BYTES);
    assert_memory_equal(traced.bytes, long_frame, DOOR_TRACED_BYTES);
    frame = frame_of(long_frame, 0, false);
    door_traced_make(&traced, &frame, &in_port, PORT, word, &next, 77);
    assert_int_equal(traced.captured, 0);
}

static void test_ring(void **state)
{
    struct door_trace *trace = calloc(1, sizeof(*trace));
    struct door_traced traced = {.word = 0}, got;
    uint64_t next = 0;

    (void)state;
    assert_non_null(trace);
    assert_false(door_trace_get(trace, &next, &got));
    for (uint32_t i = 0; i < 3 * DOOR_TRACE_RECORDS; i++) {
        traced.wire_bytes = i;
        door_trace_put(trace, 1000 + i, &traced);
        if (i < DOOR_TRACE_RECORDS) { /* in step */
            assert_true(door_trace_get(trace, &next, &got));
            assert_int_equal(got.wire_bytes, i);
            assert_int_equal(got.now_ns, 1000 + i);
            assert_int_equal(next, i + 1);
            assert_false(door_trace_get(trace, &next, &got));
        }
    }
    for (uint32_t i = 2 * DOOR_TRACE_RECORDS; i < 3 * DOOR_TRACE_RECORDS; i++) { /* those in between are lost */
        assert_true(door_trace_get(trace, &next, &got));
        assert_int_equal(got.wire_bytes, i);
        assert_int_equal(next, i + 1);
    }
    assert_false(door_trace_get(trace, &next, &got));
    trace->all[0].number = 0; /* the next one is just being written */
    trace->count++;
    assert_false(door_trace_get(trace, &next, &got));
    free(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
