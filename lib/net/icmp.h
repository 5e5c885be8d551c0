/*
 * The ICMP header (RFC 792) and the messages that a router sends (RFC 1812 4.3, 5.2.7). Shared with BPF.
 */
#pragma once

#include "base/bytes.h"

#define ICMP_HDR_SIZE 8

enum icmp_type {
    ICMP_TYPE_ECHO_REPLY = 0,
    ICMP_TYPE_UNREACHABLE = 3,
    ICMP_TYPE_REDIRECT = 5,
    ICMP_TYPE_ECHO = 8,
    ICMP_TYPE_TIME_EXCEEDED = 11,
    ICMP_TYPE_PARAMETER_PROBLEM = 12,
};

/* Codes of ICMP_TYPE_UNREACHABLE. */
enum icmp_unreachable {
    ICMP_UNREACHABLE_NET = 0,
    ICMP_UNREACHABLE_HOST = 1,
    ICMP_UNREACHABLE_PROTOCOL = 2,
    ICMP_UNREACHABLE_PORT = 3,
    ICMP_UNREACHABLE_FRAGMENTATION_NEEDED = 4, /* rest_be: next-hop MTU in its low 16 bits (RFC 1191 4) */
    ICMP_UNREACHABLE_ADMIN = 13,
};

struct icmp_hdr {
    uint8_t type; /* enum icmp_type */
    uint8_t code;
    uint16_t checksum_be; /* over the whole message */
    uint32_t rest_be;     /* what it means depends on type and code */
} WIRE_LAYOUT;

static_assert(sizeof(struct icmp_hdr) == ICMP_HDR_SIZE, "as on the wire");
