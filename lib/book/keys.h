/*
 * Within lib/book: which operation had which key, for the latest ones. A key is known by a hash; whoever finds one
 * looks whether it is the same key.
 */
#pragma once

#include "base/siphash.h"

#include <stdbool.h>

struct book_keys {
    struct book_key *slots; /* a power of two of them, at most half full */
    uint64_t capacity, count;
    uint8_t hash_key[SIPHASH_KEY_SIZE];
};

/* 0; -ENOMEM. */
int book_keys_open(struct book_keys *keys, const uint8_t hash_key[SIPHASH_KEY_SIZE]);
void book_keys_close(struct book_keys *keys);

/* Room for one more; operations whose numbers are below `oldest` may be forgotten for it. 0; -ENOMEM. */
int book_keys_reserve(struct book_keys *keys, uint64_t oldest);

/* There must be room. */
void book_keys_add(struct book_keys *keys, const char *key, uint64_t number);

/* The numbers of operations whose key has the same hash, the first with *at 0. 0: no more. */
uint64_t book_keys_find(const struct book_keys *keys, const char *key, uint64_t *at);
