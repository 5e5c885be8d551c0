/*
 * A frame to be forwarded.
 */
#pragma once

#include "net/checksum.h"
#include "net/eth.h"
#include "net/ipv4.h"
#include "net/udp.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The headers of a UDP datagram to the discard service, in a frame of so many bytes; false: the words are no hardware
 * address and two addresses. */
static inline bool udp_frame_make(uint8_t *frame, size_t bytes, const char *mac, const char *source,
                                  const char *destination)
{
    struct eth_hdr *eth = (void *)frame;
    struct ipv4_hdr *ip = (void *)(eth + 1);
    struct udp_hdr *udp = (void *)(ip + 1);
    struct in_addr src, dst;

    if (sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &eth->dst[0], &eth->dst[1], &eth->dst[2], &eth->dst[3],
               &eth->dst[4], &eth->dst[5]) != 6 ||
        inet_pton(AF_INET, source, &src) != 1 || inet_pton(AF_INET, destination, &dst) != 1)
        return false;
    eth->src[0] = 2;
    eth->type_be = cpu_to_be16(ETH_TYPE_IPV4);
    *ip = (struct ipv4_hdr){.version_ihl = 0x45,
                            .total_length_be = cpu_to_be16((uint16_t)(bytes - ETH_HDR_SIZE)),
                            .ttl = 64,
                            .protocol = IPV4_PROTOCOL_UDP,
                            .src_be = src.s_addr,
                            .dst_be = dst.s_addr};
    ip->checksum_be = checksum_finish(checksum_ipv4_words(ip));
    *udp = (struct udp_hdr){.dst_port_be = cpu_to_be16(9),
                            .length_be = cpu_to_be16((uint16_t)(bytes - ETH_HDR_SIZE - IPV4_HDR_SIZE))};
    return true;
}
