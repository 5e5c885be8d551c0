/*
 * What a packet takes on a link, which is more than its bytes: preamble and gap, a checksum, a minimum, cells. A shaper
 * that did not count it would send too much, and the modem behind it would queue.
 */
#pragma once

#include "base/text.h"

#include <stdbool.h>
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

/* What there is between a router and its provider. X(name, bytes, least bytes, framing, help); bytes beyond a frame of
 * the router with its 14 bytes of Ethernet, as counted by tc-cake(8) (which counts from the IP packet). */
#define LINK_KINDS(X)                                                                        \
    X("ethernet", 24, 84, NONE, "Ethernet: preamble, checksum and gap")                      \
    X("raw", 0, 0, NONE, "frames as they are")                                               \
    X("docsis", 4, 64, NONE, "a cable modem, which shapes by Ethernet frames with checksum") \
    X("bridged-ptm", 8, 0, PTM, "VDSL2, bridged Ethernet")                                   \
    X("pppoe-ptm", 16, 0, PTM, "VDSL2, PPPoE in the modem")                                  \
    X("bridged-llcsnap", 18, 0, ATM, "ADSL, bridged Ethernet (RFC 2684) with LLC/SNAP")      \
    X("bridged-vcmux", 10, 0, ATM, "ADSL, bridged Ethernet by circuit")                      \
    X("pppoe-llcsnap", 26, 0, ATM, "ADSL, PPPoE with LLC/SNAP")                              \
    X("pppoe-vcmux", 18, 0, ATM, "ADSL, PPPoE by circuit")                                   \
    X("pppoa-llc", 0, 0, ATM, "ADSL, PPPoA with LLC")                                        \
    X("pppoa-vcmux", -4, 0, ATM, "ADSL, PPPoA by circuit")                                   \
    X("ipoa-llcsnap", 2, 0, ATM, "ADSL, classical IP over ATM (RFC 2684) with LLC/SNAP")     \
    X("ipoa-vcmux", -6, 0, ATM, "ADSL, classical IP over ATM by circuit")

#define LINK_OVERHEAD_MAX 256 /* bytes, either way */
#define LINK_FRAME_HEADER 14u /* bytes of Ethernet's header in front of an IP packet */

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

/* What an IP packet of so many bytes takes. */
static inline uint32_t link_packet_bytes(const struct link_overhead *link, uint32_t ip_bytes)
{
    return link_bytes(link, LINK_FRAME_HEADER + ip_bytes);
}

/* "ethernet", for numbers from 0; NULL: there are no more. */
const char *link_kind_name(unsigned kind);
struct link_overhead link_kind_overhead(unsigned kind);

#define LINK_RATE_UNIT UINT64_C(125) /* rates that people write are whole multiples of this: 1 kbit/s */

/* Read "20Mbit", "512kbit", "10Gbit" (of 1,000 each): bytes a second. 0; -EINVAL, and what is wrong. */
int link_rate_parse(const char *text, size_t len, uint64_t *rate, struct text_error *err);

#define LINK_RATE_TEXT_SIZE 24
/* As it is read, in the largest unit in which it is a whole number. */
void link_rate_format(uint64_t rate, char out[static LINK_RATE_TEXT_SIZE]);
