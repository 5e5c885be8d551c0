#include "route/object.h"

#include "netlink/netlink.h"

#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static uint32_t read_id(const struct nlmsghdr *message, const struct nlattr **found)
{
    if (mnl_nlmsg_get_payload_len(message) < sizeof(struct nhmsg))
        return 0;
    netlink_attributes(message, sizeof(struct nhmsg), found, NHA_ENCAP);
    return netlink_u32(found[NHA_ID], 0);
}

uint32_t objects_new(struct id_table *objects, const struct nlmsghdr *message)
{
    const struct nlattr *found[NHA_ENCAP + 1];
    const struct nhmsg *about = mnl_nlmsg_get_payload(message);
    uint32_t id = read_id(message, found);

    if (!id)
        return 0;
    struct object *object = id_table_name(objects, id, sizeof(*object));
    if (!object)
        return id; /* no memory: routes that name it find nothing and are the kernel's */
    object->ifindex = netlink_u32(found[NHA_OIF], 0);
    object->gateway = about->nh_family == AF_INET ? netlink_ipv4(found[NHA_GATEWAY]) : 0;
    object->blackhole = found[NHA_BLACKHOLE];
    object->group = found[NHA_GROUP];
    object->other = about->nh_family == AF_INET6 || found[NHA_ENCAP_TYPE];
    return id;
}

uint32_t objects_delete(struct id_table *objects, const struct nlmsghdr *message)
{
    const struct nlattr *found[NHA_ENCAP + 1];
    uint32_t id = read_id(message, found);

    return id && id_table_remove(objects, id) ? id : 0;
}
