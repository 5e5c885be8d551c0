#include "conf/guard.h"

#include "base/compiler.h"
#include "conf/bytes.h"
#include "net/ipv4_map.h"

#include <string.h>

static const uint8_t no_mac[ETH_ADDR_SIZE];

/* --- reading ------------------------------------------------------------------------------------------------------ */

void conf_read_guard(struct build *build, void *interface, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf_interface *)interface)->source_guard);
}

static void *begin_host(struct build *build, void *within, const struct conf_node *node)
{
    struct conf_interface *interface = within;
    struct text_error err;
    uint32_t addr;

    if (ipv4_addr_parse(node->label, strlen(node->label), &addr, &err)) {
        conf_wrong(build->errors, node->line, "host '%s': character %zu: expected %s", node->label, err.at + 1,
                   err.expected);
        return NULL;
    }
    struct conf_host *host = conf_append(build, &interface->hosts, &interface->host_count, sizeof(*interface->hosts));
    if (host)
        *host = (struct conf_host){.addr = addr, .line = node->line};
    return host;
}

static void read_mac(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_host *host = thing;
    uint8_t mac[ETH_ADDR_SIZE];
    struct text_error err;
    size_t len = 0;

    if (dhcp_option_encode(DHCP_TYPE_BYTES, value->text, mac, sizeof(mac), &len, &err) || len != sizeof(mac) ||
        eth_addr_is_multicast(mac) || eth_addr_equal(mac, no_mac))
        conf_wrong(build->errors, value->line, "%s: '%s': expected a host's hardware address, as \"02:00:5e:10:00:01\"",
                   node->key, value->text);
    else
        memcpy(host->mac, mac, sizeof(mac));
}

static const struct setting host_settings[] = {
    {"mac", read_mac, false},
};

const struct block conf_host_block = {.key = "host",
                                      .label = "the host's address",
                                      .begin = begin_host,
                                      .settings = host_settings,
                                      .setting_count = ARRAY_SIZE(host_settings)};

/* --- checking ----------------------------------------------------------------------------------------------------- */

static const struct conf_range *find_range(const struct conf_dhcp *dhcp, uint32_t addr)
{
    for (size_t i = 0; dhcp && i < dhcp->range_count; i++)
        if (addr >= dhcp->ranges[i].first && addr <= dhcp->ranges[i].last)
            return &dhcp->ranges[i];
    return NULL;
}

static void check_host(const struct conf *conf, const struct conf_interface *interface, const struct conf_host *host,
                       struct conf_errors *errors)
{
    const struct conf_range *range = find_range(interface->dhcp, host->addr);
    const struct conf_interface *owner = conf_find_owner(conf, host->addr);
    char text[IPV4_TEXT_SIZE];

    ipv4_addr_format(host->addr, text);
    if (eth_addr_equal(host->mac, no_mac))
        conf_wrong(errors, host->line, "host %s: expected mac, as mac = \"02:00:5e:10:00:01\"", text);
    if (owner)
        conf_wrong(errors, host->line, "host %s: is this router itself (interface %s)", text, owner->name);
    else if (!conf_interface_may_reach(interface, host->addr))
        conf_wrong(errors, host->line, "host %s: expected an address in a subnet of interface %s", text,
                   interface->name);
    if (range)
        conf_wrong(errors, host->line,
                   "host %s: is in the pool in line %u: expected an address outside, or a reservation", text,
                   range->line);
}

int conf_check_guards(const struct conf *conf, struct conf_errors *errors)
{
    struct ipv4_map hosts = {0};
    char text[IPV4_TEXT_SIZE];
    size_t count = 0;
    int error = 0;

    for (size_t i = 0; !error && i < conf->interface_count; i++) {
        const struct conf_interface *interface = &conf->interfaces[i];
        count += interface->host_count;
        if (interface->source_guard && !interface->dhcp && !interface->host_count)
            conf_wrong(errors, interface->line,
                       "interface %s: source-guard would drop everything: expected dhcp or host%s", interface->name,
                       interface->relay ? " (leases of other servers are not known here)" : "");
        for (size_t j = 0; !error && j < interface->host_count; j++) {
            const struct conf_host *host = &interface->hosts[j], *other;
            struct ipv4_prefix at = {host->addr, 32};
            check_host(conf, interface, host, errors);
            if ((other = ipv4_map_get(&hosts, at))) {
                ipv4_addr_format(host->addr, text);
                conf_wrong(errors, host->line, "host %s is there already, in line %u", text, other->line);
            } else {
                error = ipv4_map_put(&hosts, at, (void *)host);
            }
        }
    }
    if (count > CONF_HOSTS_MAX)
        conf_wrong(errors, 0, "too many hosts: at most %d expected", CONF_HOSTS_MAX);
    ipv4_map_clear(&hosts);
    return error;
}

/* --- printing ----------------------------------------------------------------------------------------------------- */

void conf_print_guard(const struct conf_interface *interface, FILE *stream)
{
    char text[IPV4_TEXT_SIZE];

    conf_print_flag(stream, 1, "source-guard", interface->source_guard);
    for (size_t i = 0; i < interface->host_count; i++) {
        const struct conf_host *host = &interface->hosts[i];
        const struct dhcp_pattern mac = {host->mac, ETH_ADDR_SIZE, false};
        ipv4_addr_format(host->addr, text);
        fprintf(stream, "    host \"%s\" {\n", text);
        conf_print_hex(stream, 2, "mac", &mac, "", ":");
        fputs("    }\n", stream);
    }
}
