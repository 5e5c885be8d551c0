/*
 * Nodes that come in pieces, until they are imported. Internal to lib/book.
 */
#pragma once

#include "base/arena.h"
#include "book/book.h"

struct book_staged {
    char key[BOOK_KEY_MAX + 1]; /* empty: there is nothing in it */
    struct plan_wanted *wanted;
    size_t count, capacity;
    size_t bytes; /* of texts */
    struct arena texts;
    uint64_t began; /* in their order */
};

/* All zeros is empty. */
struct book_stages {
    struct book_staged all[BOOK_STAGES_MAX];
    uint64_t began;
};

/* NULL: nothing has come under this key. */
struct book_staged *book_stages_find(struct book_stages *stages, const char *key);
void book_stages_drop(struct book_staged *staged);
void book_stages_clear(struct book_stages *stages);
