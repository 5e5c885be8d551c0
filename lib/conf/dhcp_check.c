/* Whether what is served to DHCP clients fits together: pools, subnets, reservations, classes. */
#include "conf/dhcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Everything that has pools and reservations of its own: in general, interfaces, subnets of both. */
struct place {
    const struct conf_dhcp *dhcp;
    const struct conf_interface *interface; /* NULL: none */
};

struct places {
    struct place *all;
    size_t count;
};

/* A reservation, and where it stands. */
struct host {
    const struct conf_reservation *reservation;
    const struct place *place;
};

struct hosts {
    struct host *all;
    size_t count;
};

static void add_places(struct places *places, const struct conf_dhcp *dhcp, const struct conf_interface *interface)
{
    if (places->all)
        places->all[places->count] = (struct place){dhcp, interface};
    places->count++;
    for (size_t i = 0; i < dhcp->subnet_count; i++)
        add_places(places, &dhcp->subnets[i], interface);
}

static void add_all_places(struct places *places, const struct conf *conf)
{
    places->count = 0;
    add_places(places, &conf->dhcp.all, NULL);
    for (size_t i = 0; i < conf->interface_count; i++)
        if (conf->interfaces[i].dhcp)
            add_places(places, conf->interfaces[i].dhcp, &conf->interfaces[i]);
}

/* --- subnets ------------------------------------------------------------------------------------------------------ */

static bool is_subnet(const struct conf_dhcp *dhcp)
{
    return dhcp->prefix.len != 0;
}

/* A subnet of an interface is one of its addresses'; one of others is none of them. */
static void check_subnet(const struct conf *conf, const struct place *place, struct conf_errors *errors)
{
    struct ipv4_prefix prefix = place->dhcp->prefix;
    const struct conf_interface *interface = place->interface;
    char text[IPV4_PREFIX_TEXT_SIZE];

    ipv4_prefix_format(prefix, text);
    if (prefix.len == 0)
        conf_wrong(errors, place->dhcp->scope.line, "subnet %s: expected a subnet smaller than everything", text);
    for (size_t i = 0; interface && i < interface->address_count; i++)
        if (ipv4_prefix_equal(ipv4_prefix_network(interface->addresses[i].prefix), prefix))
            return;
    if (interface) {
        if (interface->address_count)
            conf_wrong(errors, place->dhcp->scope.line, "subnet %s: expected that of an address of interface %s", text,
                       interface->name);
        return;
    }
    for (size_t i = 0; i < conf->interface_count; i++) {
        for (size_t j = 0; j < conf->interfaces[i].address_count; j++) {
            struct ipv4_prefix other = ipv4_prefix_network(conf->interfaces[i].addresses[j].prefix);
            if (ipv4_prefix_covers(prefix, other) || ipv4_prefix_covers(other, prefix))
                conf_wrong(errors, place->dhcp->scope.line,
                           "subnet %s overlaps that of interface %s: expected it in the dhcp block there", text,
                           conf->interfaces[i].name);
        }
    }
}

static int compare_subnets(const void *one, const void *other)
{
    const struct conf_dhcp *a = *(const struct conf_dhcp *const *)one, *b = *(const struct conf_dhcp *const *)other;
    int order = ipv4_prefix_compare(a->prefix, b->prefix);

    return order ? order : (a->scope.line > b->scope.line) - (a->scope.line < b->scope.line);
}

static int check_subnets(const struct conf *conf, const struct places *places, struct conf_errors *errors)
{
    const struct conf_dhcp **sorted = calloc(places->count + 1, sizeof(struct conf_dhcp *));
    char text[IPV4_PREFIX_TEXT_SIZE];
    size_t count = 0;

    if (!sorted)
        return -ENOMEM;
    if (conf->dhcp.all.subnet_count > CONF_SUBNETS_MAX)
        conf_wrong(errors, conf->dhcp.all.scope.line, "dhcp: too many subnets: at most %d expected", CONF_SUBNETS_MAX);
    for (size_t i = 0; i < places->count; i++) {
        bool top = places->all[i].dhcp == &conf->dhcp.all ||
                   (places->all[i].interface && places->all[i].dhcp == places->all[i].interface->dhcp);
        if (top)
            continue;
        check_subnet(conf, &places->all[i], errors);
        sorted[count++] = places->all[i].dhcp;
    }
    qsort(sorted, count, sizeof(struct conf_dhcp *), compare_subnets);
    for (size_t i = 1; i < count; i++) {
        if (!ipv4_prefix_covers(sorted[i - 1]->prefix, sorted[i]->prefix))
            continue;
        ipv4_prefix_format(sorted[i]->prefix, text);
        conf_wrong(errors, sorted[i]->scope.line, "subnet %s overlaps the one in line %u", text,
                   sorted[i - 1]->scope.line);
    }
    free(sorted);
    return 0;
}

