/*
 * Ethernet II frames (IEEE 802.3 clause 3, RFC 894). Shared with BPF.
 */
#pragma once

#include "base/bytes.h"

#define ETH_ADDR_SIZE 6
#define ETH_HDR_SIZE  14

/* EtherTypes (RFC 7042 and the registry behind it), in host order. */
enum eth_type {
    ETH_TYPE_IPV4 = 0x0800,
    ETH_TYPE_ARP = 0x0806,
    ETH_TYPE_VLAN = 0x8100,
    ETH_TYPE_IPV6 = 0x86dd,
    ETH_TYPE_QINQ = 0x88a8,
    ETH_TYPE_EXPERIMENT = 0x88b5, /* IEEE 802 local experimental */
};

struct eth_hdr {
    uint8_t dst[ETH_ADDR_SIZE];
    uint8_t src[ETH_ADDR_SIZE];
    uint16_t type_be; /* enum eth_type */
} WIRE_LAYOUT;

static_assert(sizeof(struct eth_hdr) == ETH_HDR_SIZE, "as on the wire");

/* Group addresses have the lowest bit of their first byte set; broadcast is the group of everyone. */
static force_inline bool eth_addr_is_multicast(const uint8_t addr[ETH_ADDR_SIZE])
{
    return addr[0] & 1;
}

static force_inline bool eth_addr_equal(const uint8_t a[ETH_ADDR_SIZE], const uint8_t b[ETH_ADDR_SIZE])
{
    return ((load_u32(a) ^ load_u32(b)) | (uint32_t)(load_u16(a + 4) ^ load_u16(b + 4))) == 0;
}

/* The same where two bytes behind each can be read, whatever they are. */
static force_inline bool eth_addr_equal_wide(const void *a, const void *b)
{
    uint64_t difference = load_u64(a) ^ load_u64(b);

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    difference <<= 16;
#else
    difference >>= 16;
#endif
    OPAQUE(difference); /* or a mask becomes of it, which takes BPF more instructions */
    return difference == 0;
}
