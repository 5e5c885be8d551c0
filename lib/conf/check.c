/* What does not fit together, though every line by itself is right. */
#include "base/compiler.h"
#include "conf/contract.h"
#include "conf/dhcp.h"
#include "conf/guard.h"
#include "conf/measure.h"
#include "conf/model.h"
#include "conf/relay.h"
#include "conf/shape.h"
#include "net/ipv4_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An address that a host can have at an interface, in its subnet. */
static void check_host_address(const struct conf_interface *interface, const struct conf_address *address,
                               struct conf_errors *errors)
{
    struct ipv4_prefix prefix = address->prefix;
    char text[IPV4_PREFIX_TEXT_SIZE];
    const char *expected = NULL;

    if (prefix.len == 0)
        expected = "a subnet smaller than everything";
    else if (!ipv4_addr_is_host(prefix.addr))
        expected = "an address that a host can have (not 0.x, 127.x, or 224.x and above)";
    else if (ipv4_prefix_has_broadcast(prefix) && prefix.addr == ipv4_prefix_first(prefix))
        expected = "a host's address, not the network's";
    else if (ipv4_prefix_has_broadcast(prefix) && prefix.addr == ipv4_prefix_last(prefix))
        expected = "a host's address, not the subnet's broadcast address";
    if (!expected)
        return;
    ipv4_prefix_format(prefix, text);
    conf_wrong(errors, address->line, "interface %s: address '%s': expected %s", interface->name, text, expected);
}

/* An address of an interface, for the map of subnets. */
struct owner {
    const struct conf_interface *interface;
    const struct conf_address *address;
};

static void tell_overlap(const struct owner *one, const struct owner *other, struct conf_errors *errors)
{
    char text[IPV4_PREFIX_TEXT_SIZE], other_text[IPV4_PREFIX_TEXT_SIZE];

    ipv4_prefix_format(one->address->prefix, text);
    ipv4_prefix_format(other->address->prefix, other_text);
    conf_wrong(errors, one->address->line, "interface %s: address '%s' overlaps %s of %s in line %u",
               one->interface->name, text, other_text, other->interface->name, other->address->line);
}

/*
 * Subnets of different interfaces have no address in common; one interface may have several addresses of a subnet. The
 * addresses themselves are put into `own`, as /32.
 */
static int check_subnets(const struct conf *conf, struct arena *arena, struct ipv4_map *own, struct conf_errors *errors)
{
    struct ipv4_map subnets = {0};
    int error = 0;

    for (size_t i = 0; !error && i < conf->interface_count; i++) {
        const struct conf_interface *interface = &conf->interfaces[i];
        for (size_t j = 0; !error && j < interface->address_count; j++) {
            struct owner *owner = arena_get(arena, sizeof(*owner));
            if (!owner) {
                error = -ENOMEM;
                break;
            }
            *owner = (struct owner){.interface = interface, .address = &interface->addresses[j]};
            struct ipv4_prefix network = ipv4_prefix_network(owner->address->prefix), at;
            const struct owner *other = ipv4_map_cover(&subnets, network.addr, network.len, NULL);
            if (!other)
                other = ipv4_map_first(&subnets, network, &at);
            if (other && (other->interface != interface || other->address->prefix.addr == owner->address->prefix.addr))
                tell_overlap(owner, other, errors);
            else if (!ipv4_map_get(&subnets, network))
                error = ipv4_map_put(&subnets, network, owner);
            if (!error)
                error = ipv4_map_put(own, (struct ipv4_prefix){owner->address->prefix.addr, 32}, owner);
        }
    }
    ipv4_map_clear(&subnets);
    return error;
}

static void check_interfaces(const struct conf *conf, struct conf_errors *errors)
{
    if (conf->interface_count > CONF_INTERFACES_MAX)
        conf_wrong(errors, conf->interfaces[CONF_INTERFACES_MAX].line, "too many interfaces: at most %d expected",
                   CONF_INTERFACES_MAX);
    for (size_t i = 0; i < conf->interface_count && i < CONF_INTERFACES_MAX; i++) {
        const struct conf_interface *interface = &conf->interfaces[i];
        for (size_t j = 0; j < i; j++) {
            if (strcmp(conf->interfaces[j].name, interface->name) == 0) {
                conf_wrong(errors, interface->line, "interface %s is there already, in line %u", interface->name,
                           conf->interfaces[j].line);
                break;
            }
        }
        if (interface->address_count > CONF_ADDRESSES_MAX)
            conf_wrong(errors, interface->line, "interface %s: too many addresses: at most %d expected",
                       interface->name, CONF_ADDRESSES_MAX);
        for (size_t j = 0; j < interface->address_count; j++)
            check_host_address(interface, &interface->addresses[j], errors);
        conf_check_shape(interface, errors);
    }
}

/* --- routes ------------------------------------------------------------------------------------------------------- */