/* --- pools -------------------------------------------------------------------------------------------------------- */

/* The subnet that an address is in, as far as the configuration says; the length is 0: none is known. *complete:
 * whether the place has no others. */
static struct ipv4_prefix subnet_of(const struct place *place, uint32_t addr, bool *complete)
{
    const struct conf_interface *interface = place->interface;

    *complete = true;
    if (is_subnet(place->dhcp))
        return ipv4_prefix_contains(place->dhcp->prefix, addr) ? place->dhcp->prefix : (struct ipv4_prefix){0, 0};
    for (size_t i = 0; interface && i < interface->address_count; i++)
        if (ipv4_prefix_contains(interface->addresses[i].prefix, addr))
            return ipv4_prefix_network(interface->addresses[i].prefix);
    *complete = interface && interface->address_count;
    return (struct ipv4_prefix){0, 0};
}

/* A range lies in a subnet. An interface that has no address here has those that the system gave it: then it shows when
 * it is there. */
static void check_range(const struct place *place, const struct conf_range *range, struct conf_errors *errors)
{
    char first[IPV4_TEXT_SIZE], last[IPV4_TEXT_SIZE];
    bool complete;
    struct ipv4_prefix subnet = subnet_of(place, range->first, &complete);

    ipv4_addr_format(range->first, first);
    ipv4_addr_format(range->last, last);
    if (!subnet.len || !ipv4_prefix_contains(subnet, range->last)) {
        if (subnet.len || complete)
            conf_wrong(errors, range->line, "pool %s-%s: expected a range in %s%s", first, last,
                       is_subnet(place->dhcp) ? "this subnet" : "a subnet of interface ",
                       is_subnet(place->dhcp) ? "" : place->interface->name);
        return;
    }
    if (!range->is_prefix && ipv4_prefix_has_broadcast(subnet) &&
        (range->first == ipv4_prefix_first(subnet) || range->last == ipv4_prefix_last(subnet)))
        conf_wrong(errors, range->line, "pool %s-%s: expected hosts' addresses, not the subnet's first or last", first,
                   last);
}

static int compare_ranges(const void *one, const void *other)
{
    const struct conf_range *a = *(const struct conf_range *const *)one, *b = *(const struct conf_range *const *)other;

    return a->first != b->first ? (a->first < b->first ? -1 : 1) : (a->line > b->line) - (a->line < b->line);
}

static int check_overlaps(const struct places *places, struct conf_errors *errors)
{
    size_t count = 0, filled = 0;
    char text[IPV4_TEXT_SIZE];

    for (size_t i = 0; i < places->count; i++)
        count += places->all[i].dhcp->range_count;
    const struct conf_range **sorted = calloc(count + 1, sizeof(struct conf_range *));
    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < places->count; i++)
        for (size_t j = 0; j < places->all[i].dhcp->range_count; j++)
            sorted[filled++] = &places->all[i].dhcp->ranges[j];
    qsort(sorted, count, sizeof(struct conf_range *), compare_ranges);
    for (size_t i = 1; i < count; i++) {
        if (sorted[i]->first > sorted[i - 1]->last)
            continue;
        unsigned line = sorted[i]->line > sorted[i - 1]->line ? sorted[i]->line : sorted[i - 1]->line;
        ipv4_addr_format(sorted[i]->first, text);
        conf_wrong(errors, line, "pool: %s is in two ranges, of lines %u and %u", text, sorted[i - 1]->line,
                   sorted[i]->line);
    }
    free(sorted);
    return 0;
}

/* --- reservations ------------------------------------------------------------------------------------------------- */

static void check_reservation(const struct conf *conf, const struct host *host, struct conf_errors *errors)
{
    const struct conf_reservation *reservation = host->reservation;
    bool complete, identified = false;
    struct ipv4_prefix subnet = subnet_of(host->place, reservation->addr, &complete);
    char addr[IPV4_TEXT_SIZE];

    for (unsigned i = 0; i < DHCP_HOST_KEY_COUNT; i++)
        identified |= reservation->keys[i].bytes != NULL;
    if (!identified)
        conf_wrong(errors, reservation->scope.line, "reservation '%s': expected mac, client-id or circuit-id",
                   reservation->name);
    if (!reservation->addr)
        return;
    ipv4_addr_format(reservation->addr, addr);
    if (!subnet.len && complete)
        conf_wrong(errors, reservation->scope.line, "reservation '%s': %s: expected an address of %s",
                   reservation->name, addr, is_subnet(host->place->dhcp) ? "this subnet" : "this interface's subnets");
    if (subnet.len && ipv4_prefix_has_broadcast(subnet) &&
        (reservation->addr == ipv4_prefix_first(subnet) || reservation->addr == ipv4_prefix_last(subnet)))
        conf_wrong(errors, reservation->scope.line,
                   "reservation '%s': %s: expected a host's address, not the subnet's first or last", reservation->name,
                   addr);
    const struct conf_interface *owner = conf_find_owner(conf, reservation->addr);
    if (owner)
        conf_wrong(errors, reservation->scope.line, "reservation '%s': %s is this router's own (interface %s)",
                   reservation->name, addr, owner->name);
}

