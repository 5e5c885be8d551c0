/* Sections are those of RFC 2131 unless another is named. */
#include "dhcp/exchange.h"

#include "dhcp/answer.h"
#include "dhcp/ledger.h"

#include <string.h>

#define CLIENT_ID_MIN 2 /* RFC 2132 9.14 */

/* --- where ------------------------------------------------------------------------------------------------------- */

/* The address that says which subnet the client is in: RFC 3527, RFC 3011, giaddr. 0: none does. */
static uint32_t selector_of(const struct dhcp_message *message)
{
    uint32_t giaddr = be32_to_cpu(message->header->giaddr_be), addr;
    size_t info_len, len;
    const uint8_t *info = giaddr ? dhcp_get(message, DHCP_OPTION_RELAY_INFO, &info_len) : NULL;
    const uint8_t *selection = info ? dhcp_relay_get(info, info_len, DHCP_RELAY_LINK_SELECTION, &len) : NULL;

    if (selection && len == 4)
        return be32_to_cpu(load_u32(selection));
    if (dhcp_get_address(message, DHCP_OPTION_SUBNET_SELECTION, &addr) == 0)
        return addr;
    return giaddr;
}

/* Which network the client is in. False: none that is served. */
static bool locate(struct exchange *exchange)
{
    uint32_t selector = selector_of(exchange->message);
    size_t number = 0;

    /* A client beyond other routers speaks to us directly once it has an address. One that it has no right to, on a
     * link where that is wrong, would not have been routed here but been heard as a broadcast. */
    if (!selector && !exchange->arrival->broadcast && exchange->ciaddr &&
        dhcp_catalog_subnet(exchange->server->catalog, exchange->ciaddr))
        selector = exchange->ciaddr;
    if (selector) {
        exchange->selected = dhcp_catalog_subnet(exchange->server->catalog, selector);
        exchange->network = exchange->selected ? exchange->selected->network : 0;
    } else {
        exchange->network = exchange->arrival->network;
        exchange->selected =
            exchange->network ? dhcp_catalog_next(exchange->server->catalog, exchange->network, &number) : NULL;
    }
    return exchange->selected;
}

const struct dhcp_subnet *exchange_subnet(const struct exchange *exchange, uint32_t addr)
{
    const struct dhcp_subnet *subnet = dhcp_catalog_subnet(exchange->server->catalog, addr);

    return subnet && subnet->network == exchange->network ? subnet : NULL;
}

/* --- who --------------------------------------------------------------------------------------------------------- */

static void copy_bytes(const struct dhcp_message *message, uint8_t code, struct dhcp_bytes *to)
{
    size_t len;
    const uint8_t *value = dhcp_get_bytes(message, code, &len);

    if (!value)
        return;
    to->len = (uint8_t)(len < sizeof(to->bytes) ? len : sizeof(to->bytes));
    memcpy(to->bytes, value, to->len);
}

/* The name by which a client wants to be known in the DNS (RFC 4702 2), as text. */
static void copy_fqdn(const struct dhcp_message *message, struct dhcp_bytes *to)
{
    size_t len, at = DHCP_FQDN_NAME_AT;
    const uint8_t *value = dhcp_get_bytes(message, DHCP_OPTION_FQDN, &len);

    if (!value || len <= at)
        return;
    if (!(value[0] & DHCP_FQDN_WIRE)) {
        to->len = (uint8_t)(len - at < sizeof(to->bytes) ? len - at : sizeof(to->bytes));
        memcpy(to->bytes, value + at, to->len);
        return;
    }
    to->len = 0;
    while (at < len && value[at] && value[at] <= DHCP_LABEL_MAX && at + 1 + value[at] <= len &&
           to->len + 1u + value[at] <= sizeof(to->bytes)) {
        if (to->len)
            to->bytes[to->len++] = '.';
        memcpy(to->bytes + to->len, value + at + 1, value[at]);
        to->len = (uint8_t)(to->len + value[at]);
        at += 1u + value[at];
    }
}

/* 4.2: the identifier, if there is one, otherwise the hardware address. */
static bool identify(struct exchange *exchange)
{
    const struct dhcp_header *header = exchange->message->header;
    struct dhcp_lease *client = &exchange->client;

    client->htype = header->htype;
    client->hlen = header->hlen;
    memcpy(client->chaddr, header->chaddr, header->hlen);
    client->by_mac = exchange->selected->by_mac;
    copy_bytes(exchange->message, DHCP_OPTION_CLIENT_ID, &client->client_id);
    if (client->client_id.len < CLIENT_ID_MIN)
        client->client_id.len = 0;
    copy_bytes(exchange->message, DHCP_OPTION_HOST_NAME, &client->host_name);
    if (!client->host_name.len)
        copy_fqdn(exchange->message, &client->host_name);
    /* What nobody has forwarded, those may have made up who sent it. */
    if (header->giaddr_be || exchange->selected->trusted)
        copy_bytes(exchange->message, DHCP_OPTION_RELAY_INFO, &client->relay_info);
    if ((client->by_mac || !client->client_id.len) && !client->hlen)
        return false;
    dhcp_identify(exchange->server->key, client, &exchange->identity);
    return true;
}

