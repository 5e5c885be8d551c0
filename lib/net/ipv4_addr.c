/* IPv4 addresses: as numbers, as text, and what is known of an address by itself. */
#include "net/ipv4_addr.h"

#include <errno.h>

int ipv4_addr_parse(const char *text, size_t len, uint32_t *addr, struct text_error *err)
{
    uint32_t result = 0;
    size_t at = 0;

    for (int octet = 0; octet < 4; octet++) {
        uint32_t value;

        if (octet > 0) {
            if (at == len || text[at] != '.')
                return text_wrong(err, at, "a dot (an address has four octets)");
            at++;
        }
        int rc = text_decimal(text, len, &at, 255, "an octet of 0 to 255 without leading zeros", &value, err);
        if (rc < 0)
            return rc;
        result = result << 8 | value;
    }
    if (at != len)
        return text_wrong(err, at, "the end of the address");
    *addr = result;
    return 0;
}

size_t ipv4_addr_format(uint32_t addr, char out[static IPV4_TEXT_SIZE])
{
    char *p = out;

    for (int shift = 24; shift >= 0; shift -= 8) {
        unsigned octet = addr >> shift & 255;
        if (octet >= 100)
            *p++ = (char)('0' + octet / 100);
        if (octet >= 10)
            *p++ = (char)('0' + octet / 10 % 10);
        *p++ = (char)('0' + octet % 10);
        *p++ = '.';
    }
    *--p = '\0';
    return (size_t)(p - out);
}

size_t ipv4_addr_format_bits(uint32_t addr, char out[static IPV4_BITS_SIZE])
{
    char *p = out;

    for (int bit = 31; bit >= 0; bit--) {
        *p++ = (char)('0' + (addr >> bit & 1));
        if (bit % 8 == 0)
            *p++ = '.';
    }
    *--p = '\0';
    return (size_t)(p - out);
}

int ipv4_mask_length(uint32_t mask)
{
    int len = __builtin_popcount(mask);

    return mask == ipv4_mask((unsigned)len) ? len : -EINVAL;
}

char ipv4_addr_class(uint32_t addr)
{
    /* The class is the number of ones in front, and four of them are all that count. */
    int ones = __builtin_clz(~addr | 1u << 27);

    return (char)('A' + ones);
}

int ipv4_addr_classful_length(uint32_t addr)
{
    char class = ipv4_addr_class(addr);

    return class <= 'C' ? 8 * (class - 'A' + 1) : -EINVAL;
}
