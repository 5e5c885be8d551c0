#include "route/install.h"

#include "net/ipv4.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

struct installed {
    struct ipv4_prefix prefix;
    struct rib_path path; /* what the kernel has of ours, if `present` */
    bool present;
    bool misplaced; /* something else stands in front of it */
    bool named;     /* in this round */
    bool checked;   /* since installs_check_begin() */
    bool queued;
    struct installed *next; /* of those that have changed */
};

/* What of a path the kernel is told. */
static bool same_route(const struct rib_path *a, const struct rib_path *b)
{
    return a->type == b->type && a->ifindex == b->ifindex && a->gateway == b->gateway;
}

static struct installed *make(struct installs *installs, struct ipv4_prefix prefix)
{
    struct installed *installed = ipv4_map_get(&installs->by_prefix, prefix);

    if (installed)
        return installed;
    installed = calloc(1, sizeof(*installed));
    if (!installed || ipv4_map_put(&installs->by_prefix, prefix, installed)) {
        free(installed);
        installs->failed = true;
        return NULL;
    }
    installed->prefix = prefix;
    return installed;
}

static void queue(struct installs *installs, struct installed *installed)
{
    if (installed && !installed->queued) {
        installed->queued = true;
        installed->next = installs->changed;
        installs->changed = installed;
    }
}

void installs_clear(struct installs *installs)
{
    struct ipv4_prefix at, all = {0};

    for (void *installed = ipv4_map_first(&installs->by_prefix, all, &at); installed;
         installed = ipv4_map_next(&installs->by_prefix, all, &at))
        free(installed);
    ipv4_map_clear(&installs->by_prefix);
    *installs = (struct installs){0};
}

static bool is_ours(const struct rib_path *path)
{
    return path->source == RIB_SOURCE_STATIC;
}

void installs_look(struct installs *installs, struct ipv4_prefix prefix, const struct rib_entry *entry)
{
    if (entry && is_ours(&entry->paths[0]))
        queue(installs, make(installs, prefix));
    else if (installs->by_prefix.count)
        queue(installs, ipv4_map_get(&installs->by_prefix, prefix));
}

void installs_came(struct installs *installs, struct ipv4_prefix prefix, const struct rib_path *path, bool in_front)
{
    struct installed *installed = make(installs, prefix);

    if (!installed)
        return;
    /* A second one of ours is taken away with the first, when that is put where it belongs. */
    installed->misplaced = !in_front || (installed->named && installed->present);
    installed->present = installed->named = true;
    installed->path = *path;
    queue(installs, installed);
}

void installs_went(struct installs *installs, struct ipv4_prefix prefix, const struct rib_path *path)
{
    struct installed *installed = ipv4_map_get(&installs->by_prefix, prefix);

    if (installed && installed->present && same_route(&installed->path, path)) {
        installed->present = false;
        queue(installs, installed);
    }
}

bool installs_other_came(struct installs *installs, struct ipv4_prefix prefix, bool replaced)
{
    struct installed *installed = installs->by_prefix.count ? ipv4_map_get(&installs->by_prefix, prefix) : NULL;

    if (!installed || !installed->present || (replaced && installed->misplaced))
        return false;
    if (replaced)
        installed->present = false;
    else
        installed->misplaced = true;
    queue(installs, installed);
    return replaced;
}

void installs_round_begin(struct installs *installs)
{
    struct ipv4_prefix at, all = {0};

    for (struct installed *installed = ipv4_map_first(&installs->by_prefix, all, &at); installed;
         installed = ipv4_map_next(&installs->by_prefix, all, &at))
        installed->named = false;
}

void installs_round_end(struct installs *installs)
{
    struct ipv4_prefix at, all = {0};

    for (struct installed *installed = ipv4_map_first(&installs->by_prefix, all, &at); installed;
         installed = ipv4_map_next(&installs->by_prefix, all, &at)) {
        installed->present = installed->named;
        installed->named = false;
        queue(installs, installed);
    }
}

void installs_check_begin(struct installs *installs)
{
    struct ipv4_prefix at, all = {0};

    for (struct installed *installed = ipv4_map_first(&installs->by_prefix, all, &at); installed;
         installed = ipv4_map_next(&installs->by_prefix, all, &at))
        installed->checked = false;
}

bool installs_check(struct installs *installs, struct ipv4_prefix prefix, const struct rib_path *path)
{
    struct installed *installed = ipv4_map_get(&installs->by_prefix, prefix);

    if (installed)
        installed->checked = true;
    return installs_holds(installs, prefix, path);
}

bool installs_is_missing(const struct installs *installs, struct ipv4_prefix prefix)
{
    const struct installed *installed = installs->by_prefix.count ? ipv4_map_get(&installs->by_prefix, prefix) : NULL;

    return installed && installed->present && !installed->checked;
}

