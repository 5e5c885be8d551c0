/*
 * IPv4 prefixes (CIDR blocks, RFC 4632): an address and the number of its leading bits that count.
 */
#pragma once

#include "base/text.h"
#include "net/ipv4_addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As a route or block, addr has no bit set behind len. As an interface address ("10.0.1.1/24") it may: whoever takes
 * one says which is meant. */
struct ipv4_prefix {
    uint32_t addr; /* host byte order */
    uint8_t len;   /* 0 to 32 */
};

#define IPV4_PREFIX_TEXT_SIZE 19 /* "255.255.255.255/32" and its zero byte */

/* What ipv4_prefix_parse() accepts beyond ADDRESS/LENGTH without host bits. */
enum ipv4_prefix_allow {
    IPV4_PREFIX_ALLOW_HOST_BITS = 1 << 0, /* bits behind the length; they are kept in addr */
    IPV4_PREFIX_ALLOW_MASK = 1 << 1,      /* ADDRESS/MASK, the mask in dotted decimal with all its ones in front */
    IPV4_PREFIX_ALLOW_ADDRESS = 1 << 2,   /* an address alone, which is a /32 */
};

/*
 * ADDRESS/LENGTH, as strictly as ipv4_addr_parse(); `allow` is a set of enum ipv4_prefix_allow.
 *
 * 0; -EINVAL with *err filled in (err may be NULL), *prefix untouched.
 */
int ipv4_prefix_parse(const char *text, size_t len, unsigned allow, struct ipv4_prefix *prefix, struct text_error *err);

/* Writes ADDRESS/LENGTH with a zero byte and returns its length. */
size_t ipv4_prefix_format(struct ipv4_prefix prefix, char out[static IPV4_PREFIX_TEXT_SIZE]);

/* The first address of the block (the network's address) and the last (its directed broadcast where it has one). */
static inline uint32_t ipv4_prefix_first(struct ipv4_prefix prefix)
{
    return prefix.addr & ipv4_mask(prefix.len);
}

static inline uint32_t ipv4_prefix_last(struct ipv4_prefix prefix)
{
    return prefix.addr | ~ipv4_mask(prefix.len);
}

/* The block itself: the same prefix without host bits. */
static inline struct ipv4_prefix ipv4_prefix_network(struct ipv4_prefix prefix)
{
    return (struct ipv4_prefix){.addr = ipv4_prefix_first(prefix), .len = prefix.len};
}

/* The other half of the block that is twice as large; of /0 itself, for there is none. */
static inline struct ipv4_prefix ipv4_prefix_sibling(struct ipv4_prefix prefix)
{
    uint32_t size = (uint32_t)((uint64_t)1 << (32 - prefix.len));

    return (struct ipv4_prefix){.addr = ipv4_prefix_first(prefix) ^ size, .len = prefix.len};
}

/* 2^(32 - len) */
static inline uint64_t ipv4_prefix_size(struct ipv4_prefix prefix)
{
    return (uint64_t)1 << (32 - prefix.len);
}

static inline bool ipv4_prefix_contains(struct ipv4_prefix prefix, uint32_t addr)
{
    return ((prefix.addr ^ addr) & ipv4_mask(prefix.len)) == 0;
}

/* Whether every address of inner is also one of outer. */
static inline bool ipv4_prefix_covers(struct ipv4_prefix outer, struct ipv4_prefix inner)
{
    return outer.len <= inner.len && ipv4_prefix_contains(outer, inner.addr);
}

static inline bool ipv4_prefix_equal(struct ipv4_prefix a, struct ipv4_prefix b)
{
    return a.addr == b.addr && a.len == b.len;
}

/* For sorting: by rising address, shorter prefixes first, as struct ipv4_map walks. Below 0, 0 or above. */
static inline int ipv4_prefix_compare(struct ipv4_prefix a, struct ipv4_prefix b)
{
    return a.addr != b.addr ? (a.addr < b.addr ? -1 : 1) : (a.len > b.len) - (a.len < b.len);
}

/* /0 to /30 have a directed broadcast address (RFC 919); a /31 is a link of two hosts (RFC 3021), a /32 one host. */
static inline bool ipv4_prefix_has_broadcast(struct ipv4_prefix prefix)
{
    return prefix.len <= 30;
}

/* The first and last address that a host may have: all of a /31 and a /32, otherwise all but first and last. */
static inline uint32_t ipv4_prefix_first_host(struct ipv4_prefix prefix)
{
    return ipv4_prefix_first(prefix) + (ipv4_prefix_has_broadcast(prefix) ? 1 : 0);
}

static inline uint32_t ipv4_prefix_last_host(struct ipv4_prefix prefix)
{
    return ipv4_prefix_last(prefix) - (ipv4_prefix_has_broadcast(prefix) ? 1 : 0);
}
