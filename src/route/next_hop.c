/*
 * An adjacency in the door's memory is never changed while packets may be reading it: a new one is written, the word
 * is switched over by a single store, and the old one waits among the retired until packets under way have passed. So
 * does a number that is no longer used: a packet may just have found it in the FIB.
 *
 * Invariant: number 0 is FIB_NO_ROUTE, its word is all zeros, and it is in no bucket.
 */
#include "route/next_hop_inside.h"

#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>

static bool equal(const struct next_hop_key *a, const struct next_hop_key *b)
{
    return a->kind == b->kind && a->a == b->a && a->gateway == b->gateway && a->mtu == b->mtu;
}

/* The MTU is left out: all that go via one neighbour stand in one bucket. */
static uint16_t *bucket_of(struct next_hops *next_hops, const struct next_hop_key *key)
{
    uint64_t hash = ((uint64_t)key->kind << 61 ^ (uint64_t)key->a << 32 ^ key->gateway) * 0x9e3779b97f4a7c15;

    return &next_hops->buckets[hash >> 32 & (NEXT_HOP_BUCKETS - 1)];
}

struct next_hops *next_hops_new(const struct next_hops_config *config)
{
    struct next_hops *next_hops = calloc(1, sizeof(*next_hops));

    if (!next_hops)
        return NULL;
    next_hops->config = *config;
    if (number_pool_open(&next_hops->numbers, 1, FIB_NEXT_HOP_MAX, config->wait_for_packets, config->arg) ||
        number_pool_open(&next_hops->adjacencies, 1, DOOR_ADJACENCIES - 1, config->wait_for_packets, config->arg) ||
        number_pool_open(&next_hops->places, 1, DOOR_GROUPS - 1, config->wait_for_packets, config->arg))
        return next_hops_free(next_hops);
    /* The first number that is handed out. */
    next_hops_get(next_hops,
                  &(struct next_hop_key){.kind = NEXT_HOP_FIXED, .a = door_word(DOOR_PUNT, DOOR_PUNT_TABLE_FULL, 0)});
    return next_hops;
}

struct next_hops *next_hops_free(struct next_hops *next_hops)
{
    if (next_hops) {
        number_pool_close(&next_hops->numbers);
        number_pool_close(&next_hops->adjacencies);
        number_pool_close(&next_hops->places);
        for (unsigned i = 0; i < DOOR_GROUPS; i++)
            free(next_hops->groups[i].members);
        free(next_hops);
    }
    return NULL;
}

struct next_hop_key next_hops_key(const struct next_hops *next_hops, uint16_t number)
{
    return next_hops->all[number].key;
}

bool next_hops_is(const struct next_hops *next_hops, uint16_t number, const struct next_hop_key *key)
{
    return equal(&next_hops->all[number].key, key);
}

static void retire_adjacency(struct next_hops *next_hops, uint32_t adjacency)
{
    if (adjacency)
        number_pool_retire(&next_hops->adjacencies, adjacency);
}

/* Interface and gateway of a key that has them; false and the fixed word if not. */
static bool find_egress(const struct next_hops *next_hops, const struct next_hop_key *key, uint32_t *ifindex,
                        uint32_t *gateway, uint32_t *word)
{
    const struct object *object;

    switch (key->kind) {
    case NEXT_HOP_FIXED:
        *word = key->a;
        return false;
    case NEXT_HOP_MULTIPATH:
        *word = door_word(DOOR_PUNT, DOOR_PUNT_MULTIPATH, 0);
        return false;
    case NEXT_HOP_OBJECT:
        object = id_table_find(next_hops->config.objects, key->a);
        *word = !object || object->other ? door_word(DOOR_PUNT, DOOR_PUNT_ROUTE_OTHER, 0)
                                         : door_word(DOOR_DROP, DROP_ROUTE_BLACKHOLE, 0);
        if (!object || !object_is_simple(object))
            return false;
        *ifindex = object->ifindex;
        *gateway = object->gateway;
        return true;
    default:
        *ifindex = key->a;
        *gateway = key->kind == NEXT_HOP_VIA ? key->gateway : 0;
        return true;
    }
}

bool next_hops_egress(const struct next_hops *next_hops, uint16_t number, uint32_t *ifindex, uint32_t *gateway)
{
    uint32_t word;

    return find_egress(next_hops, &next_hops->all[number].key, ifindex, gateway, &word);
}

/* What the adjacency should hold, and the word without its number. False if the interface is not known. */
static bool describe(const struct next_hops *next_hops, const struct next_hop_key *key, uint32_t *word,
                     struct door_adjacency *adjacency)
{
    uint32_t ifindex = 0, gateway = 0;

