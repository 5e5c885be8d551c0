/*
 * What the front door decides for a packet: a packet's way from validation to the adjacency, stated in one place.
 *
 *   may speak? (bpf/guard.h)
 *   -> fresh? -> door open? -> ours? -> IPv4? -> validate -> options, TTL -> addresses -> source -> look up -> egress,
 *   which is a port, or the lift to its queues
 *
 * Everything that it does not understand, is not sure of, or is not meant to decide is the kernel's, untouched. It
 * reads the packet and changes nothing. Shared with BPF: tests and fuzzers run what the kernel runs.
 */
#pragma once

#include "bpf/guard.h"
#include "net/validate.h"

static force_inline void door_punt(struct door_verdict *verdict, enum door_punt why)
{
    verdict->kind = DOOR_PUNT;
    verdict->reason = why;
}

/* Linux forgets about a packet from its own address, and asks rp_filter about all others. Here whoever is not found
 * good is left to it. Returns DOOR_PUNT_COUNT for a good source. */
static force_inline enum door_punt door_check_source(const struct door_memory *memory, uint32_t src, uint32_t ifindex,
                                                     uint8_t rp_filter)
{
    uint64_t bit = masked_index(door_local_bit(src), DOOR_LOCAL_FILTER - 1);
    bool perhaps_local = memory->local_filter[bit / 64] >> (bit % 64) & 1;

    if (likely(!perhaps_local && rp_filter == DOOR_RP_OFF))
        return DOOR_PUNT_COUNT;
    uint32_t word = READ_ONCE(memory->next_hops[masked_index(fib_lookup(&memory->fib, src), DOOR_NEXT_HOPS - 1)]);
    if (door_word_kind(word) == DOOR_PUNT && door_word_reason(word) == DOOR_PUNT_LOCAL)
        return DOOR_PUNT_SOURCE_LOCAL;
    if (rp_filter == DOOR_RP_OFF)
        return DOOR_PUNT_COUNT;
    uint64_t adjacency = door_word_adjacency(word);
    if (adjacency == 0)
        return DOOR_PUNT_REVERSE_PATH;
    if (rp_filter == DOOR_RP_STRICT && memory->adjacencies[adjacency].ifindex != ifindex)
        return DOOR_PUNT_REVERSE_PATH;
    return DOOR_PUNT_COUNT;
}

/* The bytes of the largest packet that leaves: of a large segment, after the card or the kernel has cut it. UINT32_MAX
 * if that cannot be told. */
static force_inline uint32_t door_packet_bytes(const struct door_frame *frame, const struct ipv4_hdr *ip)
{
    if (likely(frame->gso_bytes == 0))
        return be16_to_cpu(ip->total_length_be);
    const uint8_t *transport = (const uint8_t *)ip + IPV4_HDR_SIZE;
    if (ip->protocol == IPV4_PROTOCOL_UDP)
        return IPV4_HDR_SIZE + 8 + frame->gso_bytes;
    if (ip->protocol != IPV4_PROTOCOL_TCP || !bytes_hold(transport, 13, frame->end))
        return UINT32_MAX;
    return IPV4_HDR_SIZE + (transport[12] >> 4) * 4u + frame->gso_bytes;
}

/*
 * Whether the transport checksum is only begun: virtual ports deliver what their sender left to a card to finish, a
 * checksum field that holds the folded sum of the pseudo-header. (A finished one does so once in 65,536 packets; then
 * the kernel forwards a packet that the door could have.) Protocols whose offloads cannot be told apart at all count as
 * half-made.
 */
static force_inline bool door_is_half_made(const struct door_frame *frame, const struct ipv4_hdr *ip)
{
    const uint8_t *transport = (const uint8_t *)ip + IPV4_HDR_SIZE;
    uint16_t field;

    if (ipv4_hdr_is_fragment(ip))
        return false; /* whoever cuts a packet finishes it first */
    switch (ip->protocol) {
    case IPV4_PROTOCOL_TCP:
        if (!bytes_hold(transport, 18, frame->end))
            return true;
        field = load_u16(transport + 16);
        break;
    case IPV4_PROTOCOL_UDP:
        if (!bytes_hold(transport, 8, frame->end))
            return true;
        field = load_u16(transport + 6);
        break;
    case IPV4_PROTOCOL_SCTP:
    case IPV4_PROTOCOL_IPIP:
    case IPV4_PROTOCOL_IPV6:
    case IPV4_PROTOCOL_GRE:
        return true;
    default:
        return false;
    }
    return field == checksum_fold(checksum_pseudo_ipv4(be32_to_cpu(ip->src_be), be32_to_cpu(ip->dst_be), ip->protocol,
                                                       (uint16_t)(be16_to_cpu(ip->total_length_be) - IPV4_HDR_SIZE)));
}

/* Of a packet in several pieces, whether the first one holds the header. */
static force_inline bool door_is_readable(const struct ipv4_hdr *ip, const void *end)
{
    return bytes_hold(ip, IPV4_HDR_SIZE, end) && ipv4_hdr_size(ip) <= IPV4_HDR_SIZE;
}

