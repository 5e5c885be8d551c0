/*
 * Which packets are meant: a condition on what their headers say and on where they came in.
 *
 *     udp from 10.0.0.0/24 to 192.0.2.7 port 5004-5010 dscp ef in lan0
 *
 * Every word narrows it, in any order, and each stands there once at most: a protocol (tcp, udp, icmp, sctp, dccp,
 * udplite, gre, esp, or `protocol 89`), `from` and `to` with a prefix, an address or `any`, and behind each of these
 * `port` with a port or a range of them, `dscp` (net/dscp.h), and `in` with an interface. `any` alone is every packet,
 * even what is not IP. Prefixes mean IPv4; everything else means IPv6 too. Fragments have no ports.
 */
#pragma once

#include "net/flow.h"
#include "net/ipv4_prefix.h"

#define MATCH_NAME_SIZE 16  /* of an interface, with its zero byte */
#define MATCH_ANY_DSCP  255 /* in place of one */

struct match_ports {
    uint16_t first, last; /* 0 to 65535: any, and none at all */
};

static inline bool match_ports_are_any(struct match_ports ports)
{
    return ports.first == 0 && ports.last == UINT16_MAX;
}

struct match {
    struct ipv4_prefix from, to;             /* of 0 bits: any */
    struct match_ports from_ports, to_ports; /* */
    uint8_t protocol;                        /* 0: any */
    uint8_t dscp;                            /* or MATCH_ANY_DSCP */
    char in[MATCH_NAME_SIZE];                /* empty: wherever it came in */
};

#define MATCH_ANY                                                                                          \
    (struct match)                                                                                         \
    {                                                                                                      \
        .from_ports = {0, UINT16_MAX}, .to_ports = {0, UINT16_MAX}, .dscp = MATCH_ANY_DSCP, .in = { '\0' } \
    }

/* 0; -EINVAL with *err filled in (err may be NULL), *match untouched. */
int match_parse(const char *text, size_t len, struct match *match, struct text_error *err);

#define MATCH_TEXT_SIZE 160
/* As it is read, with a zero byte. */
void match_format(const struct match *match, char out[static MATCH_TEXT_SIZE]);

/* "udp"; NULL for a protocol that has no word here. */
const char *match_protocol_name(uint8_t protocol);

/* Whether a packet could be meant by both. */
bool match_overlaps(const struct match *a, const struct match *b);

/* Whether a packet is meant that came in at an interface of that name ("": at none). */
bool match_holds(const struct match *match, const struct flow *flow, const char *in);
