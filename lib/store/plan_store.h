/*
 * The address plan and what was done to it, in an SQLite database of its own. One writer; people may look into it with
 * SQL at any time (docs/store.md describes the tables).
 *
 * As store/store.h: what plan_store_commit() has said 0 of is on stable storage, and of what it has not, nothing is
 * there. Errors as there. One thread.
 */
#pragma once

#include "plan/plan.h"

#define PLAN_STORE_VERSION 1 /* of the tables (PRAGMA user_version) */

struct plan_store;

int plan_store_open(const char *path, struct plan_store **store, const char **why);
/* Beside its writer: what it was at this moment. Only plan_store_each_node() may be called of it, plan_store_why(), and
 * plan_store_close(). -ENOENT: it is not there. */
int plan_store_open_to_read(const char *path, struct plan_store **store, const char **why);
struct plan_store *plan_store_close(struct plan_store *store); /* takes NULL, returns NULL */
const char *plan_store_why(const struct plan_store *store);    /* why the last call failed; valid until the next */

/* An operation. Texts may be NULL but for `who` and `what`; of what is read they are valid until `each` returns. */
struct plan_operation {
    uint64_t number; /* from 1 on; given by plan_store_put() */
    uint32_t at_s;
    const char *who, *holder, *what;
    uint32_t steps; /* how many */
    uint64_t undoes, undone;
    const char *key;
    uint64_t request; /* hash */
};

/* A step of one: its first is about the node that the operation is about. */
struct plan_stored_step {
    struct plan_operation operation;
    uint32_t number;
    struct plan_change change;
};

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* A transaction: begin, put any number of operations, commit or roll back; after an error only the latter is left. */
int plan_store_begin(struct plan_store *store);
/* Its number comes back in it; what it undoes is `undone` by it, and what that had undone is not any more. */
int plan_store_put(struct plan_store *store, struct plan_operation *operation, const struct plan_change *changes);
int plan_store_commit(struct plan_store *store);
void plan_store_rollback(struct plan_store *store);

/* As store_checkpoint(). */
int plan_store_checkpoint(struct plan_store *store, unsigned pages);

/* --- reading: as of what has been put ----------------------------------------------------------------------------- */

/* Each calls `each`, which returns 0 to go on. 0; what `each` returned; -errno. */

/* All nodes, by address, outer ones first. */
int plan_store_each_node(struct plan_store *store, int (*each)(void *arg, const struct plan_entry *entry), void *arg);

/* Operations with a key, the latest first, at most so many. */
int plan_store_each_key(struct plan_store *store, uint64_t most,
                        int (*each)(void *arg, const struct plan_operation *operation), void *arg);

/* Operations, the latest first: those below a number (0: all). */
int plan_store_each_operation(struct plan_store *store, uint64_t below,
                              int (*each)(void *arg, const struct plan_operation *operation), void *arg);

/* One, if it is there. */
int plan_store_get(struct plan_store *store, uint64_t number,
                   int (*each)(void *arg, const struct plan_operation *operation), void *arg);

/* The latest that `holder` (NULL: who acts outside of delegations) has made, that is not undone, and no undo; if there
 * is one. */
int plan_store_latest(struct plan_store *store, const char *holder,
                      int (*each)(void *arg, const struct plan_operation *operation), void *arg);

/* The steps of one operation, from one on, in their order. */
int plan_store_each_step(struct plan_store *store, uint64_t number, uint32_t from,
                         int (*each)(void *arg, const struct plan_stored_step *step), void *arg);

/* Steps about addresses of a range, the latest first: those below a step of an operation ({0}: all), of `*most` that
 * are looked at. *most is how many were not looked at in the end: 0: there are more, behind *at, where it stands now.
 */
struct plan_store_place {
    uint64_t operation;
    uint32_t step;
};
int plan_store_each_step_about(struct plan_store *store, struct ipv4_range range, struct plan_store_place *at,
                               unsigned *most, int (*each)(void *arg, const struct plan_stored_step *step), void *arg);
