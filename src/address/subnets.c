#include "address/subnets.h"

#include "base/bytes.h"
#include "base/compiler.h"
#include "log/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct make {
    struct subnets *subnets;
    const struct sockets *sockets;
    const struct conf *conf;
    struct dhcp_subnet *all;
    size_t count, attached; /* the first of them are attached here */
    struct dhcp_reservation *reservations;
    size_t reservation_count;
    FILE *said;
    bool no_memory;
};

static void *append(struct make *make, void *array, size_t *count, size_t bytes)
{
    void *added = arena_append(&make->subnets->arena, array, count, bytes);

    make->no_memory |= !added;
    return added;
}

static void *get(struct make *make, size_t bytes)
{
    void *piece = arena_get(&make->subnets->arena, bytes);

    make->no_memory |= !piece;
    return piece;
}

/* --- pools ------------------------------------------------------------------------------------------------------- */

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
            *added = (struct dhcp_range){(uint32_t)first, (uint32_t)end, range->class_bits};
        }
        first = split ? (uint64_t)own + 1 : last + 1;
    }
    return any;
}

/* --- what clients are told --------------------------------------------------------------------------------------- */

/* Parts of an option behind each other, each behind its number and length (RFC 2132 8.4). */
static void join_parts(struct make *make, const struct conf_scope *scope, uint8_t code,
                       struct dhcp_option_value *option)
{
    size_t len = 0, at = 0;

    for (size_t i = 0; i < scope->option_count; i++)
        if (scope->options[i].code == code && scope->options[i].text_count)
            len += 2 + scope->options[i].len;
    uint8_t *bytes = get(make, len + 1);
    for (size_t i = 0; bytes && i < scope->option_count; i++) {
        const struct conf_option *part = &scope->options[i];
        if (part->code != code || !part->text_count)
            continue;
        bytes[at++] = part->sub;
        bytes[at++] = (uint8_t)part->len;
        if (part->len)
            memcpy(bytes + at, part->bytes, part->len);
        at += part->len;
    }
    *option = (struct dhcp_option_value){code, (uint16_t)len, bytes};
}

static bool has_option(const struct dhcp_option_value *options, size_t count, uint8_t code)
{
    for (size_t i = 0; i < count; i++)
        if (options[i].code == code)
            return true;
    return false;
}

/* server_addr: of the router that clients have if nothing else is said; 0: none. */
static struct dhcp_scope make_scope(struct make *make, const struct conf_scope *from, uint32_t server_addr)
{
    struct dhcp_scope scope = {.lease_s = from->lease_s,
                               .lease_min_s = from->lease_min_s,
                               .lease_max_s = from->lease_max_s,
                               .next_server = from->next_server,
                               .always_count = from->always_count};
    struct dhcp_option_value *options = NULL;
    uint8_t *always = get(make, from->always_count + 1);

    for (size_t i = 0; i < from->option_count; i++) {
        const struct conf_option *option = &from->options[i];
        if (has_option(options, scope.option_count, option->code)) /* of a part that came before */
            continue;
        struct dhcp_option_value *added = append(make, &options, &scope.option_count, sizeof(*options));
        if (!added)
            break;
        if (option->sub)
            join_parts(make, from, option->code, added);
        else
            *added = (struct dhcp_option_value){option->code, (uint16_t)option->len,
                                                option->text_count ? option->bytes : NULL};
    }
    if (server_addr && !has_option(options, scope.option_count, DHCP_OPTION_ROUTERS)) {
        struct dhcp_option_value *added = append(make, &options, &scope.option_count, sizeof(*options));
        uint32_t *addr_be = get(make, sizeof(*addr_be));
        if (added && addr_be) {
            *addr_be = cpu_to_be32(server_addr);
            *added = (struct dhcp_option_value){DHCP_OPTION_ROUTERS, sizeof(*addr_be), (const uint8_t *)addr_be};
        }
    }
    for (size_t i = 0; always && i < from->always_count; i++)
        always[i] = from->always[i].code;
    scope.options = options;
    scope.always = always;
    return scope;
}

