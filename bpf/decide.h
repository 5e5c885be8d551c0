/*
 * What the front door decides for a packet: a packet's way from validation to the adjacency, stated in one place.
 *
 *   may speak? (bpf/guard.h)
 *   -> fresh? -> no alarm? -> door open? -> ours? -> IPv4? -> validate -> options, TTL -> addresses -> source
 *   -> look up -> of several ways the flow's -> egress, which is a port, or the lift to its queues
 *
 * Everything that it does not understand, is not sure of, or is not meant to decide is the kernel's, untouched. It
 * reads the packet and changes nothing. Shared with BPF: tests and fuzzers run what the kernel runs.
 */
#pragma once

#include "bpf/guard.h"
#include "net/validate.h"

/* The word that leaves a packet to the kernel, and the one that drops it. */
static force_inline uint32_t door_punt(enum door_punt why)
{
    return door_word(DOOR_PUNT, why, 0);
}

static force_inline uint32_t door_drop(enum drop_reason why)
{
    return door_word(DOOR_DROP, why, 0);
}

static force_inline bool door_is_perhaps_local(const struct door_memory *memory, uint32_t addr)
{
    uint64_t bit = masked_index(door_local_bit(addr), DOOR_LOCAL_FILTER - 1);

    return memory->local_filter[bit / 64] >> (bit % 64) & 1;
}

/* --- several ways ---------------------------------------------------------------------------------------------------
 */

/* Whether one of a group's members leads to a port. */
static force_inline bool door_leads_to(const struct door_memory *memory, uint32_t word, uint64_t port)
{
    port = masked_index(port, DOOR_PORTS - 1);
    return memory->group_ports[door_word_group(word)][port / 64] >> (port % 64) & 1;
}

/*
 * What is the same for all packets of a flow: of addresses, protocol and ports; of addresses and protocol for
 * fragments, the first one too, so that all of a packet go together. Both halves of the mixing are those of
 * MurmurHash3's finish.
 */
static force_inline uint32_t door_flow_hash(const struct ipv4_hdr *ip, const void *end, uint64_t seed)
{
    const uint8_t *transport = (const uint8_t *)ip + IPV4_HDR_SIZE;
    uint64_t hash = load_u64(&ip->src_be) ^ seed, rest = ip->protocol;

    if (ipv4_protocol_has_ports(ip->protocol) && !ipv4_hdr_is_fragment(ip) && bytes_hold(transport, 4, end))
        rest |= (uint64_t)load_u32(transport) << 32;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
    hash = (hash ^ hash >> 33 ^ rest) * 0xc4ceb9fe1a85ec53;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
    return (uint32_t)(hash >> 32);
}

/* The bucket of a packet's flow. */
static force_inline uint64_t door_bucket(const struct door_memory *memory, const struct ipv4_hdr *ip, const void *end)
{
    return masked_index(door_flow_hash(ip, end, memory->hash_seed), DOOR_BUCKETS - 1);
}

/* The word of that next hop of a group that a packet follows. */
static force_inline uint32_t door_choose(const struct door_memory *memory, uint32_t word, const struct ipv4_hdr *ip,
                                         const void *end)
{
    uint64_t bucket = door_bucket(memory, ip, end);
    uint64_t next_hop = masked_index(READ_ONCE(memory->groups[door_word_group(word)][bucket]), DOOR_NEXT_HOPS - 1);

    return READ_ONCE(memory->next_hops[next_hop]);
}

/* --- the packet -----------------------------------------------------------------------------------------------------
 */

/* Linux forgets about a packet from its own address, and asks rp_filter about all others. Here whoever is not found
 * good is left to it. Returns DOOR_PUNT_COUNT for a good source. */
static force_inline enum door_punt door_check_source(const struct door_memory *memory, uint32_t src, uint32_t ifindex,
                                                     uint8_t rp_filter)
{
    if (likely(rp_filter == DOOR_RP_OFF && !door_is_perhaps_local(memory, src)))
        return DOOR_PUNT_COUNT;
    uint32_t word = READ_ONCE(memory->next_hops[masked_index(fib_lookup(&memory->fib, src), DOOR_NEXT_HOPS - 1)]);
    if (door_word_kind(word) == DOOR_PUNT && door_word_reason(word) == DOOR_PUNT_LOCAL)
        return DOOR_PUNT_SOURCE_LOCAL;
    if (rp_filter == DOOR_RP_OFF)
        return DOOR_PUNT_COUNT;
    if (door_word_kind(word) == DOOR_GROUP)
        return rp_filter == DOOR_RP_LOOSE || door_leads_to(memory, word, door_port_number(memory, ifindex))
                   ? DOOR_PUNT_COUNT
                   : DOOR_PUNT_REVERSE_PATH;
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
    /* Begun, it is the sum of the pseudo-header, folded: then that and the field's complement are a multiple of 0xffff.
     * Never 0, which for UDP says that there is none. */
    uint64_t pseudo = checksum_pseudo_ipv4(be32_to_cpu(ip->src_be), be32_to_cpu(ip->dst_be), ip->protocol,
                                           (uint16_t)(be16_to_cpu(ip->total_length_be) - IPV4_HDR_SIZE));
    return field && checksum_is_right(pseudo + (uint16_t)~field);
}

