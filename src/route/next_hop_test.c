#include "route/next_hop.h"

#include "tests/unit.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#define PORT_LINK 5 /* an interface that is a port, and one that is not */
#define BARE_LINK 6

struct fixture {
    struct door_memory *memory;
    struct links links;
    struct neighbours neighbours;
    struct id_table objects;
    struct multipaths multipaths;
    struct next_hops *next_hops;
};

static unsigned waits;

static void wait_for_packets(void *arg)
{
    (void)arg;
    waits++;
}

static struct link *add_link(struct fixture *f, uint32_t ifindex, uint8_t port)
{
    struct link *link = id_table_name(&f->links.by_ifindex, ifindex, sizeof(*link));
    assert_non_null(link);
    link->ethernet = true;
    link->mac[0] = 2;
    link->mac[5] = (uint8_t)ifindex;
    link->mtu = 1500;
    link->up = true;
    link->port = port;
    return link;
}

static struct neighbour *add_neighbour(struct fixture *f, uint32_t ifindex, uint32_t addr)
{
    struct neighbour *neighbour = calloc(1, sizeof(*neighbour));
    assert_non_null(neighbour);
    *neighbour = (struct neighbour){
        .addr = addr, .ifindex = ifindex, .mac = {4, 0, 0, 0, 0, (uint8_t)addr}, .state = NUD_STALE, .valid = true};
    assert_int_equal(ipv4_map_put(&f->neighbours.by_addr, (struct ipv4_prefix){.addr = addr, .len = 32}, neighbour), 0);
    return neighbour;
}

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->memory = calloc(1, sizeof(*f->memory));
    assert_non_null(f->memory);
    struct next_hops_config config = {.memory = f->memory,
                                      .links = &f->links,
                                      .neighbours = &f->neighbours,
                                      .objects = &f->objects,
                                      .multipaths = &f->multipaths,
                                      .wait_for_packets = wait_for_packets};
    f->next_hops = next_hops_new(&config);
    assert_non_null(f->next_hops);
    add_link(f, PORT_LINK, 1);
    add_link(f, BARE_LINK, 0);
    waits = 0;
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    next_hops_free(f->next_hops);
    links_clear(&f->links);
    neighbours_clear(&f->neighbours);
    id_table_clear(&f->objects);
    multipaths_clear(&f->multipaths);
    free(f->memory);
    free(f);
    return 0;
}

static struct next_hop_key via(uint32_t ifindex, uint32_t gateway)
{
    return (struct next_hop_key){.kind = NEXT_HOP_VIA, .a = ifindex, .gateway = gateway};
}

static void assert_left(const struct fixture *f, uint16_t number, enum door_punt why)
{
    uint32_t word = f->memory->next_hops[number];
    assert_int_equal(door_word_kind(word), DOOR_PUNT);
    assert_string_equal(door_punt_name(door_word_reason(word)), door_punt_name(why));
}

static const struct door_adjacency *assert_forwards(const struct fixture *f, uint16_t number)
{
    uint32_t word = f->memory->next_hops[number];
    assert_int_equal(door_word_kind(word), DOOR_FORWARD);
    assert_int_not_equal(door_word_adjacency(word), 0);
    return &f->memory->adjacencies[door_word_adjacency(word)];
}

