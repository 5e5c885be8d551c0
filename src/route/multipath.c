#include "route/multipath.h"

#include "base/compiler.h"
#include "base/siphash.h"
#include "netlink/netlink.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_MORE 1024 /* than twice what was kept */

void multipaths_clear(struct multipaths *multipaths)
{
    for (unsigned i = 0; i < MULTIPATH_BUCKETS; i++) {
        while (multipaths->buckets[i]) {
            struct multipath *one = multipaths->buckets[i];
            multipaths->buckets[i] = one->next;
            free(one);
        }
    }
    *multipaths = (struct multipaths){0};
}

static struct multipath *find(const struct multipaths *multipaths, uint32_t id)
{
    struct multipath *one = multipaths->buckets[id % MULTIPATH_BUCKETS];

    while (one && one->id != id)
        one = one->next;
    return one;
}

const struct multipath *multipaths_find(const struct multipaths *multipaths, uint32_t id)
{
    return find(multipaths, id);
}

/* --- what the kernel says ----------------------------------------------------------------------------------------- */

/* One way; false if only the kernel understands it. */
static bool read_way(const struct rtnexthop *hop, struct multipath_way *way)
{
    const void *behind = RTNH_DATA(hop);
    const struct nlattr *attr; /* the macro's name for it */
    bool understood = true;

    *way = (struct multipath_way){.ifindex = (uint32_t)hop->rtnh_ifindex, .weight = hop->rtnh_hops + 1u};
    mnl_attr_for_each_payload(behind, hop->rtnh_len - RTNH_LENGTH(0))
    {
        switch (mnl_attr_get_type(attr)) {
        case RTA_GATEWAY:
            way->gateway = netlink_ipv4(attr);
            break;
        case RTA_FLOW:
            break;
        default: /* encapsulation, an IPv6 gateway, ... */
            understood = false;
        }
    }
    return understood;
}

/* A digest of all the ways up to this one. Flags (dead, no carrier) are what links say already, and leave no trace. */
static uint64_t add_to_digest(uint64_t digest, const struct rtnexthop *hop)
{
    struct rtnexthop named = *hop;
    uint8_t key[SIPHASH_KEY_SIZE];

    static_assert(sizeof(key) == sizeof(digest) + sizeof(named), "both are part of it");
    named.rtnh_flags = 0;
    memcpy(key, &digest, sizeof(digest));
    memcpy(key + sizeof(digest), &named, sizeof(named));
    return siphash(key, RTNH_DATA(hop), hop->rtnh_len - RTNH_LENGTH(0));
}

struct ways {
    uint64_t digest;
    unsigned count; /* 0: only the kernel understands them */
    struct multipath_way all[MULTIPATH_WAYS_MAX];
};

static void read_ways(const struct nlattr *attribute, struct ways *ways)
{
    const struct rtnexthop *hop = mnl_attr_get_payload(attribute);
    int left = mnl_attr_get_payload_len(attribute);
    bool understood = true;

    ways->digest = ways->count = 0;
    for (; RTNH_OK(hop, left); left -= (int)RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop)) {
        ways->digest = add_to_digest(ways->digest, hop);
        understood = understood && ways->count < MULTIPATH_WAYS_MAX && read_way(hop, &ways->all[ways->count]);
        if (understood)
            ways->count++;
    }
    if (!understood)
        ways->count = 0;
}

uint32_t multipaths_take(struct multipaths *multipaths, const struct nlattr *attribute)
{
    struct ways ways;

    read_ways(attribute, &ways);
    struct multipath **bucket = &multipaths->buckets[ways.digest % MULTIPATH_BUCKETS];
    for (const struct multipath *one = *bucket; one; one = one->next)
        if (one->digest == ways.digest)
            return one->id;
    uint32_t last = *bucket ? (*bucket)->id : (uint32_t)(ways.digest % MULTIPATH_BUCKETS);
    if (last > UINT32_MAX - MULTIPATH_BUCKETS)
        return 0;
    struct multipath *one = calloc(1, sizeof(*one) + ways.count * sizeof(ways.all[0]));
    if (!one)
        return 0;
    *one =
        (struct multipath){.id = last + MULTIPATH_BUCKETS, .digest = ways.digest, .count = ways.count, .next = *bucket};
    memcpy(one->ways, ways.all, ways.count * sizeof(ways.all[0]));
    *bucket = one;
    multipaths->count++;
    return one->id;
}

/* --- what is used no more ------------------------------------------------------------------------------------------
 */

static void mark(const struct multipaths *multipaths, const struct rib_entry *entry)
{
    for (uint32_t i = 0; i < entry->count; i++) {
        const struct rib_path *path = &entry->paths[i];
        struct multipath *one = path->flags & RIB_MULTIPATH ? find(multipaths, path->distinct) : NULL;
        if (one)
            one->used = true;
    }
}

static void sweep_bucket(struct multipaths *multipaths, struct multipath **place)
{
    while (*place) {
        struct multipath *one = *place;
        if (one->used) {
            one->used = false;
            place = &one->next;
        } else {
            *place = one->next;
            multipaths->count--;
            free(one);
        }
    }
}

void multipaths_sweep(struct multipaths *multipaths, const struct rib *rib)
{
    const struct ipv4_prefix all = {0};
    struct ipv4_prefix at;

    if (multipaths->count < 2 * multipaths->kept + SWEEP_MORE)
        return;
    for (const struct rib_entry *entry = ipv4_map_first(rib_entries(rib), all, &at); entry;
         entry = ipv4_map_next(rib_entries(rib), all, &at))
        mark(multipaths, entry);
    for (unsigned i = 0; i < MULTIPATH_BUCKETS; i++)
        sweep_bucket(multipaths, &multipaths->buckets[i]);
    multipaths->kept = multipaths->count;
}
