#include "base/number_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int number_pool_open(struct number_pool *pool, uint32_t first, uint32_t count, void (*wait_for_readers)(void *arg),
                     void *arg)
{
    struct number_pool new = {.capacity = count, .free = count, .wait_for_readers = wait_for_readers, .arg = arg};

    new.numbers = calloc(count, sizeof(*new.numbers));
    if (!new.numbers)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++)
        new.numbers[i] = first + count - 1 - i; /* the last is taken first */
    *pool = new;
    return 0;
}

void number_pool_close(struct number_pool *pool)
{
    free(pool->numbers);
    *pool = (struct number_pool){0};
}

bool number_pool_take(struct number_pool *pool, uint32_t *number)
{
    if (!pool->free && pool->retired) {
        if (pool->wait_for_readers)
            pool->wait_for_readers(pool->arg);
        memmove(pool->numbers, pool->numbers + pool->capacity - pool->retired, pool->retired * sizeof(*pool->numbers));
        pool->free = pool->retired;
        pool->retired = 0;
    }
    if (!pool->free)
        return false;
    *number = pool->numbers[--pool->free];
    return true;
}

void number_pool_retire(struct number_pool *pool, uint32_t number)
{
    pool->numbers[pool->capacity - ++pool->retired] = number;
}
