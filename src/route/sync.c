/*
 * RIB and neighbours -> FIB.
 *
 * Of every prefix the best path goes into the FIB. A neighbour in an attached subnet gets an entry of its own, a /32,
 * because its subnet's entry can only say that the kernel has to find out; but only where the longest prefix that
 * covers it is that subnet at that interface. So a route that comes or goes is followed by a look at the neighbours
 * within.
 */
#include "route/routing.h"

static const struct ipv4_prefix everything = {0};
static const struct ipv4_prefix loopback = {.addr = IPV4(127, 0, 0, 0), .len = 8};

static struct next_hop_key fixed(enum door_kind kind, unsigned reason)
{
    return (struct next_hop_key){.kind = NEXT_HOP_FIXED, .a = door_word(kind, reason, 0)};
}

/* What a packet to the entry's prefix follows: its best path, where the door understands that. */
static struct next_hop_key key_of_entry(const struct rib_entry *entry)
{
    const struct rib_path *best = &entry->paths[0];

    for (uint32_t i = 0; i < entry->count; i++)
        if (entry->paths[i].tos) /* some packets follow this one, others another: that is the kernel's to tell */
            return fixed(DOOR_PUNT, DOOR_PUNT_ROUTE_OTHER);
    switch (best->type) {
    case RIB_LOCAL:
        return fixed(DOOR_PUNT, DOOR_PUNT_LOCAL);
    case RIB_BLACKHOLE:
        return fixed(DOOR_DROP, DROP_ROUTE_BLACKHOLE);
    case RIB_UNREACHABLE:
        return fixed(DOOR_PUNT, DOOR_PUNT_UNREACHABLE);
    case RIB_PROHIBIT:
        return fixed(DOOR_PUNT, DOOR_PUNT_PROHIBIT);
    case RIB_UNICAST:
        break;
    default:
        return fixed(DOOR_PUNT, DOOR_PUNT_ROUTE_OTHER);
    }
    if (best->flags & (RIB_ENCAPSULATED | RIB_VIA_IPV6))
        return fixed(DOOR_PUNT, DOOR_PUNT_ROUTE_OTHER);
    if (best->flags & RIB_MULTIPATH)
        return (struct next_hop_key){.kind = NEXT_HOP_MULTIPATH, .a = best->distinct, .mtu = best->mtu};
    if (best->next_hop_id)
        return (struct next_hop_key){.kind = NEXT_HOP_OBJECT, .a = best->next_hop_id, .mtu = best->mtu};
    return (struct next_hop_key){.kind = best->gateway ? NEXT_HOP_VIA : NEXT_HOP_ATTACHED,
                                 .a = best->ifindex,
                                 .gateway = best->gateway,
                                 .mtu = best->mtu};
}

/* The interface at which the addresses of this next hop are neighbours themselves; 0 if they are not. */
static uint32_t attached_at(const struct routing *routing, const struct next_hop_key *key)
{
    if (key->kind == NEXT_HOP_ATTACHED)
        return key->a;
    if (key->kind != NEXT_HOP_OBJECT)
        return 0;
    const struct object *object = id_table_find(&routing->objects, key->a);
    return object && object_is_simple(object) && !object->gateway ? object->ifindex : 0;
}

/* What the FIB should say for a prefix; false if nothing. */
static bool wanted(const struct routing *routing, struct ipv4_prefix prefix, struct next_hop_key *key)
{
    const struct rib_entry *entry = rib_get(routing->rib, prefix);
    const struct rib_entry *cover = entry;

    if (entry)
        *key = key_of_entry(entry);
    if (prefix.len < 32)
        return entry;
    if (!cover)
        cover = rib_cover(routing->rib, prefix.addr, 31, NULL);
    if (!cover)
        return false;
    struct next_hop_key subnet = key_of_entry(cover);
    uint32_t ifindex = attached_at(routing, &subnet);
    const struct neighbour *neighbour = ifindex ? neighbours_find(&routing->neighbours, ifindex, prefix.addr) : NULL;
    if (!neighbour || !neighbour->valid)
        return entry;
    *key = (struct next_hop_key){.kind = NEXT_HOP_VIA, .a = ifindex, .gateway = prefix.addr, .mtu = subnet.mtu};
    return true;
}

