/*
 * The door's decision in user space, the same code that the kernel runs: every reason to leave a packet to the kernel
 * and every kind of next hop, each from one frame that would be forwarded but for one thing.
 */
#include "bpf/decide.h"

#include "fib/table.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_NS    1000
#define IN        11 /* interfaces */
#define OUT       12
#define IN_PORT   1
#define OUT_PORT  2
#define NEXT      5 /* next hop and adjacency of the subnet behind OUT */
#define ADJACENCY 7
#define LIFT      77
#define MTU       1500
#define GROUP     9 /* and the next hop that it is */
#define OTHER     6 /* next hop and adjacency of another way */

static const uint8_t own_mac[6] = {2, 0, 0, 0, 0, 1}, host_mac[6] = {2, 0, 0, 0, 0, 2}, out_mac[6] = {2, 0, 0, 0, 0, 3},
                     next_mac[6] = {2, 0, 0, 0, 0, 4};

struct fixture {
    struct door_memory *memory;
    struct fib_table *table;
    uint8_t data[ETH_HDR_SIZE + 200];
    struct door_frame frame;
    struct ipv4_hdr *ip;
};

static struct ipv4_prefix prefix(uint32_t addr, uint8_t len)
{
    return (struct ipv4_prefix){.addr = addr, .len = len};
}

static void fix_checksum(struct fixture *f)
{
    f->ip->checksum_be = 0;
    f->ip->checksum_be = checksum_finish(checksum_bytes(f->ip, ipv4_hdr_size(f->ip)));
}

/* A UDP datagram from 10.0.1.10 to 10.0.2.10 with a checksum of its own. */
static void make_frame(struct fixture *f)
{
    struct eth_hdr *eth = (struct eth_hdr *)f->data;
    uint8_t *udp = f->data + ETH_HDR_SIZE + IPV4_HDR_SIZE;

    memset(f->data, 0, sizeof(f->data));
    memcpy(eth->dst, own_mac, 6);
    memcpy(eth->src, host_mac, 6);
    eth->type_be = cpu_to_be16(ETH_TYPE_IPV4);
    f->ip = (struct ipv4_hdr *)(eth + 1);
    f->ip->version_ihl = 0x45;
    f->ip->total_length_be = cpu_to_be16(sizeof(f->data) - ETH_HDR_SIZE);
    f->ip->ttl = 64;
    f->ip->protocol = IPV4_PROTOCOL_UDP;
    f->ip->src_be = cpu_to_be32(IPV4(10, 0, 1, 10));
    f->ip->dst_be = cpu_to_be32(IPV4(10, 0, 2, 10));
    fix_checksum(f);
    udp[6] = 0x12;
    udp[7] = 0x34;
    f->frame = (struct door_frame){.data = f->data,
                                   .end = f->data + sizeof(f->data),
                                   .wire_bytes = sizeof(f->data),
                                   .ifindex = IN,
                                   .now_ns = NOW_NS};
}

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->memory = calloc(1, sizeof(*f->memory));
    assert_non_null(f->memory);
    struct fib_table_config config = {.memory = &f->memory->fib, .pool_bytes = FIB_POOL_BYTES};
    assert_int_equal(fib_table_new(&config, &f->table), 0);
    fib_table_set(f->table, prefix(IPV4(10, 0, 2, 0), 24), NEXT);

    struct door_memory *m = f->memory;
    m->deadline_ns = NOW_NS + 1;
    m->port_of[IN] = IN_PORT;
    m->port_of[OUT] = OUT_PORT;
    m->ports[IN_PORT] = (struct door_port){.ifindex = IN};
    m->ports[OUT_PORT] = (struct door_port){.ifindex = OUT};
    memcpy(m->ports[IN_PORT].mac, own_mac, 6);
    m->next_hops[NEXT] = door_word(DOOR_FORWARD, 0, ADJACENCY);
    m->adjacencies[ADJACENCY] = (struct door_adjacency){.ifindex = OUT, .port = OUT_PORT, .mtu = MTU};
    memcpy(m->adjacencies[ADJACENCY].dst, next_mac, 6);
    memcpy(m->adjacencies[ADJACENCY].src, out_mac, 6);
    make_frame(f);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    fib_table_free(f->table);
    free(f->memory);
    free(f);
    return 0;
}

static struct door_verdict decide(const struct fixture *f)
{
    struct door_verdict verdict = {.kind = (enum door_kind)3, .reason = 99, .port = 99, .adjacency = 99};
    door_decide(f->memory, &f->frame, &verdict);
    return verdict;
}

