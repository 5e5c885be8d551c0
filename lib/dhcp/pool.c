#include "dhcp/pool.h"

#include <errno.h>
#include <stdlib.h>

int dhcp_pool_open(struct dhcp_pool *pool, uint32_t first, uint32_t last)
{
    uint64_t size = (uint64_t)last - first + 1;

    if (size > DHCP_POOL_MAX)
        return -E2BIG;
    /* Pages that are never touched take no memory. */
    *pool = (struct dhcp_pool){.first = first,
                               .last = last,
                               .links = calloc(2 * size, sizeof(*pool->links)),
                               .states = calloc(size, sizeof(*pool->states))};
    if (!pool->links || !pool->states || bit_tree_open(&pool->fresh, (uint32_t)size)) {
        dhcp_pool_close(pool);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < size; i++)
        bit_tree_add(&pool->fresh, i);
    pool->counts[DHCP_POOL_FRESH] = (uint32_t)size;
    return 0;
}

void dhcp_pool_close(struct dhcp_pool *pool)
{
    bit_tree_close(&pool->fresh);
    free(pool->links);
    free(pool->states);
    *pool = (struct dhcp_pool){0};
}

static uint32_t *before(struct dhcp_pool *pool, uint32_t number)
{
    return &pool->links[2 * (size_t)(number - 1)];
}

static uint32_t *behind(struct dhcp_pool *pool, uint32_t number)
{
    return &pool->links[2 * (size_t)(number - 1) + 1];
}

static void append(struct dhcp_pool *pool, uint32_t number)
{
    *before(pool, number) = pool->tail;
    *behind(pool, number) = 0;
    if (pool->tail)
        *behind(pool, pool->tail) = number;
    else
        pool->head = number;
    pool->tail = number;
}

static void unlink_used(struct dhcp_pool *pool, uint32_t number)
{
    uint32_t previous = *before(pool, number), next = *behind(pool, number);

    if (previous)
        *behind(pool, previous) = next;
    else
        pool->head = next;
    if (next)
        *before(pool, next) = previous;
    else
        pool->tail = previous;
}

void dhcp_pool_set(struct dhcp_pool *pool, uint32_t addr, enum dhcp_pool_state state)
{
    uint32_t offset = addr - pool->first;
    enum dhcp_pool_state old = (enum dhcp_pool_state)pool->states[offset];

    if (old == state)
        return;
    if (old == DHCP_POOL_FRESH)
        bit_tree_remove(&pool->fresh, offset);
    else if (old == DHCP_POOL_USED)
        unlink_used(pool, offset + 1);
    if (state == DHCP_POOL_FRESH)
        bit_tree_add(&pool->fresh, offset);
    else if (state == DHCP_POOL_USED)
        append(pool, offset + 1);
    pool->counts[old]--;
    pool->counts[state]++;
    pool->states[offset] = (uint8_t)state;
}

bool dhcp_pool_pick(const struct dhcp_pool *pool, uint64_t hint, uint32_t *addr)
{
    uint32_t offset = (uint32_t)(hint % dhcp_pool_size(pool));

    if (bit_tree_next(&pool->fresh, offset, &offset) || bit_tree_next(&pool->fresh, 0, &offset)) {
        *addr = pool->first + offset;
        return true;
    }
    if (!pool->head)
        return false;
    *addr = pool->first + pool->head - 1;
    return true;
}
