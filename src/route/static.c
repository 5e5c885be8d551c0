#include "route/static.h"

#include "base/sorted.h"
#include "log/log.h"
#include "route/install.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

struct static_route {
    struct conf_route conf;
    struct rib_path path; /* in the RIB, if `put` */
    bool put;
    const char *why; /* it is not in the RIB; static storage, NULL if it is or has never been looked at */
};

void statics_clear(struct statics *statics)
{
    free(statics->all);
    *statics = (struct statics){0};
}

static int compare_numbers(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

/* All that makes a static route what it is; the line that it stands in is not. */
static int compare(const void *one, const void *other)
{
    const struct conf_route *a = &((const struct static_route *)one)->conf;
    const struct conf_route *b = &((const struct static_route *)other)->conf;
    int order = ipv4_prefix_compare(a->prefix, b->prefix);

    if (!order)
        order = compare_numbers(a->type, b->type);
    if (!order)
        order = compare_numbers(a->via, b->via);
    if (!order)
        order = compare_numbers(a->metric, b->metric);
    if (!order)
        order = compare_numbers(a->preference, b->preference);
    return order ? order : strcmp(a->interface, b->interface);
}

static void withdraw(struct static_route *route, struct rib *rib)
{
    if (route->put)
        rib_withdraw(rib, route->conf.prefix, &route->path);
    route->put = false;
}

int statics_set(struct statics *statics, const struct conf *conf, struct rib *rib)
{
    struct static_route *all = calloc(conf->route_count + 1, sizeof(*all));
    size_t old = 0;

    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < conf->route_count; i++)
        all[i].conf = conf->routes[i];
    qsort(all, conf->route_count, sizeof(*all), compare);
    for (size_t new = 0; old < statics->count || new < conf->route_count;) {
        int order = old == statics->count ? 1 : new == conf->route_count ? -1 : compare(&statics->all[old], &all[new]);
        if (order < 0)
            withdraw(&statics->all[old], rib);
        if (order == 0) {
            all[new].put = statics->all[old].put;
            all[new].path = statics->all[old].path;
            all[new].why = statics->all[old].why;
        }
        old += order <= 0;
        new += order >= 0;
    }
    free(statics->all);
    *statics = (struct statics){.all = all, .count = conf->route_count, .stale = true};
    return 0;
}

/* The interface at which an address is in an attached subnet, as the kernel finds it; it is `ifindex`, if that is not
 * 0. 0 if there is none. */
static uint32_t attached_at(const struct rib *rib, uint32_t addr, uint32_t ifindex)
{
    struct ipv4_prefix found = {.len = 33};

    while (found.len > 0) {
        const struct rib_entry *entry = rib_cover(rib, addr, found.len - 1u, &found);
        if (!entry)
            return 0;
        for (uint32_t i = 0; i < entry->count; i++) {
            const struct rib_path *path = &entry->paths[i];
            if (path->source == RIB_SOURCE_LOCAL && found.len == 32)
                return 0; /* an address of this system itself */
            if (path->source == RIB_SOURCE_KERNEL && path->type == RIB_UNICAST && !path->gateway && path->ifindex &&
                !path->next_hop_id && !path->flags && (!ifindex || ifindex == path->ifindex))
                return path->ifindex;
        }
    }
    return 0;
}

/* A subnet that is attached here comes before any route to it. */
static bool is_attached(const struct rib *rib, struct ipv4_prefix prefix)
{
    const struct rib_entry *entry = rib_get(rib, prefix);

    for (uint32_t i = 0; entry && i < entry->count; i++)
        if (entry->paths[i].source == RIB_SOURCE_KERNEL && entry->paths[i].protocol == RTPROT_KERNEL)
            return true;
    return false;
}

/* The path that the route is now; NULL, or why it is none. */
static const char *resolve(const struct conf_route *conf, const struct links *links, const struct rib *rib,
                           struct rib_path *path)
{
    static const uint8_t types[CONF_ROUTE_TYPE_COUNT] = {RIB_UNICAST, RIB_BLACKHOLE, RIB_UNREACHABLE, RIB_PROHIBIT};

