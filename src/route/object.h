/*
 * The kernel's nexthop objects (ip nexthop), which routes may name instead of an interface and a gateway.
 */
#pragma once

#include "route/id_table.h"

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#define OBJECT_MEMBERS_MAX 128 /* of a group; one with more is the kernel's */

struct object_member {
    uint32_t id;
    uint32_t weight; /* from 1 on */
};

struct object {
    union {
        struct id_node node; /* begins with the id: */
        uint32_t id;
    };
    uint32_t ifindex;
    uint32_t gateway; /* host order; 0: the destination is attached there */
    bool blackhole;
    bool group;                     /* several others in one: */
    bool other;                     /* IPv6 gateway, encapsulation, ...: only the kernel understands it */
    uint32_t member_count;          /* 0: it is no group, or one that only the kernel understands */
    struct object_member members[]; /* as many */
};

/* Whether it leads to one interface, and to an IPv4 gateway there or straight to the destination. */
static inline bool object_is_simple(const struct object *object)
{
    return !object->blackhole && !object->group && !object->other;
}

/* What RTM_NEWNEXTHOP and RTM_DELNEXTHOP say, for a table of objects. 0, or the id of what has changed. */
uint32_t objects_new(struct id_table *objects, const struct nlmsghdr *message);
uint32_t objects_delete(struct id_table *objects, const struct nlmsghdr *message);