static void assert_forwarded(const struct fixture *f)
{
    struct door_verdict verdict = decide(f);
    if (verdict.kind != DOOR_FORWARD)
        fail_msg("not forwarded: %s", door_punt_name(verdict.reason));
    assert_int_equal(verdict.adjacency, ADJACENCY);
    assert_ptr_equal(verdict.next, &f->memory->adjacencies[ADJACENCY]);
    assert_int_equal(verdict.port, IN_PORT);
}

static void assert_left(const struct fixture *f, enum door_punt why)
{
    struct door_verdict verdict = decide(f);
    if (verdict.kind != DOOR_PUNT || verdict.reason != (unsigned)why)
        fail_msg("kind %d, %s instead of left to the kernel for %s", (int)verdict.kind, door_punt_name(verdict.reason),
                 door_punt_name(why));
}

static void to(struct fixture *f, uint32_t dst)
{
    f->ip->dst_be = cpu_to_be32(dst);
    fix_checksum(f);
}

static void from(struct fixture *f, uint32_t src)
{
    f->ip->src_be = cpu_to_be32(src);
    fix_checksum(f);
}

static void forwarded_and_rewritten(void **state)
{
    struct fixture *f = *state;
    assert_forwarded(f);
    for (unsigned ttl = 2; ttl < 256; ttl++) {
        make_frame(f);
        f->ip->ttl = (uint8_t)ttl;
        fix_checksum(f);
        struct door_verdict verdict = decide(f);
        door_rewrite((struct eth_hdr *)f->data, f->ip, verdict.next);
        assert_int_equal(f->ip->ttl, ttl - 1);
        assert_memory_equal(f->data, next_mac, 6);
        assert_memory_equal(f->data + 6, out_mac, 6);
        uint16_t updated_be = f->ip->checksum_be;
        fix_checksum(f);
        assert_int_equal(updated_be, f->ip->checksum_be);
    }
}

static void the_dead_mans_time_ends_it(void **state)
{
    struct fixture *f = *state;
    f->frame.now_ns = f->memory->deadline_ns;
    assert_left(f, DOOR_PUNT_STALE);
    f->memory->deadline_ns = 0; /* nobody has opened the door yet */
    f->frame.now_ns = 0;
    assert_left(f, DOOR_PUNT_STALE);
}

static void the_door_stands_aside(void **state)
{
    struct fixture *f = *state;
    f->memory->ports[IN_PORT].aside = 4;
    assert_left(f, DOOR_PUNT_ASIDE);
    f->memory->ports[IN_PORT].aside = 0;
    f->frame.ifindex = IN + DOOR_IFINDEXES; /* another interface, the same 16 bits */
    assert_left(f, DOOR_PUNT_ASIDE);
    f->frame.ifindex = 99;
    assert_left(f, DOOR_PUNT_ASIDE);
}

static void frames_that_are_not_for_a_router(void **state)
{
    struct fixture *f = *state;
    f->data[5] ^= 8;
    assert_left(f, DOOR_PUNT_NOT_OURS);
    memset(f->data, 0xff, 6);
    assert_left(f, DOOR_PUNT_NOT_OURS);
    static const uint16_t types[] = {ETH_TYPE_ARP, ETH_TYPE_VLAN, ETH_TYPE_IPV6, ETH_TYPE_QINQ, 0x0101};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        make_frame(f);
        ((struct eth_hdr *)f->data)->type_be = cpu_to_be16(types[i]);
        assert_left(f, DOOR_PUNT_NOT_IPV4);
    }
    make_frame(f);
    for (unsigned bytes = 0; bytes < ETH_HDR_SIZE; bytes++) {
        f->frame.end = f->data + bytes;
        f->frame.wire_bytes = bytes;
        assert_left(f, DOOR_PUNT_NOT_IPV4);
    }
}

static void malformed_packets_are_dropped(void **state)
{
    struct fixture *f = *state;
    f->ip->checksum_be ^= 1;
    struct door_verdict verdict = decide(f);
    assert_int_equal(verdict.kind, DOOR_DROP);
    assert_int_equal(verdict.reason, DROP_IP_CHECKSUM);
    make_frame(f);
    f->frame.end = f->data + ETH_HDR_SIZE + 19;
    f->frame.wire_bytes = ETH_HDR_SIZE + 19;
    verdict = decide(f);
    assert_int_equal(verdict.kind, DOOR_DROP);
    assert_int_equal(verdict.reason, DROP_IP_TRUNCATED);
}

