/*
 * Texts that many share: each is there once, counted by those who hold it. Internal to lib/plan.
 */
#pragma once

#include "base/siphash.h"

#include <stddef.h>
#include <stdint.h>

struct plan_text {
    uint32_t holders;
    uint32_t node; /* whose name it is; 0: nobody's */
    uint64_t hash;
    char text[]; /* ends in a zero byte */
};

struct plan_texts {
    struct plan_text **slots; /* a hash table with open addressing; at most three quarters of it are in use */
    uint32_t count, capacity; /* a power of two */
    size_t bytes;             /* of all texts */
    uint8_t key[SIPHASH_KEY_SIZE];
};

/* 0; -ENOMEM. */
int plan_texts_open(struct plan_texts *texts, const uint8_t key[SIPHASH_KEY_SIZE]);
/* With all texts, whoever holds them. */
void plan_texts_close(struct plan_texts *texts);

/* The text, which the caller holds from now on. NULL if there is no memory. */
struct plan_text *plan_texts_hold(struct plan_texts *texts, const char *text);
/* One holder less; takes NULL. Without holders it is gone. */
void plan_texts_drop(struct plan_texts *texts, struct plan_text *text);

/* NULL: nobody holds it. */
struct plan_text *plan_texts_find(const struct plan_texts *texts, const char *text);

/* That of which these are the characters; takes and gives NULL. */
static inline struct plan_text *plan_text_of(const char *text)
{
    return text ? (struct plan_text *)(void *)((char *)text - offsetof(struct plan_text, text)) : NULL;
}
