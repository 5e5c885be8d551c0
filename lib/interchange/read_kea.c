/* Kea's subnets: what its DHCP server has to do with which addresses. */
#include "interchange/inside.h"

#include "base/compiler.h"
#include "net/ipv4_addr.h"

#include <errno.h>
#include <string.h>

/* "FIRST - LAST", or a prefix. */
static bool read_pool(struct reading *reading, const char *text, struct ipv4_range *range)
{
    const char *minus = strchr(text, '-');
    struct text_error wrong;
    size_t first = 0, last;

    if (!minus) {
        if (ipv4_range_parse(text, strlen(text), IPV4_PREFIX_ALLOW_ADDRESS, range, &wrong) == 0)
            return true;
    } else {
        size_t word = text_word(text, (size_t)(minus - text), &first);
        last = (size_t)(minus - text) + 1;
        size_t other = text_word(text, strlen(text), &last);
        if (ipv4_addr_parse(text + first, word, &range->first, NULL) == 0 &&
            ipv4_addr_parse(text + last, other, &range->last, NULL) == 0 && range->first <= range->last)
            return true;
    }
    reading_fault(reading, "pool '%.60s': expected FIRST - LAST, or a prefix", text);
    return false;
}

static void read_pools(struct reading *reading, const json_t *subnet)
{
    const json_t *pools = json_object_get(subnet, "pools"), *pool;
    size_t i;

    json_array_foreach(pools, i, pool)
    {
        struct ipv4_range range;
        struct interchange_node *node =
            read_pool(reading, reading_member(pool, "pool"), &range) ? reading_add(reading, range) : NULL;
        if (!node)
            continue;
        reading_kind(node, PLAN_POOL);
        reading_status(node, PLAN_ASSIGNED);
    }
}

/* A host that DHCP knows of. */
static struct interchange_node *add_host(struct reading *reading, const char *address)
{
    uint32_t addr;
    struct interchange_node *node =
        reading_address(reading, address, &addr) ? reading_add(reading, (struct ipv4_range){addr, addr}) : NULL;

    if (node) {
        reading_kind(node, PLAN_HOST);
        node->beside_pools = true;
    }
    return node;
}

static void read_reservations(struct reading *reading, const json_t *subnet)
{
    const json_t *reservations = json_object_get(subnet, "reservations"), *reservation;
    size_t i;

    json_array_foreach(reservations, i, reservation)
    {
        const char *address = reading_member(reservation, "ip-address"),
                   *name = reading_member(reservation, "hostname");
        struct interchange_node *node = *address ? add_host(reading, address) : NULL;
        if (node && *name)
            reading_name(reading, node, name);
    }
}

/* The addresses of a list: routers are hosts of their subnets. */
static void read_routers(struct reading *reading, const char *list)
{
    char text[64];

    while (*list) {
        size_t from = strspn(list, " \t,"), len = strcspn(list + from, " \t,");
        if (!len)
            return;
        snprintf(text, sizeof(text), "%.*s", len < sizeof(text) ? (int)len : (int)sizeof(text) - 1, list + from);
        struct interchange_node *node = add_host(reading, text);
        if (node)
            reading_note(reading, node, "router");
        list += from + len;
    }
}

static void read_options(struct reading *reading, const json_t *subnet)
{
    const json_t *options = json_object_get(subnet, "option-data"), *option;
    size_t i;

    json_array_foreach(options, i, option)
    {
        if (strcmp(reading_member(option, "name"), "routers") == 0 ||
            json_integer_value(json_object_get(option, "code")) == 3)
            read_routers(reading, reading_member(option, "data"));
    }
}

static void read_subnet(struct reading *reading, const json_t *subnet)
{
    const json_t *context = json_object_get(subnet, "user-context");
    struct ipv4_prefix prefix;

    if (!json_is_object(subnet) || !reading_prefix(reading, reading_member(subnet, "subnet"), &prefix))
        return;
    struct interchange_node *node = reading_add(reading, ipv4_range_of(ipv4_prefix_network(prefix)));
    if (!node)
        return;
    reading_kind(node, PLAN_SUBNET);
    reading_status(node, PLAN_ASSIGNED);
    if (*reading_member(context, "name"))
        reading_name(reading, node, reading_member(context, "name"));
    if (*reading_member(context, "comment"))
        reading_note(reading, node, reading_member(context, "comment"));
    read_pools(reading, subnet);
    read_reservations(reading, subnet);
    read_options(reading, subnet);
}

int read_kea(struct reading *reading, const json_t *subnets, const char *list)
{
    reading->place.list = list;
    reading->known |= json_is_array(subnets);
    for (size_t i = 0; i < json_array_size(subnets); i++) {
        reading->place.number = (unsigned)i;
        read_subnet(reading, json_array_get(subnets, i));
    }
    return 0;
}
