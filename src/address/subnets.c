#include "address/subnets.h"

#include "base/bytes.h"
#include "base/compiler.h"
#include "log/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFER_S      10
#define QUARANTINE_S 86400

struct make {
    struct subnets *subnets;
    const struct sockets *sockets;
    struct dhcp_subnet *all;
    size_t count;
    FILE *said;
    bool no_memory;
};

static void *append(struct make *make, void *array, size_t *count, size_t bytes)
{
    void *added = arena_append(&make->subnets->arena, array, count, bytes);

    make->no_memory |= !added;
    return added;
}

/* The lowest of our own addresses in a range. False: none. */
static bool find_own(const struct sockets *sockets, uint32_t first, uint32_t last, uint32_t *addr)
{
    bool found = false;

    for (size_t i = 0; i < sockets->address_count; i++) {
        uint32_t own = sockets->addresses[i].address.addr;
        if (!sockets->addresses[i].has_address || own < first || own > last || (found && own >= *addr))
            continue;
        *addr = own;
        found = true;
    }
    return found;
}

/* What of a range clients of this subnet may have: not its first and last address, not our own. */
static bool add_range(struct make *make, struct ipv4_prefix subnet, const struct conf_range *range,
                      struct dhcp_range **ranges, size_t *count)
{
    uint64_t first = range->first, last = range->last;
    uint32_t own = 0;

    if (first < ipv4_prefix_first_host(subnet))
        first = ipv4_prefix_first_host(subnet);
    if (last > ipv4_prefix_last_host(subnet))
        last = ipv4_prefix_last_host(subnet);
    bool any = first <= last;
    while (first <= last) {
        bool split = find_own(make->sockets, (uint32_t)first, (uint32_t)last, &own);
        uint64_t end = split ? (uint64_t)own - 1 : last;
        if (!split || own > first) {
            struct dhcp_range *added = append(make, ranges, count, sizeof(**ranges));
            if (!added)
                return any;
            *added = (struct dhcp_range){(uint32_t)first, (uint32_t)end};
        }
        first = split ? (uint64_t)own + 1 : last + 1;
    }
    return any;
}

static void add_options(struct make *make, const struct conf_dhcp *dhcp, struct dhcp_subnet *subnet)
{
    struct dhcp_option_value *options = NULL;
    struct arena *arena = &make->subnets->arena;

    for (size_t i = 0; i < dhcp->option_count; i++) {
        const struct conf_option *from = &dhcp->options[i];
        struct dhcp_option_value *option = append(make, &options, &subnet->option_count, sizeof(*options));
        if (!option)
            return;
        *option = (struct dhcp_option_value){from->option->code, (uint16_t)from->len, from->bytes};
        if (from->option->code == DHCP_OPTION_BOOT_FILE_NAME && from->len < DHCP_FILE_SIZE)
            subnet->boot_file = arena_text(arena, (const char *)from->bytes, from->len);
    }
    if (!dhcp->has_routers && subnet->server_addr) {
        struct dhcp_option_value *option = append(make, &options, &subnet->option_count, sizeof(*options));
        uint32_t *addr_be = arena_get(arena, sizeof(*addr_be));
        if (!option || !addr_be) {
            make->no_memory = true;
            return;
        }
        *addr_be = cpu_to_be32(subnet->server_addr);
        *option = (struct dhcp_option_value){DHCP_OPTION_ROUTERS, sizeof(*addr_be), (const uint8_t *)addr_be};
    }
    subnet->options = options;
}

/* Whether something of the prefix is another subnet's already. */
static bool is_taken(const struct make *make, struct ipv4_prefix prefix)
{
    for (size_t i = 0; i < make->count; i++)
        if (ipv4_prefix_covers(make->all[i].prefix, prefix) || ipv4_prefix_covers(prefix, make->all[i].prefix))
            return true;
    return false;
}