static int compare_lines(const struct host *a, const struct host *b)
{
    return (a->reservation->scope.line > b->reservation->scope.line) -
           (a->reservation->scope.line < b->reservation->scope.line);
}

static int compare_addresses(const void *one, const void *other)
{
    const struct host *a = one, *b = other;

    return a->reservation->addr != b->reservation->addr ? (a->reservation->addr < b->reservation->addr ? -1 : 1)
                                                        : compare_lines(a, b);
}

static void check_addresses(struct hosts *hosts, struct conf_errors *errors)
{
    char addr[IPV4_TEXT_SIZE];

    qsort(hosts->all, hosts->count, sizeof(*hosts->all), compare_addresses);
    for (size_t i = 1; i < hosts->count; i++) {
        const struct conf_reservation *a = hosts->all[i - 1].reservation, *b = hosts->all[i].reservation;
        if (!b->addr || a->addr != b->addr)
            continue;
        ipv4_addr_format(b->addr, addr);
        conf_wrong(errors, b->scope.line, "reservation '%s': %s is reserved already, in line %u", b->name, addr,
                   a->scope.line);
    }
}

/* One of a kind of key, for qsort() to see. */
struct key {
    struct host host;
    const struct dhcp_pattern *key;
};

static int compare_key_bytes(const struct dhcp_pattern *a, const struct dhcp_pattern *b)
{
    return a->len != b->len ? (a->len < b->len ? -1 : 1) : memcmp(a->bytes, b->bytes, a->len);
}

/* By where they stand, then by what they are. */
static int compare_keys(const void *one, const void *other)
{
    const struct key *a = one, *b = other;
    int order = (a->host.place > b->host.place) - (a->host.place < b->host.place);

    if (!order)
        order = compare_key_bytes(a->key, b->key);
    return order ? order : compare_lines(&a->host, &b->host);
}

/* In one place a client has one reservation. In general it may have one in each subnet: then all of them have an
 * address, each of another subnet. */
static bool are_apart(const struct conf *conf, const struct key *a, const struct key *b)
{
    const struct conf_dhcp *general = &conf->dhcp.all;
    uint32_t one = a->host.reservation->addr, other = b->host.reservation->addr;

    if (a->host.place->dhcp != general || !one || !other)
        return false;
    for (size_t i = 0; i < general->subnet_count; i++)
        if (ipv4_prefix_contains(general->subnets[i].prefix, one))
            return !ipv4_prefix_contains(general->subnets[i].prefix, other);
    for (size_t i = 0; i < conf->interface_count; i++)
        for (size_t j = 0; j < conf->interfaces[i].address_count; j++)
            if (ipv4_prefix_contains(conf->interfaces[i].addresses[j].prefix, one))
                return !ipv4_prefix_contains(conf->interfaces[i].addresses[j].prefix, other);
    return true;
}

static int check_keys(const struct conf *conf, const struct hosts *hosts, struct conf_errors *errors)
{
    static const char *const names[] = {"client-id", "mac", "circuit-id"};
    struct key *keys = calloc(hosts->count + 1, sizeof(*keys));

    if (!keys)
        return -ENOMEM;
    for (unsigned kind = 0; kind < DHCP_HOST_KEY_COUNT; kind++) {
        size_t count = 0;
        for (size_t i = 0; i < hosts->count; i++)
            if (hosts->all[i].reservation->keys[kind].bytes)
                keys[count++] = (struct key){hosts->all[i], &hosts->all[i].reservation->keys[kind]};
        qsort(keys, count, sizeof(*keys), compare_keys);
        for (size_t i = 1; i < count; i++)
            if (keys[i].host.place == keys[i - 1].host.place && !compare_key_bytes(keys[i].key, keys[i - 1].key) &&
                !are_apart(conf, &keys[i - 1], &keys[i]))
                conf_wrong(errors, keys[i].host.reservation->scope.line,
                           "reservation '%s': this %s has one already, in line %u", keys[i].host.reservation->name,
                           names[kind], keys[i - 1].host.reservation->scope.line);
    }
    free(keys);
    return 0;
}

