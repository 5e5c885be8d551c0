/* Sections are those of RFC 1542 unless another is named. */
#include "dhcp/relay.h"

#include "dhcp/reply.h"
#include "net/ipv4_addr.h"

#include <string.h>

static struct dhcp_header *header_of(struct dhcp_relayed *relayed)
{
    return (void *)relayed->bytes;
}

/* --- option 82 ---------------------------------------------------------------------------------------------------- */

static bool add_sub_option(struct dhcp_bytes *info, uint8_t code, const void *value, size_t len)
{
    if (!len)
        return true;
    if (info->len + 2 + len > sizeof(info->bytes))
        return false;
    info->bytes[info->len] = code;
    info->bytes[info->len + 1] = (uint8_t)len;
    memcpy(info->bytes + info->len + 2, value, len);
    info->len = (uint8_t)(info->len + 2 + len);
    return true;
}

static bool add_address(struct dhcp_bytes *info, uint8_t code, uint32_t addr)
{
    uint32_t be = cpu_to_be32(addr);

    return add_sub_option(info, code, &be, addr ? sizeof(be) : 0);
}

bool dhcp_relay_make_info(const struct dhcp_relay_info *from, struct dhcp_bytes *info)
{
    info->len = 0;
    return add_sub_option(info, DHCP_RELAY_CIRCUIT_ID, from->circuit_id.bytes, from->circuit_id.len) &&
           add_sub_option(info, DHCP_RELAY_REMOTE_ID, from->remote_id.bytes, from->remote_id.len) &&
           add_address(info, DHCP_RELAY_LINK_SELECTION, from->link_selection) &&
           add_address(info, DHCP_RELAY_SERVER_OVERRIDE, from->server_override);
}

/* Where the options field ends: at its END, or behind it if it has none. */
static size_t end_of(const struct dhcp_message *message)
{
    const uint8_t *bytes = (const void *)message->header;
    size_t at = DHCP_OPTIONS_AT;

    while (at < message->len && bytes[at] != DHCP_END)
        at += bytes[at] == DHCP_PAD || at + 1 == message->len ? 1 : 2u + bytes[at + 1];
    return at < message->len ? at : message->len;
}

static bool has_options(const struct dhcp_message *message)
{
    return load_u32((const uint8_t *)message->header + DHCP_HEADER_SIZE) == cpu_to_be32(DHCP_COOKIE);
}

/* The option, behind all others (RFC 3046 2.1). False: there is no room for it. */
static bool append_info(const struct dhcp_relay_link *link, const struct dhcp_message *message,
                        struct dhcp_relayed *relayed)
{
    size_t at = end_of(message), len = at + 2 + link->info.len + 1;

    if (!has_options(message) || len > DHCP_REPLY_MAX)
        return false;
    relayed->bytes[at] = DHCP_OPTION_RELAY_INFO;
    relayed->bytes[at + 1] = link->info.len;
    memcpy(relayed->bytes + at + 2, link->info.bytes, link->info.len);
    relayed->bytes[len - 1] = DHCP_END;
    if (len < message->len) { /* what was behind the end was filling */
        memset(relayed->bytes + len, 0, message->len - len);
        len = message->len;
    }
    relayed->len = len;
    return true;
}

static bool is_ours(const struct dhcp_relay_link *link, const struct dhcp_message *message)
{
    size_t len;
    const uint8_t *info = dhcp_get(message, DHCP_OPTION_RELAY_INFO, &len);

    return info && link->info.len && len == link->info.len && memcmp(info, link->info.bytes, len) == 0;
}

/* Take out what was added, and nothing else (RFC 3046 2.1): all pieces of the option in the options field. */
static void strip_info(const struct dhcp_message *message, struct dhcp_relayed *relayed)
{
    const uint8_t *bytes = (const void *)message->header;
    size_t end = end_of(message), to = DHCP_OPTIONS_AT;

    for (size_t at = DHCP_OPTIONS_AT, size; at < end; at += size) {
        size = bytes[at] == DHCP_PAD ? 1 : 2u + bytes[at + 1];
        if (bytes[at] == DHCP_OPTION_RELAY_INFO)
            continue;
        memcpy(relayed->bytes + to, bytes + at, size);
        to += size;
    }
    relayed->bytes[to++] = DHCP_END;
    if (to < DHCP_REPLY_MIN) {
        memset(relayed->bytes + to, 0, DHCP_REPLY_MIN - to);
        to = DHCP_REPLY_MIN;
    }
    relayed->len = to;
}

/* --- both ways ---------------------------------------------------------------------------------------------------- */

static void copy(const struct dhcp_message *message, struct dhcp_relayed *relayed)
{
    memcpy(relayed->bytes, message->header, message->len);
    relayed->len = message->len;
}

/* 4.1.1; RFC 3046 2.1.1 for what concerns option 82. */
enum dhcp_relay_outcome dhcp_relay_request(const struct dhcp_relay_link *link, const uint32_t *own, size_t own_count,
                                           const struct dhcp_message *message, struct dhcp_relayed *relayed)
{
    uint32_t giaddr = be32_to_cpu(message->header->giaddr_be);
    bool first = !giaddr, added = true;
    size_t len;

    if (message->header->hops > link->hops_max)
        return DHCP_RELAY_HOPS;
    if (giaddr && ipv4_addr_is_among(giaddr, own, own_count))
        return DHCP_RELAY_SPOOFED;
    bool has_info = dhcp_get(message, DHCP_OPTION_RELAY_INFO, &len);
    if (first && has_info && !link->trusted)
        return DHCP_RELAY_UNTRUSTED;
    copy(message, relayed);
    header_of(relayed)->hops++;
    if (first)
        header_of(relayed)->giaddr_be = cpu_to_be32(link->giaddr);
    if (first && !has_info && link->info.len)
        added = append_info(link, message, relayed);
    return added ? DHCP_RELAY_FORWARDED : DHCP_RELAY_UNCHANGED;
}

const struct dhcp_relay_link *dhcp_relay_find(const struct dhcp_relay_link *links, size_t count,
                                              const struct dhcp_message *message)
{
    uint32_t giaddr = be32_to_cpu(message->header->giaddr_be);
    const struct dhcp_relay_link *found = NULL;
    unsigned same = 0;

    for (size_t i = 0; giaddr && i < count; i++) {
        if (links[i].giaddr != giaddr)
            continue;
        if (is_ours(&links[i], message))
            return &links[i];
        found = &links[i];
        same++;
    }
    return same == 1 ? found : NULL; /* of several with one giaddr it is the one that is named in option 82 */
}

/* 4.1.2. */
void dhcp_relay_reply(const struct dhcp_relay_link *link, const struct dhcp_message *message,
                      struct dhcp_relayed *relayed)
{
    const struct dhcp_header *header = message->header;
    uint32_t addr_be = header->yiaddr_be ? header->yiaddr_be : header->ciaddr_be;

    copy(message, relayed);
    if (is_ours(link, message))
        strip_info(message, relayed);
    relayed->broadcast = header->flags_be & cpu_to_be16(DHCP_FLAG_BROADCAST) || !addr_be ||
                         header->htype != DHCP_HTYPE_ETH || header->hlen != 6;
    relayed->dst = relayed->broadcast ? UINT32_MAX : be32_to_cpu(addr_be);
}