static void a_packet_in_pieces(void **state)
{
    struct fixture *f = *state;
    f->frame.in_pieces = true;
    f->frame.end = f->data + ETH_HDR_SIZE + IPV4_HDR_SIZE;
    assert_forwarded(f);
    f->ip->version_ihl = 0x46; /* its options may be in the next piece: that is no fault */
    assert_left(f, DOOR_PUNT_OPTIONS);
    f->frame.end = f->data + ETH_HDR_SIZE + 19;
    assert_left(f, DOOR_PUNT_OPTIONS);
}

static void options_and_ttl(void **state)
{
    struct fixture *f = *state;
    f->ip->version_ihl = 0x46;
    fix_checksum(f);
    assert_left(f, DOOR_PUNT_OPTIONS);
    for (unsigned ttl = 0; ttl < 3; ttl++) {
        make_frame(f);
        f->ip->ttl = (uint8_t)ttl;
        fix_checksum(f);
        if (ttl < 2)
            assert_left(f, DOOR_PUNT_TTL);
        else
            assert_forwarded(f);
    }
}

static void destinations_that_are_no_unicast(void **state)
{
    struct fixture *f = *state;
    fib_table_set(f->table, prefix(0, 0), NEXT); /* even with a default route */
    to(f, IPV4(224, 0, 0, 1));
    assert_left(f, DOOR_PUNT_NOT_UNICAST);
    to(f, IPV4(239, 255, 255, 255));
    assert_left(f, DOOR_PUNT_NOT_UNICAST);
    to(f, IPV4(240, 0, 0, 1));
    assert_left(f, DOOR_PUNT_NOT_UNICAST);
    to(f, UINT32_MAX);
    assert_left(f, DOOR_PUNT_NOT_UNICAST);
    f->ip->src_be = 0;
    to(f, 0);
    assert_left(f, DOOR_PUNT_NOT_UNICAST);
    make_frame(f);
    to(f, IPV4(223, 255, 255, 255));
    assert_forwarded(f);
}

static void every_kind_of_next_hop(void **state)
{
    struct fixture *f = *state;
    for (unsigned reason = 0; reason < DOOR_PUNT_COUNT; reason++) {
        f->memory->next_hops[NEXT] = door_word(DOOR_PUNT, reason, reason % 2 ? ADJACENCY : 0);
        assert_left(f, (enum door_punt)reason);
    }
    f->memory->next_hops[NEXT] = door_word(DOOR_DROP, DROP_ROUTE_BLACKHOLE, 0);
    struct door_verdict verdict = decide(f);
    assert_int_equal(verdict.kind, DOOR_DROP);
    assert_int_equal(verdict.reason, DROP_ROUTE_BLACKHOLE);
    to(f, IPV4(10, 0, 3, 1));
    assert_left(f, DOOR_PUNT_NO_ROUTE);
}

static void own_addresses_are_no_sources(void **state)
{
    struct fixture *f = *state;
    uint32_t bit = door_local_bit(IPV4(10, 0, 1, 10));
    fib_table_set(f->table, prefix(IPV4(10, 0, 1, 10), 32), 9);
    f->memory->next_hops[9] = door_word(DOOR_PUNT, DOOR_PUNT_LOCAL, 0);
    assert_forwarded(f); /* the filter says that nobody has it */
    f->memory->local_filter[bit / 64] |= (uint64_t)1 << (bit % 64);
    assert_left(f, DOOR_PUNT_SOURCE_LOCAL);
    f->memory->next_hops[9] = door_word(DOOR_PUNT, DOOR_PUNT_UNRESOLVED, 0);
    assert_forwarded(f); /* the filter was too coarse */
}

static void reverse_path(void **state)
{
    struct fixture *f = *state;
    struct door_port *in = &f->memory->ports[IN_PORT];
    in->rp_filter = DOOR_RP_STRICT;
    assert_left(f, DOOR_PUNT_REVERSE_PATH); /* no route back */
    fib_table_set(f->table, prefix(IPV4(10, 0, 1, 0), 24), 9);
    f->memory->next_hops[9] = door_word(DOOR_PUNT, DOOR_PUNT_UNRESOLVED, 3); /* attached at IN */
    f->memory->adjacencies[3].ifindex = IN;
    assert_forwarded(f);
    f->memory->adjacencies[3].ifindex = 13;
    assert_left(f, DOOR_PUNT_REVERSE_PATH);
    in->rp_filter = DOOR_RP_LOOSE;
    assert_forwarded(f);
    f->memory->next_hops[9] = door_word(DOOR_PUNT, DOOR_PUNT_UNREACHABLE, 0);
    assert_left(f, DOOR_PUNT_REVERSE_PATH);
    in->rp_filter = DOOR_RP_OFF;
    assert_forwarded(f);
    from(f, IPV4(192, 0, 2, 1));
    assert_forwarded(f);
}

