/* ip -j route: a router's table. A prefix that is attached is a subnet, with an address of our own; what is discarded
 * is an aggregate's, so a block; and others are what they look like. */
#include "interchange/inside.h"

#include <string.h>

static bool is_discarded(const char *type)
{
    return strcmp(type, "blackhole") == 0 || strcmp(type, "unreachable") == 0 || strcmp(type, "prohibit") == 0;
}

static void read_route(struct reading *reading, const json_t *route)
{
    const char *dst = reading_member(route, "dst"), *type = reading_member(route, "type"),
               *source = reading_member(route, "prefsrc");
    bool attached = strcmp(reading_member(route, "scope"), "link") == 0, discarded = is_discarded(type);
    struct ipv4_prefix prefix;
    uint32_t addr;

    if (strcmp(dst, "default") == 0 || (*type && !discarded && strcmp(type, "unicast") != 0))
        return; /* local and broadcast addresses, for example */
    if (!reading_prefix(reading, dst, &prefix) || !prefix.len)
        return;
    struct interchange_node *node = reading_add(reading, ipv4_range_of(ipv4_prefix_network(prefix)));
    if (!node)
        return;
    if (discarded)
        reading_kind(node, PLAN_BLOCK);
    if (!attached || prefix.len == 32)
        return;
    reading_kind(node, PLAN_SUBNET);
    if (*source && reading_address(reading, source, &addr) && ipv4_prefix_contains(prefix, addr) &&
        (node = reading_add(reading, (struct ipv4_range){addr, addr})))
        reading_kind(node, PLAN_HOST);
}

int read_routes(struct reading *reading, const json_t *routes)
{
    reading->place.list = "routes";
    reading->known |= json_is_array(routes);
    for (size_t i = 0; i < json_array_size(routes); i++) {
        reading->place.number = (unsigned)i;
        read_route(reading, json_array_get(routes, i));
    }
    return 0;
}
