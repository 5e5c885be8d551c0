/*
 * Whether an IPv4 packet may be forwarded at all: the tests of RFC 1812 5.2.2 in the order in which Linux makes them
 * (ip_rcv_core, then the addresses, ip_route_input_slow), so that the two agree on which fault a packet is dropped for.
 * Shared with BPF: this is the front door's first step, compiled twice.
 *
 *   RFC 1812 5.2.2                                    here
 *   (1) link layer length holds a minimum header      captured length              DROP_IP_TRUNCATED
 *   (3) version is 4                                  version                      DROP_IP_VERSION
 *   (4) header length at least 5 words                header length                DROP_IP_HEADER_LENGTH
 *       (and all of it is there)                                                   DROP_IP_TRUNCATED
 *   (2) checksum is right                             checksum                     DROP_IP_CHECKSUM
 *   (5) total length holds the header                 total length                 DROP_IP_LENGTH_LONG, _SHORT
 *   5.3.7 martian addresses                           addresses                    DROP_IP_SOURCE_..., _DESTINATION_...
 *
 * It drops only what Linux drops too. Where Linux is more careful than a header alone allows (sources by reverse path,
 * broadcasts of its subnets) or more liberal than RFC 1812 (class E, 240.0.0.0/4, is unicast there) the packet is right
 * here, and what becomes of it is the caller's to decide.
 */
#pragma once

#include "base/bytes.h"
#include "net/checksum.h"
#include "net/drop.h"
#include "net/ipv4.h"
#include "net/ipv4_addr.h"

/* Addresses in host order. Returns DROP_NONE or the reason. */
static force_inline enum drop_reason ipv4_validate_addresses(uint32_t src, uint32_t dst)
{
    /* Never a source: RFC 1112 7.2, RFC 1122 3.2.1.3 (c). */
    if (unlikely(ipv4_addr_is_multicast(src)))
        return DROP_IP_SOURCE_MULTICAST;
    if (unlikely(ipv4_addr_is_broadcast(src)))
        return DROP_IP_SOURCE_BROADCAST;
    /* RFC 1122 3.2.1.3 (a): a host that does not know its address yet speaks from 0.0.0.0 to all of its network (DHCP,
     * IGMP; to 0.0.0.0 itself in the manner of old, which Linux still takes for a broadcast). */
    if (unlikely(ipv4_addr_is_broadcast(dst) || ipv4_addr_is_multicast(dst) || (src == 0 && dst == 0)))
        return ipv4_addr_is_loopback(src) ? DROP_IP_SOURCE_LOOPBACK : DROP_NONE;
    if (unlikely(ipv4_addr_is_zeronet(src)))
        return DROP_IP_SOURCE_ZERO;
    if (unlikely(ipv4_addr_is_zeronet(dst)))
        return DROP_IP_DESTINATION_ZERO;
    /* RFC 1122 3.2.1.3 (g): loopback never appears outside a host. */
    if (unlikely(ipv4_addr_is_loopback(dst)))
        return DROP_IP_DESTINATION_LOOPBACK;
    if (unlikely(ipv4_addr_is_loopback(src)))
        return DROP_IP_SOURCE_LOOPBACK;
    return DROP_NONE;
}

/*
 * Validate the packet whose IPv4 header begins at `packet`. Bytes up to `end` (packet <= end) can be read; wire_bytes
 * is the length of the whole packet as it arrived, link-layer padding included, and is at least end - packet (a kernel
 * buffer's first piece may hold less than the packet). Reads nothing at or beyond end. Changes nothing.
 *
 * Returns DROP_NONE if every test held: then 20 bytes and all options are readable, and the total length is between the
 * header's length and wire_bytes. Otherwise the reason of the first test that failed.
 */
static force_inline enum drop_reason ipv4_validate(const void *packet, const void *end, uint32_t wire_bytes)
{
    const struct ipv4_hdr *ip = packet;

    if (unlikely(!bytes_hold(packet, IPV4_HDR_SIZE, end)))
        return DROP_IP_TRUNCATED;
    if (unlikely(ipv4_hdr_version(ip) != IPV4_VERSION))
        return DROP_IP_VERSION;
    unsigned header = ipv4_hdr_size(ip);
    if (unlikely(header < IPV4_HDR_SIZE))
        return DROP_IP_HEADER_LENGTH;

    uint64_t sum = checksum_ipv4_words(ip);
    /* Options, a word at a time; each with a constant offset and a check of its own, as BPF's verifier wants it. */
    for (unsigned at = IPV4_HDR_SIZE; at < IPV4_HDR_SIZE_MAX; at += 4) {
        if (likely(at >= header))
            break;
        if (unlikely(!bytes_hold(packet, at + 4, end)))
            return DROP_IP_TRUNCATED;
        sum += load_u32((const uint8_t *)packet + at);
    }
    if (unlikely(!checksum_is_right(sum)))
        return DROP_IP_CHECKSUM;

    unsigned total = be16_to_cpu(ip->total_length_be);
    if (unlikely(total > wire_bytes))
        return DROP_IP_LENGTH_LONG;
    if (unlikely(total < header))
        return DROP_IP_LENGTH_SHORT;
    return ipv4_validate_addresses(be32_to_cpu(ip->src_be), be32_to_cpu(ip->dst_be));
}