static void a_word_follows_neighbour_and_link(void **state)
{
    struct fixture *f = *state;
    struct next_hop_key key = via(PORT_LINK, IPV4(10, 0, 0, 9));
    uint16_t number = next_hops_get(f->next_hops, &key);
    assert_left(f, number, DOOR_PUNT_UNRESOLVED);

    struct neighbour *neighbour = add_neighbour(f, PORT_LINK, IPV4(10, 0, 0, 9));
    next_hops_neighbour_changed(f->next_hops, PORT_LINK, IPV4(10, 0, 0, 9));
    const struct door_adjacency *first = assert_forwards(f, number);
    assert_memory_equal(first->dst, neighbour->mac, ETH_ADDR_SIZE);
    assert_int_equal(first->src[5], PORT_LINK);
    assert_int_equal(first->ifindex, PORT_LINK);
    assert_int_equal(first->port, 1);
    assert_int_equal(first->mtu, 1500);

    next_hops_refresh(f->next_hops); /* nothing has changed: the same adjacency */
    assert_ptr_equal(assert_forwards(f, number), first);

    neighbour->mac[0] = 8; /* another card answers: never written over the one that packets may be reading */
    next_hops_neighbour_changed(f->next_hops, PORT_LINK, IPV4(10, 0, 0, 9));
    const struct door_adjacency *second = assert_forwards(f, number);
    assert_ptr_not_equal(second, first);
    assert_int_equal(first->dst[0], 4);
    assert_int_equal(second->dst[0], 8);

    links_find(&f->links, PORT_LINK)->up = false;
    next_hops_refresh(f->next_hops);
    assert_left(f, number, DOOR_PUNT_EGRESS_DOWN);
    links_find(&f->links, PORT_LINK)->port = 0;
    next_hops_refresh(f->next_hops);
    assert_left(f, number, DOOR_PUNT_EGRESS_NOT_PORT);
    links_clear(&f->links);
    next_hops_refresh(f->next_hops);
    assert_left(f, number, DOOR_PUNT_EGRESS_NOT_PORT);
    assert_int_equal(door_word_adjacency(f->memory->next_hops[number]), 0);
}

static void an_unresolved_word_names_the_interface(void **state)
{
    struct fixture *f = *state;
    struct next_hop_key key = {.kind = NEXT_HOP_ATTACHED, .a = BARE_LINK};
    uint16_t number = next_hops_get(f->next_hops, &key);
    assert_left(f, number, DOOR_PUNT_EGRESS_NOT_PORT);
    uint32_t adjacency = door_word_adjacency(f->memory->next_hops[number]);
    assert_int_equal(f->memory->adjacencies[adjacency].ifindex, BARE_LINK); /* rp_filter asks for it */
}

static void a_port_without_ethernet_needs_no_neighbour(void **state)
{
    struct fixture *f = *state;
    const struct next_hop_key attached = {.kind = NEXT_HOP_ATTACHED, .a = PORT_LINK};
    struct next_hop_key key = via(PORT_LINK, IPV4(10, 0, 0, 9));

    links_find(&f->links, PORT_LINK)->ethernet = false;
    add_neighbour(f, PORT_LINK, IPV4(10, 0, 0, 9));
    const uint16_t numbers[] = {next_hops_get(f->next_hops, &attached), next_hops_get(f->next_hops, &key)};
    for (unsigned i = 0; i < 2; i++) {
        const struct door_adjacency *adjacency = assert_forwards(f, numbers[i]);
        assert_int_equal(adjacency->bare, 1);
        assert_int_equal(adjacency->dst[0], 0);
        assert_int_equal(adjacency->ifindex, PORT_LINK);
    }
    links_find(&f->links, PORT_LINK)->up = false;
    next_hops_refresh(f->next_hops);
    assert_left(f, numbers[0], DOOR_PUNT_EGRESS_DOWN);
}

static void a_routes_own_mtu_is_its_own_next_hop(void **state)
{
    struct fixture *f = *state;
    add_neighbour(f, PORT_LINK, IPV4(10, 0, 0, 9));
    struct next_hop_key wide = via(PORT_LINK, IPV4(10, 0, 0, 9)), narrow = wide, wider = wide;
    narrow.mtu = 1400;
    wider.mtu = 9000;
    uint16_t a = next_hops_get(f->next_hops, &wide), b = next_hops_get(f->next_hops, &narrow),
             c = next_hops_get(f->next_hops, &wider);
    assert_int_not_equal(a, b);
    assert_int_equal(assert_forwards(f, a)->mtu, 1500);
    assert_int_equal(assert_forwards(f, b)->mtu, 1400);
    assert_int_equal(assert_forwards(f, c)->mtu, 1500); /* the interface's, where that is less */
}

