/*
 * Next hops that are groups: which members they have, and who of them has which bucket in the door's memory.
 *
 * A group whose members change gets a new place, which is filled before the word is switched over to it; the old one is
 * used again when packets under way have passed. Where a member only becomes usable, or ceases to be, buckets change
 * hands one by one.
 */
#include "route/next_hop_inside.h"

#include <stdlib.h>
#include <string.h>

/* A group as it should be. */
struct wanted {
    unsigned count; /* 0: only the kernel understands it */
    struct next_hop_key keys[GROUP_MEMBERS_MAX];
    struct group_member members[GROUP_MEMBERS_MAX]; /* their numbers are for the owner to fill in */
};

static const struct object *find_object(const struct next_hops *next_hops, const struct next_hop_key *key)
{
    return key->kind == NEXT_HOP_OBJECT ? id_table_find(next_hops->config.objects, key->a) : NULL;
}

bool next_group_is(const struct next_hops *next_hops, const struct next_hop_key *key)
{
    const struct object *object = find_object(next_hops, key);

    return key->kind == NEXT_HOP_MULTIPATH || (object && object->group);
}

/* What a member is known by, in this run of the daemon and in the next one. */
static uint64_t identity(uint32_t ifindex, uint32_t gateway)
{
    return ((uint64_t)gateway << 32 | ifindex) * 0x9e3779b97f4a7c15;
}

/* One more member; who is one already gets the weight. */
static void add(struct wanted *wanted, const struct next_hop_key *key, uint64_t identity, uint32_t weight)
{
    for (unsigned i = 0; i < wanted->count; i++) {
        if (wanted->members[i].key == identity) {
            wanted->members[i].weight += weight;
            return;
        }
    }
    wanted->keys[wanted->count] = *key;
    wanted->members[wanted->count++] = (struct group_member){.weight = weight, .key = identity};
}

/* A way without a gateway leads to the destination itself, whose neighbour nobody knows in advance: then all of it is
 * the kernel's. So it is where a member is not known, or is not a plain one. */
static void want_ways(const struct multipath *set, uint32_t mtu, struct wanted *wanted)
{
    for (unsigned i = 0; i < set->count; i++) {
        const struct multipath_way *way = &set->ways[i];
        const struct next_hop_key key = {.kind = NEXT_HOP_VIA, .a = way->ifindex, .gateway = way->gateway, .mtu = mtu};
        if (!way->gateway) {
            wanted->count = 0;
            return;
        }
        add(wanted, &key, identity(way->ifindex, way->gateway), way->weight);
    }
}

static void want_members(const struct next_hops *next_hops, const struct object *group, uint32_t mtu,
                         struct wanted *wanted)
{
    for (uint32_t i = 0; i < group->member_count; i++) {
        const struct object *member = id_table_find(next_hops->config.objects, group->members[i].id);
        if (!member || !object_is_simple(member) || !member->gateway) {
            wanted->count = 0;
            return;
        }
        const struct next_hop_key key = {.kind = NEXT_HOP_OBJECT, .a = member->id, .mtu = mtu};
        add(wanted, &key, identity(member->ifindex, member->gateway), group->members[i].weight);
    }
}

static void want(const struct next_hops *next_hops, const struct next_hop_key *key, struct wanted *wanted)
{
    const struct object *object = find_object(next_hops, key);
    const struct multipath *set =
        key->kind == NEXT_HOP_MULTIPATH ? multipaths_find(next_hops->config.multipaths, key->a) : NULL;

    static_assert(MULTIPATH_WAYS_MAX <= GROUP_MEMBERS_MAX && OBJECT_MEMBERS_MAX <= GROUP_MEMBERS_MAX, "there is room");
    wanted->count = 0;
    if (object)
        want_members(next_hops, object, key->mtu, wanted);
    else if (set)
        want_ways(set, key->mtu, wanted);
}

static bool is_same(const struct next_hops *next_hops, const struct next_group *group, const struct wanted *wanted)
{
    if (group->count != wanted->count)
        return false;
    for (unsigned i = 0; i < group->count; i++)
        if (!next_hops_is(next_hops, group->members[i].number, &wanted->keys[i]) ||
            group->members[i].weight != wanted->members[i].weight || group->members[i].key != wanted->members[i].key)
            return false;
    return true;
}

static void fill(const struct next_hops *next_hops, const struct next_group *group,
                 uint16_t buckets[static DOOR_BUCKETS])
{
    bool usable[GROUP_MEMBERS_MAX];

    for (unsigned i = 0; i < group->count; i++)
        usable[i] = next_hop_word_is_usable(next_hops->config.memory->next_hops[group->members[i].number]);
    group_fill(buckets, group->members, usable, group->count);
}

/* For rp_filter: where packets from there may come in. */
static void find_ports(const struct next_hops *next_hops, const struct next_group *group,
                       uint64_t ports[static DOOR_PORTS / 64])
{
    const struct door_memory *memory = next_hops->config.memory;

    memset(ports, 0, DOOR_PORTS / 8);
    for (unsigned i = 0; i < group->count; i++) {
        uint32_t word = memory->next_hops[group->members[i].number];
        uint16_t port = memory->adjacencies[door_word_adjacency(word)].port;
        if (port)
            ports[port / 64] |= UINT64_C(1) << port % 64;
    }
}