static void add_classes(struct make *make)
{
    const struct conf_dhcp_general *general = &make->conf->dhcp;
    struct dhcp_class *classes = get(make, (general->class_count + 1) * sizeof(*classes));

    for (size_t i = 0; classes && i < general->class_count; i++) {
        const struct conf_class *from = &general->classes[i];
        classes[i] = (struct dhcp_class){.vendors = {from->vendors, from->vendor_count},
                                         .users = {from->users, from->user_count},
                                         .macs = {from->macs, from->mac_count},
                                         .systems = from->systems,
                                         .system_count = from->system_count,
                                         .scope = make_scope(make, &from->scope, 0)};
    }
    make->subnets->list.classes = classes;
    make->subnets->list.class_count = general->class_count;
}

/* network: where they hold; 0: everywhere. */
static void add_reservations(struct make *make, const struct conf_dhcp *dhcp, uint32_t network)
{
    for (size_t i = 0; i < dhcp->reservation_count; i++) {
        const struct conf_reservation *from = &dhcp->reservations[i];
        struct dhcp_reservation *added =
            append(make, &make->reservations, &make->reservation_count, sizeof(*make->reservations));
        if (!added)
            return;
        *added = (struct dhcp_reservation){
            .addr = from->addr, .network = network, .scope = make_scope(make, &from->scope, 0)};
        memcpy(added->keys, from->keys, sizeof(added->keys));
    }
}

/* --- subnets ----------------------------------------------------------------------------------------------------- */

/* Whether something of the prefix is that of an attached subnet. */
static bool is_attached(const struct make *make, struct ipv4_prefix prefix)
{
    for (size_t i = 0; i < make->attached; i++)
        if (ipv4_prefix_covers(make->all[i].prefix, prefix) || ipv4_prefix_covers(prefix, make->all[i].prefix))
            return true;
    return false;
}

/* The ranges of a subnet. `served` notes which of them have addresses in it; NULL: that is not asked. */
static void add_ranges(struct make *make, const struct conf_dhcp *dhcp, struct dhcp_subnet *subnet, bool *served)
{
    struct dhcp_range *ranges = NULL;
    struct ipv4_prefix prefix = subnet->prefix;

    for (size_t i = 0; i < dhcp->range_count; i++) {
        const struct conf_range *range = &dhcp->ranges[i];
        bool any = ipv4_prefix_contains(prefix, range->first) && ipv4_prefix_contains(prefix, range->last) &&
                   add_range(make, prefix, range, &ranges, &subnet->range_count);
        if (served)
            served[i] |= any;
    }
    subnet->ranges = ranges;
}

/* server_addr: our own there; 0: none. */
static void add_subnet(struct make *make, const struct conf_dhcp *dhcp, uint32_t network, struct ipv4_prefix prefix,
                       uint32_t server_addr, bool *served)
{
    struct dhcp_subnet subnet = {.prefix = prefix,
                                 .network = network,
                                 .server_addr = server_addr,
                                 .authoritative = dhcp->authoritative,
                                 .bootp = dhcp->bootp,
                                 .by_mac = dhcp->by_mac,
                                 .probe = dhcp->probe,
                                 .rapid = dhcp->rapid,
                                 .trusted = dhcp->trusted,
                                 .per_circuit = dhcp->per_circuit,
                                 .per_mac = dhcp->per_mac};

    add_ranges(make, dhcp, &subnet, served);
    subnet.scope = make_scope(make, &dhcp->scope, server_addr);
    struct dhcp_subnet *added = append(make, &make->all, &make->count, sizeof(*make->all));
    if (added)
        *added = subnet;
}

static void say(const struct make *make, const char *where, const struct conf_dhcp *dhcp, const bool *served)
{
    char first[IPV4_TEXT_SIZE], last[IPV4_TEXT_SIZE];

    for (size_t i = 0; i < dhcp->range_count; i++) {
        ipv4_addr_format(dhcp->ranges[i].first, first);
        ipv4_addr_format(dhcp->ranges[i].last, last);
        fprintf(make->said, "%s: DHCP: %s%s-%s\n", where,
                served[i] ? "" : "no subnet of this interface holds the pool ", first, last);
    }
}