    *path = (struct rib_path){.source = RIB_SOURCE_STATIC,
                              .type = types[conf->type],
                              .protocol = NETLINK_PROTOCOL_FAIRLEAD,
                              .metric = conf->metric,
                              .gateway = conf->via,
                              .preference = is_attached(rib, conf->prefix) ? UINT8_MAX : conf->preference};
    if (conf->type != CONF_ROUTE_UNICAST)
        return NULL;
    const struct link *link = conf->interface[0] ? links_find_name(links, conf->interface) : NULL;
    if (conf->interface[0] && !link)
        return "there is no such interface";
    if (conf->via) {
        path->ifindex = attached_at(rib, conf->via, link ? link->ifindex : 0);
        if (!path->ifindex)
            return "its gateway is in no attached subnet";
        link = links_find(links, path->ifindex);
    }
    if (!link || !link->up)
        return "its interface is down";
    path->ifindex = link->ifindex;
    path->scope = conf->via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
    return NULL;
}

static void tell(const struct static_route *route, const char *why)
{
    char prefix[IPV4_PREFIX_TEXT_SIZE], via[IPV4_TEXT_SIZE] = "";

    ipv4_prefix_format(route->conf.prefix, prefix);
    if (route->conf.via)
        ipv4_addr_format(route->conf.via, via);
    log_info("static route %s%s%s%s%s: %s%s", prefix, via[0] ? " via " : "", via,
             route->conf.interface[0] ? " interface " : "", route->conf.interface, why ? "not followed: " : "followed",
             why ? why : "");
}

/* The new path before the old one goes. 0; -ENOMEM: there is none in the RIB. */
static int put(struct static_route *route, struct rib *rib, const struct rib_path *path)
{
    bool had = route->put;
    struct rib_path old = route->path;

    if (had && memcmp(&old, path, sizeof(old)) == 0)
        return 0;
    int error = rib_put(rib, route->conf.prefix, path, RIB_LAST);
    route->put = !error;
    route->path = *path;
    if (had)
        rib_withdraw(rib, route->conf.prefix, &old);
    return error;
}

int statics_follow(struct statics *statics, const struct links *links, struct rib *rib)
{
    int error = 0;

    statics->stale = false;
    for (size_t i = 0; i < statics->count; i++) {
        struct static_route *route = &statics->all[i];
        struct rib_path path;
        const char *why = resolve(&route->conf, links, rib, &path);
        if (why != route->why)
            tell(route, why);
        route->why = why;
        if (why) {
            withdraw(route, rib);
        } else {
            int rc = put(route, rib, &path);
            error = rc ? rc : error;
        }
    }
    return error;
}

/* In the order of ipv4_prefix_compare(). */
static uint64_t number_of(struct ipv4_prefix prefix)
{
    return (uint64_t)prefix.addr << 8 | prefix.len;
}

static uint64_t number_of_route(const void *element)
{
    return number_of(((const struct static_route *)element)->conf.prefix);
}

void statics_refused(struct statics *statics, struct rib *rib, struct ipv4_prefix prefix, const struct rib_path *path,
                     int error)
{
    size_t at = sorted_find(statics->all, statics->count, sizeof(*statics->all), number_of_route, number_of(prefix));

    for (; at < statics->count && ipv4_prefix_equal(statics->all[at].conf.prefix, prefix); at++) {
        struct static_route *route = &statics->all[at];
        if (!route->put || memcmp(&route->path, path, sizeof(*path)) != 0)
            continue;
        char text[IPV4_PREFIX_TEXT_SIZE];
        ipv4_prefix_format(prefix, text);
        log_warning("static route %s: the kernel does not take it: %s", text, strerror(-error));
        route->why = "the kernel does not take it";
        withdraw(route, rib);
        return;
    }
}
