/*
 * A range of addresses, and which of them are to be had: those that nobody ever had, in one step, otherwise the one
 * that was given back longest ago. Nothing here is slower because the range is nearly full.
 */
#pragma once

#include "base/bit_tree.h"

#include <stdbool.h>
#include <stdint.h>

#define DHCP_POOL_MAX (1u << 24) /* addresses */

enum dhcp_pool_state {
    DHCP_POOL_FRESH, /* to be had, and nobody ever had it */
    DHCP_POOL_USED,  /* to be had, and somebody had it */
    /* not to be had: */
    DHCP_POOL_RESERVED, /* but by one client, who does not have it */
    DHCP_POOL_OFFERED,
    DHCP_POOL_BOUND,
    DHCP_POOL_DECLINED,
    DHCP_POOL_STATE_COUNT
};

struct dhcp_pool {
    uint32_t first, last; /* host order */
    struct bit_tree fresh;
    uint32_t *links;     /* of used ones, two each: the one before and the one behind, by offset + 1; 0: none */
    uint8_t *states;     /* enum dhcp_pool_state */
    uint32_t head, tail; /* of used ones, the one that was given back longest ago first; offset + 1 */
    uint32_t counts[DHCP_POOL_STATE_COUNT];
};

/* All fresh. 0; -E2BIG: more than DHCP_POOL_MAX; -ENOMEM. */
int dhcp_pool_open(struct dhcp_pool *pool, uint32_t first, uint32_t last);
void dhcp_pool_close(struct dhcp_pool *pool);

/* An address of the pool gets a state; one that is used already keeps its place in the order. */
void dhcp_pool_set(struct dhcp_pool *pool, uint32_t addr, enum dhcp_pool_state state);

static inline bool dhcp_pool_has(const struct dhcp_pool *pool, uint32_t addr)
{
    return addr >= pool->first && addr <= pool->last;
}

static inline enum dhcp_pool_state dhcp_pool_state(const struct dhcp_pool *pool, uint32_t addr)
{
    return (enum dhcp_pool_state)pool->states[addr - pool->first];
}

static inline uint32_t dhcp_pool_size(const struct dhcp_pool *pool)
{
    return pool->last - pool->first + 1;
}

/* An address that is to be had: the next fresh one from a place on that `hint` names, otherwise the oldest used one.
 * False: there is none. */
bool dhcp_pool_pick(const struct dhcp_pool *pool, uint64_t hint, uint32_t *addr);
