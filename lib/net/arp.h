/*
 * ARP for IPv4 on Ethernet (RFC 826). Shared with BPF.
 */
#pragma once

#include "net/eth.h"

#define ARP_HARDWARE_ETH 1

enum arp_operation { ARP_REQUEST = 1, ARP_REPLY = 2 };

struct arp_hdr {
    uint16_t hardware_be; /* ARP_HARDWARE_ETH */
    uint16_t protocol_be; /* ETH_TYPE_IPV4 */
    uint8_t hardware_len, protocol_len;
    uint16_t operation_be;
    uint8_t sender_mac[ETH_ADDR_SIZE];
    uint32_t sender_be;
    uint8_t target_mac[ETH_ADDR_SIZE];
    uint32_t target_be;
} __attribute__((packed)); /* not WIRE_LAYOUT: addresses are out of their natural places */

static_assert(sizeof(struct arp_hdr) == 28, "as on the wire");
