#include "route/object.h"

#include "netlink/netlink.h"

#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* As NHA_GROUP has it; in headers before Linux 6.12 there is no weight_high. */
struct wire_member {
    uint32_t id;
    uint8_t weight, weight_high;
    uint16_t unused;
};

static uint32_t read_id(const struct nlmsghdr *message, const struct nlattr **found)
{
    if (mnl_nlmsg_get_payload_len(message) < sizeof(struct nhmsg))
        return 0;
    netlink_attributes(message, sizeof(struct nhmsg), found, NHA_FDB);
    return netlink_u32(found[NHA_ID], 0);
}

/* How many members the attribute tells of; 0 if that are none, or more than we take. */
static uint32_t count_members(const struct nlattr *attribute)
{
    size_t count = attribute ? mnl_attr_get_payload_len(attribute) / sizeof(struct wire_member) : 0;

    return count <= OBJECT_MEMBERS_MAX ? (uint32_t)count : 0;
}

static void read_members(const struct nlattr *attribute, struct object *object)
{
    const uint8_t *bytes = mnl_attr_get_payload(attribute);

    for (uint32_t i = 0; i < object->member_count; i++) {
        struct wire_member member;
        memcpy(&member, bytes + i * sizeof(member), sizeof(member));
        object->members[i] =
            (struct object_member){.id = member.id, .weight = ((uint32_t)member.weight_high << 8 | member.weight) + 1};
    }
}

uint32_t objects_new(struct id_table *objects, const struct nlmsghdr *message)
{
    const struct nlattr *found[NHA_FDB + 1];
    const struct nhmsg *about = mnl_nlmsg_get_payload(message);
    uint32_t id = read_id(message, found);

    if (!id)
        return 0;
    uint32_t count = count_members(found[NHA_GROUP]);
    if (count)
        id_table_remove(objects, id); /* which may have had no room for so many */
    struct object *object = id_table_name(objects, id, sizeof(*object) + count * sizeof(object->members[0]));
    if (!object)
        return id; /* no memory: routes that name it find nothing and are the kernel's */
    object->ifindex = netlink_u32(found[NHA_OIF], 0);
    object->gateway = about->nh_family == AF_INET ? netlink_ipv4(found[NHA_GATEWAY]) : 0;
    object->blackhole = found[NHA_BLACKHOLE];
    object->group = found[NHA_GROUP];
    object->other = about->nh_family == AF_INET6 || found[NHA_ENCAP_TYPE] || found[NHA_FDB];
    object->member_count = object->other ? 0 : count;
    if (object->member_count)
        read_members(found[NHA_GROUP], object);
    return id;
}

uint32_t objects_delete(struct id_table *objects, const struct nlmsghdr *message)
{
    const struct nlattr *found[NHA_FDB + 1];
    uint32_t id = read_id(message, found);

    return id && id_table_remove(objects, id) ? id : 0;
}