static void egress(void **state)
{
    struct fixture *f = *state;
    f->memory->adjacencies[ADJACENCY].ifindex = IN;
    assert_left(f, DOOR_PUNT_SAME_PORT);
    f->memory->adjacencies[ADJACENCY].ifindex = OUT;
    f->memory->adjacencies[ADJACENCY].mtu = sizeof(f->data) - ETH_HDR_SIZE;
    assert_forwarded(f);
    f->memory->adjacencies[ADJACENCY].mtu--;
    assert_left(f, DOOR_PUNT_TOO_BIG);
}

static void large_segments(void **state)
{
    struct fixture *f = *state;
    uint8_t *tcp = (uint8_t *)(f->ip + 1);
    f->frame.gso_bytes = 1448;
    f->frame.wire_bytes = 60000;
    f->ip->protocol = IPV4_PROTOCOL_TCP;
    f->ip->total_length_be = cpu_to_be16(60000 - ETH_HDR_SIZE);
    fix_checksum(f);
    tcp[12] = 8 << 4; /* 32 bytes of TCP header: 1,500 a packet */
    assert_forwarded(f);
    tcp[12] = 9 << 4;
    assert_left(f, DOOR_PUNT_TOO_BIG);
    f->frame.in_pieces = true;
    f->frame.end = tcp + 12; /* the TCP header's length cannot be read */
    tcp[12] = 5 << 4;
    assert_left(f, DOOR_PUNT_TOO_BIG);

    f->frame.end = tcp + 20;
    f->ip->protocol = IPV4_PROTOCOL_UDP;
    f->frame.gso_bytes = MTU - 28;
    fix_checksum(f);
    assert_forwarded(f);
    f->frame.gso_bytes++;
    assert_left(f, DOOR_PUNT_TOO_BIG);
    f->ip->protocol = IPV4_PROTOCOL_GRE; /* cut by something that is not understood here */
    f->frame.gso_bytes = 100;
    fix_checksum(f);
    assert_left(f, DOOR_PUNT_TOO_BIG);
    f->ip->total_length_be = 0; /* BIG TCP */
    assert_left(f, DOOR_PUNT_TOO_BIG);
}

/* What a sender leaves to its card: the folded sum of the pseudo-header. */
static uint16_t half_made(const struct fixture *f)
{
    return checksum_fold(checksum_pseudo_ipv4(be32_to_cpu(f->ip->src_be), be32_to_cpu(f->ip->dst_be), f->ip->protocol,
                                              (uint16_t)(be16_to_cpu(f->ip->total_length_be) - IPV4_HDR_SIZE)));
}

static void half_made_checksums_at_an_xdp_door(void **state)
{
    static const struct {
        uint8_t protocol, at;
    } with_checksum[] = {{IPV4_PROTOCOL_UDP, 6}, {IPV4_PROTOCOL_TCP, 16}};
    static const uint8_t opaque[] = {IPV4_PROTOCOL_IPIP, IPV4_PROTOCOL_GRE, IPV4_PROTOCOL_IPV6, IPV4_PROTOCOL_SCTP};
    struct fixture *f = *state;
    uint8_t *transport = (uint8_t *)(f->ip + 1);

    f->frame.xdp = true;
    for (size_t i = 0; i < ARRAY_SIZE(with_checksum); i++) {
        make_frame(f);
        f->frame.xdp = true;
        f->ip->protocol = with_checksum[i].protocol;
        fix_checksum(f);
        assert_forwarded(f);
        uint16_t field = half_made(f);
        memcpy(transport + with_checksum[i].at, &field, sizeof(field));
        assert_left(f, DOOR_PUNT_HALF_MADE);
        f->frame.xdp = false; /* tc keeps what has to be finished */
        assert_forwarded(f);
        f->frame.xdp = true;
        f->ip->fragment_be = cpu_to_be16(IPV4_MORE_FRAGMENTS);
        fix_checksum(f);
        assert_forwarded(f);
        f->ip->fragment_be = cpu_to_be16(100);
        fix_checksum(f);
        assert_forwarded(f);
        f->ip->fragment_be = cpu_to_be16(IPV4_DONT_FRAGMENT);
        fix_checksum(f);
        assert_left(f, DOOR_PUNT_HALF_MADE);
    }
    for (size_t i = 0; i < ARRAY_SIZE(opaque); i++) {
        make_frame(f);
        f->frame.xdp = true;
        f->ip->protocol = opaque[i];
        fix_checksum(f);
        assert_left(f, DOOR_PUNT_HALF_MADE);
        f->memory->ports[IN_PORT].traits = DOOR_CARD; /* no card delivers such */
        assert_forwarded(f);
        f->memory->ports[IN_PORT].traits = 0;
    }
    make_frame(f);
    f->frame.xdp = true;
    f->ip->protocol = IPV4_PROTOCOL_ICMP;
    fix_checksum(f);
    assert_forwarded(f);
    make_frame(f);
    f->frame.xdp = true;
    memset(transport + 6, 0, 2); /* UDP without a checksum */
    assert_forwarded(f);
    f->memory->ports[OUT_PORT].no_xdp_in = 1;
    assert_left(f, DOOR_PUNT_XDP_EGRESS);
    f->frame.xdp = false;
    assert_forwarded(f);
}

