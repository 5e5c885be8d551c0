#include "route/link.h"

#include "netlink/netlink.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct link *links_find(const struct links *links, uint32_t ifindex)
{
    return id_table_find(&links->by_ifindex, ifindex);
}

struct link *links_find_name(const struct links *links, const char *name)
{
    struct link *link = NULL;

    while ((link = id_table_next(&links->by_ifindex, link)) && strcmp(link->name, name) != 0)
        ;
    return link;
}

void links_clear(struct links *links)
{
    id_table_clear(&links->by_ifindex);
    *links = (struct links){0};
}

static void copy_name(char *out, const struct nlattr *attribute)
{
    size_t len = attribute ? mnl_attr_get_payload_len(attribute) : 0;

    if (len >= LINK_NAME_SIZE)
        len = LINK_NAME_SIZE - 1;
    memset(out, 0, LINK_NAME_SIZE);
    if (len)
        memcpy(out, mnl_attr_get_payload(attribute), len);
}

/* In what RTM_NEWLINK tells. */
static bool differs(const struct link *a, const struct link *b)
{
    return strcmp(a->name, b->name) != 0 || strcmp(a->kind, b->kind) != 0 || !eth_addr_equal(a->mac, b->mac) ||
           a->ethernet != b->ethernet || a->point_to_point != b->point_to_point || a->admin_up != b->admin_up ||
           a->up != b->up || a->mtu != b->mtu || a->master != b->master || a->lower != b->lower;
}

unsigned links_new(struct links *links, const struct nlmsghdr *message)
{
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *found[IFLA_LINK_NETNSID + 1], *inside[IFLA_INFO_KIND + 1] = {NULL};

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifi_family == AF_BRIDGE)
        return LINK_SAME;
    bool is_new = !links_find(links, (uint32_t)info->ifi_index);
    struct link *link = id_table_name(&links->by_ifindex, (uint32_t)info->ifi_index, sizeof(*link));
    if (!link)
        return LINK_SAME; /* no memory: what is not known is the kernel's */
    struct link before = *link;

    netlink_attributes(message, sizeof(*info), found, IFLA_LINK_NETNSID);
    if (found[IFLA_LINKINFO])
        netlink_nested(found[IFLA_LINKINFO], inside, IFLA_INFO_KIND);
    copy_name(link->name, found[IFLA_IFNAME]);
    copy_name(link->kind, inside[IFLA_INFO_KIND]);
    const struct nlattr *mac = found[IFLA_ADDRESS];
    link->ethernet = info->ifi_type == ARPHRD_ETHER && mac && mnl_attr_get_payload_len(mac) == ETH_ADDR_SIZE;
    memset(link->mac, 0, sizeof(link->mac));
    if (link->ethernet)
        memcpy(link->mac, mnl_attr_get_payload(mac), ETH_ADDR_SIZE);
    link->point_to_point = info->ifi_flags & IFF_POINTOPOINT;
    link->admin_up = info->ifi_flags & IFF_UP;
    link->up = link->admin_up && (info->ifi_flags & IFF_LOWER_UP);
    link->mtu = netlink_u32(found[IFLA_MTU], 0);
    link->master = netlink_u32(found[IFLA_MASTER], 0);
    link->lower = found[IFLA_LINK_NETNSID] ? 0 : netlink_u32(found[IFLA_LINK], 0);
    return (is_new || differs(&before, link) ? LINK_CHANGED : LINK_SAME) |
           (before.admin_up && !link->admin_up ? LINK_ROUTES_LOST : 0) | (before.up && !link->up ? LINK_DOWN : 0);
}

bool links_has_vlans(const struct links *links, uint32_t ifindex)
{
    const struct link *link = NULL;

    while ((link = id_table_next(&links->by_ifindex, link)))
        if (link->lower == ifindex && strcmp(link->kind, "vlan") == 0)
            return true;
    return false;
}

unsigned links_delete(struct links *links, const struct nlmsghdr *message)
{
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifi_family == AF_BRIDGE)
        return LINK_SAME;
    return id_table_remove(&links->by_ifindex, (uint32_t)info->ifi_index) ? LINK_CHANGED | LINK_ROUTES_LOST : LINK_SAME;
}

unsigned links_netconf(struct links *links, const struct nlmsghdr *message)
{
    const struct netconfmsg *conf = mnl_nlmsg_get_payload(message);
    const struct nlattr *found[NETCONFA_RP_FILTER + 1];

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*conf) || conf->ncm_family != AF_INET)
        return LINK_SAME;
    netlink_attributes(message, sizeof(*conf), found, NETCONFA_RP_FILTER);
    uint32_t ifindex = netlink_u32(found[NETCONFA_IFINDEX], 0);
    if ((int32_t)ifindex == NETCONFA_IFINDEX_ALL) {
        links->rp_filter_all = (uint8_t)netlink_u32(found[NETCONFA_RP_FILTER], links->rp_filter_all);
        return LINK_CHANGED;
    }
    struct link *link = links_find(links, ifindex);
    if (!link)
        return LINK_SAME;
    link->forwarding = netlink_u32(found[NETCONFA_FORWARDING], link->forwarding) != 0;
    link->rp_filter = (uint8_t)netlink_u32(found[NETCONFA_RP_FILTER], link->rp_filter);
    return LINK_CHANGED;
}

uint8_t links_rp_filter(const struct links *links, const struct link *link)
{
    return link->rp_filter > links->rp_filter_all ? link->rp_filter : links->rp_filter_all;
}
