#include "route/path.h"

#include "netlink/netlink.h"
#include "netlink/protocol.h"

#include <linux/lwtunnel.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

static uint8_t type_of(uint8_t kernel_type)
{
    switch (kernel_type) {
    case RTN_UNICAST:
        return RIB_UNICAST;
    case RTN_LOCAL:
    case RTN_BROADCAST:
    case RTN_ANYCAST:
    case RTN_MULTICAST:
        return RIB_LOCAL;
    case RTN_BLACKHOLE:
        return RIB_BLACKHOLE;
    case RTN_UNREACHABLE:
        return RIB_UNREACHABLE;
    case RTN_PROHIBIT:
        return RIB_PROHIBIT;
    default:
        return RIB_OTHER;
    }
}

bool path_read(const struct nlmsghdr *message, uint8_t kernel_preference, struct multipaths *multipaths,
               struct ipv4_prefix *prefix, struct rib_path *path)
{
    const struct rtmsg *route = mnl_nlmsg_get_payload(message);
    const struct nlattr *found[RTA_NH_ID + 1], *metrics[RTAX_MTU + 1] = {NULL};

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*route) || route->rtm_family != AF_INET ||
        (route->rtm_flags & RTM_F_CLONED) || route->rtm_dst_len > 32)
        return false;
    netlink_attributes(message, sizeof(*route), found, RTA_NH_ID);
    uint32_t table = netlink_u32(found[RTA_TABLE], route->rtm_table);
    if (table != RT_TABLE_LOCAL && table != RT_TABLE_MAIN)
        return false;
    *prefix =
        ipv4_prefix_network((struct ipv4_prefix){.addr = netlink_ipv4(found[RTA_DST]), .len = route->rtm_dst_len});
    memset(path, 0, sizeof(*path));
    path->source = table == RT_TABLE_LOCAL ? RIB_SOURCE_LOCAL : RIB_SOURCE_KERNEL;
    path->preference = table == RT_TABLE_LOCAL ? 0 : kernel_preference;
    path->type = type_of(route->rtm_type);
    path->protocol = route->rtm_protocol;
    path->tos = route->rtm_tos;
    path->scope = route->rtm_scope;
    path->metric = netlink_u32(found[RTA_PRIORITY], 0);
    if (found[RTA_METRICS])
        netlink_nested(found[RTA_METRICS], metrics, RTAX_MTU);
    uint32_t mtu = netlink_u32(metrics[RTAX_MTU], 0);
    path->mtu = (uint16_t)(mtu < UINT16_MAX ? mtu : UINT16_MAX);
    path->next_hop_id = netlink_u32(found[RTA_NH_ID], 0);
    if (path->next_hop_id)
        return true; /* what else the message says of it is the object's, which may change by itself */
    path->ifindex = netlink_u32(found[RTA_OIF], 0);
    path->gateway = netlink_ipv4(found[RTA_GATEWAY]);
    if (found[RTA_MULTIPATH]) {
        path->flags |= RIB_MULTIPATH;
        path->distinct = multipaths_take(multipaths, found[RTA_MULTIPATH]);
    }
    if (found[RTA_ENCAP_TYPE])
        path->flags |= RIB_ENCAPSULATED;
    if (found[RTA_VIA])
        path->flags |= RIB_VIA_IPV6;
    return true;
}

bool path_is_installed(const struct rib_path *path)
{
    return path->source == RIB_SOURCE_KERNEL && path->protocol == NETLINK_PROTOCOL_FAIRLEAD;
}

static void flush(struct path_dump *dump)
{
    if (dump->count)
        dump->paths_are(dump->arg, dump->prefix, dump->paths, dump->count);
    dump->count = 0;
}

static bool reserve(struct path_dump *dump)
{
    unsigned capacity = dump->capacity ? dump->capacity * 2 : 16;

    if (dump->count < dump->capacity)
        return true;
    struct rib_path *paths = realloc(dump->paths, capacity * sizeof(*paths));
    if (!paths)
        return false;
    dump->paths = paths;
    dump->capacity = capacity;
    return true;
}

void path_dump_message(const struct nlmsghdr *message, void *arg)
{
    struct path_dump *dump = arg;
    struct ipv4_prefix prefix;
    struct rib_path path;

    if (!path_read(message, dump->kernel_preference, dump->multipaths, &prefix, &path))
        return;
    bool same = dump->count && ipv4_prefix_equal(dump->prefix, prefix) && dump->paths[0].source == path.source;
    if (path_is_installed(&path)) {
        const struct rib_path *last = same ? &dump->paths[dump->count - 1] : NULL;
        dump->installed_is(dump->arg, prefix, &path, !last || last->tos || last->metric < path.metric);
        return;
    }
    if (!same)
        flush(dump);
    if (!reserve(dump)) {
        dump->failed = true;
        return;
    }
    dump->prefix = prefix;
    dump->paths[dump->count++] = path;
}

void path_dump_end(struct path_dump *dump)
{
    flush(dump);
    path_dump_abandon(dump);
}

void path_dump_abandon(struct path_dump *dump)
{
    free(dump->paths);
    dump->paths = NULL;
    dump->count = dump->capacity = 0;
}
