/* Texts that many share. */
#include "plan/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

int plan_texts_open(struct plan_texts *texts, const uint8_t key[SIPHASH_KEY_SIZE])
{
    struct plan_text **slots = calloc(FIRST_CAPACITY, sizeof(struct plan_text *));

    if (!slots)
        return -ENOMEM;
    *texts = (struct plan_texts){.slots = slots, .capacity = FIRST_CAPACITY};
    memcpy(texts->key, key, sizeof(texts->key));
    return 0;
}

void plan_texts_close(struct plan_texts *texts)
{
    for (uint32_t i = 0; i < texts->capacity; i++)
        free(texts->slots[i]);
    free(texts->slots);
    *texts = (struct plan_texts){0};
}

/* Where the text is, or would be put. */
static uint32_t slot_of(const struct plan_texts *texts, const char *text, uint64_t hash)
{
    uint32_t mask = texts->capacity - 1, slot = (uint32_t)hash & mask;

    while (texts->slots[slot] && !(texts->slots[slot]->hash == hash && strcmp(texts->slots[slot]->text, text) == 0))
        slot = (slot + 1) & mask;
    return slot;
}

struct plan_text *plan_texts_find(const struct plan_texts *texts, const char *text)
{
    return texts->slots[slot_of(texts, text, siphash(texts->key, text, strlen(text)))];
}

static int grow(struct plan_texts *texts)
{
    struct plan_texts wider = *texts;

    wider.capacity *= 2;
    wider.slots = wider.capacity ? calloc(wider.capacity, sizeof(struct plan_text *)) : NULL;
    if (!wider.slots)
        return -ENOMEM;
    for (uint32_t i = 0; i < texts->capacity; i++) {
        struct plan_text *text = texts->slots[i];
        uint32_t slot = text ? (uint32_t)text->hash & (wider.capacity - 1) : 0;
        while (text && wider.slots[slot])
            slot = (slot + 1) & (wider.capacity - 1);
        if (text)
            wider.slots[slot] = text;
    }
    free(texts->slots);
    *texts = wider;
    return 0;
}

struct plan_text *plan_texts_hold(struct plan_texts *texts, const char *text)
{
    size_t len = strlen(text);
    uint64_t hash = siphash(texts->key, text, len);
    uint32_t slot = slot_of(texts, text, hash);

    if (!texts->slots[slot]) {
        if (texts->count >= texts->capacity / 4 * 3) {
            if (grow(texts))
                return NULL;
            slot = slot_of(texts, text, hash);
        }
        struct plan_text *made = malloc(sizeof(*made) + len + 1);
        if (!made)
            return NULL;
        *made = (struct plan_text){.hash = hash};
        memcpy(made->text, text, len + 1);
        texts->slots[slot] = made;
        texts->count++;
        texts->bytes += sizeof(*made) + len + 1;
    }
    texts->slots[slot]->holders++;
    return texts->slots[slot];
}

void plan_texts_drop(struct plan_texts *texts, struct plan_text *text)
{
    if (!text || --text->holders)
        return;
    uint32_t mask = texts->capacity - 1, hole = slot_of(texts, text->text, text->hash);
    texts->count--;
    texts->bytes -= sizeof(*text) + strlen(text->text) + 1;
    free(text);
    texts->slots[hole] = NULL;
    /* What comes behind the hole and would have stood in it, or before it, moves there. */
    for (uint32_t at = (hole + 1) & mask; texts->slots[at]; at = (at + 1) & mask) {
        uint32_t home = (uint32_t)texts->slots[at]->hash & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        texts->slots[hole] = texts->slots[at];
        texts->slots[at] = NULL;
        hole = at;
    }
}
