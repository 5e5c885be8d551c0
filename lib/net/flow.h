/*
 * What queues ask of a frame: which flow it is of, and how it is marked. Frames of any kind have an answer; headers are
 * believed as far as they are there.
 */
#pragma once

#include "base/siphash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of it; a set. */
enum flow_kind {
    FLOW_IP = 1 << 0,    /* protocol, dscp and ecn */
    FLOW_IPV4 = 1 << 1,  /* and addresses */
    FLOW_PORTS = 1 << 2, /* TCP, UDP, SCTP, DCCP or UDP-Lite, and no fragment of it */
};

struct flow {
    uint32_t hash; /* of addresses, protocol and ports; of a fragment or another protocol without ports; of what is not
                      IP: of its link-layer addresses and type */
    uint32_t src, dst;           /* IPv4; host order */
    uint16_t src_port, dst_port; /* host order */
    uint8_t protocol;            /* of IPv6: that of its first header */
    uint8_t dscp;                /* RFC 2474; 0: it is not IP */
    uint8_t ecn;                 /* RFC 3168: 0 to 3; 0: it is not IP */
    uint8_t kind;                /* a set of enum flow_kind; what it does not have is 0 */
};

/* The frame begins with its Ethernet header; VLAN tags are passed over. Who knows the key knows which flows meet. */
void flow_read(const uint8_t key[SIPHASH_KEY_SIZE], const uint8_t *frame, size_t len, struct flow *flow);

/* Mark it as having met congestion (CE), with its checksum. False: it is not IP, or its sender takes no marks (RFC 3168
 * 5); then it is as before. */
bool flow_mark(uint8_t *frame, size_t len);
