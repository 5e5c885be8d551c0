/*
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624).
 *
 * A checksum field is a uint16_t exactly as it stands in the packet (network order, so its name ends in _be). The ones'
 * complement sum does not care about byte order as long as all words are loaded alike (RFC 1071 2 (B)): sums are made
 * of native loads and never swapped.
 *
 * What is inline is shared with BPF.
 */
#pragma once

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>

/* Fold a sum of native 16-bit and 32-bit words to 16 bits. */
static force_inline uint16_t checksum_fold(uint64_t sum)
{
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)sum;
}

/* The sum of an IPv4 header without options, its checksum field included; 20 bytes must be there. */
static force_inline uint64_t checksum_ipv4_words(const void *header)
{
    const uint8_t *at = header;

    return (uint64_t)load_u32(at) + load_u32(at + 4) + load_u32(at + 8) + load_u32(at + 12) + load_u32(at + 16);
}

/*
 * The checksum after one 16-bit word of what it covers has changed (equation 3 of RFC 1624: HC' = ~(~HC + ~m + m')).
 * Checksum and words as they stand in the packet. Of the two zeros it gives the one that a full computation would give,
 * for every header that is not all zeros.
 */
static force_inline uint16_t checksum_update16(uint16_t checksum_be, uint16_t old_be, uint16_t new_be)
{
    return (uint16_t)~checksum_fold((uint64_t)(uint16_t)~checksum_be + (uint16_t)~old_be + new_be);
}

/* The same for the word of TTL and protocol, whose TTL, of 1 or more, is one less: m - m' is 0x0100. */
static force_inline uint16_t checksum_update_ttl(uint16_t checksum_be)
{
    uint32_t sum = (uint32_t)checksum_be + cpu_to_be16(0x0100);

    return (uint16_t)(sum + (sum >= 0xffff));
}

/* The same for a 32-bit word that begins at an even offset (an address). */
static force_inline uint16_t checksum_update32(uint16_t checksum_be, uint32_t old_be, uint32_t new_be)
{
    return (uint16_t)~checksum_fold((uint64_t)(uint16_t)~checksum_be + (uint32_t)~old_be + new_be);
}

/*
 * The sum of any bytes, to be added to others and folded. An odd last byte counts as if a zero byte followed, so only
 * the last piece of a packet may have an odd length. len at most 2^32.
 */
uint64_t checksum_bytes(const void *data, size_t len);

/* The sum of the pseudo-header that UDP and TCP add (RFC 768, RFC 9293 3.1). Addresses in host order, len in bytes. */
static force_inline uint64_t checksum_pseudo_ipv4(uint32_t src, uint32_t dst, uint8_t protocol, uint16_t len)
{
    return (uint64_t)cpu_to_be32(src) + cpu_to_be32(dst) + cpu_to_be16(protocol) + cpu_to_be16(len);
}

/* The checksum of a header or message whose checksum field is zero. */
static inline uint16_t checksum_finish(uint64_t sum)
{
    return (uint16_t)~checksum_fold(sum);
}

/* Whether a sum that includes the checksum field says that nothing was changed on the way: whether it folds to 0xffff,
 * that is, whether it is a multiple of that, other than 0. A number is a multiple of an odd d if it times the inverse
 * of d modulo 2^64, which is then the quotient, is at most (2^64 - 1) / d (Hacker's Delight, 10-17). */
static force_inline bool checksum_is_right(uint64_t sum)
{
    const uint64_t inverse = 0xfffefffefffeffff, quotient_max = UINT64_MAX / 0xffff;

    return sum * inverse - 1 < quotient_max;
}
