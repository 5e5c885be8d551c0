/*
 * Which addresses are taken and which are free: a set of prefixes, each with a number, that may lie within one another,
 * and of each the free blocks directly in it, by their lengths. Internal to lib/plan.
 *
 * A path-compressed binary trie. A place of it is a prefix of the set, or a fork below which there are two. A free
 * block is as long as it can be: what is free and does not lie in a longer free block. Each place has a mask of 33
 * bits, bit l set if there is a free block of /l in it, as it is seen from the prefix of the set that is nearest above;
 * so whether and where there is room is found in at most 32 steps, however many prefixes there are.
 *
 * One thread. A prefix keeps its place as long as it is in the set.
 */
#pragma once

#include "net/ipv4_prefix.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_SPACE_ALL      1u /* the place of 0.0.0.0/0, which is always there, whether or not it is of the set */
#define PLAN_SPACE_DEPTH    33 /* prefixes that can cover one another */
#define PLAN_SPACE_ADD_MOST 2u /* places that an addition takes */

struct plan_place {
    uint32_t addr;
    uint8_t len;
    uint32_t child[2]; /* places; 0: none. A place that is not of the set has both, but for PLAN_SPACE_ALL */
    uint32_t number;   /* 0: not of the set */
    uint32_t count;    /* prefixes of the set directly in it */
    uint64_t free;     /* bit l: there is a free block of /l directly in it */
};

struct plan_space {
    struct plan_place *places;
    uint32_t used, capacity; /* places that ever were in use; the first is none, the second PLAN_SPACE_ALL */
    uint32_t spare;          /* places to use again, linked by child[0]; 0: none */
    uint32_t spares;
};

/* 0; -ENOMEM. */
int plan_space_open(struct plan_space *space);
void plan_space_close(struct plan_space *space);

/* Room for as many additions: none of them fails for want of memory until then. 0; -ENOMEM. */
int plan_space_reserve(struct plan_space *space, uint32_t additions);

/* Room must have been reserved, number is not 0; `from` is a place of the set that covers the prefix, or
 * PLAN_SPACE_ALL. Its place; 0: it is there already. */
uint32_t plan_space_add(struct plan_space *space, uint32_t from, struct ipv4_prefix prefix, uint32_t number);
/* The number that it had; 0: it was not there. What lies within it stays. */
uint32_t plan_space_remove(struct plan_space *space, struct ipv4_prefix prefix);

/* The place of the longest prefix of the set that covers this one, itself included; PLAN_SPACE_ALL if none does. */
uint32_t plan_space_cover(const struct plan_space *space, struct ipv4_prefix prefix);

/* The number of exactly this prefix; 0: none. */
uint32_t plan_space_get(const struct plan_space *space, struct ipv4_prefix prefix);

static inline const struct plan_place *plan_space_place(const struct plan_space *space, uint32_t place)
{
    return &space->places[place];
}

static inline struct ipv4_prefix plan_place_prefix(const struct plan_place *place)
{
    return (struct ipv4_prefix){.addr = place->addr, .len = place->len};
}

/* The first free block, by address, of one of the lengths in the mask `wanted`, directly in a place of the set. False:
 * there is none. */
bool plan_space_find(const struct plan_space *space, uint32_t place, uint64_t wanted, struct ipv4_prefix *found);

/* One of the largest free blocks: of two halves that have one the one with fewer prefixes in it, the first if they are
 * equal, and so on within it. Prefixes of one length that are put at the beginning of each lie as RFC 3531 counts them:
 * in the first half, the second, the second quarter, the fourth ... False: nothing is free. */
bool plan_space_sparse(const struct plan_space *space, uint32_t place, struct ipv4_prefix *found);

/* What is directly in a place, by address. Each may be NULL. */
struct plan_space_see {
    void (*gap)(void *arg, struct ipv4_prefix free);
    void (*taken)(void *arg, struct ipv4_prefix prefix, uint32_t number);
    void *arg;
};
void plan_space_look(const struct plan_space *space, uint32_t place, const struct plan_space_see *see);

/* The same within a prefix, as far as it is in the place; what is directly in the place and covers the prefix is not
 * seen. No gaps. */
void plan_space_look_within(const struct plan_space *space, struct ipv4_prefix prefix,
                            const struct plan_space_see *see);

/* A walk over all that lies within a prefix (itself included), by address, the wider of two first. */
struct plan_walk {
    const struct plan_space *space;
    uint32_t stack[PLAN_SPACE_DEPTH + 1];
    unsigned height;
};
void plan_walk_begin(struct plan_walk *walk, const struct plan_space *space, struct ipv4_prefix within);
/* What would come behind a prefix, whether it is there or not. */
void plan_walk_begin_behind(struct plan_walk *walk, const struct plan_space *space, struct ipv4_prefix within,
                            struct ipv4_prefix behind);
/* False: there is nothing more. */
bool plan_walk_next(struct plan_walk *walk, struct ipv4_prefix *prefix, uint32_t *number);
