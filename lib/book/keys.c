#include "book/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

struct book_key {
    uint64_t hash, number; /* number 0: nothing stands here */
};

int book_keys_open(struct book_keys *keys, const uint8_t hash_key[SIPHASH_KEY_SIZE])
{
    *keys = (struct book_keys){.slots = calloc(FIRST_CAPACITY, sizeof(*keys->slots)), .capacity = FIRST_CAPACITY};
    memcpy(keys->hash_key, hash_key, sizeof(keys->hash_key));
    return keys->slots ? 0 : -ENOMEM;
}

void book_keys_close(struct book_keys *keys)
{
    free(keys->slots);
    *keys = (struct book_keys){0};
}

static void put(struct book_keys *keys, struct book_key key)
{
    uint64_t slot = key.hash & (keys->capacity - 1);

    while (keys->slots[slot].number)
        slot = (slot + 1) & (keys->capacity - 1);
    keys->slots[slot] = key;
    keys->count++;
}

/* Into so many slots, without those that may be forgotten. 0; -ENOMEM. */
static int move_all(struct book_keys *keys, uint64_t capacity, uint64_t oldest)
{
    struct book_key *was = keys->slots, *slots = calloc(capacity, sizeof(*slots));
    uint64_t had = keys->capacity;

    if (!slots)
        return -ENOMEM;
    keys->slots = slots;
    keys->capacity = capacity;
    keys->count = 0;
    for (uint64_t i = 0; i < had; i++)
        if (was[i].number && was[i].number >= oldest)
            put(keys, was[i]);
    free(was);
    return 0;
}

int book_keys_reserve(struct book_keys *keys, uint64_t oldest)
{
    if (keys->count < keys->capacity / 2)
        return 0;
    int error = move_all(keys, keys->capacity, oldest);
    /* A quarter free, or it would be done again soon. */
    if (!error && keys->count >= keys->capacity / 4)
        error = move_all(keys, keys->capacity * 2, oldest);
    return error;
}

static uint64_t hash_of(const struct book_keys *keys, const char *key)
{
    return siphash(keys->hash_key, key, strlen(key));
}

void book_keys_add(struct book_keys *keys, const char *key, uint64_t number)
{
    put(keys, (struct book_key){hash_of(keys, key), number});
}

uint64_t book_keys_find(const struct book_keys *keys, const char *key, uint64_t *at)
{
    uint64_t hash = hash_of(keys, key), mask = keys->capacity - 1;
    const struct book_key *slot;

    while ((slot = &keys->slots[(hash + *at) & mask])->number) {
        ++*at;
        if (slot->hash == hash)
            return slot->number;
    }
    return 0;
}
