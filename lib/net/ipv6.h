/*
 * The IPv6 header (RFC 8200 3).
 */
#pragma once

#include "base/bytes.h"

#define IPV6_VERSION  6
#define IPV6_HDR_SIZE 40

struct ipv6_hdr {
    uint32_t version_class_label_be; /* version << 28 | traffic class << 20 | flow label */
    uint16_t payload_length_be;
    uint8_t next_header;
    uint8_t hop_limit;
    uint8_t src[16], dst[16];
} WIRE_LAYOUT;

static_assert(sizeof(struct ipv6_hdr) == IPV6_HDR_SIZE, "as on the wire");

/* DSCP << 2 | ECN, as the TOS of IPv4. */
static force_inline uint8_t ipv6_traffic_class(const struct ipv6_hdr *ip)
{
    return (uint8_t)(be32_to_cpu(ip->version_class_label_be) >> 20);
}
