/*
 * The kernel's nexthop objects (ip nexthop), which routes may name instead of an interface and a gateway.
 */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#define OBJECT_BUCKETS 1024

struct object {
    uint32_t id;
    uint32_t ifindex;
    uint32_t gateway; /* host order; 0: the destination is attached there */
    bool blackhole;
    bool group; /* several others in one */
    bool other; /* IPv6 gateway, encapsulation, ...: only the kernel understands it */
    uint32_t round;
    struct object *next;
};

/* All zeros is empty. */
struct objects {
    struct object *buckets[OBJECT_BUCKETS];
    uint32_t round;
};

void objects_clear(struct objects *objects);
const struct object *objects_find(const struct objects *objects, uint32_t id);

/* What RTM_NEWNEXTHOP and RTM_DELNEXTHOP say. 0, or the id of what has changed. */
uint32_t objects_new(struct objects *objects, const struct nlmsghdr *message);
uint32_t objects_delete(struct objects *objects, const struct nlmsghdr *message);

/* Everything is told anew between these two; what was not named is gone. */
void objects_round_begin(struct objects *objects);
void objects_round_end(struct objects *objects);
