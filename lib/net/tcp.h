/*
 * The TCP header (RFC 9293 3.1), and what a segment says by which round-trip times can be measured: its timestamps
 * (RFC 7323 3). Shared with BPF.
 */
#pragma once

#include "net/ipv4.h"

#define TCP_HDR_SIZE 20 /* without options */

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

struct tcp_hdr {
    uint16_t src_port_be, dst_port_be;
    uint32_t seq_be, ack_be;
    uint8_t offset; /* header length in 32-bit words << 4 */
    uint8_t flags;  /* enum tcp_flag */
    uint16_t window_be, checksum_be, urgent_be;
} WIRE_LAYOUT;

static_assert(sizeof(struct tcp_hdr) == TCP_HDR_SIZE, "as on the wire");

/* The option as all common systems send it on every segment but the first: aligned, in front of all others (RFC 7323
 * appendix A). Elsewhere it is not looked for. */
#define TCP_TIMESTAMPS      0x0101080a
#define TCP_TIMESTAMPS_SIZE 12

/* Of a segment. Addresses and ports in host order. */
struct tcp_segment {
    uint32_t src, dst;
    uint16_t src_port, dst_port;
    uint32_t value, echo; /* TSval, TSecr; both 0: it has none */
    uint8_t flags;        /* enum tcp_flag */
    uint8_t unused[3];    /* 0 */
};

static_assert(sizeof(struct tcp_segment) == 24, "no padding");

/* Of a packet. False: it is no TCP segment that can be read, be it for fragments or options of IP. */
static force_inline bool tcp_read(const struct ipv4_hdr *ip, const void *end, struct tcp_segment *segment)
{
    const struct tcp_hdr *tcp = (const void *)((const uint8_t *)ip + IPV4_HDR_SIZE);
    const uint8_t *option = (const uint8_t *)tcp + TCP_HDR_SIZE;

    if (!bytes_hold(ip, IPV4_HDR_SIZE + TCP_HDR_SIZE, end) || ip->version_ihl != (IPV4_VERSION << 4 | 5) ||
        ip->protocol != IPV4_PROTOCOL_TCP || ipv4_hdr_is_fragment(ip))
        return false;
    segment->src = be32_to_cpu(ip->src_be);
    segment->dst = be32_to_cpu(ip->dst_be);
    segment->src_port = be16_to_cpu(tcp->src_port_be);
    segment->dst_port = be16_to_cpu(tcp->dst_port_be);
    segment->flags = tcp->flags;
    segment->value = segment->echo = 0;
    segment->unused[0] = segment->unused[1] = segment->unused[2] = 0;
    if (tcp->offset >> 4 >= (TCP_HDR_SIZE + TCP_TIMESTAMPS_SIZE) / 4 && bytes_hold(option, TCP_TIMESTAMPS_SIZE, end) &&
        load_u32(option) == cpu_to_be32(TCP_TIMESTAMPS)) {
        segment->value = be32_to_cpu(load_u32(option + 4));
        segment->echo = be32_to_cpu(load_u32(option + 8));
    }
    return true;
}
