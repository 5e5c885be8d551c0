/*
 * Replies. The order of options: the exchange's own, with the client's identifier (RFC 6842); the mask, in front of
 * everything that routes by it (RFC 2132 3.3); what the client asked for, in its order (RFC 2132 9.8), or everything if
 * it did not say; what its relay added, last (RFC 3046 2.1). What there is no room for is left out from the back.
 */
#include "dhcp/answer.h"

#include <string.h>

#define DHCP_RESERVED (DHCP_OPTIONS_AT + 44) /* bytes of a message that are not for a relay's option */

/* What the protocol itself says; never asked for, never configured. */
static bool is_of_protocol(uint8_t code)
{
    const struct dhcp_option *option = dhcp_option_find(code);

    return code == DHCP_PAD || code == DHCP_END || (option && !option->configured);
}

/* --- options ----------------------------------------------------------------------------------------------------- */

/* Options that were put, or need not be. */
struct done {
    uint8_t bits[256 / 8];
};

static bool once(struct done *done, uint8_t code)
{
    uint8_t bit = (uint8_t)(1 << code % 8);

    if (done->bits[code / 8] & bit)
        return false;
    done->bits[code / 8] |= bit;
    return true;
}

static void put_one(struct dhcp_reply *reply, const struct dhcp_answer *answer, uint8_t code, struct done *done)
{
    const struct dhcp_option_value *option = dhcp_scopes_option(answer->scopes, code);
    struct ipv4_prefix prefix = answer->subnet->prefix;

    if (is_of_protocol(code) || !once(done, code))
        return;
    if (option)
        dhcp_reply_put(reply, code, option->bytes, option->len);
    else if (code == DHCP_OPTION_BROADCAST_ADDRESS && ipv4_prefix_has_broadcast(prefix))
        dhcp_reply_put_u32(reply, code, ipv4_prefix_last(prefix));
}

static void put_configured(struct dhcp_reply *reply, const struct dhcp_answer *answer)
{
    const struct dhcp_scopes *scopes = answer->scopes;
    struct done done = {{0}};
    size_t count;
    const uint8_t *wanted = dhcp_get_bytes(answer->message, DHCP_OPTION_PARAMETER_LIST, &count);

    dhcp_reply_put_u32(reply, DHCP_OPTION_SUBNET_MASK, ipv4_mask(answer->subnet->prefix.len));
    for (size_t i = 0; wanted && i < count; i++)
        put_one(reply, answer, wanted[i], &done);
    for (unsigned i = 0; i < scopes->count; i++) {
        const struct dhcp_scope *scope = scopes->all[i];
        for (size_t j = 0; j < scope->always_count; j++)
            put_one(reply, answer, scope->always[j], &done);
        for (size_t j = 0; !wanted && j < scope->option_count; j++)
            put_one(reply, answer, scope->options[j].code, &done);
    }
}

/* A value that goes back as it came. */
static void put_back(struct dhcp_reply *reply, const struct dhcp_message *message, uint8_t code)
{
    size_t len;
    const uint8_t *value = dhcp_get_bytes(message, code, &len);

    if (value)
        dhcp_reply_put(reply, code, value, len);
}

/* RFC 4702 4: what a client said of its name in the DNS comes back, with our word that we update nothing there. */
static void put_fqdn(struct dhcp_reply *reply, const struct dhcp_message *message)
{
    uint8_t value[255];
    size_t len;
    const uint8_t *said = dhcp_get_bytes(message, DHCP_OPTION_FQDN, &len);

    if (!said || len < DHCP_FQDN_NAME_AT || len > sizeof(value))
        return;
    memcpy(value, said, len);
    value[0] = said[0] & DHCP_FQDN_WIRE;
    value[0] |= DHCP_FQDN_NO_UPDATE;
    if (said[0] & DHCP_FQDN_SERVER_UPDATES)
        value[0] |= DHCP_FQDN_OVERRIDDEN;
    value[1] = value[2] = 255;
    dhcp_reply_put(reply, DHCP_OPTION_FQDN, value, len);
}

