/*
 * Who may speak at a port: what the front door asks of a frame before it decides anything else, and also of frames that
 * it would leave to the kernel, ARP among them.
 *
 * At a port with source guard a host may send only from addresses that are known to be its own (RFC 7039, SAVI). Before
 * it has one, it may ask for one by DHCP, and probe for it by ARP (RFC 5227 2.1.1). Where we serve DHCP, others do not.
 * Shared with BPF.
 */
#pragma once

#include "bpf/door.h"
#include "net/arp.h"
#include "net/ipv4.h"
#include "net/udp.h"

#define DOOR_READS (ETH_HDR_SIZE + 28) /* bytes that are looked at: ARP's, or those of IPv4 and UDP */

/* What a frame says of its sender. */
enum door_speaker {
    DOOR_SPEAKER_ANY,   /* nothing is asked of it */
    DOOR_SPEAKER_BOUND, /* it must be among the bindings */
    DOOR_SPEAKER_FALSE, /* it contradicts itself */
    DOOR_SPEAKER_ROGUE, /* a DHCP server where we are the only one */
};

static force_inline enum door_speaker door_arp_speaker(const struct eth_hdr *eth, const void *end,
                                                       struct door_binding *binding)
{
    const struct arp_hdr *arp = (const void *)(eth + 1);

    if (!bytes_hold(arp, sizeof(*arp), end) || arp->protocol_be != cpu_to_be16(ETH_TYPE_IPV4) ||
        arp->hardware_len != ETH_ADDR_SIZE || arp->protocol_len != sizeof(arp->sender_be))
        return DOOR_SPEAKER_ANY; /* Linux does not hear it either */
    if (arp->sender_be == 0)
        return DOOR_SPEAKER_ANY;
    if (!eth_addr_equal(arp->sender_mac, eth->src))
        return DOOR_SPEAKER_FALSE;
    binding->addr = be32_to_cpu(arp->sender_be);
    return DOOR_SPEAKER_BOUND;
}

/* The ports of a datagram; false: it is none, a later piece of one, or behind options. */
static force_inline bool door_udp_ports(const struct ipv4_hdr *ip, const void *end, uint16_t *from, uint16_t *to)
{
    const struct udp_hdr *udp = (const void *)(ip + 1);

    if (ip->protocol != IPV4_PROTOCOL_UDP || ipv4_hdr_size(ip) != IPV4_HDR_SIZE || ipv4_hdr_is_fragment(ip) ||
        !bytes_hold(udp, sizeof(*udp), end))
        return false;
    *from = be16_to_cpu(udp->src_port_be);
    *to = be16_to_cpu(udp->dst_port_be);
    return true;
}

static force_inline enum door_speaker door_ipv4_speaker(const struct eth_hdr *eth, const void *end, uint32_t checks,
                                                        struct door_binding *binding)
{
    const struct ipv4_hdr *ip = (const void *)(eth + 1);
    uint16_t from, to;

    if (!bytes_hold(ip, IPV4_HDR_SIZE, end))
        return DOOR_SPEAKER_ANY; /* dropped for that */
    if (door_udp_ports(ip, end, &from, &to)) {
        if (checks & DOOR_CHECK_SERVERS && from == UDP_PORT_BOOTPS && to == UDP_PORT_BOOTPC &&
            eth_addr_is_multicast(eth->dst)) {
            binding->addr = be32_to_cpu(ip->src_be);
            return DOOR_SPEAKER_ROGUE;
        }
        if (from == UDP_PORT_BOOTPC && to == UDP_PORT_BOOTPS && ip->dst_be == UINT32_MAX)
            return DOOR_SPEAKER_ANY;
    }
    binding->addr = be32_to_cpu(ip->src_be);
    return DOOR_SPEAKER_BOUND;
}

/* Of a frame at a port with checks, fresh or not: *binding is what is known of the sender if that is to be BOUND, or
 * ROGUE. */
static force_inline enum door_speaker door_speaker(const struct door_memory *memory, const struct door_frame *frame,
                                                   const struct door_port *port, struct door_binding *binding)
{
    uint32_t checks = READ_ONCE(port->checks) & (DOOR_CHECK_SOURCE | DOOR_CHECK_SERVERS);
    const struct eth_hdr *eth = frame->data;
    enum door_speaker speaker = DOOR_SPEAKER_ANY;

    if (likely(!checks) || port->ifindex != frame->ifindex || frame->now_ns >= READ_ONCE(memory->deadline_ns) ||
        !bytes_hold(eth, ETH_HDR_SIZE, frame->end))
        return DOOR_SPEAKER_ANY;
    binding->ifindex = frame->ifindex;
    binding->unused = 0;
    __builtin_memcpy(binding->mac, eth->src, ETH_ADDR_SIZE);
    if (eth->type_be == cpu_to_be16(ETH_TYPE_IPV4))
        speaker = door_ipv4_speaker(eth, frame->end, checks, binding);
    else if (eth->type_be == cpu_to_be16(ETH_TYPE_ARP))
        speaker = door_arp_speaker(eth, frame->end, binding);
    return speaker == DOOR_SPEAKER_ROGUE || checks & DOOR_CHECK_SOURCE ? speaker : DOOR_SPEAKER_ANY;
}