/* --- of interfaces ----------------------------------------------------------------------------------------------- */

/* What is said of this subnet alone, or of the interface. */
static const struct conf_dhcp *dhcp_of(const struct conf_dhcp *dhcp, struct ipv4_prefix prefix)
{
    for (size_t i = 0; i < dhcp->subnet_count; i++)
        if (ipv4_prefix_equal(dhcp->subnets[i].prefix, prefix))
            return &dhcp->subnets[i];
    return dhcp;
}

/* An interface without anything to give is one by which relays ask. */
static bool gives(const struct conf *conf, const struct conf_dhcp *dhcp)
{
    return dhcp->range_count || dhcp->reservation_count || dhcp->subnet_count || conf->dhcp.all.reservation_count;
}

static void add_interface(struct make *make, const struct conf_interface *interface)
{
    const struct conf_dhcp *dhcp = interface->dhcp;
    unsigned port = sockets_find(make->sockets, interface->name);
    bool *served = get(make, dhcp->range_count + 1);

    if (!port || !served || !gives(make->conf, dhcp))
        return; /* the interface is not there, or has nothing */
    for (size_t i = 0; i < make->sockets->address_count; i++) {
        const struct query_address *record = &make->sockets->addresses[i];
        if (!record->has_address || record->ifindex != make->sockets->ports[port].ifindex)
            continue;
        struct ipv4_prefix prefix = ipv4_prefix_network(record->address);
        const struct conf_dhcp *its = dhcp_of(dhcp, prefix);
        if (is_attached(make, prefix)) /* by another address in it, or at another interface */
            continue;
        add_subnet(make, its, port, prefix, record->address.addr, its == dhcp ? served : NULL);
        make->attached = make->count;
    }
    add_reservations(make, dhcp, port);
    for (size_t i = 0; i < dhcp->subnet_count; i++)
        add_reservations(make, &dhcp->subnets[i], port);
    say(make, interface->name, dhcp, served);
}

/* --- behind relays ----------------------------------------------------------------------------------------------- */

static int compare_networks(const void *one, const void *other)
{
    const struct conf_dhcp *a = *(const struct conf_dhcp *const *)one, *b = *(const struct conf_dhcp *const *)other;
    int order = strcmp(a->network, b->network);

    return order ? order : (a > b) - (a < b);
}

/* Subnets of the same network behind each other, each in the order in which they were written. */
static const struct conf_dhcp **by_network(struct make *make, const struct conf_dhcp *general)
{
    const struct conf_dhcp **sorted = get(make, (general->subnet_count + 1) * sizeof(const struct conf_dhcp *));

    for (size_t i = 0; sorted && i < general->subnet_count; i++)
        sorted[i] = &general->subnets[i];
    if (sorted)
        qsort(sorted, general->subnet_count, sizeof(const struct conf_dhcp *), compare_networks);
    return sorted;
}

static void add_relayed(struct make *make)
{
    const struct conf_dhcp *general = &make->conf->dhcp.all, **sorted = by_network(make, general);
    struct subnets *subnets = make->subnets;
    char text[IPV4_PREFIX_TEXT_SIZE];

    for (size_t i = 0; sorted && i < general->subnet_count; i++) {
        const struct conf_dhcp *subnet = sorted[i];
        if (!i || !subnet->network[0] || strcmp(subnet->network, sorted[i - 1]->network) != 0) {
            const char **name = append(make, &subnets->names, &subnets->name_count, sizeof(*subnets->names));
            if (!name)
                return;
            *name = subnet->network;
        }
        uint32_t network = (uint32_t)(SOCKETS_PORTS + subnets->name_count - 1);
        ipv4_prefix_format(subnet->prefix, text);
        if (is_attached(make, subnet->prefix)) {
            fprintf(make->said, "DHCP: subnet %s is attached here, and not served to relays\n", text);
            continue;
        }
        add_subnet(make, subnet, network, subnet->prefix, 0, NULL);
        add_reservations(make, subnet, network);
    }
    if (general->subnet_count)
        fprintf(make->said, "DHCP: %zu subnet%s behind relays\n", general->subnet_count,
                general->subnet_count == 1 ? "" : "s");
}