/* Whether the gateway can be reached, as far as the configuration itself says: an interface without addresses here has
 * those that the system gave it. */
static void check_gateway(const struct conf *conf, const struct ipv4_map *own, const struct conf_route *route,
                          const char *prefix, struct conf_errors *errors)
{
    const struct owner *owner = ipv4_map_get(own, (struct ipv4_prefix){route->via, 32});
    const struct conf_interface *out = route->interface[0] ? conf_find_interface(conf, route->interface) : NULL;
    char via[IPV4_TEXT_SIZE];

    ipv4_addr_format(route->via, via);
    if (!ipv4_addr_is_host(route->via)) {
        conf_wrong(errors, route->line, "route %s: via '%s': expected a host's address", prefix, via);
        return;
    }
    if (owner) {
        conf_wrong(errors, route->line, "route %s: via '%s' is this router itself (interface %s, line %u)", prefix, via,
                   owner->interface->name, owner->address->line);
        return;
    }
    if (out && !conf_interface_may_reach(out, route->via))
        conf_wrong(errors, route->line, "route %s: via '%s': expected an address in a subnet of interface %s", prefix,
                   via, out->name);
}

static void check_route(const struct conf *conf, const struct ipv4_map *own, const struct conf_route *route,
                        struct conf_errors *errors)
{
    static const struct ipv4_prefix reserved[] = {
        {IPV4(0, 0, 0, 0), 8}, {IPV4(127, 0, 0, 0), 8}, {IPV4(224, 0, 0, 0), 3}};
    char text[IPV4_PREFIX_TEXT_SIZE];

    ipv4_prefix_format(route->prefix, text);
    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
        if (ipv4_prefix_covers(reserved[i], route->prefix))
            conf_wrong(errors, route->line, "route %s: expected a prefix of hosts (not in 0/8, 127/8 or 224/3)", text);
    if (route->type != CONF_ROUTE_UNICAST && (route->via || route->interface[0]))
        conf_wrong(errors, route->line, "route %s: a %s route leads nowhere: expected neither via nor interface", text,
                   conf_route_type_name(route->type));
    if (route->type == CONF_ROUTE_UNICAST && !route->via && !route->interface[0])
        conf_wrong(errors, route->line, "route %s: expected via, interface or type", text);
    if (route->type == CONF_ROUTE_UNICAST && route->via)
        check_gateway(conf, own, route, text, errors);
}

static int compare(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

/* Prefix, preference, metric: what must not be the same twice; then the line. */
static int compare_routes(const void *one, const void *other)
{
    const struct conf_route *a = *(const struct conf_route *const *)one, *b = *(const struct conf_route *const *)other;
    int order = ipv4_prefix_compare(a->prefix, b->prefix);

    if (!order)
        order = compare(a->preference, b->preference);
    if (!order)
        order = compare(a->metric, b->metric);
    return order ? order : compare(a->line, b->line);
}

/* Two routes to one prefix need an order. */
static int check_order(const struct conf *conf, struct conf_errors *errors)
{
    const struct conf_route **sorted = calloc(conf->route_count + 1, sizeof(struct conf_route *));
    char text[IPV4_PREFIX_TEXT_SIZE];

    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < conf->route_count; i++)
        sorted[i] = &conf->routes[i];
    qsort(sorted, conf->route_count, sizeof(struct conf_route *), compare_routes);
    for (size_t i = 1; i < conf->route_count; i++) {
        const struct conf_route *a = sorted[i - 1], *b = sorted[i];
        if (!ipv4_prefix_equal(a->prefix, b->prefix) || a->preference != b->preference || a->metric != b->metric)
            continue;
        ipv4_prefix_format(b->prefix, text);
        conf_wrong(errors, b->line, "route %s is there already, in line %u: expected another metric or preference",
                   text, a->line);
    }
    free(sorted);
    return 0;
}

int conf_check(const struct conf *conf, struct conf_errors *errors)
{
    struct arena arena = {0};
    struct ipv4_map own = {0};

    check_interfaces(conf, errors);
    int error = check_subnets(conf, &arena, &own, errors);
    if (conf->route_count > CONF_ROUTES_MAX)
        conf_wrong(errors, conf->routes[CONF_ROUTES_MAX].line, "too many routes: at most %d expected", CONF_ROUTES_MAX);
    for (size_t i = 0; i < conf->route_count; i++)
        check_route(conf, &own, &conf->routes[i], errors);
    if (!error)
        error = check_order(conf, errors);
    if (!error)
        error = conf_check_dhcp(conf, errors);
    if (!error)
        error = conf_check_guards(conf, errors);
    conf_check_relays(conf, errors);
    conf_check_measurements(conf, errors);
    if (!error)
        error = conf_check_contracts(conf, errors);
    ipv4_map_clear(&own);
    arena_clear(&arena);
    return error;
}