/* What is plain would pass every examination; and most of what is, is. */
static void plain_is_what_an_examination_passes(void **state)
{
    struct fixture *f = *state;
    const struct door_port *port = &f->memory->ports[IN_PORT];
    uint64_t random = 20261126;
    unsigned plain = 0, passed = 0;

    assert_true(door_is_plain(f->memory, &f->frame, port));
    for (unsigned round = 0; round < 200000; round++) {
        make_frame(f);
        size_t bytes = ETH_HDR_SIZE + IPV4_HDR_SIZE;
        for (unsigned flips = draw_u32(&random) % 4; flips > 0; flips--)
            f->data[draw_u32(&random) % bytes] ^= (uint8_t)(1u << draw_u32(&random) % 8);
        if (draw_u32(&random) % 4)
            fix_checksum(f);
        if (draw_u32(&random) % 8 == 0)
            f->frame.wire_bytes += draw_u32(&random) % 9 - 4;
        bool is_plain = door_is_plain(f->memory, &f->frame, port);
        bool passes = door_word_kind(door_examine(f->memory, &f->frame, port)) == DOOR_FORWARD;
        assert_true(passes || !is_plain);
        plain += is_plain;
        passed += passes;
    }
    assert_int_equal(plain, passed); /* of a port that filters nothing, as here */
    assert_in_range(passed, 20000, 180000);
    f->memory->ports[IN_PORT].rp_filter = DOOR_RP_LOOSE;
    assert_false(door_is_plain(f->memory, &f->frame, port));
}

/* --- who may speak ------------------------------------------------------------------------------------------------ */

static enum door_speaker speaker(const struct fixture *f, struct door_binding *binding)
{
    memset(binding, 0xff, sizeof(*binding));
    return door_speaker(f->memory, &f->frame, &f->memory->ports[door_port_number(f->memory, f->frame.ifindex)],
                        binding);
}

static void set_checks(struct fixture *f, uint8_t checks)
{
    f->memory->ports[IN_PORT].checks = checks;
}

static void set_ports(struct fixture *f, uint16_t from, uint16_t to)
{
    struct udp_hdr *udp = (struct udp_hdr *)(f->data + ETH_HDR_SIZE + IPV4_HDR_SIZE);

    udp->src_port_be = cpu_to_be16(from);
    udp->dst_port_be = cpu_to_be16(to);
}

static void nothing_is_asked_without_checks(void **state)
{
    struct fixture *f = *state;
    struct door_binding binding;

    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY);
    set_checks(f, DOOR_CHECK_SERVERS);
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY);
    set_checks(f, DOOR_CHECK_SOURCE);
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_BOUND);
    f->memory->deadline_ns = NOW_NS;
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY);
    f->memory->deadline_ns = NOW_NS + 1;
    f->frame.ifindex = IN + DOOR_IFINDEXES; /* another interface of the same low bits */
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY);
}

static void a_source_is_asked_for_with_its_sender(void **state)
{
    struct fixture *f = *state;
    struct door_binding binding;
    const struct door_binding expected = {.ifindex = IN, .addr = IPV4(10, 0, 1, 10), .mac = {2, 0, 0, 0, 0, 2}};

    set_checks(f, DOOR_CHECK_SOURCE);
    f->memory->ports[IN_PORT].aside = 1; /* the kernel's packets are asked too */
    memset(((struct eth_hdr *)f->data)->dst, 0xff, 6);
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_BOUND);
    assert_memory_equal(&binding, &expected, sizeof(binding));
    f->frame.end = f->data + ETH_HDR_SIZE + IPV4_HDR_SIZE; /* a header, and no ports */
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_BOUND);
    f->frame.end = (const uint8_t *)f->frame.end - 1;
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY);
    f->frame.end = f->data + ETH_HDR_SIZE - 1;
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY);
    make_frame(f);
    ((struct eth_hdr *)f->data)->type_be = cpu_to_be16(ETH_TYPE_IPV6);
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY);
}

