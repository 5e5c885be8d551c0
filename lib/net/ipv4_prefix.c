/* IPv4 prefixes: text. */
#include "net/ipv4_prefix.h"

#include <string.h>

/* LENGTH, or where allowed a mask, after the slash. */
static int length_parse(const char *text, size_t len, size_t at, unsigned allow, uint8_t *prefix_len,
                        struct text_error *err)
{
    bool mask_allowed = allow & IPV4_PREFIX_ALLOW_MASK;
    uint32_t value;

    if (mask_allowed && memchr(text + at, '.', len - at)) {
        int rc = ipv4_addr_parse(text + at, len - at, &value, err);
        if (rc < 0) {
            if (err)
                err->at += at;
            return rc;
        }
        int mask_len = ipv4_mask_length(value);
        if (mask_len < 0)
            return text_wrong(err, at, "a mask with all its ones in front");
        *prefix_len = (uint8_t)mask_len;
        return 0;
    }
    int rc = text_decimal(text, len, &at, 32,
                          mask_allowed ? "a prefix length of 0 to 32 or a mask"
                                       : "a prefix length of 0 to 32 without leading zeros",
                          &value, err);
    if (rc < 0)
        return rc;
    if (at != len)
        return text_wrong(err, at, "the end of the prefix");
    *prefix_len = (uint8_t)value;
    return 0;
}

int ipv4_prefix_parse(const char *text, size_t len, unsigned allow, struct ipv4_prefix *prefix, struct text_error *err)
{
    const char *slash = len ? memchr(text, '/', len) : NULL;
    size_t addr_len = slash ? (size_t)(slash - text) : len;
    struct ipv4_prefix result;

    int rc = ipv4_addr_parse(text, addr_len, &result.addr, err);
    if (rc < 0)
        return rc;
    result.len = 32;
    if (slash)
        rc = length_parse(text, len, addr_len + 1, allow, &result.len, err);
    else if (!(allow & IPV4_PREFIX_ALLOW_ADDRESS))
        rc = text_wrong(err, len, "a slash and a prefix length of 0 to 32");
    if (rc < 0)
        return rc;
    if (!(allow & IPV4_PREFIX_ALLOW_HOST_BITS) && result.addr != ipv4_prefix_first(result))
        return text_wrong(err, 0, "an address without bits set behind the prefix length");
    *prefix = result;
    return 0;
}

size_t ipv4_prefix_format(struct ipv4_prefix prefix, char out[static IPV4_PREFIX_TEXT_SIZE])
{
    char *p = out + ipv4_addr_format(prefix.addr, out);

    *p++ = '/';
    if (prefix.len >= 10)
        *p++ = (char)('0' + prefix.len / 10);
    *p++ = (char)('0' + prefix.len % 10);
    *p = '\0';
    return (size_t)(p - out);
}
