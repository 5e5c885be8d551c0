/* The book: what is stored, and what is not yet. */
#include "book/book.h"

#include "book/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* --- out of the store --------------------------------------------------------------------------------------------- */

static int load_node(void *arg, const struct plan_entry *entry)
{
    const struct plan_change change = {.is = true, .after = *entry};
    const struct plan_by by = {.everywhere = true};
    struct plan_refusal refusal;
    struct book *book = arg;
    char why[PLAN_REFUSAL_SIZE];
    int error = plan_apply(book->plan, &change, 1, &by, &refusal);

    if (!error || error == -ENOMEM)
        return error;
    plan_refusal_format(book->plan, &refusal, why);
    snprintf(book->why, sizeof(book->why), "it is no plan: %.100s", why);
    return -EUCLEAN;
}

/* The plan as it is stored, in place of the one that is there. */
static int load(struct book *book)
{
    book->plan = plan_free(book->plan);
    book->plan = plan_new(book->hash_key);
    snprintf(book->why, sizeof(book->why), "out of memory");
    if (!book->plan)
        return -ENOMEM;
    int error = plan_store_each_node(book->store, load_node, book);
    if (error && error != -EUCLEAN && error != -ENOMEM)
        snprintf(book->why, sizeof(book->why), "%s", plan_store_why(book->store));
    return error;
}

static int load_key(void *arg, const struct plan_operation *operation)
{
    struct book *book = arg;
    int error = book_keys_reserve(&book->keys, 0);

    if (!error)
        book_keys_add(&book->keys, operation->key, operation->number);
    return error;
}

static int note_number(void *arg, const struct plan_operation *operation)
{
    uint64_t *number = arg;

    *number = operation->number;
    return 1;
}

int book_open(const char *path, const uint8_t hash_key[SIPHASH_KEY_SIZE], struct book **result, const char **why)
{
    struct book *book = calloc(1, sizeof(*book));

    *result = book;
    *why = "out of memory";
    if (!book)
        return -ENOMEM;
    memcpy(book->hash_key, hash_key, sizeof(book->hash_key));
    int error = book_keys_open(&book->keys, hash_key);
    if (!error)
        error = plan_store_open(path, &book->store, why);
    if (error)
        return error;
    error = load(book);
    if (!error)
        error = book_enough(plan_store_each_operation(book->store, 0, note_number, &book->latest));
    if (!error)
        error = plan_store_each_key(book->store, BOOK_KEYS_MAX, load_key, book);
    book->committed = book->latest;
    *why = book->why;
    return error;
}

struct book *book_close(struct book *book)
{
    if (book) {
        plan_store_close(book->store);
        plan_free(book->plan);
        book_keys_close(&book->keys);
        arena_clear(&book->texts);
        book_stages_clear(&book->stages);
        free(book);
    }
    return NULL;
}

const struct plan *book_plan(const struct book *book)
{
    return book->plan;
}

struct plan_store *book_store(struct book *book)
{
    return book->store;
}

uint64_t book_latest(const struct book *book)
{
    return book->latest;
}

/* --- transactions ------------------------------------------------------------------------------------------------- */

bool book_is_open(const struct book *book)
{
    return book->open;
}

const char *book_why(const struct book *book)
{
    return book->why;
}

int book_revert(struct book *book)
{
    char why[sizeof(book->why)];

    memcpy(why, book->why, sizeof(why));
    plan_store_rollback(book->store);
    book->open = false;
    book->failed = 0;
    book->latest = book->committed;
    if (load(book))
        return -ENOTRECOVERABLE;
    memcpy(book->why, why, sizeof(why));
    return 0;
}

int book_commit(struct book *book)
{
    if (!book->open)
        return 0;
    int error = book->failed ? book->failed : plan_store_commit(book->store);
    if (!error) {
        book->open = false;
        book->committed = book->latest;
        return 0;
    }
    if (!book->failed)
        book_fail(book, error);
    return book_revert(book) ? -ENOTRECOVERABLE : error;
}

int book_fail(struct book *book, int error)
{
    snprintf(book->why, sizeof(book->why), "%s", plan_store_why(book->store));
    return book->failed = error;
}

int book_begin(struct book *book)
{
    if (book->failed || book->open)
        return book->failed;
    int error = plan_store_begin(book->store);
    book->open = !error;
    if (error)
        snprintf(book->why, sizeof(book->why), "%s", plan_store_why(book->store));
    return error;
}

int book_put(struct book *book, struct plan_operation *operation)
{
    size_t count;
    const struct plan_change *changes = plan_changes(book->plan, &count);

    operation->steps = (uint32_t)count;
    int error = plan_store_put(book->store, operation, changes);
    if (error)
        return book_fail(book, error);
    book->latest = operation->number;
    if (operation->key)
        book_keys_add(&book->keys, operation->key, operation->number);
    return 0;
}

/* --- what cools off ----------------------------------------------------------------------------------------------- */

int book_expire(struct book *book, uint32_t now_s)
{
    struct plan_operation operation = {.at_s = now_s, .who = "clock", .what = book_operation_name(BOOK_EXPIRE)};
    const struct plan_by by = {.now_s = now_s};
    size_t count;

    if (plan_next_s(book->plan) > now_s)
        return 0;
    int error = book_begin(book);
    if (!error)
        error = plan_tick(book->plan, &by, NULL);
    if (error)
        return error;
    plan_changes(book->plan, &count);
    return count ? book_put(book, &operation) : 0;
}

uint32_t book_expires_s(const struct book *book)
{
    return plan_next_s(book->plan);
}