static void equal_keys_share_a_number(void **state)
{
    struct fixture *f = *state;
    struct next_hop_key key = via(PORT_LINK, 1), other = via(PORT_LINK, 2);
    uint16_t number = next_hops_get(f->next_hops, &key);
    assert_int_equal(next_hops_get(f->next_hops, &key), number);
    assert_int_not_equal(next_hops_get(f->next_hops, &other), number);
    next_hops_put(f->next_hops, number);
    assert_left(f, number, DOOR_PUNT_UNRESOLVED); /* still used once */
    next_hops_put(f->next_hops, number);
    assert_int_equal(f->memory->next_hops[number], 0);
}

static void numbers_come_back_only_after_packets_have_passed(void **state)
{
    struct fixture *f = *state;
    struct next_hop_key key = via(PORT_LINK, 1);
    for (uint32_t i = 0; i < FIB_NEXT_HOP_MAX - 1; i++) { /* one is NEXT_HOP_TABLE_FULL */
        key.gateway = i + 1;
        next_hops_put(f->next_hops, next_hops_get(f->next_hops, &key));
        assert_int_equal(waits, 0);
    }
    assert_int_not_equal(next_hops_get(f->next_hops, &key), NEXT_HOP_TABLE_FULL);
    assert_int_equal(waits, 1);
}

static void when_all_are_in_use_packets_are_left_to_the_kernel(void **state)
{
    struct fixture *f = *state;
    struct next_hop_key key = via(PORT_LINK, 1);
    uint16_t last = 0;
    for (uint32_t i = 0; i < FIB_NEXT_HOP_MAX - 1; i++) {
        key.gateway = i + 1;
        last = next_hops_get(f->next_hops, &key);
        assert_int_not_equal(last, NEXT_HOP_TABLE_FULL);
    }
    key.gateway = 0xffff0000;
    assert_int_equal(next_hops_get(f->next_hops, &key), NEXT_HOP_TABLE_FULL);
    assert_left(f, NEXT_HOP_TABLE_FULL, DOOR_PUNT_TABLE_FULL);
    next_hops_put(f->next_hops, NEXT_HOP_TABLE_FULL);
    next_hops_put(f->next_hops, last);
    assert_int_equal(next_hops_get(f->next_hops, &key), last);
}

static void objects_change_under_their_routes(void **state)
{
    struct fixture *f = *state;
    struct object *object = id_table_name(&f->objects, 77, sizeof(*object));
    assert_non_null(object);
    object->ifindex = PORT_LINK;
    object->gateway = IPV4(10, 0, 0, 9);
    add_neighbour(f, PORT_LINK, IPV4(10, 0, 0, 9));
    struct next_hop_key key = {.kind = NEXT_HOP_OBJECT, .a = 77}, unknown = {.kind = NEXT_HOP_OBJECT, .a = 78};
    uint16_t number = next_hops_get(f->next_hops, &key);
    assert_forwards(f, number);
    object->group = true; /* without members that we understand */
    next_hops_refresh(f->next_hops);
    assert_left(f, number, DOOR_PUNT_MULTIPATH);
    object->group = false;
    object->blackhole = true;
    next_hops_refresh(f->next_hops);
    assert_int_equal(f->memory->next_hops[number], door_word(DOOR_DROP, DROP_ROUTE_BLACKHOLE, 0));
    object->blackhole = false;
    object->gateway = IPV4(10, 0, 0, 10);
    next_hops_refresh(f->next_hops);
    assert_left(f, number, DOOR_PUNT_UNRESOLVED);
    add_neighbour(f, PORT_LINK, IPV4(10, 0, 0, 10));
    next_hops_neighbour_changed(f->next_hops, PORT_LINK, IPV4(10, 0, 0, 10));
    assert_int_equal(assert_forwards(f, number)->dst[5], 10);
    assert_left(f, next_hops_get(f->next_hops, &unknown), DOOR_PUNT_ROUTE_OTHER);
}

