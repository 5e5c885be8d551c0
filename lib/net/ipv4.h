/*
 * The IPv4 header (RFC 791 3.1). Shared with BPF.
 */
#pragma once

#include "base/bytes.h"

#define IPV4_VERSION      4
#define IPV4_HDR_SIZE     20 /* without options */
#define IPV4_HDR_SIZE_MAX 60

enum ipv4_protocol {
    IPV4_PROTOCOL_ICMP = 1,
    IPV4_PROTOCOL_IPIP = 4,
    IPV4_PROTOCOL_TCP = 6,
    IPV4_PROTOCOL_UDP = 17,
    IPV4_PROTOCOL_DCCP = 33,
    IPV4_PROTOCOL_IPV6 = 41,
    IPV4_PROTOCOL_GRE = 47,
    IPV4_PROTOCOL_ESP = 50,
    IPV4_PROTOCOL_SCTP = 132,
    IPV4_PROTOCOL_UDPLITE = 136,
};

/* Whether headers of a protocol begin with a source and a destination port. */
static force_inline bool ipv4_protocol_has_ports(uint8_t protocol)
{
    return protocol == IPV4_PROTOCOL_TCP || protocol == IPV4_PROTOCOL_UDP || protocol == IPV4_PROTOCOL_SCTP ||
           protocol == IPV4_PROTOCOL_DCCP || protocol == IPV4_PROTOCOL_UDPLITE;
}

/* In fragment_be, in host order. */
#define IPV4_DONT_FRAGMENT   0x4000
#define IPV4_MORE_FRAGMENTS  0x2000
#define IPV4_FRAGMENT_OFFSET 0x1fff /* in units of 8 bytes */

struct ipv4_hdr {
    uint8_t version_ihl; /* version << 4 | header length in 32-bit words */
    uint8_t tos;         /* DSCP << 2 | ECN (RFC 2474, RFC 3168) */
    uint16_t total_length_be;
    uint16_t id_be;
    uint16_t fragment_be;
    uint8_t ttl;
    uint8_t protocol; /* enum ipv4_protocol */
    uint16_t checksum_be;
    uint32_t src_be;
    uint32_t dst_be;
} WIRE_LAYOUT;

static_assert(sizeof(struct ipv4_hdr) == IPV4_HDR_SIZE, "as on the wire");
static_assert(offsetof(struct ipv4_hdr, dst_be) == 16, "as on the wire");

static force_inline unsigned ipv4_hdr_version(const struct ipv4_hdr *ip)
{
    return ip->version_ihl >> 4;
}

/* 0 to 60 bytes; under 20 is malformed. */
static force_inline unsigned ipv4_hdr_size(const struct ipv4_hdr *ip)
{
    return (ip->version_ihl & 15u) * 4;
}

/* Any fragment, the first one too. */
static force_inline bool ipv4_hdr_is_fragment(const struct ipv4_hdr *ip)
{
    return be16_to_cpu(ip->fragment_be) & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET);
}