/* --- reservations that people made ------------------------------------------------------------------------------- */

/* One of the configuration's that stands in its way: of the same address, or for the same host in that network. NULL.
 */
static const struct dhcp_reservation *find_rival(const struct make *make, size_t count, uint32_t network,
                                                 const struct store_reservation *kept)
{
    for (size_t i = 0; i < count; i++) {
        const struct dhcp_reservation *one = &make->reservations[i];
        const struct dhcp_pattern *mac = &one->keys[DHCP_BY_MAC];
        if (one->addr == kept->addr ||
            (mac->bytes && mac->len == ETH_ADDR_SIZE && eth_addr_equal(mac->bytes, kept->mac) &&
             (!one->network || one->network == network)))
            return one;
    }
    return NULL;
}

static const struct dhcp_subnet *find_subnet(const struct make *make, uint32_t addr)
{
    for (size_t i = 0; i < make->count; i++)
        if (ipv4_prefix_contains(make->all[i].prefix, addr))
            return &make->all[i];
    return NULL;
}

static void add_kept(struct make *make, const struct kept_reservations *kept)
{
    size_t configured = make->reservation_count;
    char text[IPV4_TEXT_SIZE];

    for (size_t i = 0; i < kept->count; i++) {
        const struct store_reservation *from = &kept->all[i];
        const struct dhcp_subnet *subnet = find_subnet(make, from->addr);
        if (!subnet)
            continue; /* it is not served now */
        if (find_rival(make, configured, subnet->network, from)) {
            ipv4_addr_format(from->addr, text);
            fprintf(make->said, "DHCP: that %s is reserved by hand does not count: the configuration says otherwise\n",
                    text);
            continue;
        }
        struct dhcp_reservation *added =
            append(make, &make->reservations, &make->reservation_count, sizeof(*make->reservations));
        uint8_t *mac = get(make, ETH_ADDR_SIZE);
        if (!added || !mac)
            return;
        memcpy(mac, from->mac, ETH_ADDR_SIZE);
        *added = (struct dhcp_reservation){.addr = from->addr, .network = subnet->network};
        added->keys[DHCP_BY_MAC] = (struct dhcp_pattern){mac, ETH_ADDR_SIZE, false};
    }
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

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

struct subnets *subnets_make(const struct conf *conf, const struct sockets *sockets,
                             const struct kept_reservations *kept)
{
    struct make make = {.conf = conf, .subnets = calloc(1, sizeof(*make.subnets)), .sockets = sockets};
    size_t said_len;

    if (!make.subnets)
        return NULL;
    make.said = open_memstream(&make.subnets->said, &said_len);
    if (!make.said)
        return subnets_free(make.subnets);
    add_classes(&make);
    for (size_t i = 0; i < conf->interface_count; i++)
        if (conf->interfaces[i].dhcp)
            add_interface(&make, &conf->interfaces[i]);
    add_relayed(&make);
    add_reservations(&make, &conf->dhcp.all, 0);
    add_kept(&make, kept);
    add_own(&make);
    make.no_memory |= fclose(make.said) != 0;
    if (make.no_memory)
        return subnets_free(make.subnets);
    struct dhcp_subnets *list = &make.subnets->list;
    list->all = make.all;
    list->count = make.count;
    list->reservations = make.reservations;
    list->reservation_count = make.reservation_count;
    list->relays = conf->dhcp.relays;
    list->relay_count = conf->dhcp.relay_count;
    list->offer_s = conf->dhcp.offer_s;
    list->quarantine_s = conf->dhcp.quarantine_s;
    return make.subnets;
}

const char *subnets_name(const struct subnets *subnets, const struct sockets *sockets, uint32_t network)
{
    if (network < SOCKETS_PORTS)
        return sockets->ports[network].name;
    return network - SOCKETS_PORTS < subnets->name_count ? subnets->names[network - SOCKETS_PORTS] : "";
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
