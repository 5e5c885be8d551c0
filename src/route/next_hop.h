/*
 * Next hops: what the FIB's answers mean. Each has a number, which stands in the FIB, and a word in the door's memory
 * under that number, which says what becomes of the packet now. When a neighbour, a link or a nexthop object changes,
 * one word changes, however many routes use it.
 */
#pragma once

#include "bpf/door.h"
#include "route/link.h"
#include "route/multipath.h"
#include "route/neighbour.h"
#include "route/object.h"

enum next_hop_kind {
    NEXT_HOP_FIXED,     /* always the same: `a` is the word */
    NEXT_HOP_ATTACHED,  /* the destination itself is a neighbour at interface `a`, not known yet */
    NEXT_HOP_VIA,       /* neighbour `gateway` at interface `a` */
    NEXT_HOP_OBJECT,    /* nexthop object `a`, which may be a group */
    NEXT_HOP_MULTIPATH, /* the ways of set `a` (route/multipath.h) */
};

struct next_hop_key {
    uint32_t kind; /* enum next_hop_kind */
    uint32_t a;
    uint32_t gateway;
    uint32_t mtu; /* of the route, in bytes; 0 for that of the interface */
};

struct next_hops_config {
    struct door_memory *memory;
    const struct links *links;
    const struct neighbours *neighbours;
    const struct id_table *objects; /* of struct object */
    const struct multipaths *multipaths;
    void (*wait_for_packets)(void *arg); /* until every packet now under way has passed */
    void *arg;
};

struct next_hops;

struct next_hops *next_hops_new(const struct next_hops_config *config); /* NULL if there is no memory */
struct next_hops *next_hops_free(struct next_hops *next_hops);          /* takes NULL, returns NULL */

/* The number of a next hop, which counts as used once more until it is put back. Never fails: where there is no room,
 * it is the number of one that leaves packets to the kernel (NEXT_HOP_TABLE_FULL). */
#define NEXT_HOP_TABLE_FULL 1
uint16_t next_hops_get(struct next_hops *next_hops, const struct next_hop_key *key);
void next_hops_put(struct next_hops *next_hops, uint16_t number);

/* The key behind a number in use; whether it is this one. */
struct next_hop_key next_hops_key(const struct next_hops *next_hops, uint16_t number);
bool next_hops_is(const struct next_hops *next_hops, uint16_t number, const struct next_hop_key *key);

/* Where a number in use leads, if that is one place: its interface, and the gateway there, or 0. */
bool next_hops_egress(const struct next_hops *next_hops, uint16_t number, uint32_t *ifindex, uint32_t *gateway);

/* One of the several ways of a group. */
struct next_hop_way {
    uint32_t ifindex, gateway;
    uint32_t weight;  /* as the route says */
    uint32_t word;    /* what the door does with packets that follow it */
    uint32_t buckets; /* its share of the flows, of DOOR_BUCKETS */
};

/* The ways of a number in use, as many as there is room for. How many there are; 0: it is no group. */
unsigned next_hops_ways(const struct next_hops *next_hops, uint16_t number, struct next_hop_way *ways, unsigned room);

/* Bring the words in line after a change: of the neighbour addr at an interface, of a nexthop object, of anything. */
void next_hops_neighbour_changed(struct next_hops *next_hops, uint32_t ifindex, uint32_t addr);
void next_hops_object_changed(struct next_hops *next_hops, uint32_t id);
void next_hops_refresh(struct next_hops *next_hops);

/* The same where nothing should have changed: how many words were not what they should have been. */
uint32_t next_hops_put_right(struct next_hops *next_hops);

/* Members of groups whose neighbour is not known, so that no flow follows them: unknown() is told of each, once or
 * more. */
void next_hops_each_unknown(const struct next_hops *next_hops,
                            void (*unknown)(void *arg, uint32_t ifindex, uint32_t gateway), void *arg);

/* Neighbours that the door has sent to since the last call and that the kernel is no longer sure of: in_use() is told
 * of each, once or more. */
void next_hops_each_in_use(struct next_hops *next_hops, void (*in_use)(void *arg, const struct neighbour *neighbour),
                           void *arg);
