#include "tests/fuzz/dhcp_mutate.h"

#include "base/compiler.h"
#include "dhcp/message.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define OPTIONS_MAX 64 /* that are told apart */

/* Those that the protocol lives on, and those that contain others. */
static const uint8_t codes[] = {0,  1,  12, 43, 50, 51, 52, 53,  54,  55,  56,  57,  60, 61,
                                66, 67, 77, 80, 81, 82, 93, 118, 119, 121, 124, 125, 255};
static const uint8_t lengths[] = {0, 1, 2, 3, 4, 5, 6, 8, 16, 63, 64, 127, 128, 254, 255};
static const uint8_t bytes_of_note[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 63, 64, 0x7f, 0x80, 0xc0, 0xfe, 0xff};

#define ANY_OF(array, seed) ((array)[dhcp_mutate_below(seed, ARRAY_SIZE(array))])

size_t dhcp_mutate_below(unsigned *seed, size_t below)
{
    return below ? (size_t)rand_r(seed) % below : 0;
}

/* Replace `gone` bytes at a place by `come` others, as far as there is room. The new length. */
static size_t splice(uint8_t *area, size_t len, size_t room, size_t at, size_t gone, const uint8_t *with, size_t come)
{
    if (at > len || gone > len - at || len - gone + come > room)
        return len;
    memmove(area + at + come, area + at + gone, len - at - gone);
    if (come)
        memcpy(area + at, with, come);
    return len - gone + come;
}

/* Where options begin, and behind them the end: at most OPTIONS_MAX + 1 places. How many options there are. */
static size_t find(const uint8_t *area, size_t len, size_t *starts)
{
    size_t count = 0, at = 0;

    while (at < len && count < OPTIONS_MAX) {
        size_t size = area[at] == DHCP_PAD || area[at] == DHCP_END || at + 1 == len ? 1 : 2u + area[at + 1];
        starts[count++] = at;
        at = size < len - at ? at + size : len;
    }
    starts[count] = at;
    return count;
}

static size_t insert(uint8_t *area, size_t len, size_t room, size_t at, unsigned *seed)
{
    uint8_t option[2 + 255] = {ANY_OF(codes, seed), ANY_OF(lengths, seed)};

    for (size_t i = 0; i < option[1]; i++)
        option[2 + i] = dhcp_mutate_below(seed, 2) ? ANY_OF(bytes_of_note, seed) : (uint8_t)rand_r(seed);
    return splice(area, len, room, at, 0, option, option[0] == DHCP_PAD || option[0] == DHCP_END ? 1 : 2u + option[1]);
}

size_t dhcp_mutate_options(uint8_t *area, size_t len, size_t room, unsigned *seed)
{
    size_t starts[OPTIONS_MAX + 1], count = find(area, len, starts);
    size_t which = dhcp_mutate_below(seed, count), at = starts[which];
    size_t size = count ? starts[which + 1] - at : 0;
    uint8_t copy[2 + 255];

    if (!count)
        return insert(area, len, room, 0, seed);
    switch (dhcp_mutate_below(seed, 8)) {
    case 0:
        return insert(area, len, room, at, seed);
    case 1:
        return splice(area, len, room, at, size, NULL, 0);
    case 2: /* a length that is not its own */
        if (size > 1)
            area[at + 1] = dhcp_mutate_below(seed, 2)
                               ? ANY_OF(lengths, seed)
                               : (uint8_t)(area[at + 1] + 1 - 2 * (int)dhcp_mutate_below(seed, 2));
        return len;
    case 3: /* twice, here or elsewhere */
        memcpy(copy, area + at, size < sizeof(copy) ? size : sizeof(copy));
        return splice(area, len, room, starts[dhcp_mutate_below(seed, count + 1)], 0, copy,
                      size < sizeof(copy) ? size : sizeof(copy));
    case 4:
        area[at] = ANY_OF(codes, seed);
        return len;
    case 5: /* one of several bytes */
        if (size > 2)
            area[at + 2 + dhcp_mutate_below(seed, size - 2)] = ANY_OF(bytes_of_note, seed);
        return len;
    case 6: /* options within it */
        if (size > 4)
            dhcp_mutate_options(area + at + 2, size - 2, size - 2, seed);
        return len;
    default: /* another length, and the value with it */
        if (size > 1) {
            size_t before = len, add = 1 + dhcp_mutate_below(seed, 16);
            memset(copy, ANY_OF(bytes_of_note, seed), add);
            if (area[at + 1] + add <= UINT8_MAX && (len = splice(area, len, room, at + size, 0, copy, add)) != before)
                area[at + 1] = (uint8_t)(area[at + 1] + add);
        }
        return len;
    }
}

size_t dhcp_mutate_message(uint8_t *bytes, size_t len, size_t room, unsigned *seed)
{
    static const uint8_t fields[] = {0, 1, 2, 3, 10, 12, 13, 14, 15, 16, 24, 25, 26, 27, 28, 44, 108};

    if (len < DHCP_OPTIONS_AT) {
        memset(bytes + len, 0, room < DHCP_OPTIONS_AT ? room - len : DHCP_OPTIONS_AT - len);
        return room < DHCP_OPTIONS_AT ? room : DHCP_OPTIONS_AT;
    }
    switch (dhcp_mutate_below(seed, 8)) {
    case 0:
        bytes[ANY_OF(fields, seed)] = ANY_OF(bytes_of_note, seed);
        return len;
    case 1: /* options in sname and file, which an overload makes count */
        dhcp_mutate_options(bytes + offsetof(struct dhcp_header, sname), DHCP_SNAME_SIZE, DHCP_SNAME_SIZE, seed);
        return len;
    case 2:
        dhcp_mutate_options(bytes + offsetof(struct dhcp_header, file), DHCP_FILE_SIZE, DHCP_FILE_SIZE, seed);
        return len;
    case 3: /* cut short */
        return dhcp_mutate_below(seed, 4) ? len : DHCP_OPTIONS_AT + dhcp_mutate_below(seed, len - DHCP_OPTIONS_AT + 1);
    default:
        return DHCP_OPTIONS_AT +
               dhcp_mutate_options(bytes + DHCP_OPTIONS_AT, len - DHCP_OPTIONS_AT, room - DHCP_OPTIONS_AT, seed);
    }
}