static void dhcp_before_there_is_an_address(void **state)
{
    struct fixture *f = *state;
    struct door_binding binding;

    set_checks(f, DOOR_CHECK_SOURCE);
    f->ip->src_be = 0;
    set_ports(f, 68, 67);
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_BOUND); /* not to everybody */
    f->ip->dst_be = UINT32_MAX;
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY);
    f->ip->fragment_be = cpu_to_be16(1); /* what stands there is no header */
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_BOUND);
    f->ip->fragment_be = 0;
    f->ip->version_ihl = 0x46;
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_BOUND);
    f->ip->version_ihl = 0x45;
    f->ip->protocol = IPV4_PROTOCOL_TCP;
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_BOUND);
    f->ip->protocol = IPV4_PROTOCOL_UDP;
    set_ports(f, 68, 68);
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_BOUND);
}

static void other_dhcp_servers(void **state)
{
    struct fixture *f = *state;
    struct door_binding binding;

    set_checks(f, DOOR_CHECK_SERVERS);
    set_ports(f, 67, 68);
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY); /* on its way through this router */
    memset(((struct eth_hdr *)f->data)->dst, 0xff, 6);
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ROGUE);
    assert_int_equal(binding.addr, IPV4(10, 0, 1, 10));
    assert_memory_equal(binding.mac, host_mac, 6);
    set_ports(f, 67, 67); /* to a relay */
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY);
    set_ports(f, 67, 68);
    set_checks(f, DOOR_CHECK_SOURCE);
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_BOUND);
}

static void arp_speaks_too(void **state)
{
    struct fixture *f = *state;
    struct door_binding binding;
    struct eth_hdr *eth = (struct eth_hdr *)f->data;
    struct arp_hdr *arp = (struct arp_hdr *)(eth + 1);

    set_checks(f, DOOR_CHECK_SOURCE);
    eth->type_be = cpu_to_be16(ETH_TYPE_ARP);
    *arp = (struct arp_hdr){.hardware_be = cpu_to_be16(ARP_HARDWARE_ETH),
                            .protocol_be = cpu_to_be16(ETH_TYPE_IPV4),
                            .hardware_len = 6,
                            .protocol_len = 4,
                            .operation_be = cpu_to_be16(ARP_REQUEST),
                            .sender_be = cpu_to_be32(IPV4(10, 0, 1, 10)),
                            .target_be = cpu_to_be32(IPV4(10, 0, 1, 1))};
    memcpy(arp->sender_mac, host_mac, 6);
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_BOUND);
    assert_int_equal(binding.addr, IPV4(10, 0, 1, 10));
    arp->operation_be = cpu_to_be16(ARP_REPLY);
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_BOUND);
    arp->sender_mac[5]++;
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_FALSE);
    arp->sender_be = 0;
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY);
    arp->sender_be = 1;
    set_checks(f, DOOR_CHECK_SERVERS);
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY);
    set_checks(f, DOOR_CHECK_SOURCE);
    arp->hardware_len = 8;
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY);
    arp->hardware_len = 6;
    f->frame.end = (const uint8_t *)(arp + 1) - 1;
    assert_int_equal(speaker(f, &binding), DOOR_SPEAKER_ANY);
}

static void names_are_complete(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DOOR_PUNT_COUNT; i++) {
        assert_string_not_equal(door_punt_name(i), "unknown");
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(door_punt_name(i), door_punt_name(k));
    }
    assert_string_equal(door_punt_name(DOOR_PUNT_COUNT), "unknown");
    assert_string_equal(door_punt_help(DOOR_PUNT_COUNT), "unknown");
}

