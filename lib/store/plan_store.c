#include "store/plan_store.h"

#include "base/compiler.h"
#include "store/database.h"
#include "store/schema.h"

#include <errno.h>
#include <stdlib.h>

#define APPLICATION_ID 0x46616970 /* "Faip" */

#define NODE_COLUMNS                                                                                               \
    "first, last, kind, status, delegated, for_sibling, name, owner, provider, contract, note, created, changed, " \
    "until"
#define STEP_COLUMNS                                                                                      \
    "operation, step.number, was_first, was_last, was_kind, was_status, was_delegated, was_for_sibling, " \
    "was_name, was_owner, was_provider, was_contract, was_note, was_created, was_changed, was_until, "    \
    "is_first, is_last, is_kind, is_status, is_delegated, is_for_sibling, "                               \
    "is_name, is_owner, is_provider, is_contract, is_note, is_created, is_changed, is_until"
#define OPERATION_COLUMNS "operation.number, at, who, holder, what, steps, undoes, undone, key, request"

/* Where they stand: of a node; in a step; of an operation behind a step. */
enum { NODE_COUNT = 14, WAS_AT = 2, IS_AT = WAS_AT + NODE_COUNT, STEP_COUNT = IS_AT + NODE_COUNT };

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    PUT_OPERATION,
    PUT_STEP,
    PUT_NODE,
    DROP_NODE,
    SET_UNDONE,
    CLEAR_UNDONE,
    GET,
    LATEST,
    OPERATIONS,
    KEYS,
    STEPS,
    STEPS_BELOW,
    STATEMENT_COUNT
};

static const char *const texts[] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [PUT_OPERATION] = ("INSERT INTO operation(number, at, who, holder, what, steps, undoes, undone, key, request) "
                       "VALUES(?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)"),
    [PUT_STEP] = ("INSERT INTO step VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                  "?, ?, ?, ?, ?)"),
    [PUT_NODE] = ("INSERT OR REPLACE INTO node(" NODE_COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    [DROP_NODE] = "DELETE FROM node WHERE first = ? AND last = ?",
    [SET_UNDONE] = "UPDATE operation SET undone = ?1 WHERE number = ?2",
    [CLEAR_UNDONE] =
        "UPDATE operation SET undone = NULL WHERE number = (SELECT undoes FROM operation WHERE number = ?)",
    [GET] = ("SELECT " OPERATION_COLUMNS " FROM operation WHERE number = ?"),
    [LATEST] = ("SELECT " OPERATION_COLUMNS " FROM operation WHERE holder IS ?1 AND undone IS NULL AND undoes IS NULL "
                "AND what <> 'expire' ORDER BY number DESC LIMIT 1"),
    [OPERATIONS] = ("SELECT " OPERATION_COLUMNS " FROM operation WHERE number < ? ORDER BY number DESC"),
    [KEYS] = ("SELECT " OPERATION_COLUMNS " FROM operation WHERE number > (SELECT max(number) FROM operation) - ?1 "
              "AND key IS NOT NULL ORDER BY number DESC"),
    [STEPS] =
        ("SELECT " STEP_COLUMNS ", " OPERATION_COLUMNS " FROM step JOIN operation ON operation.number = operation "
         "WHERE operation = ? AND step.number >= ? ORDER BY step.number"),
    [STEPS_BELOW] = ("SELECT " STEP_COLUMNS ", " OPERATION_COLUMNS
                     " FROM step CROSS JOIN operation ON operation.number = operation "
                     "WHERE (operation, step.number) < (?, ?) ORDER BY operation DESC, step.number DESC"),
};

struct plan_store {
    struct database base;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    int64_t last; /* number of the latest operation that was put */
    int64_t committed;
};

/* --- opening ------------------------------------------------------------------------------------------------------ */

static int make_tables(struct database *base, int64_t version)
{
    (void)version; /* there is no earlier one */
    return database_run(base, store_plan);
}

static const struct database_tables tables = {APPLICATION_ID, PLAN_STORE_VERSION, make_tables};

int plan_store_open(const char *path, struct plan_store **result, const char **why)
{
    struct plan_store *store = calloc(1, sizeof(*store));

    *why = "out of memory";
    if (!store)
        return -ENOMEM;
    int error = database_open(&store->base, path, &tables, why);
    if (!error && (error = database_prepare(&store->base, texts, store->statements, STATEMENT_COUNT)))
        *why = "its tables are not as expected";
    if (!error &&
        (error = database_ask_number(&store->base, "SELECT ifnull(max(number), 0) FROM operation", &store->last)))
        *why = "it cannot be read";
    if (error) {
        plan_store_close(store);
        return error;
    }
    store->committed = store->last;
    *result = store;
    return 0;
}

