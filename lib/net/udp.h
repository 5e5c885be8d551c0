/*
 * The UDP header (RFC 768). Shared with BPF.
 */
#pragma once

#include "base/bytes.h"

#define UDP_HDR_SIZE 8

/* Well-known ports by their registered names (RFC 951 3): of DHCP's servers and clients. */
enum udp_port { UDP_PORT_BOOTPS = 67, UDP_PORT_BOOTPC = 68 };

struct udp_hdr {
    uint16_t src_port_be;
    uint16_t dst_port_be;
    uint16_t length_be;   /* header and data; at least 8 */
    uint16_t checksum_be; /* over pseudo-header, header and data; 0: none was made */
} WIRE_LAYOUT;

static_assert(sizeof(struct udp_hdr) == UDP_HDR_SIZE, "as on the wire");

/* What a computed checksum is sent as: all zeros would mean "none", so the other zero takes its place. */
static force_inline uint16_t udp_checksum_to_send(uint16_t checksum_be)
{
    return checksum_be ? checksum_be : 0xffff;
}