    if (!find_egress(next_hops, key, &ifindex, &gateway, word))
        return false;
    const struct link *link = links_find(next_hops->config.links, ifindex);
    if (!link) {
        *word = door_word(DOOR_PUNT, DOOR_PUNT_EGRESS_NOT_PORT, 0);
        return false;
    }
    const struct neighbour *neighbour =
        gateway ? neighbours_find(next_hops->config.neighbours, ifindex, gateway) : NULL;
    uint32_t mtu = key->mtu && key->mtu < link->mtu ? key->mtu : link->mtu;
    *adjacency = (struct door_adjacency){.ifindex = ifindex,
                                         .port = link->port,
                                         .bare = !link->ethernet,
                                         .mtu = (uint16_t)(mtu < UINT16_MAX ? mtu : UINT16_MAX)};
    memcpy(adjacency->src, link->mac, ETH_ADDR_SIZE);
    if (link->ethernet && neighbour && neighbour->valid)
        memcpy(adjacency->dst, neighbour->mac, ETH_ADDR_SIZE);
    if (!link->port)
        *word = door_word(DOOR_PUNT, DOOR_PUNT_EGRESS_NOT_PORT, 0);
    else if (!link->up)
        *word = door_word(DOOR_PUNT, DOOR_PUNT_EGRESS_DOWN, 0);
    else if (link->ethernet && (!neighbour || !neighbour->valid))
        *word = door_word(DOOR_PUNT, DOOR_PUNT_UNRESOLVED, 0);
    else
        *word = door_word(DOOR_FORWARD, 0, 0);
    return true;
}

/* The adjacency that a word names; 0 if it names none. */
static uint32_t adjacency_of(uint32_t word)
{
    return door_word_kind(word) == DOOR_GROUP ? 0 : (uint32_t)door_word_adjacency(word);
}

/* The word of a next hop that is no group, with an adjacency of its own, which may be the old one. */
static uint32_t plain_word(struct next_hops *next_hops, uint16_t number, uint32_t old_adjacency)
{
    struct door_memory *memory = next_hops->config.memory;
    uint32_t word, adjacency = 0;
    struct door_adjacency wanted;

    if (describe(next_hops, &next_hops->all[number].key, &word, &wanted)) {
        if (old_adjacency && memcmp(&memory->adjacencies[old_adjacency], &wanted, sizeof(wanted)) == 0) {
            adjacency = old_adjacency;
        } else {
            if (number_pool_take(&next_hops->adjacencies, &adjacency)) {
                memory->adjacencies[adjacency] = wanted;
                memory->used[adjacency] = 0;
            } else {
                word = door_word(DOOR_PUNT, DOOR_PUNT_TABLE_FULL, 0);
            }
        }
    }
    return word | adjacency;
}

/* Bring the word of one next hop in line with what is known. */
static void refresh(struct next_hops *next_hops, uint16_t number)
{
    struct next_hop *hop = &next_hops->all[number];
    uint32_t *place = &next_hops->config.memory->next_hops[number];
    const uint32_t old = *place;
    const uint16_t old_group = hop->group;
    uint32_t word = next_group_is(next_hops, &hop->key) ? next_group_word(next_hops, number)
                                                        : plain_word(next_hops, number, adjacency_of(old));

    WRITE_RELEASE(*place, word);
    hop->group = door_word_kind(word) == DOOR_GROUP ? (uint16_t)door_word_group(word) : 0;
    if (adjacency_of(old) != adjacency_of(word))
        retire_adjacency(next_hops, adjacency_of(old));
    if (old_group != hop->group)
        next_group_end(next_hops, old_group);
    if (word != old)
        next_group_member_changed(next_hops, number);
}

uint16_t next_hops_get(struct next_hops *next_hops, const struct next_hop_key *key)
{
    uint16_t *bucket = bucket_of(next_hops, key);

    for (uint16_t number = *bucket; number; number = next_hops->all[number].next) {
        if (equal(&next_hops->all[number].key, key)) {
            next_hops->all[number].used++;
            return number;
        }
    }
    uint32_t number;
    if (!number_pool_take(&next_hops->numbers, &number)) {
        next_hops->all[NEXT_HOP_TABLE_FULL].used++;
        return NEXT_HOP_TABLE_FULL;
    }
    next_hops->all[number] = (struct next_hop){.key = *key, .used = 1, .next = *bucket};
    *bucket = (uint16_t)number;
    refresh(next_hops, *bucket);
    return *bucket;
}

