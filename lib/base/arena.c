#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 4096 /* larger pieces have a chunk of their own */

struct arena_chunk {
    struct arena_chunk *next;
    size_t bytes;
    alignas(max_align_t) unsigned char data[];
};

static size_t rounded(size_t bytes)
{
    return (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

void *arena_get(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    bytes = rounded(bytes);
    if (!arena->chunks || arena->chunks->bytes - arena->used < bytes) {
        size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
        struct arena_chunk *chunk = calloc(1, sizeof(*chunk) + room);
        if (!chunk)
            return NULL;
        chunk->bytes = room;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->used = 0;
    }
    void *piece = arena->chunks->data + arena->used;
    arena->used += bytes;
    return piece;
}

char *arena_text(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_get(arena, len + 1);

    if (copy && len)
        memcpy(copy, text, len);
    return copy;
}

/* Arrays have room for 4, 8, 16, ... elements: full when the count is such a number. */
static int is_full(size_t count)
{
    return count == 0 || (count >= 4 && (count & (count - 1)) == 0);
}

void *arena_append(struct arena *arena, void *array, size_t *count, size_t bytes)
{
    unsigned char *elements;

    memcpy(&elements, array, sizeof(elements));
    if (is_full(*count)) {
        size_t room = *count ? *count * 2 : 4;
        unsigned char *larger = room > SIZE_MAX / 2 / bytes ? NULL : arena_get(arena, room * bytes);
        if (!larger)
            return NULL;
        if (*count)
            memcpy(larger, elements, *count * bytes);
        elements = larger;
        memcpy(array, &elements, sizeof(elements));
    }
    return elements + (*count)++ * bytes;
}

void arena_clear(struct arena *arena)
{
    while (arena->chunks) {
        struct arena_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
    arena->used = 0;
}
