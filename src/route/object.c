#include "route/object.h"

#include "netlink/netlink.h"

#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

static struct object **find_place(const struct objects *objects, uint32_t id)
{
    struct object **place = (struct object **)&objects->buckets[id % OBJECT_BUCKETS];

    while (*place && (*place)->id != id)
        place = &(*place)->next;
    return place;
}

const struct object *objects_find(const struct objects *objects, uint32_t id)
{
    return *find_place(objects, id);
}

static void remove_at(struct object **place)
{
    struct object *object = *place;

    *place = object->next;
    free(object);
}

void objects_clear(struct objects *objects)
{
    for (unsigned i = 0; i < OBJECT_BUCKETS; i++)
        while (objects->buckets[i])
            remove_at(&objects->buckets[i]);
}

static uint32_t read_id(const struct nlmsghdr *message, const struct nlattr **found)
{
    if (mnl_nlmsg_get_payload_len(message) < sizeof(struct nhmsg))
        return 0;
    netlink_attributes(message, sizeof(struct nhmsg), found, NHA_ENCAP);
    return netlink_u32(found[NHA_ID], 0);
}

uint32_t objects_new(struct objects *objects, const struct nlmsghdr *message)
{
    const struct nlattr *found[NHA_ENCAP + 1];
    const struct nhmsg *about = mnl_nlmsg_get_payload(message);
    uint32_t id = read_id(message, found);

    if (!id)
        return 0;
    struct object **place = find_place(objects, id);
    if (!*place)
        *place = calloc(1, sizeof(**place));
    struct object *object = *place;
    if (!object)
        return id; /* no memory: routes that name it find nothing and are the kernel's */
    object->id = id;
    object->ifindex = netlink_u32(found[NHA_OIF], 0);
    object->gateway = about->nh_family == AF_INET ? netlink_ipv4(found[NHA_GATEWAY]) : 0;
    object->blackhole = found[NHA_BLACKHOLE];
    object->group = found[NHA_GROUP];
    object->other = about->nh_family == AF_INET6 || found[NHA_ENCAP_TYPE];
    object->round = objects->round;
    return id;
}

uint32_t objects_delete(struct objects *objects, const struct nlmsghdr *message)
{
    const struct nlattr *found[NHA_ENCAP + 1];
    uint32_t id = read_id(message, found);
    struct object **place = find_place(objects, id);

    if (!id || !*place)
        return 0;
    remove_at(place);
    return id;
}

void objects_round_begin(struct objects *objects)
{
    objects->round++;
}

void objects_round_end(struct objects *objects)
{
    for (unsigned i = 0; i < OBJECT_BUCKETS; i++) {
        struct object **place = &objects->buckets[i];
        while (*place) {
            if ((*place)->round != objects->round)
                remove_at(place);
            else
                place = &(*place)->next;
        }
    }
}
