/*
 * What the parts of the next hops share: next_hop.c has their numbers and words, next_group.c those that are groups.
 */
#pragma once

#include "base/number_pool.h"
#include "route/group.h"
#include "route/next_hop.h"

#define NEXT_HOP_BUCKETS 16384

struct next_hop {
    struct next_hop_key key;
    uint32_t used;      /* how often; 0: this number is free */
    uint16_t next;      /* in its bucket */
    uint16_t group;     /* that this is itself, by its place in the door's memory; 0: it is none */
    uint32_t in_groups; /* how often it is a member */
};

/* A group by its place in the door's memory. */
struct next_group {
    uint16_t number;              /* the next hop that it is; 0: this place is free */
    unsigned count;               /* of members, each of which counts as used once more */
    struct group_member *members; /* ours */
};

struct next_hops {
    struct next_hops_config config;
    struct next_hop all[DOOR_NEXT_HOPS];
    uint16_t buckets[NEXT_HOP_BUCKETS];
    struct next_group groups[DOOR_GROUPS];
    struct number_pool numbers, adjacencies, places; /* the last ones of groups */
};

/* Whether a flow may follow a next hop's word, as long as there are several: the door forwards, or it leaves by an
 * interface that is no port of ours, and the kernel does. */
static inline bool next_hop_word_is_usable(uint32_t word)
{
    return door_word_kind(word) == DOOR_FORWARD ||
           (door_word_kind(word) == DOOR_PUNT && door_word_reason(word) == DOOR_PUNT_EGRESS_NOT_PORT);
}

/* --- next_group.c ------------------------------------------------------------------------------------------------- */

bool next_group_is(const struct next_hops *next_hops, const struct next_hop_key *key);

/* The word of a next hop that is a group, with its members used and its buckets filled. Where they are not what they
 * were it has another place than before; the owner puts the word in force and then ends the old one. */
uint32_t next_group_word(struct next_hops *next_hops, uint16_t number);

/* No packet finds the way to this place any more; 0 for none. */
void next_group_end(struct next_hops *next_hops, uint16_t place);

/* A next hop that is a member can be used now, or no longer. */
void next_group_member_changed(struct next_hops *next_hops, uint16_t number);

/* Whether word and buckets are what next_group_word() would make of them. */
bool next_group_is_right(const struct next_hops *next_hops, uint16_t number, uint32_t word);