static force_inline void door_decide(const struct door_memory *memory, const struct door_frame *frame,
                                     struct door_verdict *verdict)
{
    uint64_t number = memory->port_of[masked_index(frame->ifindex, DOOR_IFINDEXES - 1)];
    const struct door_port *port = &memory->ports[number];
    verdict->port = (uint32_t)number;
    verdict->adjacency = 0;
    verdict->next = &memory->adjacencies[0];
    verdict->egress = 0;

    if (unlikely(frame->now_ns >= READ_ONCE(memory->deadline_ns)))
        return door_punt(verdict, DOOR_PUNT_STALE);
    if (unlikely(READ_ONCE(port->aside) || port->ifindex != frame->ifindex))
        return door_punt(verdict, DOOR_PUNT_ASIDE);

    const struct eth_hdr *eth = frame->data;
    if (unlikely(!bytes_hold(eth, ETH_HDR_SIZE, frame->end)))
        return door_punt(verdict, DOOR_PUNT_NOT_IPV4);
    if (unlikely(!eth_addr_equal(eth->dst, port->mac)))
        return door_punt(verdict, DOOR_PUNT_NOT_OURS);
    if (unlikely(eth->type_be != cpu_to_be16(ETH_TYPE_IPV4)))
        return door_punt(verdict, DOOR_PUNT_NOT_IPV4);

    const struct ipv4_hdr *ip = (const void *)(eth + 1);
    if (unlikely(frame->gso_bytes && bytes_hold(ip, IPV4_HDR_SIZE, frame->end) && ip->total_length_be == 0))
        return door_punt(verdict, DOOR_PUNT_TOO_BIG); /* more than 64 KiB in one: its length is not in the header */
    if (unlikely(frame->in_pieces) && !door_is_readable(ip, frame->end))
        return door_punt(verdict, DOOR_PUNT_OPTIONS);
    verdict->reason = ipv4_validate(ip, frame->end, frame->wire_bytes - ETH_HDR_SIZE);
    if (unlikely(verdict->reason != DROP_NONE)) {
        verdict->kind = DOOR_DROP;
        return;
    }
    if (unlikely(!bytes_hold(ip, IPV4_HDR_SIZE, frame->end))) /* validated; said again for the verifier */
        return door_punt(verdict, DOOR_PUNT_NOT_IPV4);
    if (unlikely(ipv4_hdr_size(ip) != IPV4_HDR_SIZE))
        return door_punt(verdict, DOOR_PUNT_OPTIONS);
    if (unlikely(ip->ttl <= 1))
        return door_punt(verdict, DOOR_PUNT_TTL);
    uint32_t src = be32_to_cpu(ip->src_be), dst = be32_to_cpu(ip->dst_be);
    if (unlikely(dst >> 28 >= 0xe || ipv4_addr_is_zeronet(dst)))
        return door_punt(verdict, DOOR_PUNT_NOT_UNICAST);
    enum door_punt source = door_check_source(memory, src, frame->ifindex, port->rp_filter);
    if (unlikely(source != DOOR_PUNT_COUNT))
        return door_punt(verdict, source);

    uint32_t word = READ_ONCE(memory->next_hops[masked_index(fib_lookup(&memory->fib, dst), DOOR_NEXT_HOPS - 1)]);
    verdict->kind = door_word_kind(word);
    verdict->reason = door_word_reason(word);
    if (unlikely(verdict->kind != DOOR_FORWARD))
        return;
    uint64_t adjacency = door_word_adjacency(word);
    const struct door_adjacency *next = &memory->adjacencies[adjacency];
    if (unlikely(next->ifindex == frame->ifindex))
        return door_punt(verdict, DOOR_PUNT_SAME_PORT);
    if (unlikely(door_packet_bytes(frame, ip) > next->mtu))
        return door_punt(verdict, DOOR_PUNT_TOO_BIG);
    const struct door_port *out = &memory->ports[masked_index(next->port, DOOR_PORTS - 1)];
    uint32_t lift = next->port ? door_lift(out, frame->now_ns) : 0;
    if (frame->xdp) {
        if (unlikely(!lift && out->no_xdp_in))
            return door_punt(verdict, DOOR_PUNT_XDP_EGRESS);
        if (unlikely(door_is_half_made(frame, ip)))
            return door_punt(verdict, DOOR_PUNT_HALF_MADE);
    }
    verdict->adjacency = (uint32_t)adjacency;
    verdict->next = next;
    verdict->egress = lift ? lift : next->ifindex;
}

/* Make the frame what leaves: MAC addresses, TTL, checksum. For a frame that door_decide() forwards; its first 34 bytes
 * can be written. */
static force_inline void door_rewrite(struct eth_hdr *eth, struct ipv4_hdr *ip, const struct door_adjacency *next)
{
    uint16_t old_be = load_u16(&ip->ttl); /* TTL and protocol are one word of the checksum */

    ip->ttl--;
    ip->checksum_be = checksum_update16(ip->checksum_be, old_be, load_u16(&ip->ttl));
    __builtin_memcpy(eth->dst, next->dst, ETH_ADDR_SIZE);
    __builtin_memcpy(eth->src, next->src, ETH_ADDR_SIZE);
}
