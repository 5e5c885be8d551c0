/*
 * A binary trie in an array, in which children stand behind their parents, so that the three passes are loops:
 * forwards, every node gets two children or none, and next hops go down to the leaves; backwards, each node gets the
 * set of next hops that are equally good for it; from the root on, in the order of addresses, each takes what it
 * inherits if that is among them, and otherwise becomes a route.
 */
#include "aggregate/ortc.h"

#include "base/compiler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NO_CHILD   0u /* the root is nobody's child */
#define FIRST_ROOM 64 /* nodes, next hops of sets */

/* The next hops that are equally good below a node, sorted: a piece of trie.hops. */
struct hop_set {
    uint32_t first, count;
};

struct node {
    uint32_t children[2]; /* both or none after the first pass */
    uint32_t next_hop;    /* of its route */
    bool has_route;
    struct hop_set set;
};

struct trie {
    struct node *nodes;
    uint32_t count, capacity;
    uint32_t *hops;
    uint32_t hop_count, hop_capacity;
    bool discards;
};

/* Room for one more element; array and *capacity follow. False: no memory. */
static bool make_room(void *array, uint32_t count, uint32_t more, uint32_t *capacity, size_t bytes)
{
    void **elements = array;
    uint64_t wanted = (uint64_t)count + more;

    if (wanted <= *capacity)
        return true;
    uint64_t larger = (uint64_t)*capacity * 2 > wanted ? (uint64_t)*capacity * 2 : wanted + 64;
    void *room = larger > UINT32_MAX ? NULL : realloc(*elements, larger * bytes);
    if (!room)
        return false;
    *elements = room;
    *capacity = (uint32_t)larger;
    return true;
}

/* 0: no memory. */
static uint32_t add_node(struct trie *trie)
{
    if (!make_room(&trie->nodes, trie->count, 1, &trie->capacity, sizeof(struct node)))
        return 0;
    trie->nodes[trie->count] = (struct node){0};
    return trie->count++;
}

static bool add_route(struct trie *trie, const struct ortc_route *route)
{
    uint32_t at = 0;

    for (unsigned depth = 0; depth < route->prefix.len; depth++) {
        unsigned side = route->prefix.addr >> (31 - depth) & 1;
        uint32_t child = trie->nodes[at].children[side];
        if (child == NO_CHILD) {
            if (!(child = add_node(trie)))
                return false;
            trie->nodes[at].children[side] = child;
        }
        at = child;
    }
    trie->nodes[at].next_hop = route->next_hop;
    trie->nodes[at].has_route = true;
    return true;
}

/* First pass. Afterwards each node's next hop is that of its nearest route. */
static bool push_down(struct trie *trie)
{
    for (uint32_t i = 0; i < trie->count; i++) {
        uint32_t next_hop = trie->nodes[i].next_hop;
        if (trie->nodes[i].children[0] == NO_CHILD && trie->nodes[i].children[1] == NO_CHILD)
            continue;
        for (unsigned side = 0; side < 2; side++) {
            uint32_t child = trie->nodes[i].children[side];
            if (child == NO_CHILD) {
                if (!(child = add_node(trie)))
                    return false;
                trie->nodes[i].children[side] = child;
            }
            if (!trie->nodes[child].has_route)
                trie->nodes[child].next_hop = next_hop;
        }
    }
    return true;
}

/* What both have, or, if that is nothing, what any has: behind all sets that there are. */
static struct hop_set merge(struct trie *trie, struct hop_set a, struct hop_set b, bool common)
{
    const uint32_t *hops = trie->hops;
    struct hop_set merged = {.first = trie->hop_count, .count = 0};
    uint32_t i = 0, j = 0;

    while (i < a.count || j < b.count) {
        bool from_a = j == b.count || (i < a.count && hops[a.first + i] <= hops[b.first + j]);
        bool from_b = i == a.count || (j < b.count && hops[b.first + j] <= hops[a.first + i]);
        if ((from_a && from_b) || !common)
            trie->hops[merged.first + merged.count++] = hops[from_a ? a.first + i : b.first + j];
        i += from_a;
        j += from_b;
    }
    return merged;
}