/* Where a port has a lift with somebody behind, that is where its packets go; whatever else holds goes on holding. */
static void what_waits_goes_to_the_lift(void **state)
{
    struct fixture *f = *state;
    struct door_port *out = &f->memory->ports[OUT_PORT];

    assert_int_equal(decide(f).egress, OUT);
    out->lift = LIFT;
    assert_int_equal(decide(f).egress, OUT); /* nobody was ever there */
    out->lift_deadline_ns = NOW_NS;
    assert_int_equal(decide(f).egress, OUT); /* no longer */
    out->lift_deadline_ns = NOW_NS + 1;
    assert_forwarded(f);
    assert_int_equal(decide(f).egress, LIFT);
    assert_int_equal(door_lift(out, NOW_NS + 1), 0);

    f->frame.xdp = true; /* the lift takes frames of an XDP door, even if the port would not */
    out->no_xdp_in = 1;
    assert_int_equal(decide(f).egress, LIFT);
    out->lift_deadline_ns = 0;
    assert_left(f, DOOR_PUNT_XDP_EGRESS);

    f->memory->adjacencies[ADJACENCY].port = 0; /* an egress that is no port has none */
    assert_int_equal(decide(f).egress, OUT);
}

static void in_an_alarm_all_is_the_kernels(void **state)
{
    struct fixture *f = *state;

    struct door_alarm alarm = {.raised = 3, .acknowledged = 3};

    assert_false(door_is_alarmed(&alarm));
    alarm.raised++;
    assert_true(door_is_alarmed(&alarm));
    f->frame.alarmed = true;
    assert_left(f, DOOR_PUNT_ALARM);
    f->memory->ports[IN_PORT].traits = DOOR_BYPASS;
    assert_forwarded(f);
    f->memory->ports[IN_PORT].traits = 0;
    assert_left(f, DOOR_PUNT_ALARM);
}

/* The same packet where frames begin with its IP header. */
static void make_bare(struct fixture *f)
{
    f->frame.data = f->ip;
    f->frame.wire_bytes -= ETH_HDR_SIZE;
    f->frame.bare = true;
}

static void a_packet_without_an_ethernet_header(void **state)
{
    struct fixture *f = *state;

    make_bare(f);
    assert_forwarded(f);
    memset(f->data, 0xff, ETH_HDR_SIZE); /* of no matter */
    assert_forwarded(f);
    f->memory->ports[IN_PORT].rp_filter = DOOR_RP_STRICT; /* so that it is not a plain one */
    fib_table_set(f->table, prefix(IPV4(10, 0, 1, 0), 24), GROUP);
    f->memory->next_hops[GROUP] = door_word(DOOR_FORWARD, 0, GROUP);
    f->memory->adjacencies[GROUP].ifindex = IN;
    assert_forwarded(f);
    f->frame.wire_bytes--;
    assert_int_equal(decide(f).reason, DROP_IP_LENGTH_LONG);
    f->frame.wire_bytes++;
    f->ip->ttl = 1;
    fix_checksum(f);
    assert_left(f, DOOR_PUNT_TTL);
    f->frame.end = (const uint8_t *)f->ip + IPV4_HDR_SIZE - 1;
    f->frame.wire_bytes = IPV4_HDR_SIZE - 1;
    assert_int_equal(decide(f).reason, DROP_IP_TRUNCATED);
    door_rewrite_ip(f->ip);
    assert_int_equal(f->ip->ttl, 0);
    assert_true(checksum_is_right(checksum_ipv4_words(f->ip)));
}

static void pieces_leave_where_the_driver_takes_them(void **state)
{
    struct fixture *f = *state;

    f->frame.xdp = f->frame.in_pieces = true;
    f->frame.wire_bytes = sizeof(f->data) + 900;
    f->ip->total_length_be = cpu_to_be16(sizeof(f->data) + 900 - ETH_HDR_SIZE);
    fix_checksum(f);
    assert_left(f, DOOR_PUNT_XDP_EGRESS);
    f->memory->ports[OUT_PORT].traits = DOOR_PIECES;
    assert_forwarded(f);
    f->memory->ports[OUT_PORT].traits = 0;
    f->frame.xdp = false;
    assert_forwarded(f);
}

/* --- several ways ---------------------------------------------------------------------------------------------------
 */

/* Even buckets lead to ADJACENCY, odd ones to OTHER. */
static void use_group(struct fixture *f)
{
    struct door_memory *m = f->memory;

    m->next_hops[OTHER] = door_word(DOOR_FORWARD, 0, OTHER);
    m->adjacencies[OTHER] = m->adjacencies[ADJACENCY];
    m->next_hops[GROUP] = door_word(DOOR_GROUP, 0, GROUP);
    for (uint32_t bucket = 0; bucket < DOOR_BUCKETS; bucket++)
        m->groups[GROUP][bucket] = bucket % 2 ? OTHER : NEXT;
    fib_table_set(f->table, prefix(IPV4(10, 0, 2, 0), 24), GROUP);
}

