/*
 * IPv4 addresses: as numbers, as text, and what is known of an address by itself.
 *
 * Everywhere in Fairlead an address is a uint32_t in host byte order. Only structures that are laid over packets hold
 * network byte order, and the names of their fields end in _be.
 */
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPV4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

#define IPV4_TEXT_SIZE 16 /* "255.255.255.255" and its zero byte */
#define IPV4_BITS_SIZE 36 /* four times eight binary digits, three dots, zero byte */

/*
 * Dotted decimal, strictly: four numbers of 0 to 255 without leading zeros, three dots, nothing before or after. No
 * octal, no hexadecimal, no missing octets (inet_aton(3) accepts all of these, and so reads 010.1 as 8.0.0.1).
 *
 * 0; -EINVAL with *err filled in (err may be NULL), *addr untouched.
 */
int ipv4_addr_parse(const char *text, size_t len, uint32_t *addr, struct text_error *err);

/* Both write a string that ends in a zero byte and return its length. */
size_t ipv4_addr_format(uint32_t addr, char out[static IPV4_TEXT_SIZE]);
size_t ipv4_addr_format_bits(uint32_t addr, char out[static IPV4_BITS_SIZE]);

/* The mask of a prefix length of 0 to 32. */
static inline uint32_t ipv4_mask(unsigned len)
{
    return len == 0 ? 0 : UINT32_MAX << (32 - len);
}

/* The bit of addr behind its first `len` bits; len below 32. */
static inline unsigned ipv4_bit_behind(uint32_t addr, unsigned len)
{
    return addr >> (31 - len) & 1;
}

/* How many of their first bits two addresses have in common. */
static inline unsigned ipv4_common_length(uint32_t a, uint32_t b)
{
    return a == b ? 32 : (unsigned)__builtin_clz(a ^ b);
}

/* The prefix length of a mask; -EINVAL if its ones are not all in front. */
int ipv4_mask_length(uint32_t mask);

/* Classful addressing (RFC 791 3.2, RFC 1112 4): 'A' to 'E'. */
char ipv4_addr_class(uint32_t addr);

/* The length of the network part under classful addressing: 8, 16 or 24; -EINVAL for classes D and E, which have none.
 */
int ipv4_addr_classful_length(uint32_t addr);

static inline bool ipv4_addr_is_among(uint32_t addr, const uint32_t *addrs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (addrs[i] == addr)
            return true;
    return false;
}

/* The ranges that the rules of forwarding name (RFC 1122 3.2.1.3, RFC 1812 5.3.7). */
static inline bool ipv4_addr_is_zeronet(uint32_t addr)
{
    return addr >> 24 == 0;
}

static inline bool ipv4_addr_is_loopback(uint32_t addr)
{
    return addr >> 24 == 127;
}

static inline bool ipv4_addr_is_multicast(uint32_t addr)
{
    return addr >> 28 == 0xe;
}

static inline bool ipv4_addr_is_broadcast(uint32_t addr)
{
    return addr == UINT32_MAX;
}

/* Not 0.x, 127.x, or 224.x and above: what a host can have, as far as the address, and of that its first byte, says. */
static inline bool ipv4_first_byte_is_host(uint8_t first)
{
    return first - 1u < 223 && first != 127;
}

static inline bool ipv4_addr_is_host(uint32_t addr)
{
    return ipv4_first_byte_is_host((uint8_t)(addr >> 24));
}
