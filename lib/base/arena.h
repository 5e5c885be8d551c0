/*
 * An arena: many small pieces of memory with one end. Pieces are zeros and aligned for anything.
 */
#pragma once

#include <stddef.h>

struct arena_chunk;

/* All zeros is empty. */
struct arena {
    struct arena_chunk *chunks;
    size_t used; /* bytes of the first chunk */
};

/* NULL if there is no memory. */
void *arena_get(struct arena *arena, size_t bytes);

/* A copy of `len` bytes of text with a zero byte behind them. NULL if there is no memory. */
char *arena_text(struct arena *arena, const char *text, size_t len);

/*
 * Room for one more element at the end of an array in the arena: `array` is where the pointer to its `count` elements
 * of `bytes` each stands. Returns the new element, zeros, and counts it; NULL if there is no memory. The array may
 * move.
 */
void *arena_append(struct arena *arena, void *array, size_t *count, size_t bytes);

/* Everything that was got from it is gone. */
void arena_clear(struct arena *arena);
