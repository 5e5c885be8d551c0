#include "dhcp/reply.h"

#include <assert.h>
#include <string.h>

#define PIECE_MAX     255 /* bytes of a value behind one code (RFC 2132 2) */
#define OVERLOAD_SIZE 3   /* option 52 */

/* Bytes that a value takes with its codes and lengths. */
static size_t size_of(size_t len)
{
    size_t pieces = len ? (len + PIECE_MAX - 1) / PIECE_MAX : 1;

    return len + 2 * pieces;
}

static size_t write_option(uint8_t *at, uint8_t code, const uint8_t *value, size_t len)
{
    uint8_t *begin = at;

    do {
        size_t piece = len < PIECE_MAX ? len : PIECE_MAX;
        *at++ = code;
        *at++ = (uint8_t)piece;
        if (piece)
            memcpy(at, value, piece);
        at += piece;
        value += piece;
        len -= piece;
    } while (len);
    return (size_t)(at - begin);
}

void dhcp_reply_begin(struct dhcp_reply *reply, size_t limit, size_t kept, bool may_overload)
{
    const uint32_t cookie_be = cpu_to_be32(DHCP_COOKIE);

    assert(limit >= DHCP_REPLY_MIN && limit <= DHCP_REPLY_MAX);
    memset(reply, 0, sizeof(*reply));
    memcpy(reply->bytes + DHCP_HEADER_SIZE, &cookie_be, sizeof(cookie_be));
    reply->limit = limit;
    reply->at = DHCP_OPTIONS_AT;
    reply->may_overload = may_overload;
    reply->kept = 1 + (kept ? size_of(kept) : 0) + (may_overload ? OVERLOAD_SIZE : 0);
}

bool dhcp_reply_put(struct dhcp_reply *reply, uint8_t code, const void *value, size_t len)
{
    size_t size = size_of(len);

    if (reply->at + size + reply->kept <= reply->limit) {
        reply->at += write_option(reply->bytes + reply->at, code, value, len);
        return true;
    }
    if (!reply->may_overload || len > PIECE_MAX)
        return false;
    if (reply->file_at + size + 1 <= DHCP_FILE_SIZE) {
        reply->file_at += write_option(reply->header.file + reply->file_at, code, value, len);
        return true;
    }
    if (reply->sname_at + size + 1 <= DHCP_SNAME_SIZE) {
        reply->sname_at += write_option(reply->header.sname + reply->sname_at, code, value, len);
        return true;
    }
    return false;
}

bool dhcp_reply_put_u8(struct dhcp_reply *reply, uint8_t code, uint8_t value)
{
    return dhcp_reply_put(reply, code, &value, 1);
}

bool dhcp_reply_put_u32(struct dhcp_reply *reply, uint8_t code, uint32_t value)
{
    uint32_t be = cpu_to_be32(value);

    return dhcp_reply_put(reply, code, &be, sizeof(be));
}

void dhcp_reply_end(struct dhcp_reply *reply, uint8_t code, const void *value, size_t len)
{
    uint8_t overload = (uint8_t)((reply->file_at ? 1 : 0) | (reply->sname_at ? 2 : 0));

    if (reply->file_at)
        reply->header.file[reply->file_at] = DHCP_END;
    if (reply->sname_at)
        reply->header.sname[reply->sname_at] = DHCP_END;
    if (overload)
        reply->at += write_option(reply->bytes + reply->at, DHCP_OPTION_OVERLOAD, &overload, 1);
    if (value)
        reply->at += write_option(reply->bytes + reply->at, code, value, len);
    reply->bytes[reply->at++] = DHCP_END;
    assert(reply->at <= reply->limit);
    reply->len = reply->at < DHCP_REPLY_MIN ? DHCP_REPLY_MIN : reply->at;
}