static int check_reservations(const struct conf *conf, const struct places *places, struct conf_errors *errors)
{
    struct hosts hosts = {0};

    for (size_t i = 0; i < places->count; i++)
        hosts.count += places->all[i].dhcp->reservation_count;
    hosts.all = calloc(hosts.count + 1, sizeof(*hosts.all));
    if (!hosts.all)
        return -ENOMEM;
    hosts.count = 0;
    for (size_t i = 0; i < places->count; i++)
        for (size_t j = 0; j < places->all[i].dhcp->reservation_count; j++)
            hosts.all[hosts.count++] = (struct host){&places->all[i].dhcp->reservations[j], &places->all[i]};
    for (size_t i = 0; i < hosts.count; i++)
        check_reservation(conf, &hosts.all[i], errors);
    check_addresses(&hosts, errors);
    int error = check_keys(conf, &hosts, errors);
    free(hosts.all);
    return error;
}

/* --- what is said
 * ------------------------------------------------------------------------------------------------------ */

static void check_scope(const struct conf_scope *scope, const char *block, struct conf_errors *errors)
{
    if (scope->lease_min_s > scope->lease_s || scope->lease_s > scope->lease_max_s)
        conf_wrong(errors, scope->line, "%s: expected lease-min <= lease <= lease-max", block);
    for (size_t i = 0; i < scope->option_count; i++)
        for (size_t j = 0; scope->options[i].sub && !scope->options[i].inherited && j < scope->option_count; j++)
            if (scope->options[j].code == scope->options[i].code && !scope->options[j].sub)
                conf_wrong(errors, scope->options[i].line, "%s: the option as a whole is set in line %u",
                           scope->options[i].key, scope->options[j].line);
}

static void check_classes(const struct conf_dhcp_general *general, struct conf_errors *errors)
{
    if (general->class_count > DHCP_CLASSES_MAX)
        conf_wrong(errors, general->classes[DHCP_CLASSES_MAX].scope.line, "too many classes: at most %d expected",
                   DHCP_CLASSES_MAX);
    for (size_t i = 0; i < general->class_count && i < DHCP_CLASSES_MAX; i++) {
        const struct conf_class *class = &general->classes[i];
        check_scope(&class->scope, "class", errors);
        if (!class->vendor_count && !class->user_count && !class->mac_count && !class->system_count)
            conf_wrong(errors, class->scope.line, "class '%s': expected vendor-class, user-class, architecture or mac",
                       class->name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(general->classes[j].name, class->name) == 0)
                conf_wrong(errors, class->scope.line, "class '%s' is there already, in line %u", class->name,
                           general->classes[j].scope.line);
    }
}

/* An interface with nothing to give may still be the one by which relays ask. */
static void check_interface(const struct conf *conf, const struct conf_interface *interface, struct conf_errors *errors)
{
    const struct conf_dhcp *dhcp = interface->dhcp, *general = &conf->dhcp.all;

    if (!dhcp->range_count && !dhcp->reservation_count && !dhcp->subnet_count && !general->reservation_count &&
        !general->subnet_count)
        conf_wrong(errors, dhcp->scope.line, "dhcp: expected a pool, as \"10.0.1.100-10.0.1.199\"");
}

int conf_check_dhcp(const struct conf *conf, struct conf_errors *errors)
{
    struct places places = {0};

    add_all_places(&places, conf);
    places.all = calloc(places.count + 1, sizeof(*places.all));
    if (!places.all)
        return -ENOMEM;
    add_all_places(&places, conf);
    check_classes(&conf->dhcp, errors);
    for (size_t i = 0; i < conf->interface_count; i++)
        if (conf->interfaces[i].dhcp)
            check_interface(conf, &conf->interfaces[i], errors);
    for (size_t i = 0; i < places.count; i++) {
        const struct place *place = &places.all[i];
        check_scope(&place->dhcp->scope, is_subnet(place->dhcp) ? "subnet" : "dhcp", errors);
        for (size_t j = 0; j < place->dhcp->range_count; j++)
            check_range(place, &place->dhcp->ranges[j], errors);
        for (size_t j = 0; j < place->dhcp->reservation_count; j++)
            check_scope(&place->dhcp->reservations[j].scope, "reservation", errors);
    }
    int error = check_subnets(conf, &places, errors);
    if (!error)
        error = check_overlaps(&places, errors);
    if (!error)
        error = check_reservations(conf, &places, errors);
    free(places.all);
    return error;
}