/* One subnet of an interface. `served` notes which ranges have addresses in it. */
static void add_subnet(struct make *make, const struct conf_dhcp *dhcp, uint32_t network, struct ipv4_prefix address,
                       bool *served)
{
    struct ipv4_prefix prefix = ipv4_prefix_network(address);

    if (is_taken(make, prefix)) /* another address in the same subnet, or of an interface with the same subnet */
        return;
    struct dhcp_subnet subnet = {.prefix = prefix,
                                 .network = network,
                                 .server_addr = address.addr,
                                 .lease_s = dhcp->lease_s,
                                 .lease_min_s = dhcp->lease_min_s,
                                 .lease_max_s = dhcp->lease_max_s,
                                 .next_server = dhcp->next_server,
                                 .authoritative = dhcp->authoritative,
                                 .bootp = dhcp->bootp,
                                 .by_mac = dhcp->by_mac};
    struct dhcp_range *ranges = NULL;
    for (size_t i = 0; i < dhcp->range_count; i++)
        if (ipv4_prefix_contains(prefix, dhcp->ranges[i].first) && ipv4_prefix_contains(prefix, dhcp->ranges[i].last))
            served[i] |= add_range(make, prefix, &dhcp->ranges[i], &ranges, &subnet.range_count);
    subnet.ranges = ranges;
    add_options(make, dhcp, &subnet);
    struct dhcp_subnet *added = append(make, &make->all, &make->count, sizeof(*make->all));
    if (added)
        *added = subnet;
}

static void say(const struct make *make, const char *interface, const struct conf_range *range, bool served)
{
    char first[IPV4_TEXT_SIZE], last[IPV4_TEXT_SIZE];

    ipv4_addr_format(range->first, first);
    ipv4_addr_format(range->last, last);
    fprintf(make->said, "%s: DHCP: %s%s-%s\n", interface, served ? "" : "no subnet of this interface holds the pool ",
            first, last);
}

static void add_interface(struct make *make, const struct conf_interface *interface)
{
    const struct conf_dhcp *dhcp = interface->dhcp;
    unsigned port = sockets_find(make->sockets, interface->name);
    bool served[CONF_RANGES_MAX] = {false};

    if (!port)
        return; /* the interface is not there */
    for (size_t i = 0; i < make->sockets->address_count; i++)
        if (make->sockets->addresses[i].has_address &&
            make->sockets->addresses[i].ifindex == make->sockets->ports[port].ifindex)
            add_subnet(make, dhcp, port, make->sockets->addresses[i].address, served);
    for (size_t i = 0; i < dhcp->range_count; i++)
        say(make, interface->name, &dhcp->ranges[i], served[i]);
}

static void add_own(struct make *make)
{
    uint32_t *own = NULL;
    size_t count = 0;

    for (size_t i = 0; i < make->sockets->address_count; i++) {
        if (!make->sockets->addresses[i].has_address)
            continue;
        uint32_t *added = append(make, &own, &count, sizeof(*own));
        if (added)
            *added = make->sockets->addresses[i].address.addr;
    }
    make->subnets->list.own = own;
    make->subnets->list.own_count = count;
}

struct subnets *subnets_make(const struct conf *conf, const struct sockets *sockets)
{
    struct make make = {.subnets = calloc(1, sizeof(*make.subnets)), .sockets = sockets};

    size_t said_len;

    if (!make.subnets)
        return NULL;
    make.said = open_memstream(&make.subnets->said, &said_len);
    if (!make.said)
        return subnets_free(make.subnets);
    for (size_t i = 0; i < conf->interface_count; i++)
        if (conf->interfaces[i].dhcp)
            add_interface(&make, &conf->interfaces[i]);
    make.subnets->list.all = make.all;
    make.subnets->list.count = make.count;
    make.subnets->list.offer_s = OFFER_S;
    make.subnets->list.quarantine_s = QUARANTINE_S;
    add_own(&make);
    make.no_memory |= fclose(make.said) != 0;
    return make.no_memory ? subnets_free(make.subnets) : make.subnets;
}

void subnets_tell(const struct subnets *subnets, const struct subnets *before)
{
    if (before && strcmp(before->said, subnets->said) == 0)
        return;
    for (const char *line = subnets->said; *line; line += strcspn(line, "\n") + 1)
        log_info("%.*s", (int)strcspn(line, "\n"), line);
}

struct subnets *subnets_free(struct subnets *subnets)
{
    if (subnets) {
        arena_clear(&subnets->arena);
        free(subnets->said);
    }
    free(subnets);
    return NULL;
}