/* Addresses of this system, for the door to know packets that claim to come from them. */
static void count_local(struct routing *routing, struct ipv4_prefix prefix, int change)
{
    routing->local_changes++;
    if (prefix.len < 32) {
        if (!ipv4_prefix_covers(loopback, prefix))
            routing->wide_local += (uint32_t)change;
        return;
    }
    uint32_t bit = door_local_bit(prefix.addr);
    uint64_t *word = &routing->memory->local_filter[bit / 64];
    routing->local_filter_count[bit] = (uint16_t)(routing->local_filter_count[bit] + change);
    uint64_t mask = (uint64_t)1 << (bit % 64);
    WRITE_RELEASE(*word, routing->local_filter_count[bit] ? *word | mask : *word & ~mask);
}

void sync_flush(struct routing *routing)
{
    if (!routing->unseen)
        return;
    fib_table_flush(routing->fib);
    for (unsigned i = 0; i < routing->left_count; i++)
        next_hops_put(routing->next_hops, routing->left[i]);
    routing->left_count = 0;
    routing->unseen = 0;
}

/* The FIB has changed, but the door does not see that before the next flush: until then it follows the old next hop,
 * whose number nobody else may get. */
static void flush_later(struct routing *routing, uint16_t old_next_hop)
{
    if (old_next_hop)
        routing->left[routing->left_count++] = old_next_hop;
    if (++routing->unseen == ROUTING_UNSEEN_MAX)
        sync_flush(routing);
}

static void update(struct routing *routing, struct ipv4_prefix prefix)
{
    struct next_hop_key key;
    uint16_t old = 0, new = 0;

    fib_table_get(routing->fib, prefix, &old);
    if (wanted(routing, prefix, &key))
        new = next_hops_get(routing->next_hops, &key);
    if (new != old) {
        int error = new ? fib_table_set(routing->fib, prefix, new) : fib_table_remove(routing->fib, prefix);
        if (error) {
            routing->incomplete = true; /* the owner stands aside */
            if (new)
                next_hops_put(routing->next_hops, new);
            return;
        }
        if (new == routing->local_next_hop)
            count_local(routing, prefix, 1);
        if (old == routing->local_next_hop)
            count_local(routing, prefix, -1);
        flush_later(routing, old);
    } else if (old) {
        next_hops_put(routing->next_hops, old); /* wanted once more by the look at what it should be */
    }
}

bool sync_agrees(const struct routing *routing, struct ipv4_prefix prefix)
{
    struct next_hop_key key;
    uint16_t number = FIB_NO_ROUTE;
    bool is = fib_table_get(routing->fib, prefix, &number) == 0, wants = wanted(routing, prefix, &key);

    return is == wants && (!is || number == NEXT_HOP_TABLE_FULL || next_hops_is(routing->next_hops, number, &key));
}

void sync_again(struct routing *routing, struct ipv4_prefix prefix)
{
    update(routing, prefix);
}

static void update_neighbours_within(struct routing *routing, struct ipv4_prefix within)
{
    struct ipv4_prefix at;

    for (void *found = ipv4_map_first(&routing->neighbours.by_addr, within, &at); found;
         found = ipv4_map_next(&routing->neighbours.by_addr, within, &at))
        update(routing, at);
}

void sync_changed(void *arg, struct ipv4_prefix prefix, const struct rib_entry *entry)
{
    struct routing *routing = arg;

    changed_note(&routing->changed, prefix.addr);
    installs_look(&routing->installs, prefix, entry);
    update(routing, prefix);
    if (prefix.len < 32)
        update_neighbours_within(routing, prefix);
}

void sync_neighbour(struct routing *routing, uint32_t ifindex, uint32_t addr)
{
    next_hops_neighbour_changed(routing->next_hops, ifindex, addr);
    update(routing, (struct ipv4_prefix){.addr = addr, .len = 32});
}

void sync_all_neighbours(struct routing *routing)
{
    update_neighbours_within(routing, everything);
}