static uint32_t way_of(const struct fixture *f)
{
    struct door_verdict verdict = decide(f);

    assert_int_equal(verdict.kind, DOOR_FORWARD);
    return verdict.adjacency;
}

static void flows_are_spread_and_stay_together(void **state)
{
    struct fixture *f = *state;
    unsigned others = 0;

    use_group(f);
    for (uint16_t port = 0; port < 1000; port++) {
        set_ports(f, port, 53);
        uint32_t way = way_of(f);
        others += way == OTHER;
        f->ip->ttl = 9; /* nothing but addresses, protocol and ports counts */
        f->ip->tos = 0xb8;
        f->ip->id_be = port;
        fix_checksum(f);
        assert_int_equal(way_of(f), way);
        make_frame(f);
    }
    assert_in_range(others, 437, 563); /* four standard deviations */
}

static void fragments_of_all_flows_between_two_hosts_stay_together(void **state)
{
    struct fixture *f = *state;

    use_group(f);
    f->ip->fragment_be = cpu_to_be16(IPV4_MORE_FRAGMENTS); /* the first one, with ports in it */
    fix_checksum(f);
    uint32_t way = way_of(f);
    for (uint16_t port = 0; port < 100; port++) {
        set_ports(f, port, port);
        f->ip->fragment_be = cpu_to_be16(port ? port : IPV4_MORE_FRAGMENTS);
        fix_checksum(f);
        assert_int_equal(way_of(f), way);
    }
}

static void another_system_spreads_otherwise(void **state)
{
    struct fixture *f = *state;
    unsigned moved = 0;

    use_group(f);
    for (uint16_t port = 0; port < 1000; port++) {
        set_ports(f, port, 53);
        f->memory->hash_seed = 0;
        uint32_t way = way_of(f);
        f->memory->hash_seed = UINT64_C(0x123456789abcdef0);
        moved += way != way_of(f);
    }
    assert_in_range(moved, 437, 563);
}

static void a_way_that_is_the_kernels(void **state)
{
    struct fixture *f = *state;

    use_group(f);
    f->memory->next_hops[NEXT] = f->memory->next_hops[OTHER] = door_word(DOOR_PUNT, DOOR_PUNT_UNRESOLVED, ADJACENCY);
    assert_left(f, DOOR_PUNT_UNRESOLVED);
}

/* The way back is one of several. */
static void rp_filter_knows_all_ways_of_a_group(void **state)
{
    struct fixture *f = *state;

    use_group(f);
    fib_table_set(f->table, prefix(IPV4(10, 0, 1, 0), 24), GROUP);
    f->memory->ports[IN_PORT].rp_filter = DOOR_RP_LOOSE;
    way_of(f);
    f->memory->ports[IN_PORT].rp_filter = DOOR_RP_STRICT;
    assert_left(f, DOOR_PUNT_REVERSE_PATH);
    f->memory->group_ports[GROUP][IN_PORT / 64] = UINT64_C(1) << IN_PORT % 64;
    way_of(f);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(forwarded_and_rewritten),
        CASE(the_dead_mans_time_ends_it),
        CASE(the_door_stands_aside),
        CASE(frames_that_are_not_for_a_router),
        CASE(malformed_packets_are_dropped),
        CASE(a_packet_in_pieces),
        CASE(options_and_ttl),
        CASE(destinations_that_are_no_unicast),
        CASE(every_kind_of_next_hop),
        CASE(own_addresses_are_no_sources),
        CASE(reverse_path),
        CASE(egress),
        CASE(large_segments),
        CASE(half_made_checksums_at_an_xdp_door),
        CASE(plain_is_what_an_examination_passes),
        CASE(nothing_is_asked_without_checks),
        CASE(a_source_is_asked_for_with_its_sender),
        CASE(dhcp_before_there_is_an_address),
        CASE(other_dhcp_servers),
        CASE(arp_speaks_too),
        CASE(names_are_complete),
        CASE(what_waits_goes_to_the_lift),
        CASE(in_an_alarm_all_is_the_kernels),
        CASE(a_packet_without_an_ethernet_header),
        CASE(pieces_leave_where_the_driver_takes_them),
        CASE(flows_are_spread_and_stay_together),
        CASE(fragments_of_all_flows_between_two_hosts_stay_together),
        CASE(another_system_spreads_otherwise),
        CASE(a_way_that_is_the_kernels),
        CASE(rp_filter_knows_all_ways_of_a_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