void next_hops_put(struct next_hops *next_hops, uint16_t number)
{
    struct next_hop *old = &next_hops->all[number];

    if (--old->used)
        return;
    uint16_t *place = bucket_of(next_hops, &old->key);
    while (*place != number)
        place = &next_hops->all[*place].next;
    *place = old->next;
    uint32_t word = next_hops->config.memory->next_hops[number];
    WRITE_RELEASE(next_hops->config.memory->next_hops[number], door_word(DOOR_PUNT, DOOR_PUNT_NO_ROUTE, 0));
    retire_adjacency(next_hops, adjacency_of(word));
    next_group_end(next_hops, old->group);
    old->group = 0;
    number_pool_retire(&next_hops->numbers, number);
}

void next_hops_refresh(struct next_hops *next_hops)
{
    for (uint32_t number = 1; number <= FIB_NEXT_HOP_MAX; number++)
        if (next_hops->all[number].used)
            refresh(next_hops, (uint16_t)number);
}

/* Whether the word of a next hop says what is known. */
static bool is_right(const struct next_hops *next_hops, uint16_t number)
{
    const struct door_memory *memory = next_hops->config.memory;
    uint32_t is = memory->next_hops[number], word;
    uint32_t adjacency = adjacency_of(is);
    struct door_adjacency wanted;

    if (is == door_word(DOOR_PUNT, DOOR_PUNT_TABLE_FULL, 0))
        return true;
    if (next_group_is(next_hops, &next_hops->all[number].key))
        return next_group_is_right(next_hops, number, is);
    if (!describe(next_hops, &next_hops->all[number].key, &word, &wanted))
        return is == word;
    return adjacency && is == (word | adjacency) &&
           memcmp(&memory->adjacencies[adjacency], &wanted, sizeof(wanted)) == 0;
}

uint32_t next_hops_put_right(struct next_hops *next_hops)
{
    uint32_t wrong = 0;

    for (uint32_t number = 1; number <= FIB_NEXT_HOP_MAX; number++) {
        if (next_hops->all[number].used && !is_right(next_hops, (uint16_t)number)) {
            refresh(next_hops, (uint16_t)number);
            wrong++;
        }
    }
    return wrong;
}

/* Those of one kind, place and gateway, whatever their MTU. */
static void refresh_those(struct next_hops *next_hops, enum next_hop_kind kind, uint32_t a, uint32_t gateway)
{
    struct next_hop_key key = {.kind = kind, .a = a, .gateway = gateway};

    for (uint16_t number = *bucket_of(next_hops, &key); number; number = next_hops->all[number].next) {
        key.mtu = next_hops->all[number].key.mtu;
        if (equal(&next_hops->all[number].key, &key))
            refresh(next_hops, number);
    }
}

void next_hops_object_changed(struct next_hops *next_hops, uint32_t id)
{
    const struct object *group = NULL;

    refresh_those(next_hops, NEXT_HOP_OBJECT, id, 0);
    while ((group = id_table_next(next_hops->config.objects, group)))
        for (uint32_t i = 0; i < group->member_count; i++)
            if (group->members[i].id == id)
                refresh_those(next_hops, NEXT_HOP_OBJECT, group->id, 0);
}

void next_hops_neighbour_changed(struct next_hops *next_hops, uint32_t ifindex, uint32_t addr)
{
    const struct object *object = NULL;

    refresh_those(next_hops, NEXT_HOP_VIA, ifindex, addr);
    while ((object = id_table_next(next_hops->config.objects, object)))
        if (object->ifindex == ifindex && object->gateway == addr)
            refresh_those(next_hops, NEXT_HOP_OBJECT, object->id, 0);
}

void next_hops_each_in_use(struct next_hops *next_hops, void (*in_use)(void *arg, const struct neighbour *neighbour),
                           void *arg)
{
    struct door_memory *memory = next_hops->config.memory;
    uint32_t ifindex, gateway;

    for (uint32_t number = 1; number <= FIB_NEXT_HOP_MAX; number++) {
        uint32_t adjacency = adjacency_of(memory->next_hops[number]);
        if (!next_hops->all[number].used || !adjacency || !READ_ONCE(memory->used[adjacency]))
            continue;
        WRITE_RELEASE(memory->used[adjacency], 0);
        if (!next_hops_egress(next_hops, (uint16_t)number, &ifindex, &gateway))
            continue;
        const struct neighbour *neighbour = neighbours_find(next_hops->config.neighbours, ifindex, gateway);
        if (neighbour && !(neighbour->state & (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP)))
            in_use(arg, neighbour);
    }
}
