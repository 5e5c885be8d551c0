/*
 * Numbers (of table entries, groups, ...) to be handed out, where a number that was given back may still be in the
 * hands of a reader: it is handed out again only after the readers have left, and that is waited for only when nothing
 * else is free.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* All zeros is closed. */
struct number_pool {
    uint32_t *numbers; /* free ones from the front, retired ones from the back */
    uint32_t capacity, free, retired;
    void (*wait_for_readers)(void *arg); /* NULL: there are none */
    void *arg;
};

/* For first, first + 1, ... `count` of them, the lowest to be handed out first. 0; -ENOMEM. */
int number_pool_open(struct number_pool *pool, uint32_t first, uint32_t count, void (*wait_for_readers)(void *arg),
                     void *arg);
void number_pool_close(struct number_pool *pool);

/* False if all are in use. */
bool number_pool_take(struct number_pool *pool, uint32_t *number);
/* Give back a number that was taken. */
void number_pool_retire(struct number_pool *pool, uint32_t number);

static inline uint32_t number_pool_in_use(const struct number_pool *pool)
{
    return pool->capacity - pool->free - pool->retired;
}
