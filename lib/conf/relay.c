#include "conf/relay.h"

#include "base/compiler.h"
#include "conf/bytes.h"
#include "dhcp/message.h"

#include <string.h>

static void *begin_relay(struct build *build, void *within, const struct conf_node *node)
{
    struct conf_interface *interface = within;
    struct conf_relay *relay = arena_get(&build->memory->arena, sizeof(*relay));

    build->no_memory |= !relay;
    if (relay)
        *relay = (struct conf_relay){.hops = DHCP_HOPS_MAX, .line = node->line};
    interface->relay = relay;
    return relay;
}

static void read_server(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_relay *relay = thing;
    uint32_t addr, *added;

    if (conf_read_host(build, node, value, &addr) &&
        (added = conf_append(build, &relay->servers, &relay->server_count, sizeof(*relay->servers))))
        *added = addr;
}

static void read_giaddr(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_address(build, node, value, &((struct conf_relay *)thing)->giaddr);
}

static void read_option_82(struct build *build, void *thing, const struct conf_node *node,
                           const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf_relay *)thing)->option_82);
}

static void read_trusted(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf_relay *)thing)->trusted);
}

static void read_override(struct build *build, void *thing, const struct conf_node *node,
                          const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf_relay *)thing)->server_override);
}

static void read_circuit_id(struct build *build, void *thing, const struct conf_node *node,
                            const struct conf_value *value)
{
    conf_read_bytes(build, node, value, &((struct conf_relay *)thing)->circuit_id);
}

static void read_remote_id(struct build *build, void *thing, const struct conf_node *node,
                           const struct conf_value *value)
{
    conf_read_bytes(build, node, value, &((struct conf_relay *)thing)->remote_id);
}

static void read_hops(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    static_assert(DHCP_HOPS_MAX == 16, "the text says so");
    uint32_t number;

    if (conf_read_number(build, node, value, 0, DHCP_HOPS_MAX, "a number from 0 to 16", &number))
        ((struct conf_relay *)thing)->hops = (uint8_t)number;
}

static const struct setting relay_settings[] = {
    {"server", read_server, true},
    {"giaddr", read_giaddr, false},
    {"option-82", read_option_82, false},
    {"circuit-id", read_circuit_id, false},
    {"remote-id", read_remote_id, false},
    {"server-override", read_override, false},
    {"trust-option-82", read_trusted, false},
    {"hops", read_hops, false},
};

const struct block conf_relay_block = {.key = "relay",
                                       .once = true,
                                       .begin = begin_relay,
                                       .settings = relay_settings,
                                       .setting_count = ARRAY_SIZE(relay_settings)};

/* --- checking ----------------------------------------------------------------------------------------------------- */

void conf_check_relays(const struct conf *conf, struct conf_errors *errors)
{
    char text[IPV4_TEXT_SIZE];

    for (size_t i = 0; i < conf->interface_count; i++) {
        const struct conf_interface *interface = &conf->interfaces[i];
        const struct conf_relay *relay = interface->relay;
        if (!relay)
            continue;
        if (interface->dhcp)
            conf_wrong(errors, relay->line, "interface %s: expected dhcp or relay, not both", interface->name);
        if (!relay->server_count)
            conf_wrong(errors, relay->line, "relay: expected a server, as server = \"192.0.2.1\"");
        if (relay->server_count > CONF_SERVERS_MAX)
            conf_wrong(errors, relay->line, "relay: too many servers: at most %d expected", CONF_SERVERS_MAX);
        if (relay->circuit_id.len + relay->remote_id.len > CONF_RELAY_IDS_MAX)
            conf_wrong(errors, relay->line, "relay: expected circuit-id and remote-id of at most %d bytes together",
                       CONF_RELAY_IDS_MAX);
        for (size_t j = 0; j < relay->server_count; j++) {
            const struct conf_interface *owner = conf_find_owner(conf, relay->servers[j]);
            ipv4_addr_format(relay->servers[j], text);
            if (owner)
                conf_wrong(errors, relay->line, "relay: server '%s' is this router itself (interface %s)", text,
                           owner->name);
        }
    }
}

/* --- printing ----------------------------------------------------------------------------------------------------- */

void conf_print_relay(const struct conf_relay *relay, FILE *stream)
{
    fputs("    relay {\n", stream);
    for (size_t i = 0; i < relay->server_count; i++)
        conf_print_address(stream, 2, "server", relay->servers[i]);
    conf_print_address(stream, 2, "giaddr", relay->giaddr);
    conf_print_flag(stream, 2, "option-82", relay->option_82);
    if (relay->circuit_id.bytes)
        conf_print_bytes(stream, 2, "circuit-id", &relay->circuit_id);
    if (relay->remote_id.bytes)
        conf_print_bytes(stream, 2, "remote-id", &relay->remote_id);
    conf_print_flag(stream, 2, "server-override", relay->server_override);
    conf_print_flag(stream, 2, "trust-option-82", relay->trusted);
    fprintf(stream, "        hops = %u\n    }\n", relay->hops);
}