static bool has(const struct trie *trie, struct hop_set set, uint32_t next_hop)
{
    for (uint32_t i = 0; i < set.count; i++)
        if (trie->hops[set.first + i] == next_hop)
            return true;
    return false;
}

/* Of the children's sets. There must be room for all that they have. */
static struct hop_set set_of(struct trie *trie, struct hop_set a, struct hop_set b)
{
    /* No route may lie around an address that has none. */
    if (!trie->discards && has(trie, a, ORTC_NONE))
        return a;
    if (!trie->discards && has(trie, b, ORTC_NONE))
        return b;
    struct hop_set merged = merge(trie, a, b, true);
    if (!merged.count)
        merged = merge(trie, a, b, false);
    if (merged.count == a.count && has(trie, a, trie->hops[merged.first]) &&
        memcmp(&trie->hops[merged.first], &trie->hops[a.first], a.count * sizeof(*trie->hops)) == 0)
        return a;
    trie->hop_count += merged.count;
    return merged;
}

/* Second pass. */
static bool collect(struct trie *trie)
{
    for (uint32_t i = trie->count; i-- > 0;) {
        struct node *node = &trie->nodes[i];
        if (node->children[0] == NO_CHILD) {
            if (!make_room(&trie->hops, trie->hop_count, 1, &trie->hop_capacity, sizeof(uint32_t)))
                return false;
            trie->hops[trie->hop_count] = node->next_hop;
            node->set = (struct hop_set){.first = trie->hop_count++, .count = 1};
            continue;
        }
        struct hop_set a = trie->nodes[node->children[0]].set, b = trie->nodes[node->children[1]].set;
        if (!make_room(&trie->hops, trie->hop_count, a.count + b.count, &trie->hop_capacity, sizeof(uint32_t)))
            return false;
        node->set = set_of(trie, a, b);
    }
    return true;
}

/* Third pass: a node that is still to be visited, and what it inherits. */
struct visit {
    uint32_t node;
    struct ipv4_prefix prefix;
    uint32_t inherited;
};

static int choose(const struct trie *trie, struct ortc_route **result, size_t *count)
{
    struct visit waiting[34] = {{.node = 0, .inherited = ORTC_NONE}}; /* of each length one, but of the longest two */
    uint32_t found = 0, capacity = 0;
    unsigned depth = 1;

    while (depth) {
        struct visit visit = waiting[--depth];
        const struct node *node = &trie->nodes[visit.node];
        if (!has(trie, node->set, visit.inherited)) {
            visit.inherited = trie->hops[node->set.first];
            if (!make_room(result, found, 1, &capacity, sizeof(**result)))
                return -ENOMEM;
            (*result)[found++] = (struct ortc_route){visit.prefix, visit.inherited};
        }
        if (node->children[0] == NO_CHILD)
            continue;
        struct ipv4_prefix half = {.addr = visit.prefix.addr, .len = (uint8_t)(visit.prefix.len + 1)};
        waiting[depth++] = (struct visit){node->children[1], ipv4_prefix_sibling(half), visit.inherited};
        waiting[depth++] = (struct visit){node->children[0], half, visit.inherited};
    }
    *count = found;
    return 0;
}

int ortc_minimise(const struct ortc_route *routes, size_t count, bool discards, struct ortc_route **result,
                  size_t *result_count)
{
    struct trie trie = {.nodes = calloc(FIRST_ROOM, sizeof(struct node)),
                        .count = 1, /* the root */
                        .capacity = FIRST_ROOM,
                        .hops = calloc(FIRST_ROOM, sizeof(uint32_t)),
                        .hop_capacity = FIRST_ROOM,
                        .discards = discards};
    int error = trie.nodes && trie.hops ? 0 : -ENOMEM;

    *result = NULL;
    *result_count = 0;
    for (size_t i = 0; i < count && !error; i++)
        error = add_route(&trie, &routes[i]) ? 0 : -ENOMEM;
    if (!error)
        error = push_down(&trie) && collect(&trie) ? choose(&trie, result, result_count) : -ENOMEM;
    free(trie.nodes);
    free(trie.hops);
    if (error) {
        free(*result);
        *result = NULL;
    }
    return error;
}