static void tell_door(struct next_hops *next_hops, uint16_t place)
{
    struct door_memory *memory = next_hops->config.memory;
    uint64_t ports[DOOR_PORTS / 64];

    fill(next_hops, &next_hops->groups[place], memory->groups[place]);
    find_ports(next_hops, &next_hops->groups[place], ports);
    for (unsigned i = 0; i < DOOR_PORTS / 64; i++)
        WRITE_RELEASE(memory->group_ports[place][i], ports[i]);
}

void next_group_end(struct next_hops *next_hops, uint16_t place)
{
    struct next_group old = next_hops->groups[place];

    if (!place)
        return;
    next_hops->groups[place] = (struct next_group){0};
    number_pool_retire(&next_hops->places, place);
    for (unsigned i = 0; i < old.count; i++) {
        next_hops->all[old.members[i].number].in_groups--;
        next_hops_put(next_hops, old.members[i].number);
    }
    free(old.members);
}

/* A new place for it; 0 if there is no room. */
static uint16_t begin(struct next_hops *next_hops, uint16_t number, const struct wanted *wanted)
{
    struct group_member *members = malloc(wanted->count * sizeof(*members));
    uint32_t place;

    if (!members || !number_pool_take(&next_hops->places, &place)) {
        free(members);
        return 0;
    }
    for (unsigned i = 0; i < wanted->count; i++) {
        members[i] = wanted->members[i];
        members[i].number = next_hops_get(next_hops, &wanted->keys[i]);
        next_hops->all[members[i].number].in_groups++;
    }
    next_hops->groups[place] = (struct next_group){.number = number, .count = wanted->count, .members = members};
    return (uint16_t)place;
}

uint32_t next_group_word(struct next_hops *next_hops, uint16_t number)
{
    uint16_t place = next_hops->all[number].group;
    struct wanted wanted;

    want(next_hops, &next_hops->all[number].key, &wanted);
    if (!wanted.count)
        return door_word(DOOR_PUNT, DOOR_PUNT_MULTIPATH, 0);
    if (!place || !is_same(next_hops, &next_hops->groups[place], &wanted))
        place = begin(next_hops, number, &wanted);
    if (!place)
        return door_word(DOOR_PUNT, DOOR_PUNT_TABLE_FULL, 0);
    tell_door(next_hops, place);
    return door_word(DOOR_GROUP, 0, place);
}

void next_group_member_changed(struct next_hops *next_hops, uint16_t number)
{
    for (uint16_t place = 1; next_hops->all[number].in_groups && place < DOOR_GROUPS; place++) {
        const struct next_group *group = &next_hops->groups[place];
        for (unsigned i = 0; i < group->count; i++) {
            if (group->members[i].number == number) {
                tell_door(next_hops, place);
                break;
            }
        }
    }
}

bool next_group_is_right(const struct next_hops *next_hops, uint16_t number, uint32_t word)
{
    const struct door_memory *memory = next_hops->config.memory;
    uint16_t place = next_hops->all[number].group, buckets[DOOR_BUCKETS] = {0};
    uint64_t ports[DOOR_PORTS / 64];
    struct wanted wanted;

    want(next_hops, &next_hops->all[number].key, &wanted);
    if (!wanted.count)
        return word == door_word(DOOR_PUNT, DOOR_PUNT_MULTIPATH, 0);
    if (!place || word != door_word(DOOR_GROUP, 0, place) || !is_same(next_hops, &next_hops->groups[place], &wanted))
        return false;
    fill(next_hops, &next_hops->groups[place], buckets);
    find_ports(next_hops, &next_hops->groups[place], ports);
    return memcmp(buckets, memory->groups[place], sizeof(buckets)) == 0 &&
           memcmp(ports, memory->group_ports[place], sizeof(ports)) == 0;
}

void next_hops_each_unknown(const struct next_hops *next_hops,
                            void (*unknown)(void *arg, uint32_t ifindex, uint32_t gateway), void *arg)
{
    const uint32_t *words = next_hops->config.memory->next_hops;

    for (uint32_t place = 1; place < DOOR_GROUPS; place++) {
        const struct next_group *group = &next_hops->groups[place];
        for (unsigned i = 0; i < group->count; i++) {
            uint32_t ifindex, gateway, word = words[group->members[i].number];
            if (door_word_kind(word) == DOOR_PUNT && door_word_reason(word) == DOOR_PUNT_UNRESOLVED &&
                next_hops_egress(next_hops, group->members[i].number, &ifindex, &gateway))
                unknown(arg, ifindex, gateway);
        }
    }
}

unsigned next_hops_ways(const struct next_hops *next_hops, uint16_t number, struct next_hop_way *ways, unsigned room)
{
    const uint16_t place = next_hops->all[number].group;
    const struct next_group *group = &next_hops->groups[place];
    const uint16_t *buckets = next_hops->config.memory->groups[place];

    for (unsigned i = 0; i < group->count && i < room; i++) {
        const struct group_member *member = &group->members[i];
        ways[i] = (struct next_hop_way){.weight = member->weight,
                                        .word = next_hops->config.memory->next_hops[member->number]};
        next_hops_egress(next_hops, member->number, &ways[i].ifindex, &ways[i].gateway);
        for (unsigned bucket = 0; bucket < DOOR_BUCKETS; bucket++)
            ways[i].buckets += buckets[bucket] == member->number;
    }
    return group->count;
}