/* Of a packet in several pieces, whether the first one holds the header. */
static force_inline bool door_is_readable(const struct ipv4_hdr *ip, const void *end)
{
    return bytes_hold(ip, IPV4_HDR_SIZE, end) && ipv4_hdr_size(ip) <= IPV4_HDR_SIZE;
}

/* Everything that is asked before the lookup. A word that forwards says that nothing was found; otherwise it is what
 * becomes of the packet. */
static force_inline uint32_t door_examine(const struct door_memory *memory, const struct door_frame *frame,
                                          const struct door_port *port)
{
    if (unlikely(frame->now_ns >= READ_ONCE(memory->deadline_ns)))
        return door_punt(DOOR_PUNT_STALE);
    if (unlikely(frame->alarmed) && !(port->traits & DOOR_BYPASS))
        return door_punt(DOOR_PUNT_ALARM);
    if (unlikely(READ_ONCE(port->aside) || port->ifindex != frame->ifindex))
        return door_punt(DOOR_PUNT_ASIDE);

    const struct eth_hdr *eth = frame->data;
    if (!frame->bare) {
        if (unlikely(!bytes_hold(eth, ETH_HDR_SIZE, frame->end)))
            return door_punt(DOOR_PUNT_NOT_IPV4);
        if (unlikely(!eth_addr_equal(eth->dst, port->mac)))
            return door_punt(DOOR_PUNT_NOT_OURS);
        if (unlikely(eth->type_be != cpu_to_be16(ETH_TYPE_IPV4)))
            return door_punt(DOOR_PUNT_NOT_IPV4);
    }
    const struct ipv4_hdr *ip = door_frame_ip(frame);
    if (unlikely(frame->gso_bytes && bytes_hold(ip, IPV4_HDR_SIZE, frame->end) && ip->total_length_be == 0))
        return door_punt(DOOR_PUNT_TOO_BIG); /* more than 64 KiB in one: its length is not in the header */
    if (unlikely(frame->in_pieces) && !door_is_readable(ip, frame->end))
        return door_punt(DOOR_PUNT_OPTIONS);
    enum drop_reason fault = ipv4_validate(ip, frame->end, door_ip_bytes(frame));
    if (unlikely(fault != DROP_NONE))
        return door_drop(fault);
    if (unlikely(!bytes_hold(ip, IPV4_HDR_SIZE, frame->end))) /* validated; said again for the verifier */
        return door_punt(DOOR_PUNT_NOT_IPV4);
    if (unlikely(ipv4_hdr_size(ip) != IPV4_HDR_SIZE))
        return door_punt(DOOR_PUNT_OPTIONS);
    if (unlikely(ip->ttl <= 1))
        return door_punt(DOOR_PUNT_TTL);
    uint32_t src = be32_to_cpu(ip->src_be), dst = be32_to_cpu(ip->dst_be);
    if (unlikely(dst >> 28 >= 0xe || ipv4_addr_is_zeronet(dst)))
        return door_punt(DOOR_PUNT_NOT_UNICAST);
    enum door_punt source = door_check_source(memory, src, frame->ifindex, port->rp_filter);
    if (unlikely(source != DOOR_PUNT_COUNT))
        return door_punt(source);
    return door_word(DOOR_FORWARD, 0, 0);
}

/*
 * Whether a frame, which holds an IPv4 header's bytes, is as nearly all are, so that door_examine() would find nothing:
 * the same asked in fewer instructions, since it is asked of every packet. Where this is false, door_examine() says
 * why, or that all is well nevertheless. Fuzzers hold the two against one another.
 */
static force_inline bool door_is_plain(const struct door_memory *memory, const struct door_frame *frame,
                                       const struct door_port *port)
{
    const struct eth_hdr *eth = frame->data;
    const struct ipv4_hdr *ip = door_frame_ip(frame);

    if (unlikely(frame->now_ns >= READ_ONCE(memory->deadline_ns)) || unlikely(frame->alarmed))
        return false;
    if (unlikely(READ_ONCE(port->ingress) != door_plain_ingress(frame->ifindex)))
        return false;
    if (!frame->bare &&
        (unlikely(!eth_addr_equal_wide(eth, port->mac)) || unlikely(eth->type_be != cpu_to_be16(ETH_TYPE_IPV4))))
        return false;
    if (unlikely(ip->version_ihl != (IPV4_VERSION << 4 | 5)))
        return false;
    if (unlikely((uint32_t)be16_to_cpu(ip->total_length_be) - IPV4_HDR_SIZE > door_ip_bytes(frame) - IPV4_HDR_SIZE))
        return false;
    if (unlikely(!checksum_is_right(checksum_ipv4_words(ip))))
        return false;
    if (unlikely(ip->ttl <= 1))
        return false;
    if (unlikely(!ipv4_first_byte_is_host(*(const uint8_t *)&ip->src_be)) ||
        unlikely(!ipv4_first_byte_is_host(*(const uint8_t *)&ip->dst_be)))
        return false;
    return !door_is_perhaps_local(memory, be32_to_cpu(ip->src_be));
}