static void put_times(struct dhcp_reply *reply, uint32_t lease_s)
{
    uint32_t t1 = lease_s / 2, t2 = (uint32_t)((uint64_t)lease_s * 7 / 8); /* 4.4.5 */

    dhcp_reply_put_u32(reply, DHCP_OPTION_LEASE_TIME, lease_s);
    if (lease_s == DHCP_INFINITE || t1 == 0 || t1 >= t2 || t2 >= lease_s)
        return;
    dhcp_reply_put_u32(reply, DHCP_OPTION_RENEWAL_TIME, t1);
    dhcp_reply_put_u32(reply, DHCP_OPTION_REBINDING_TIME, t2);
}

/* --- the message ------------------------------------------------------------------------------------------------- */

/* How long the message may be: what the client takes, what the link takes, what we make. */
static size_t limit_of(const struct dhcp_answer *answer)
{
    size_t limit = DHCP_IP_SIZE_MIN - DHCP_HEADERS, link = answer->arrival->mtu;
    uint16_t wanted;

    /* RFC 951: a BOOTP client takes what it sends; RFC 1542 2.1. */
    if (answer->type == DHCP_BOOTP)
        return answer->message->len < DHCP_REPLY_MIN ? DHCP_REPLY_MIN
               : answer->message->len < limit        ? answer->message->len
                                                     : limit;
    if (dhcp_get_u16(answer->message, DHCP_OPTION_MAX_MESSAGE_SIZE, &wanted) == 0 && wanted > DHCP_IP_SIZE_MIN)
        limit = wanted - DHCP_HEADERS;
    if (link >= DHCP_IP_SIZE_MIN && limit > link - DHCP_HEADERS)
        limit = link - DHCP_HEADERS;
    return limit < DHCP_REPLY_MAX ? limit : DHCP_REPLY_MAX;
}

/* What clients that know no options load from: it stands in the header too, if it fits there. */
static const struct dhcp_option_value *boot_file_of(const struct dhcp_answer *answer)
{
    const struct dhcp_option_value *option = dhcp_scopes_option(answer->scopes, DHCP_OPTION_BOOT_FILE_NAME);

    return option && option->len < DHCP_FILE_SIZE ? option : NULL;
}

/* Table 3: what is copied, and what is not. */
static void fill_header(const struct dhcp_answer *answer, struct dhcp_header *header)
{
    const struct dhcp_header *from = answer->message->header;

    header->op = DHCP_BOOTREPLY;
    header->htype = from->htype;
    header->hlen = from->hlen;
    header->xid_be = from->xid_be;
    header->flags_be = from->flags_be;
    header->giaddr_be = from->giaddr_be;
    memcpy(header->chaddr, from->chaddr, sizeof(header->chaddr));
    if (answer->type == DHCP_NAK) {
        if (from->giaddr_be) /* 4.3.2: the relay is to send it to everybody */
            header->flags_be |= cpu_to_be16(DHCP_FLAG_BROADCAST);
        return;
    }
    if (answer->type != DHCP_OFFER)
        header->ciaddr_be = from->ciaddr_be;
    header->yiaddr_be = cpu_to_be32(answer->yiaddr);
    header->siaddr_be = cpu_to_be32(dhcp_scopes_next_server(answer->scopes));
    const struct dhcp_option_value *boot_file = boot_file_of(answer);
    if (boot_file)
        memcpy(header->file, boot_file->bytes, boot_file->len);
}

/* The packet comes from ourselves, whatever we are to call us. */
static uint32_t source_of(const struct dhcp_answer *answer, uint32_t giaddr)
{
    bool direct = !giaddr && answer->arrival->broadcast && answer->subnet && answer->subnet->server_addr;

    return direct ? answer->subnet->server_addr : answer->arrival->own_addr;
}