static void find_reservation(struct exchange *exchange)
{
    const struct dhcp_lease *client = &exchange->client;
    struct dhcp_pattern keys[DHCP_HOST_KEY_COUNT] = {{0}};
    size_t len = 0;

    keys[DHCP_BY_CIRCUIT_ID].bytes = dhcp_lease_circuit(client, &len);
    keys[DHCP_BY_CIRCUIT_ID].len = (uint8_t)len;
    if (client->client_id.len)
        keys[DHCP_BY_CLIENT_ID] = (struct dhcp_pattern){.bytes = client->client_id.bytes, .len = client->client_id.len};
    if (client->hlen)
        keys[DHCP_BY_MAC] = (struct dhcp_pattern){.bytes = client->chaddr, .len = client->hlen};
    exchange->reservation = dhcp_catalog_of(exchange->server->catalog, exchange->network, keys);
}

/* --- of which kind ----------------------------------------------------------------------------------------------- */

static bool fits(const struct dhcp_patterns *patterns, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const struct dhcp_pattern *pattern = &patterns->all[i];
        if ((pattern->prefix ? len >= pattern->len : len == pattern->len) &&
            memcmp(bytes, pattern->bytes, pattern->len) == 0)
            return true;
    }
    return false;
}

static bool fits_option(const struct dhcp_patterns *patterns, const struct dhcp_message *message, uint8_t code)
{
    size_t len;
    const uint8_t *value = dhcp_get(message, code, &len);

    return !patterns->count || (value && fits(patterns, value, len));
}

/* RFC 3004 4: classes, each behind its length. Many clients send one without. */
static bool fits_user(const struct dhcp_patterns *patterns, const struct dhcp_message *message)
{
    size_t len, at = 0;
    const uint8_t *value = dhcp_get(message, DHCP_OPTION_USER_CLASS, &len);

    if (fits_option(patterns, message, DHCP_OPTION_USER_CLASS))
        return true;
    for (; value && at < len && at + 1 + value[at] <= len; at += 1u + value[at])
        if (fits(patterns, value + at + 1, value[at]))
            return true;
    return false;
}

static bool fits_system(const struct dhcp_class *class, const struct dhcp_message *message)
{
    size_t len = 0;
    const uint8_t *value = dhcp_get_bytes(message, DHCP_OPTION_CLIENT_SYSTEM, &len);

    for (size_t i = 0; value && i < class->system_count; i++)
        for (size_t at = 0; at + 2 <= len; at += 2)
            if ((value[at] << 8 | value[at + 1]) == class->systems[i])
                return true;
    return !class->system_count;
}

static bool is_of(const struct exchange *exchange, const struct dhcp_class *class)
{
    const struct dhcp_message *message = exchange->message;

    return fits_option(&class->vendors, message, DHCP_OPTION_VENDOR_CLASS) && fits_user(&class->users, message) &&
           (!class->macs.count || fits(&class->macs, exchange->client.chaddr, exchange->client.hlen)) &&
           fits_system(class, message);
}

static void classify(struct exchange *exchange)
{
    const struct dhcp_subnets *subnets = exchange->server->subnets;

    if (exchange->reservation)
        dhcp_scopes_add(&exchange->scopes, &exchange->reservation->scope);
    for (size_t i = 0; i < subnets->class_count; i++) {
        if (!is_of(exchange, &subnets->classes[i]))
            continue;
        exchange->classes |= UINT64_C(1) << i;
        dhcp_scopes_add(&exchange->scopes, &subnets->classes[i].scope);
    }
    exchange->narrow_count = exchange->scopes.count;
}

const struct dhcp_scopes *exchange_scopes(struct exchange *exchange, const struct dhcp_subnet *subnet)
{
    exchange->scopes.count = exchange->narrow_count;
    dhcp_scopes_add(&exchange->scopes, &subnet->scope);
    return &exchange->scopes;
}

bool exchange_begin(struct exchange *exchange, enum dhcp_outcome *why)
{
    const struct dhcp_message *message = exchange->message;
    uint32_t server_id;

    exchange->ciaddr = be32_to_cpu(message->header->ciaddr_be);
    *why = DHCP_OUTCOME_NO_SUBNET;
    if (!locate(exchange))
        return false;
    *why = DHCP_OUTCOME_NO_IDENTITY;
    if (!identify(exchange))
        return false;
    find_reservation(exchange);
    classify(exchange);
    dhcp_get_address(message, DHCP_OPTION_REQUESTED_ADDRESS, &exchange->requested);
    exchange->has_server_id = dhcp_get_address(message, DHCP_OPTION_SERVER_ID, &server_id) == 0;
    exchange->ours =
        exchange->has_server_id &&
        (server_id == dhcp_answer_server_id(exchange->arrival, message, exchange->selected) ||
         ipv4_addr_is_among(server_id, exchange->server->subnets->own, exchange->server->subnets->own_count));
    return true;
}