static void note(void *arg, const struct neighbour *neighbour)
{
    *(const struct neighbour **)arg = neighbour;
}

static void neighbours_in_use_are_told_of(void **state)
{
    struct fixture *f = *state;
    struct neighbour *neighbour = add_neighbour(f, PORT_LINK, IPV4(10, 0, 0, 9));
    struct next_hop_key key = via(PORT_LINK, IPV4(10, 0, 0, 9));
    uint16_t number = next_hops_get(f->next_hops, &key);
    uint8_t *used = &f->memory->used[door_word_adjacency(f->memory->next_hops[number])];
    const struct neighbour *told = NULL;

    next_hops_each_in_use(f->next_hops, note, &told);
    assert_null(told);
    *used = 1;
    next_hops_each_in_use(f->next_hops, note, &told);
    assert_ptr_equal(told, neighbour);
    assert_int_equal(*used, 0);
    told = NULL;
    neighbour->state = NUD_REACHABLE; /* the kernel is sure of it */
    *used = 1;
    next_hops_each_in_use(f->next_hops, note, &told);
    assert_null(told);
}

/* --- groups ----------------------------------------------------------------------------------------------------------
 */

#define SET 4096 /* its number */

/* A set of ways to 10.0.0.1, 10.0.0.2, ... at the port, all known. */
static struct multipath *add_set(struct fixture *f, unsigned count)
{
    struct multipath *set = calloc(1, sizeof(*set) + count * sizeof(set->ways[0]));

    assert_non_null(set);
    *set = (struct multipath){.id = SET, .count = count};
    for (unsigned i = 0; i < count; i++) {
        set->ways[i] = (struct multipath_way){.ifindex = PORT_LINK, .gateway = IPV4(10, 0, 0, 1) + i, .weight = 1};
        add_neighbour(f, PORT_LINK, IPV4(10, 0, 0, 1) + i);
    }
    f->multipaths.buckets[0] = set;
    return set;
}

/* The buckets of a next hop that is a group: for each the last byte of the gateway that flows follow, 0 if none. */
static void read_buckets(const struct fixture *f, uint16_t number, uint8_t gateways[static DOOR_BUCKETS])
{
    uint32_t word = f->memory->next_hops[number];

    assert_int_equal(door_word_kind(word), DOOR_GROUP);
    for (uint32_t bucket = 0; bucket < DOOR_BUCKETS; bucket++) {
        uint32_t way = f->memory->next_hops[f->memory->groups[door_word_group(word)][bucket]];
        gateways[bucket] =
            door_word_kind(way) == DOOR_FORWARD ? f->memory->adjacencies[door_word_adjacency(way)].dst[5] : 0;
    }
}

static unsigned share(const uint8_t *gateways, uint8_t gateway)
{
    unsigned count = 0;

    for (uint32_t bucket = 0; bucket < DOOR_BUCKETS; bucket++)
        count += gateways[bucket] == gateway;
    return count;
}

static void neighbour_is(struct fixture *f, uint32_t addr, bool valid)
{
    struct neighbour *neighbour = ipv4_map_get(&f->neighbours.by_addr, (struct ipv4_prefix){.addr = addr, .len = 32});

    assert_non_null(neighbour);
    neighbour->valid = valid;
    next_hops_neighbour_changed(f->next_hops, PORT_LINK, addr);
}

