/*
 * What a book is made of. Internal to lib/book.
 */
#pragma once

#include "base/arena.h"
#include "book/book.h"
#include "book/keys.h"
#include "book/stage.h"

struct book {
    struct plan *plan;
    struct plan_store *store;
    struct book_keys keys;
    uint8_t hash_key[SIPHASH_KEY_SIZE];
    bool open;          /* a transaction */
    int failed;         /* -errno: what is open cannot be stored */
    uint64_t latest;    /* number of an operation that was put */
    uint64_t committed; /* of one that is stored */
    struct arena texts; /* of what was read */
    struct book_stages stages;
    char why[128];
};

/* An order that is being carried out. */
struct doing {
    struct book *book;
    const struct book_order *order;
    struct plan_by by;
    struct book_done *done;
    struct plan_refusal refusal;
    uint64_t undoes;
};

/* --- transactions (book.c) --- */

/* One is open, or can be. 0; -errno, as book->why says. */
int book_begin(struct book *book);
/* What is open cannot be stored. Returns why. */
int book_fail(struct book *book, int error);
/* Store what the plan has just done. */
int book_put(struct book *book, struct plan_operation *operation);

/* Of what an `each` returned, what is no error: that it has had enough. */
static inline int book_enough(int rc)
{
    return rc > 0 ? 0 : rc;
}

/* --- orders (carry_out.c) --- */

/* Fill in done; returns the error. */
__attribute__((format(printf, 3, 4))) int book_refuse(struct book_done *done, int error, const char *format, ...);

/* 1 to BOOK_KEY_MAX characters, no spaces. */
bool book_is_key(const char *key);

/* --- undoing (undo.c) --- */

int book_undo(struct doing *doing);