/* 4.1, in its order. */
static void address(const struct dhcp_answer *answer, struct dhcp_result *result)
{
    const struct dhcp_header *header = answer->message->header;
    uint32_t ciaddr = be32_to_cpu(header->ciaddr_be), giaddr = be32_to_cpu(header->giaddr_be);
    bool inform = answer->message->type == DHCP_INFORM;
    const uint8_t *info, *source_port;
    size_t info_len, len;

    result->src = source_of(answer, giaddr);
    result->to = DHCP_TO_SENDER;
    result->dst_port = DHCP_CLIENT_PORT;
    if (giaddr && !(inform && ciaddr)) {
        result->dst = giaddr;
        result->dst_port = DHCP_SERVER_PORT;
        info = dhcp_get(answer->message, DHCP_OPTION_RELAY_INFO, &info_len);
        source_port = info ? dhcp_relay_get(info, info_len, DHCP_RELAY_SOURCE_PORT, &len) : NULL;
        if (source_port && answer->arrival->src_port) /* RFC 8357 5.2 */
            result->dst_port = answer->arrival->src_port;
    } else if (answer->type != DHCP_NAK && (ciaddr || inform)) {
        result->dst = ciaddr ? ciaddr : answer->arrival->src;
    } else if (answer->type == DHCP_NAK || header->flags_be & cpu_to_be16(DHCP_FLAG_BROADCAST) ||
               header->htype != DHCP_HTYPE_ETH || header->hlen != 6) {
        result->to = DHCP_TO_BROADCAST;
        result->dst = UINT32_MAX;
    } else {
        result->to = DHCP_TO_HARDWARE;
        result->dst = answer->yiaddr;
    }
}

uint32_t dhcp_answer_server_id(const struct dhcp_arrival *arrival, const struct dhcp_message *message,
                               const struct dhcp_subnet *subnet)
{
    size_t info_len, len;
    const uint8_t *info = dhcp_get(message, DHCP_OPTION_RELAY_INFO, &info_len);
    const uint8_t *override =
        info && message->header->giaddr_be ? dhcp_relay_get(info, info_len, DHCP_RELAY_SERVER_OVERRIDE, &len) : NULL;

    if (override && len == 4)
        return be32_to_cpu(load_u32(override));
    return subnet && subnet->server_addr ? subnet->server_addr : arrival->own_addr;
}

void dhcp_answer_make(const struct dhcp_answer *answer, struct dhcp_result *result)
{
    struct dhcp_reply *reply = &result->reply;
    const struct dhcp_message *message = answer->message;
    size_t relay_len = 0, len;
    const uint8_t *relay = dhcp_get_bytes(message, DHCP_OPTION_RELAY_INFO, &relay_len);
    bool may_overload = answer->type != DHCP_NAK && answer->type != DHCP_BOOTP && !boot_file_of(answer);

    size_t limit = limit_of(answer);

    /* What a relay added goes back even if the message becomes longer by it (RFC 3046 2.2), while it fits at all. */
    if (relay && limit < DHCP_RESERVED + relay_len + 2)
        limit = DHCP_REPLY_MAX;
    if (limit < DHCP_RESERVED + relay_len + 2 * (1 + relay_len / 255))
        relay = NULL;
    dhcp_reply_begin(reply, limit, relay ? relay_len : 0, may_overload);
    fill_header(answer, &reply->header);
    if (answer->type != DHCP_BOOTP) {
        dhcp_reply_put_u8(reply, DHCP_OPTION_MESSAGE_TYPE, answer->type);
        dhcp_reply_put_u32(reply, DHCP_OPTION_SERVER_ID, answer->server_id);
    }
    if (answer->type == DHCP_NAK) {
        if (answer->why)
            dhcp_reply_put(reply, DHCP_OPTION_MESSAGE, answer->why, strlen(answer->why));
    } else if (answer->yiaddr && answer->type != DHCP_BOOTP) {
        put_times(reply, answer->lease_s);
    }
    if (answer->type != DHCP_BOOTP)
        put_back(reply, message, DHCP_OPTION_CLIENT_ID);
    if (answer->type != DHCP_NAK) {
        put_back(reply, message, DHCP_OPTION_SUBNET_SELECTION); /* RFC 3011: an identical copy */
        if (answer->rapid)
            dhcp_reply_put(reply, DHCP_OPTION_RAPID_COMMIT, "", 0);
        if (dhcp_get_bytes(message, DHCP_OPTION_CLIENT_SYSTEM, &len)) /* RFC 4578 2.3: PXE clients want to see theirs */
            put_back(reply, message, DHCP_OPTION_UUID_GUID);
        put_fqdn(reply, message);
        put_configured(reply, answer);
    }
    dhcp_reply_end(reply, DHCP_OPTION_RELAY_INFO, relay, relay_len);
    address(answer, result);
}
