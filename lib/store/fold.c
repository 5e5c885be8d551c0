/*
 * Folding: changes are moved from where they were appended to where they are looked for. A plan takes many of them, in
 * the order of addresses, so that pages are written once; it is carried out in slices. That a change has been moved is
 * known by the number in its lease, so a plan may be begun again at any time.
 */
#include "base/compiler.h"
#include "store/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PLAN_MAX 262144 /* changes: 4 MiB of memory */
#define LOOKS    16     /* changes that are looked at in the time that it takes to move one */

/* Columns of CHANGE_AT and LEASE_AT. */
enum { ADDRESS, NUMBER, STATE, HTYPE, HARDWARE, BY_MAC, CLIENT_ID, HOST_NAME, RELAY_INFO, BEGAN, LAST, ENDS, COLUMNS };

static int compare(const void *one, const void *other)
{
    const struct fold_step *a = one, *b = other;

    return a->addr != b->addr ? (a->addr < b->addr ? -1 : 1) : a->number < b->number ? -1 : a->number > b->number;
}

/* Look at some more changes; the plan is ready when it has all, or room for no more. */
static int gather(struct store *store, unsigned changes)
{
    sqlite3_stmt *rows = store->statements[PLAN];
    unsigned count = store->plan_count, room = PLAN_MAX - count < changes ? PLAN_MAX - count : changes;
    int rc;

    if (!store->plan)
        store->plan = malloc(PLAN_MAX * sizeof(*store->plan));
    if (!store->plan)
        return -ENOMEM;
    if (!count)
        store->plan_end = store->folded;
    sqlite3_bind_int64(rows, 1, store->plan_end);
    sqlite3_bind_int64(rows, 2, room);
    int64_t end = store->plan_end;
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
        end = sqlite3_column_int64(rows, 0);
        store->plan[count++] = (struct fold_step){(uint32_t)sqlite3_column_int64(rows, 1), end};
    }
    sqlite3_reset(rows);
    if (rc != SQLITE_DONE)
        return database_error_of(rc);
    bool all = count - store->plan_count < room;
    store->plan_count = count;
    store->plan_end = end;
    if (!all && count < PLAN_MAX)
        return 0;
    store->plan_at = 0;
    store->plan_ready = true;
    if (!count)
        store->plan_end = store->last; /* somebody else took them away */
    else
        qsort(store->plan, count, sizeof(*store->plan), compare);
    return 0;
}

static bool equal(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    int len = sqlite3_column_bytes(a, column);

    return len == sqlite3_column_bytes(b, column) &&
           (!len || memcmp(sqlite3_column_blob(a, column), sqlite3_column_blob(b, column), (size_t)len) == 0);
}

/* Whether the address is still had by the one who had it. */
static bool goes_on(sqlite3_stmt *lease, sqlite3_stmt *change)
{
    return sqlite3_column_int64(lease, BEGAN) == sqlite3_column_int64(change, BEGAN) &&
           sqlite3_column_int(lease, HTYPE) == sqlite3_column_int(change, HTYPE) && equal(lease, change, HARDWARE) &&
           (sqlite3_column_int(change, BY_MAC) || equal(lease, change, CLIENT_ID));
}

static bool is_somebodys(sqlite3_stmt *row)
{
    return sqlite3_column_bytes(row, HARDWARE) || sqlite3_column_bytes(row, CLIENT_ID);
}

/* `lease` is what was before `change`. */
static int put_history(struct store *store, sqlite3_stmt *lease, sqlite3_stmt *change)
{
    static const uint8_t columns[] = {ADDRESS, STATE, HTYPE, HARDWARE, CLIENT_ID, HOST_NAME, RELAY_INFO, BEGAN};
    sqlite3_stmt *put = store->statements[PUT_HISTORY];
    /* A declined address was kept from others longer than it was had. */
    int end = sqlite3_column_int(lease, STATE) == DHCP_LEASE_DECLINED ? LAST : ENDS;
    sqlite3_int64 ended = sqlite3_column_int64(change, LAST);

    if (sqlite3_column_type(lease, end) != SQLITE_NULL && sqlite3_column_int64(lease, end) < ended)
        ended = sqlite3_column_int64(lease, end);
    for (int i = 0; i < (int)sizeof(columns); i++)
        sqlite3_bind_value(put, i + 1, sqlite3_column_value(lease, columns[i]));
    sqlite3_bind_int64(put, sizeof(columns) + 1, ended);
    return store_step(store, PUT_HISTORY);
}

static int put_lease(struct store *store, sqlite3_stmt *change)
{
    sqlite3_stmt *put = store->statements[PUT_LEASE];

    for (int i = 0; i < COLUMNS; i++)
        sqlite3_bind_value(put, i + 1, sqlite3_column_value(change, i));
    return store_step(store, PUT_LEASE);
}

static int move(struct store *store, const struct fold_step *step)
{
    sqlite3_stmt *change = store->statements[CHANGE_AT], *lease = store->statements[LEASE_AT];

    sqlite3_bind_int64(change, 1, step->number);
    sqlite3_bind_int64(lease, 1, step->addr);
    int rc = sqlite3_step(change), error = database_error_of(rc);
    bool there = rc == SQLITE_ROW, moved = !there;
    if (!error && there) {
        rc = sqlite3_step(lease);
        error = database_error_of(rc);
        moved = rc == SQLITE_ROW && sqlite3_column_int64(lease, NUMBER) >= step->number;
        if (rc == SQLITE_ROW && !moved && is_somebodys(lease) && !goes_on(lease, change))
            error = put_history(store, lease, change);
    }
    sqlite3_reset(lease);
    if (!error && !moved)
        error = put_lease(store, change);
    sqlite3_reset(change);
    return error;
}

uint64_t store_unfolded(const struct store *store)
{
    return (uint64_t)(store->last - store->folded);
}

/* The changes of the plan stand elsewhere now. */
static int drop_changes(struct store *store)
{
    sqlite3_bind_int64(store->statements[DROP_CHANGES], 1, store->plan_end);
    return store_step(store, DROP_CHANGES);
}

/* A slice of the plan. */
static int carry_out(struct store *store, unsigned changes)
{
    unsigned at = store->plan_at, left = store->plan_count - at, end = at + (left < changes ? left : changes);
    int error = store_step(store, BEGIN);

    while (!error && at < end)
        error = move(store, &store->plan[at++]);
    if (!error && at == store->plan_count)
        error = drop_changes(store);
    if (!error)
        error = store_step(store, COMMIT);
    if (error) {
        store_rollback(store);
        return error;
    }
    store->plan_at = at;
    if (at == store->plan_count) {
        store->folded = store->plan_end;
        store->plan_count = 0;
        store->plan_ready = false;
    }
    return 0;
}

int store_fold(struct store *store, unsigned changes)
{
    if (!store_unfolded(store))
        return 0;
    return store->plan_ready ? carry_out(store, changes) : gather(store, LOOKS * changes);
}

int store_forget(struct store *store, uint64_t before_s, unsigned count)
{
    sqlite3_stmt *drop = store->statements[DROP_HISTORY];

    sqlite3_bind_int64(drop, 1, (sqlite3_int64)before_s);
    sqlite3_bind_int(drop, 2, (int)count);
    int error = store_step(store, DROP_HISTORY);
    return error ? error : sqlite3_changes(store->base.db);
}