/* --- telling the kernel ------------------------------------------------------------------------------------------ */

static uint8_t kernel_type(const struct rib_path *path)
{
    switch (path->type) {
    case RIB_BLACKHOLE:
        return RTN_BLACKHOLE;
    case RIB_UNREACHABLE:
        return RTN_UNREACHABLE;
    case RIB_PROHIBIT:
        return RTN_PROHIBIT;
    default:
        return RTN_UNICAST;
    }
}

/* NLM_F_CREATE alone puts it in front of those of its metric. */
static int change(struct netlink *netlink, uint16_t type, struct ipv4_prefix prefix, const struct rib_path *path)
{
    char buffer[NETLINK_MESSAGE_BYTES];
    struct rtmsg route = {.rtm_family = AF_INET,
                          .rtm_dst_len = prefix.len,
                          .rtm_table = RT_TABLE_MAIN,
                          .rtm_protocol = NETLINK_PROTOCOL_FAIRLEAD,
                          .rtm_type = kernel_type(path)};

    route.rtm_scope = path->type == RIB_UNICAST && !path->gateway ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    struct nlmsghdr *message =
        netlink_message(buffer, type, type == RTM_NEWROUTE ? NLM_F_CREATE : 0, &route, sizeof(route));
    if (prefix.len)
        mnl_attr_put_u32(message, RTA_DST, cpu_to_be32(prefix.addr));
    if (path->type == RIB_UNICAST)
        mnl_attr_put_u32(message, RTA_OIF, path->ifindex);
    if (path->gateway)
        mnl_attr_put_u32(message, RTA_GATEWAY, cpu_to_be32(path->gateway));
    return netlink_change(netlink, message);
}

/* All of ours to this prefix. */
static void remove_all_of(struct netlink *netlink, struct ipv4_prefix prefix)
{
    char buffer[NETLINK_MESSAGE_BYTES];
    struct rtmsg route = {.rtm_family = AF_INET,
                          .rtm_dst_len = prefix.len,
                          .rtm_table = RT_TABLE_MAIN,
                          .rtm_protocol = NETLINK_PROTOCOL_FAIRLEAD,
                          .rtm_scope = RT_SCOPE_NOWHERE};
    int error;

    /* A message is sent anew for each: the kernel takes out one at a time, whatever its type and next hop. */
    do {
        struct nlmsghdr *message = netlink_message(buffer, RTM_DELROUTE, 0, &route, sizeof(route));
        if (prefix.len)
            mnl_attr_put_u32(message, RTA_DST, cpu_to_be32(prefix.addr));
        error = netlink_change(netlink, message);
    } while (!error);
}

static void settle_one(struct installs *installs, struct installed *installed, struct netlink *netlink,
                       const struct rib *rib, install_refused *refused, void *arg)
{
    const struct rib_entry *entry = rib_get(rib, installed->prefix);
    const struct rib_path *wanted = entry && is_ours(&entry->paths[0]) ? &entry->paths[0] : NULL;

    if (installed->present && (!wanted || installed->misplaced)) {
        remove_all_of(netlink, installed->prefix);
        installed->present = false;
    }
    installed->misplaced = false;
    if (wanted && (!installed->present || !same_route(wanted, &installed->path))) {
        struct rib_path path = *wanted, old = installed->path;
        int error = change(netlink, RTM_NEWROUTE, installed->prefix, &path);
        if (installed->present) /* the new one stands before the old one goes */
            change(netlink, RTM_DELROUTE, installed->prefix, &old);
        installed->present = !error || error == -EEXIST;
        installed->path = path;
        if (!installed->present)
            refused(arg, installed->prefix, &path, error); /* and this prefix is queued again, if there is another */
    }
    if (!installed->present && !installed->queued) {
        ipv4_map_remove(&installs->by_prefix, installed->prefix);
        free(installed);
    }
}

void installs_settle(struct installs *installs, struct netlink *netlink, const struct rib *rib,
                     install_refused *refused, void *arg)
{
    while (installs->changed) {
        struct installed *installed = installs->changed;
        installs->changed = installed->next;
        installed->queued = false;
        settle_one(installs, installed, netlink, rib, refused, arg);
    }
}

void installs_remove_all(struct installs *installs, struct netlink *netlink)
{
    struct ipv4_prefix at, all = {0};

    for (struct installed *installed = ipv4_map_first(&installs->by_prefix, all, &at); installed;
         installed = ipv4_map_next(&installs->by_prefix, all, &at))
        if (installed->present)
            remove_all_of(netlink, installed->prefix);
    installs_clear(installs);
}

bool installs_holds(const struct installs *installs, struct ipv4_prefix prefix, const struct rib_path *path)
{
    const struct installed *installed = ipv4_map_get(&installs->by_prefix, prefix);

    return installed && installed->present && same_route(&installed->path, path);
}