static void a_lost_way_moves_only_its_own_flows(void **state)
{
    struct fixture *f = *state;
    const struct next_hop_key key = {.kind = NEXT_HOP_MULTIPATH, .a = SET};
    uint8_t before[DOOR_BUCKETS], after[DOOR_BUCKETS];

    add_set(f, 4);
    uint16_t number = next_hops_get(f->next_hops, &key);
    read_buckets(f, number, before);
    for (uint8_t i = 1; i <= 4; i++)
        assert_in_range(share(before, i), 200, 312);
    assert_int_equal(f->memory->group_ports[door_word_group(f->memory->next_hops[number])][0], 1 << 1);
    neighbour_is(f, IPV4(10, 0, 0, 3), false);
    read_buckets(f, number, after);
    for (uint32_t bucket = 0; bucket < DOOR_BUCKETS; bucket++)
        assert_true(before[bucket] == 3 ? after[bucket] != 3 && after[bucket] : after[bucket] == before[bucket]);
    assert_int_equal(next_hops_put_right(f->next_hops), 0);
    neighbour_is(f, IPV4(10, 0, 0, 3), true);
    read_buckets(f, number, after);
    assert_memory_equal(after, before, sizeof(after));

    links_find(&f->links, PORT_LINK)->up = false; /* none is any good: the kernel's */
    next_hops_refresh(f->next_hops);
    read_buckets(f, number, after);
    assert_int_equal(share(after, 0), DOOR_BUCKETS);
    links_find(&f->links, PORT_LINK)->up = true;
    next_hops_refresh(f->next_hops);
    read_buckets(f, number, after);
    assert_memory_equal(after, before, sizeof(after));
}

static void note_unknown(void *arg, uint32_t ifindex, uint32_t gateway)
{
    assert_int_equal(ifindex, PORT_LINK);
    *(uint32_t *)arg = gateway;
}

static void ways_that_nobody_knows_are_asked_for(void **state)
{
    struct fixture *f = *state;
    const struct next_hop_key key = {.kind = NEXT_HOP_MULTIPATH, .a = SET};
    struct next_hop_way ways[3];
    uint32_t told = 0;

    add_set(f, 3);
    uint16_t number = next_hops_get(f->next_hops, &key);
    next_hops_each_unknown(f->next_hops, note_unknown, &told);
    assert_int_equal(told, 0);
    neighbour_is(f, IPV4(10, 0, 0, 2), false);
    next_hops_each_unknown(f->next_hops, note_unknown, &told);
    assert_int_equal(told, IPV4(10, 0, 0, 2));
    assert_int_equal(next_hops_ways(f->next_hops, number, ways, 3), 3);
    assert_int_equal(ways[1].gateway, IPV4(10, 0, 0, 2));
    assert_int_equal(ways[1].buckets, 0);
    assert_int_equal(ways[0].buckets + ways[2].buckets, DOOR_BUCKETS);
    assert_int_equal(next_hops_ways(f->next_hops, NEXT_HOP_TABLE_FULL, ways, 3), 0);
}

/* What a set leads to is never written over where packets may be reading it, and is given back when nobody needs it. */
static void other_members_get_another_place(void **state)
{
    struct fixture *f = *state;
    const struct next_hop_key key = {.kind = NEXT_HOP_MULTIPATH, .a = SET};
    struct multipath *set = add_set(f, 3);
    uint16_t number = next_hops_get(f->next_hops, &key),
             alone = next_hops_get(f->next_hops, &(struct next_hop_key){.kind = NEXT_HOP_VIA,
                                                                        .a = PORT_LINK,
                                                                        .gateway = IPV4(10, 0, 0, 3)});
    uint16_t old[DOOR_BUCKETS];
    uint32_t word = f->memory->next_hops[number];

    memcpy(old, f->memory->groups[door_word_group(word)], sizeof(old));
    set->count = 2;
    assert_int_equal(next_hops_put_right(f->next_hops), 1);
    assert_int_not_equal(f->memory->next_hops[number], word);
    assert_memory_equal(f->memory->groups[door_word_group(word)], old, sizeof(old));
    assert_forwards(f, alone); /* it is used still, by a route of its own */
    next_hops_put(f->next_hops, alone);
    assert_int_equal(f->memory->next_hops[alone], 0);
    set->count = 0; /* one that only the kernel understands */
    assert_int_equal(next_hops_put_right(f->next_hops), 1);
    assert_left(f, number, DOOR_PUNT_MULTIPATH);
    set->count = 3;
    for (unsigned i = 0; i < 2 * DOOR_GROUPS; i++) { /* places come back */
        set->ways[0].weight = i % 2 + 1;
        next_hops_refresh(f->next_hops);
        assert_int_equal(door_word_kind(f->memory->next_hops[number]), DOOR_GROUP);
    }
    next_hops_put(f->next_hops, number);
    for (unsigned i = NEXT_HOP_TABLE_FULL + 1; i < DOOR_NEXT_HOPS; i++)
        assert_int_equal(f->memory->next_hops[i], 0);
}

