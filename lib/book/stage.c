#include "book/stage.h"

#include "base/compiler.h"
#include "book/inside.h"

#include <errno.h>
#include <stdlib.h>

struct book_staged *book_stages_find(struct book_stages *stages, const char *key)
{
    for (size_t i = 0; key && i < ARRAY_SIZE(stages->all); i++)
        if (stages->all[i].key[0] && strcmp(stages->all[i].key, key) == 0)
            return &stages->all[i];
    return NULL;
}

void book_stages_drop(struct book_staged *staged)
{
    free(staged->wanted);
    arena_clear(&staged->texts);
    *staged = (struct book_staged){0};
}

void book_stages_clear(struct book_stages *stages)
{
    for (size_t i = 0; i < ARRAY_SIZE(stages->all); i++)
        book_stages_drop(&stages->all[i]);
}

/* Room for a new import: that of the same key, an empty one, or the one that was begun first. */
static struct book_staged *begin(struct book_stages *stages, const char *key)
{
    struct book_staged *staged = book_stages_find(stages, key);

    if (!staged) {
        staged = &stages->all[0];
        for (size_t i = 1; i < ARRAY_SIZE(stages->all); i++)
            if (stages->all[i].began < staged->began)
                staged = &stages->all[i];
    }
    book_stages_drop(staged);
    memcpy(staged->key, key, strlen(key) + 1);
    staged->began = ++stages->began;
    return staged;
}

static bool add(struct book_staged *staged, const struct plan_wanted *wanted)
{
    if (staged->count == staged->capacity) {
        size_t capacity = staged->capacity ? 2 * staged->capacity : 64;
        struct plan_wanted *wider = realloc(staged->wanted, capacity * sizeof(*wider));
        if (!wider)
            return false;
        staged->wanted = wider;
        staged->capacity = capacity;
    }
    struct plan_wanted *added = &staged->wanted[staged->count++];
    *added = *wanted;
    staged->bytes += plan_entry_text_bytes(&added->entry);
    return plan_entry_copy(&added->entry, &staged->texts);
}

int book_stage(struct book *book, const char *key, size_t at, const struct plan_wanted *wanted, size_t count)
{
    if (!key || !book_is_key(key))
        return -EINVAL;
    struct book_staged *staged = at ? book_stages_find(&book->stages, key) : begin(&book->stages, key);
    int error = !staged || staged->count != at ? -ESTALE : count > BOOK_IMPORT_MAX - staged->count ? -E2BIG : 0;

    for (size_t i = 0; !error && i < count; i++)
        error = !add(staged, &wanted[i]) ? -ENOMEM : staged->bytes > BOOK_IMPORT_TEXTS_MAX ? -E2BIG : 0;
    if (error && staged)
        book_stages_drop(staged);
    return error;
}
