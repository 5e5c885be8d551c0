/* Ranges of IPv4 addresses: text. */
#include "net/ipv4_range.h"

#include "base/range.h"

#include <errno.h>
#include <string.h>

int ipv4_range_parse(const char *text, size_t len, unsigned allow, struct ipv4_range *range, struct text_error *err)
{
    const char *dash = len ? memchr(text, '-', len) : NULL, *slash = len ? memchr(text, '/', len) : NULL;
    struct ipv4_range result;

    if (!dash && !slash && !(allow & IPV4_PREFIX_ALLOW_ADDRESS))
        return text_wrong(err, len, "'-' and the last address, or '/' and a length");
    if (!dash || slash) {
        struct ipv4_prefix prefix;
        int error = ipv4_prefix_parse(text, len, allow & IPV4_PREFIX_ALLOW_ADDRESS, &prefix, err);
        if (!error)
            *range = ipv4_range_of(prefix);
        return error;
    }
    size_t behind = (size_t)(dash + 1 - text);
    if (ipv4_addr_parse(text, behind - 1, &result.first, err))
        return -EINVAL;
    if (ipv4_addr_parse(dash + 1, len - behind, &result.last, err)) {
        if (err)
            err->at += behind;
        return -EINVAL;
    }
    if (result.last < result.first)
        return text_wrong(err, behind, "an address that is not lower than the first");
    *range = result;
    return 0;
}

bool ipv4_range_is_prefix(struct ipv4_range range, struct ipv4_prefix *prefix)
{
    struct ipv4_prefix around = ipv4_range_around(range);

    if (ipv4_prefix_first(around) != range.first || ipv4_prefix_last(around) != range.last)
        return false;
    *prefix = around;
    return true;
}

size_t ipv4_range_format(struct ipv4_range range, char out[static IPV4_RANGE_TEXT_SIZE])
{
    struct ipv4_prefix prefix;

    if (range.first != range.last && ipv4_range_is_prefix(range, &prefix))
        return ipv4_prefix_format(prefix, out);
    size_t len = ipv4_addr_format(range.first, out);
    if (range.first != range.last) {
        out[len++] = '-';
        len += ipv4_addr_format(range.last, out + len);
    }
    return len;
}

bool ipv4_blocks_next(struct ipv4_blocks *blocks, struct ipv4_prefix *prefix)
{
    if (blocks->at >= blocks->end)
        return false;
    unsigned log = range_block_log(blocks->at, blocks->end);
    *prefix = (struct ipv4_prefix){.addr = (uint32_t)blocks->at, .len = (uint8_t)(32 - log)};
    blocks->at += UINT64_C(1) << log;
    return true;
}