static struct object *add_object(struct fixture *f, uint32_t id, uint32_t members)
{
    struct object *object = id_table_name(&f->objects, id, sizeof(*object) + members * sizeof(object->members[0]));

    assert_non_null(object);
    object->group = members;
    object->member_count = members;
    object->ifindex = members ? 0 : PORT_LINK;
    object->gateway = members ? 0 : IPV4(10, 0, 0, 0) + id;
    return object;
}

static void groups_of_objects_follow_their_members(void **state)
{
    struct fixture *f = *state;
    const struct next_hop_key key = {.kind = NEXT_HOP_OBJECT, .a = 9};
    uint8_t gateways[DOOR_BUCKETS];

    for (uint32_t id = 1; id <= 2; id++)
        add_neighbour(f, PORT_LINK, IPV4(10, 0, 0, 0) + id);
    add_object(f, 1, 0);
    struct object *group = add_object(f, 9, 2);
    group->members[0] = (struct object_member){.id = 1, .weight = 1};
    group->members[1] = (struct object_member){.id = 2, .weight = 3};
    uint16_t number = next_hops_get(f->next_hops, &key);
    assert_left(f, number, DOOR_PUNT_MULTIPATH); /* one is not known so far */
    struct object *second = add_object(f, 2, 0);
    next_hops_object_changed(f->next_hops, 2);
    read_buckets(f, number, gateways);
    assert_in_range(share(gateways, 1), 200, 312);
    assert_int_equal(share(gateways, 1) + share(gateways, 2), DOOR_BUCKETS);
    neighbour_is(f, IPV4(10, 0, 0, 2), false);
    read_buckets(f, number, gateways);
    assert_int_equal(share(gateways, 1), DOOR_BUCKETS);
    neighbour_is(f, IPV4(10, 0, 0, 2), true);
    second->gateway = IPV4(10, 0, 0, 1); /* the same as the other: then it has the weight of both */
    next_hops_object_changed(f->next_hops, 2);
    read_buckets(f, number, gateways);
    assert_int_equal(share(gateways, 1), DOOR_BUCKETS);
    second->blackhole = true;
    next_hops_object_changed(f->next_hops, 2);
    assert_left(f, number, DOOR_PUNT_MULTIPATH);
    next_hops_put(f->next_hops, number);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(a_word_follows_neighbour_and_link),
        CASE(an_unresolved_word_names_the_interface),
        CASE(a_port_without_ethernet_needs_no_neighbour),
        CASE(a_routes_own_mtu_is_its_own_next_hop),
        CASE(equal_keys_share_a_number),
        CASE(numbers_come_back_only_after_packets_have_passed),
        CASE(when_all_are_in_use_packets_are_left_to_the_kernel),
        CASE(objects_change_under_their_routes),
        CASE(neighbours_in_use_are_told_of),
        CASE(a_lost_way_moves_only_its_own_flows),
        CASE(ways_that_nobody_knows_are_asked_for),
        CASE(other_members_get_another_place),
        CASE(groups_of_objects_follow_their_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
