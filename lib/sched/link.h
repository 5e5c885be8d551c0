/*
 * What a packet takes on a link, which is more than its bytes: preamble and gap, a checksum, a minimum, cells. A shaper
 * that did not count it would send too much, and the modem behind it would queue.
 */
#pragma once

#include <stdint.h>

/* X(enumerator, name, help) */
#define LINK_FRAMINGS(X)                                             \
    X(NONE, "none", "as it is, with the overhead")                   \
    X(ATM, "atm", "in cells of 53 bytes that carry 48 (ADSL; AAL5)") \
    X(PTM, "ptm", "in blocks of 65 bytes that carry 64 (VDSL)")

enum link_framing {
#define X(enumerator, name, help) LINK_FRAMING_##enumerator,
    LINK_FRAMINGS(X)
#undef X
        LINK_FRAMING_COUNT
};

/* As ports of a router have it where nobody says otherwise: preamble 8, checksum 4, gap 12; at least 84 in all (IEEE
 * 802.3). */
#define LINK_ETHERNET                        \
    (struct link_overhead)                   \
    {                                        \
        .bytes = 24, .min = 84, .framing = 0 \
    }

#define LINK_OVERHEAD_MAX 256 /* bytes, either way */

/* In this order: bytes are added, less than min counts as min, and that is framed. */
struct link_overhead {
    int16_t bytes; /* that the link adds to a frame as the router sends it (14 bytes of Ethernet, no checksum) */
    uint16_t min;
    uint8_t framing; /* enum link_framing */
};

/* What a frame of so many bytes takes. */
static inline uint32_t link_bytes(const struct link_overhead *link, uint32_t frame_bytes)
{
    int64_t sum = (int64_t)frame_bytes + link->bytes;
    uint32_t bytes = sum > link->min ? (uint32_t)sum : link->min;

    if (link->framing == LINK_FRAMING_ATM)
        return (bytes + 47) / 48 * 53;
    if (link->framing == LINK_FRAMING_PTM)
        return bytes + (bytes + 63) / 64;
    return bytes;
}