/* What becomes of a packet that came in at a port: a word as those of next hops are. Where it forwards, *next is the
 * adjacency and *egress the interface that the packet is sent to, port or lift; otherwise both stay as they are. */
static force_inline uint32_t door_judge(const struct door_memory *memory, const struct door_frame *frame,
                                        const struct door_port *port, const struct door_adjacency **next,
                                        uint32_t *egress)
{
    const struct ipv4_hdr *ip = door_frame_ip(frame);
    uint32_t found;

    if (unlikely(!bytes_hold(frame->data, (frame->bare ? 0 : ETH_HDR_SIZE) + IPV4_HDR_SIZE, frame->end))) {
        found = door_examine(memory, frame, port);
        return door_word_kind(found) != DOOR_FORWARD ? found : door_punt(DOOR_PUNT_NOT_IPV4);
    }
    /* Looked up before it is known whether the packet is any good: what is not in the caches comes meanwhile. */
    uint64_t next_hop = masked_index(fib_lookup(&memory->fib, be32_to_cpu(ip->dst_be)), DOOR_NEXT_HOPS - 1);
    uint32_t word = READ_ONCE(memory->next_hops[next_hop]);
    if (unlikely(!door_is_plain(memory, frame, port))) {
        found = door_examine(memory, frame, port);
        if (door_word_kind(found) != DOOR_FORWARD)
            return found;
    }
    if (unlikely(door_word_kind(word) == DOOR_GROUP))
        word = door_choose(memory, word, ip, frame->end);
    if (unlikely(door_word_kind(word) != DOOR_FORWARD))
        return word;
    const struct door_adjacency *adjacency = &memory->adjacencies[door_word_adjacency(word)];
    OPAQUE(adjacency);
    const struct door_adjacency way = door_adjacency_egress(adjacency);
    uint32_t ifindex = way.ifindex;
    if (unlikely(ifindex == frame->ifindex))
        return door_punt(DOOR_PUNT_SAME_PORT);
    if (unlikely(door_packet_bytes(frame, ip) > way.mtu))
        return door_punt(DOOR_PUNT_TOO_BIG);
    const struct door_port *out = &memory->ports[masked_index(way.port, DOOR_PORTS - 1)];
    if (unlikely(READ_ONCE(out->egress))) {
        uint32_t lift = door_lift(out, frame->now_ns);
        if (!lift && frame->xdp && out->no_xdp_in)
            return door_punt(DOOR_PUNT_XDP_EGRESS);
        if (lift)
            ifindex = lift;
    }
    if (frame->xdp && unlikely(frame->in_pieces) && !(out->traits & DOOR_PIECES))
        return door_punt(DOOR_PUNT_XDP_EGRESS);
    if (frame->xdp && unlikely(!(port->traits & DOOR_CARD)) && door_is_half_made(frame, ip))
        return door_punt(DOOR_PUNT_HALF_MADE);
    *next = adjacency;
    *egress = ifindex;
    return word;
}

/* The same in full. */
static force_inline void door_decide(const struct door_memory *memory, const struct door_frame *frame,
                                     struct door_verdict *verdict)
{
    uint64_t number = door_port_number(memory, frame->ifindex);
    const struct door_adjacency *next = &memory->adjacencies[0];
    uint32_t egress = 0, word = door_judge(memory, frame, &memory->ports[number], &next, &egress);

    *verdict = (struct door_verdict){.kind = door_word_kind(word),
                                     .reason = door_word_reason(word),
                                     .port = (uint32_t)number,
                                     .adjacency = (uint32_t)(next - memory->adjacencies),
                                     .next = next,
                                     .egress = egress};
}

static_assert(offsetof(struct door_adjacency, src) == ETH_ADDR_SIZE && offsetof(struct eth_hdr, src) == ETH_ADDR_SIZE,
              "both addresses are copied as one");

/* One hop more. The header can be written. */
static force_inline void door_rewrite_ip(struct ipv4_hdr *ip)
{
    ip->ttl--;
    ip->checksum_be = checksum_update_ttl(ip->checksum_be);
}

/* Make the frame what leaves: MAC addresses, TTL, checksum. For a frame that door_decide() forwards; its first 34 bytes
 * can be written. */
static force_inline void door_rewrite(struct eth_hdr *eth, struct ipv4_hdr *ip, const struct door_adjacency *next)
{
    const uint8_t *from = (const void *)next;
    uint8_t *to = (void *)eth;

    store_u64(to, load_u64(from));
    store_u32(to + 8, load_u32(from + 8));
    door_rewrite_ip(ip);
}
