/*
 * An address plan that is kept: in memory (plan/plan.h) and on stable storage (store/plan_store.h), with all that was
 * done to it. One writer: a book is of one process and one thread.
 *
 * Orders are carried out one after the other, each as a whole or not at all. They are stored together: what was carried
 * out since the last book_commit() is promised when that returns 0, and nobody may hear of it before. If it cannot be
 * stored, none of it has happened, in memory either.
 *
 * An order with a key is carried out once: when it comes again, it is answered as it was then. Of the latest
 * BOOK_KEYS_MAX operations keys are known.
 */
#pragma once

#include "book/order.h"
#include "store/plan_store.h"

#define BOOK_KEYS_MAX 1048576

struct book;

/* What is in the database at a path, or an empty plan. Errors as plan_store_open()'s; -EUCLEAN also: what is in it is
 * no plan. Close *book in any case; *why is of static storage, or valid until then. */
int book_open(const char *path, const uint8_t hash_key[SIPHASH_KEY_SIZE], struct book **book, const char **why);
struct book *book_close(struct book *book); /* takes NULL, returns NULL; what is not committed is not there */

const struct plan *book_plan(const struct book *book);
struct plan_store *book_store(struct book *book); /* to read */

uint64_t book_latest(const struct book *book); /* number of the latest operation; 0: there was none */

/* Who orders. */
struct book_by {
    const char *who;    /* the system's user; 1 to BOOK_WHO_MAX bytes */
    const char *holder; /* as plan_by has it: in whose delegation; NULL: outside */
    uint32_t now_s;
};

/* What has become of an order. */
struct book_done {
    int error;                   /* 0; -errno, and `why` says more: as of struct plan_by, and
                                  * -ENOENT: there is no such node, or operation
                                  * -EEXIST: the key is that of another order
                                  * -ENODATA: what is to be imported has not come
                                  * -EALREADY: it is undone already */
    char why[PLAN_REFUSAL_SIZE]; /* a sentence without a full stop; empty if error is 0 */
    bool repeated;               /* it was carried out before */
    uint64_t operation;          /* its number */
    uint32_t steps;              /* how many nodes it has changed */
    /* Of an import that changes nothing operation and steps are 0, and the node is none. */
    bool is;                /* the node is there afterwards; otherwise it is what it was: */
    struct plan_entry node; /* the one that it is about; its texts are valid until the next call */
};

/* Carry out. done->error is returned too. An error of the store (-EIO, -ENOSPC, ...) fails the next commit, and all of
 * it. */
int book_do(struct book *book, const struct book_order *order, const struct book_by *by, struct book_done *done);

/* Nodes that shall be imported come in pieces, under the key of the order that will import them: `at` is how many have
 * come before; 0 begins anew. They are kept until the order comes, or until others have begun BOOK_STAGES_MAX later
 * imports; not beyond the end of the process. They are copied. 0; -ESTALE: so many have not come, or not any more;
 * -E2BIG: that is more than BOOK_IMPORT_MAX, or its
 * texts than BOOK_IMPORT_TEXTS_MAX; -EINVAL: that is no key; -ENOMEM. After an error none of them are kept. */
#define BOOK_STAGES_MAX       4
#define BOOK_IMPORT_MAX       1048576
#define BOOK_IMPORT_TEXTS_MAX 268435456 /* bytes */
int book_stage(struct book *book, const char *key, size_t at, const struct plan_wanted *wanted, size_t count);

/* Free what has cooled off; as an operation of its own, by "clock". 0, also if there was nothing; as book_do(). */
int book_expire(struct book *book, uint32_t now_s);
/* When there is something to free; UINT32_MAX: never. */
uint32_t book_expires_s(const struct book *book);

/* Whether anything was carried out that is not stored. */
bool book_is_open(const struct book *book);

/* 0: all is stored that was carried out. Otherwise nothing of it has happened, and -errno says why; -ENOTRECOVERABLE:
 * nor can what was stored be read again: nothing but book_close() is left. */
int book_commit(struct book *book);
/* Why it could not be stored, for people; valid until the next call. */
const char *book_why(const struct book *book);

/* Nothing of what is open has happened: as a commit that fails. 0; -ENOTRECOVERABLE. */
int book_revert(struct book *book);