int plan_store_open_to_read(const char *path, struct plan_store **result, const char **why)
{
    struct plan_store *store = calloc(1, sizeof(*store));

    *why = "out of memory";
    if (!store)
        return -ENOMEM;
    int error = database_open_to_read(&store->base, path, &tables, why);
    if (error)
        plan_store_close(store);
    else
        *result = store;
    return error;
}

struct plan_store *plan_store_close(struct plan_store *store)
{
    if (store) {
        database_finalize(store->statements, STATEMENT_COUNT);
        database_close(&store->base);
        free(store);
    }
    return NULL;
}

const char *plan_store_why(const struct plan_store *store)
{
    return sqlite3_errmsg(store->base.db);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

int plan_store_begin(struct plan_store *store)
{
    return database_step(store->statements[BEGIN]);
}

int plan_store_commit(struct plan_store *store)
{
    int error = database_step(store->statements[COMMIT]);

    if (!error)
        store->committed = store->last;
    return error;
}

void plan_store_rollback(struct plan_store *store)
{
    if (database_in_transaction(&store->base))
        database_step(store->statements[ROLLBACK]);
    store->last = store->committed;
}

int plan_store_checkpoint(struct plan_store *store, unsigned pages)
{
    return database_checkpoint(&store->base, pages);
}

/* Binding to a statement that exists, at places that it has, can fail only for want of memory: then a NOT NULL is
 * violated, and the step fails; texts that may be NULL are given as they are, without a copy. */

static void bind_text(sqlite3_stmt *statement, int column, const char *text)
{
    if (text)
        sqlite3_bind_text(statement, column, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, column);
}

/* NODE_COLUMNS, from a place on. */
static void bind_entry(sqlite3_stmt *statement, int at, const struct plan_entry *entry)
{
    sqlite3_bind_int64(statement, at, entry->range.first);
    sqlite3_bind_int64(statement, at + 1, entry->range.last);
    sqlite3_bind_int(statement, at + 2, entry->kind);
    sqlite3_bind_int(statement, at + 3, entry->status);
    sqlite3_bind_int(statement, at + 4, entry->delegated);
    sqlite3_bind_int(statement, at + 5, entry->for_sibling);
    bind_text(statement, at + 6, entry->name);
    bind_text(statement, at + 7, entry->owner);
    bind_text(statement, at + 8, entry->provider);
    bind_text(statement, at + 9, entry->contract);
    bind_text(statement, at + 10, entry->note);
    sqlite3_bind_int64(statement, at + 11, entry->created_s);
    sqlite3_bind_int64(statement, at + 12, entry->changed_s);
    sqlite3_bind_int64(statement, at + 13, entry->until_s);
}

static void bind_nothing(sqlite3_stmt *statement, int at)
{
    for (int i = 0; i < NODE_COUNT; i++)
        sqlite3_bind_null(statement, at + i);
}

static int put_step(struct plan_store *store, uint32_t number, const struct plan_change *change)
{
    sqlite3_stmt *put = store->statements[PUT_STEP];

    sqlite3_bind_int64(put, 1, store->last);
    sqlite3_bind_int64(put, 2, number);
    if (change->was)
        bind_entry(put, 1 + WAS_AT, &change->before);
    else
        bind_nothing(put, 1 + WAS_AT);
    if (change->is)
        bind_entry(put, 1 + IS_AT, &change->after);
    else
        bind_nothing(put, 1 + IS_AT);
    return database_step(put);
}

static int drop_node(struct plan_store *store, struct ipv4_range range)
{
    sqlite3_stmt *drop = store->statements[DROP_NODE];

    sqlite3_bind_int64(drop, 1, range.first);
    sqlite3_bind_int64(drop, 2, range.last);
    return database_step(drop);
}

static int put_node(struct plan_store *store, const struct plan_entry *entry)
{
    bind_entry(store->statements[PUT_NODE], 1, entry);
    return database_step(store->statements[PUT_NODE]);
}

static int put_operation(struct plan_store *store, const struct plan_operation *operation)
{
    sqlite3_stmt *put = store->statements[PUT_OPERATION];

    sqlite3_bind_int64(put, 1, store->last);
    sqlite3_bind_int64(put, 2, operation->at_s);
    bind_text(put, 3, operation->who);
    bind_text(put, 4, operation->holder);
    bind_text(put, 5, operation->what);
    sqlite3_bind_int64(put, 6, operation->steps);
    if (operation->undoes)
        sqlite3_bind_int64(put, 7, (sqlite3_int64)operation->undoes);
    else
        sqlite3_bind_null(put, 7);
    bind_text(put, 8, operation->key);
    if (operation->key)
        sqlite3_bind_int64(put, 9, (sqlite3_int64)operation->request);
    else
        sqlite3_bind_null(put, 9);
    return database_step(put);
}

static int put_undone(struct plan_store *store, uint64_t undoes)
{
    sqlite3_stmt *clear = store->statements[CLEAR_UNDONE], *set = store->statements[SET_UNDONE];

    sqlite3_bind_int64(clear, 1, (sqlite3_int64)undoes);
    sqlite3_bind_int64(set, 1, store->last);
    sqlite3_bind_int64(set, 2, (sqlite3_int64)undoes);
    int error = database_step(clear);
    return error ? error : database_step(set);
}

int plan_store_put(struct plan_store *store, struct plan_operation *operation, const struct plan_change *changes)
{
    operation->number = (uint64_t)++store->last;
    int error = put_operation(store, operation);

    for (uint32_t i = 0; !error && i < operation->steps; i++) {
        const struct plan_change *change = &changes[i];
        error = put_step(store, i, change);
        if (!error && change->was && !(change->is && ipv4_range_equal(change->before.range, change->after.range)))
            error = drop_node(store, change->before.range);
    }
    for (uint32_t i = 0; !error && i < operation->steps; i++)
        if (changes[i].is)
            error = put_node(store, &changes[i].after);
    if (!error && operation->undoes)
        error = put_undone(store, operation->undoes);
    return error;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static const char *read_text(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

/* False: there is none, or it is none: somebody has written there. */
static bool read_entry(sqlite3_stmt *row, int at, struct plan_entry *entry)
{
    int64_t first = sqlite3_column_int64(row, at), last = sqlite3_column_int64(row, at + 1);
    int kind = sqlite3_column_int(row, at + 2), status = sqlite3_column_int(row, at + 3);

    *entry = (struct plan_entry){.range = {(uint32_t)first, (uint32_t)last},
                                 .kind = (uint8_t)kind,
                                 .status = (uint8_t)status,
                                 .delegated = sqlite3_column_int(row, at + 4) != 0,
                                 .for_sibling = sqlite3_column_int(row, at + 5) != 0,
                                 .name = read_text(row, at + 6),
                                 .owner = read_text(row, at + 7),
                                 .provider = read_text(row, at + 8),
                                 .contract = read_text(row, at + 9),
                                 .note = read_text(row, at + 10),
                                 .created_s = (uint32_t)sqlite3_column_int64(row, at + 11),
                                 .changed_s = (uint32_t)sqlite3_column_int64(row, at + 12),
                                 .until_s = (uint32_t)sqlite3_column_int64(row, at + 13)};
    return sqlite3_column_type(row, at) != SQLITE_NULL && first >= 0 && first <= last && last <= UINT32_MAX &&
           kind >= 0 && kind < PLAN_KIND_COUNT && status >= 0 && status < PLAN_STATUS_COUNT;
}

static void read_operation(sqlite3_stmt *row, int at, struct plan_operation *operation)
{
    *operation = (struct plan_operation){.number = (uint64_t)sqlite3_column_int64(row, at),
                                         .at_s = (uint32_t)sqlite3_column_int64(row, at + 1),
                                         .who = read_text(row, at + 2),
                                         .holder = read_text(row, at + 3),
                                         .what = read_text(row, at + 4),
                                         .steps = (uint32_t)sqlite3_column_int64(row, at + 5),
                                         .undoes = (uint64_t)sqlite3_column_int64(row, at + 6),
                                         .undone = (uint64_t)sqlite3_column_int64(row, at + 7),
                                         .key = read_text(row, at + 8),
                                         .request = (uint64_t)sqlite3_column_int64(row, at + 9)};
}

static void read_step(sqlite3_stmt *row, struct plan_stored_step *step)
{
    step->number = (uint32_t)sqlite3_column_int64(row, 1);
    step->change.was = read_entry(row, WAS_AT, &step->change.before);
    step->change.is = read_entry(row, IS_AT, &step->change.after);
    read_operation(row, STEP_COUNT, &step->operation);
}

int plan_store_each_node(struct plan_store *store, int (*each)(void *arg, const struct plan_entry *entry), void *arg)
{
    struct plan_entry entry;
    sqlite3_stmt *rows;
    int error = 0, rc = sqlite3_prepare_v2(
                       store->base.db, "SELECT " NODE_COLUMNS " FROM node ORDER BY first, last DESC", -1, &rows, NULL);

    if (rc != SQLITE_OK)
        return database_error_of(rc);
    while (!error && (rc = sqlite3_step(rows)) == SQLITE_ROW)
        error = read_entry(rows, 0, &entry) ? each(arg, &entry) : -EUCLEAN;
    sqlite3_finalize(rows);
    return error ? error : database_error_of(rc);
}

/* A kept statement, whose rows are operations, is run and ready again. */
static int each_operation(sqlite3_stmt *rows, int (*each)(void *arg, const struct plan_operation *operation), void *arg)
{
    struct plan_operation operation;
    int error = 0, rc = SQLITE_DONE;

    while (!error && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
        read_operation(rows, 0, &operation);
        error = each(arg, &operation);
    }
    sqlite3_reset(rows);
    return error ? error : database_error_of(rc);
}

int plan_store_each_key(struct plan_store *store, uint64_t most,
                        int (*each)(void *arg, const struct plan_operation *operation), void *arg)
{
    sqlite3_bind_int64(store->statements[KEYS], 1, (sqlite3_int64)most);
    return each_operation(store->statements[KEYS], each, arg);
}

int plan_store_each_operation(struct plan_store *store, uint64_t below,
                              int (*each)(void *arg, const struct plan_operation *operation), void *arg)
{
    sqlite3_bind_int64(store->statements[OPERATIONS], 1, below ? (sqlite3_int64)below : INT64_MAX);
    return each_operation(store->statements[OPERATIONS], each, arg);
}

int plan_store_get(struct plan_store *store, uint64_t number,
                   int (*each)(void *arg, const struct plan_operation *operation), void *arg)
{
    sqlite3_bind_int64(store->statements[GET], 1, (sqlite3_int64)number);
    return each_operation(store->statements[GET], each, arg);
}

int plan_store_latest(struct plan_store *store, const char *holder,
                      int (*each)(void *arg, const struct plan_operation *operation), void *arg)
{
    bind_text(store->statements[LATEST], 1, holder);
    return each_operation(store->statements[LATEST], each, arg);
}

int plan_store_each_step(struct plan_store *store, uint64_t number, uint32_t from,
                         int (*each)(void *arg, const struct plan_stored_step *step), void *arg)
{
    sqlite3_stmt *rows = store->statements[STEPS];
    struct plan_stored_step step;
    int error = 0, rc = SQLITE_DONE;

    sqlite3_bind_int64(rows, 1, (sqlite3_int64)number);
    sqlite3_bind_int64(rows, 2, from);
    while (!error && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
        read_step(rows, &step);
        error = each(arg, &step);
    }
    sqlite3_reset(rows);
    return error ? error : database_error_of(rc);
}

static bool is_about(sqlite3_stmt *row, int at, struct ipv4_range range)
{
    return sqlite3_column_type(row, at) != SQLITE_NULL && sqlite3_column_int64(row, at) <= range.last &&
           sqlite3_column_int64(row, at + 1) >= range.first;
}

int plan_store_each_step_about(struct plan_store *store, struct ipv4_range range, struct plan_store_place *at,
                               unsigned *most, int (*each)(void *arg, const struct plan_stored_step *step), void *arg)
{
    sqlite3_stmt *rows = store->statements[STEPS_BELOW];
    struct plan_stored_step step;
    int error = 0, rc = SQLITE_DONE;

    sqlite3_bind_int64(rows, 1, at->operation ? (sqlite3_int64)at->operation : INT64_MAX);
    sqlite3_bind_int64(rows, 2, at->step);
    while (!error && *most && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
        --*most;
        if (is_about(rows, WAS_AT, range) || is_about(rows, IS_AT, range)) {
            read_step(rows, &step);
            error = each(arg, &step);
        }
        if (!error)
            *at = (struct plan_store_place){(uint64_t)sqlite3_column_int64(rows, 0),
                                            (uint32_t)sqlite3_column_int64(rows, 1)};
    }
    sqlite3_reset(rows);
    return error ? error : database_error_of(rc);
}
