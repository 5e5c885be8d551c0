#include "engine/lookup.h"

#include "fib/fib.h"

#include <string.h>

void lookup_name(const struct routing *routing, uint32_t ifindex, char name[static QUERY_NAME_SIZE])
{
    const struct link *link = ifindex ? links_find(&routing->links, ifindex) : NULL;

    memset(name, 0, QUERY_NAME_SIZE);
    if (link)
        memcpy(name, link->name, QUERY_NAME_SIZE);
}

static uint32_t egress_of(const struct routing *routing, const struct rib_path *path, uint32_t *gateway)
{
    const struct object *object = path->next_hop_id ? id_table_find(&routing->objects, path->next_hop_id) : NULL;

    *gateway = object ? object->gateway : path->gateway;
    return object ? object->ifindex : path->ifindex;
}

void lookup_describe_path(const struct routing *routing, struct ipv4_prefix prefix, const struct rib_entry *entry,
                          uint32_t index, struct query_route *route)
{
    uint32_t gateway;

    *route = (struct query_route){.prefix = prefix, .path = entry->paths[index], .best = index == 0};
    lookup_name(routing, egress_of(routing, &route->path, &gateway), route->interface);
    route->path.gateway = gateway;
    route->installed =
        route->path.source == RIB_SOURCE_STATIC && installs_holds(&routing->installs, prefix, &route->path);
}

/* What the door does with packets to an address, its port and their own faults left aside; door_decide() in short. The
 * next hop has its number only if the word is its own. */
static uint32_t word_of(const struct door_memory *memory, uint32_t addr, uint16_t *next_hop)
{
    *next_hop = FIB_NO_ROUTE;
    if (ipv4_addr_is_zeronet(addr))
        return door_word(DOOR_DROP, DROP_IP_DESTINATION_ZERO, 0);
    if (ipv4_addr_is_loopback(addr))
        return door_word(DOOR_DROP, DROP_IP_DESTINATION_LOOPBACK, 0);
    if (addr >> 28 >= 0xe)
        return door_word(DOOR_PUNT, DOOR_PUNT_NOT_UNICAST, 0);
    *next_hop = (uint16_t)fib_lookup(&memory->fib, addr);
    return READ_ONCE(memory->next_hops[*next_hop]);
}

static void describe_ways(const struct routing *routing, uint16_t next_hop, struct query_lookup *lookup)
{
    struct next_hop_way ways[QUERY_WAYS_MAX];
    unsigned count = next_hops_ways(routing->next_hops, next_hop, ways, QUERY_WAYS_MAX);

    static_assert(MULTIPATH_WAYS_MAX <= QUERY_WAYS_MAX && OBJECT_MEMBERS_MAX <= QUERY_WAYS_MAX,
                  "there is room for all");
    lookup->way_count = count < QUERY_WAYS_MAX ? count : QUERY_WAYS_MAX;
    for (unsigned i = 0; i < lookup->way_count; i++) {
        lookup->ways[i] = (struct query_way){
            .gateway = ways[i].gateway, .weight = ways[i].weight, .word = ways[i].word, .buckets = ways[i].buckets};
        lookup_name(routing, ways[i].ifindex, lookup->ways[i].egress);
    }
}

void lookup_address(const struct routing *routing, uint32_t addr, struct query_lookup *lookup)
{
    const struct door_memory *memory = routing->memory;
    struct ipv4_prefix prefix;
    uint32_t ifindex = 0;
    uint16_t next_hop;

    memset(lookup, 0, sizeof(*lookup));
    const struct rib_entry *entry = rib_cover(routing->rib, addr, 32, &prefix);
    lookup->word = word_of(memory, addr, &next_hop);
    uint64_t adjacency = door_word_adjacency(lookup->word);
    if (door_word_kind(lookup->word) == DOOR_GROUP)
        describe_ways(routing, next_hop, lookup);
    else if (adjacency)
        lookup->adjacency = memory->adjacencies[adjacency];
    if (!entry)
        return;
    lookup->found = 1;
    lookup->candidates = entry->count;
    lookup_describe_path(routing, prefix, entry, 0, &lookup->route);
    if (lookup->route.path.type == RIB_UNICAST && !lookup->way_count) {
        ifindex = egress_of(routing, &entry->paths[0], &lookup->gateway);
        if (!lookup->gateway)
            lookup->gateway = addr; /* attached: the destination itself */
    }
    lookup_name(routing, ifindex, lookup->egress);
}
