#include "store/store.h"

#include "base/compiler.h"
#include "store/internal.h"
#include "store/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLICATION_ID 0x46616972 /* "Fair" */

static const char *const texts[] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [APPEND] = "INSERT INTO change(address, " LEASE_COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [PLAN] = "SELECT number, address FROM change WHERE number > ? ORDER BY number LIMIT ?",
    [CHANGE_AT] = "SELECT address, number, " LEASE_COLUMNS " FROM change WHERE number = ?",
    [LEASE_AT] = "SELECT address, number, " LEASE_COLUMNS " FROM lease WHERE address = ?",
    [PUT_LEASE] = ("INSERT OR REPLACE INTO lease(address, number, " LEASE_COLUMNS ") "
                   "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    [PUT_HISTORY] = ("INSERT INTO history(address, state, htype, hardware, client_id, host_name, relay_info, began, "
                     "ended) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    [DROP_CHANGES] = "DELETE FROM change WHERE number <= ? AND number < (SELECT max(number) FROM change)",
    [DROP_HISTORY] = ("DELETE FROM history WHERE number IN (SELECT number FROM (SELECT number, ended FROM history "
                      "ORDER BY number LIMIT ?2) WHERE ended < ?1)"),
    [PUT_CLOCK] = "UPDATE clock SET boot = ?, offset = ?, skew = ?",
    [PUT_RESERVATION] = "INSERT OR REPLACE INTO reservation(address, hardware, made) VALUES(?, ?, ?)",
    [DROP_RESERVATION] = "DELETE FROM reservation WHERE address = ?",
};

/* --- opening ----------------------------------------------------------------------------------------------------- */

static int make_tables(struct database *base, int64_t version)
{
    int error = 0;

    if (version == 1)
        error = database_run(base, "DROP VIEW leases; ALTER TABLE lease RENAME TO lease_1");
    if (!error && version < 2)
        error = database_run(base, store_schema);
    if (!error && version == 1)
        error = database_run(base, store_upgrade);
    return error ? error : database_run(base, store_reservations);
}

static int find_ends(struct store *store)
{
    int error = database_ask_number(&store->base, "SELECT ifnull(max(number), 0) FROM change", &store->last);

    /* Those that have been moved although they still stand there are found out when they are to be. */
    if (!error)
        error = database_ask_number(&store->base, "SELECT ifnull(min(number), 1) - 1 FROM change", &store->folded);
    return error;
}

int store_open(const char *path, struct store **result, const char **why)
{
    static const struct database_tables tables = {APPLICATION_ID, STORE_VERSION, make_tables};
    struct store *store = calloc(1, sizeof(*store));

    *why = "out of memory";
    if (!store)
        return -ENOMEM;
    int error = database_open(&store->base, path, &tables, why);
    if (!error && (error = database_prepare(&store->base, texts, store->statements, STATEMENT_COUNT)))
        *why = "its tables are not as expected";
    if (!error && (error = find_ends(store)))
        *why = "it cannot be read";
    if (error) {
        store_close(store);
        return error;
    }
    *result = store;
    return 0;
}

struct store *store_close(struct store *store)
{
    if (!store)
        return NULL;
    database_finalize(store->statements, STATEMENT_COUNT);
    database_close(&store->base);
    free(store->plan);
    free(store);
    return NULL;
}

const char *store_why(const struct store *store)
{
    return sqlite3_errmsg(store->base.db);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static void read_bytes(sqlite3_stmt *row, int column, struct dhcp_bytes *bytes)
{
    const void *value = sqlite3_column_blob(row, column);
    int len = sqlite3_column_bytes(row, column);

    bytes->len = len > (int)sizeof(bytes->bytes) ? (uint8_t)sizeof(bytes->bytes) : (uint8_t)len;
    if (bytes->len)
        memcpy(bytes->bytes, value, bytes->len);
}

void store_read_lease(sqlite3_stmt *row, int at, struct dhcp_lease *lease)
{
    const void *hardware = sqlite3_column_blob(row, at + 2);
    int hlen = sqlite3_column_bytes(row, at + 2);

    lease->addr = (uint32_t)sqlite3_column_int64(row, 0);
    lease->state = (uint8_t)sqlite3_column_int(row, at);
    lease->htype = (uint8_t)sqlite3_column_int(row, at + 1);
    lease->hlen = hlen > DHCP_CHADDR_SIZE ? DHCP_CHADDR_SIZE : (uint8_t)hlen;
    memset(lease->chaddr, 0, sizeof(lease->chaddr));
    if (lease->hlen)
        memcpy(lease->chaddr, hardware, lease->hlen);
    lease->by_mac = sqlite3_column_int(row, at + 3) != 0;
    read_bytes(row, at + 4, &lease->client_id);
    read_bytes(row, at + 5, &lease->host_name);
    read_bytes(row, at + 6, &lease->relay_info);
    lease->began_s = (uint64_t)sqlite3_column_int64(row, at + 7);
    lease->last_s = (uint64_t)sqlite3_column_int64(row, at + 8);
    lease->ends_s =
        sqlite3_column_type(row, at + 9) == SQLITE_NULL ? DHCP_NEVER : (uint64_t)sqlite3_column_int64(row, at + 9);
}

int store_count_leases(struct store *store, uint64_t *count)
{
    int64_t leases = 0, changes = 0;
    int error = database_ask_number(&store->base, "SELECT count(*) FROM lease", &leases);

    if (!error)
        error = database_ask_number(&store->base, "SELECT count(*) FROM change", &changes);
    if (!error)
        *count = (uint64_t)(leases + changes);
    return error;
}

int store_each_lease(struct store *store, int (*each)(void *arg, const struct dhcp_lease *lease), void *arg)
{
    /* A change that has been moved already, but stands there still, is what `lease` says or earlier. */
    static const char *const questions[] = {
        "SELECT address, " LEASE_COLUMNS " FROM lease ORDER BY address",
        ("SELECT address, " LEASE_COLUMNS " FROM change WHERE number > "
         "ifnull((SELECT number FROM lease WHERE lease.address = change.address), 0) ORDER BY number")};
    struct dhcp_lease lease;
    int error = 0;

    for (size_t i = 0; !error && i < ARRAY_SIZE(questions); i++) {
        sqlite3_stmt *rows;
        int rc = sqlite3_prepare_v2(store->base.db, questions[i], -1, &rows, NULL);
        if (rc != SQLITE_OK)
            return database_error_of(rc);
        while (!error && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
            store_read_lease(rows, 1, &lease);
            if (strcmp(dhcp_lease_state_name(lease.state), "unknown") != 0)
                error = each(arg, &lease);
        }
        sqlite3_finalize(rows);
        if (!error)
            error = database_error_of(rc);
    }
    return error;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

int store_step(struct store *store, enum statement which)
{
    return database_step(store->statements[which]);
}

int store_begin(struct store *store)
{
    store->appended = store->last;
    return store_step(store, BEGIN);
}

int store_commit(struct store *store)
{
    int error = store_step(store, COMMIT);

    if (!error)
        store->last = store->appended;
    return error;
}

void store_rollback(struct store *store)
{
    if (database_in_transaction(&store->base)) /* otherwise SQLite has done so itself */
        store_step(store, ROLLBACK);
}

static void bind_bytes(sqlite3_stmt *statement, int column, const uint8_t *bytes, size_t len)
{
    if (len)
        sqlite3_bind_blob(statement, column, bytes, (int)len, SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, column);
}

int store_put_lease(struct store *store, const struct dhcp_lease *lease)
{
    sqlite3_stmt *append = store->statements[APPEND];

    /* Binding to a statement that exists, at places that it has, can fail only for want of memory: then a NOT NULL is
     * violated, and the step fails. */
    sqlite3_bind_int64(append, 1, lease->addr);
    sqlite3_bind_int(append, 2, lease->state);
    sqlite3_bind_int(append, 3, lease->htype);
    sqlite3_bind_blob(append, 4, lease->chaddr, lease->hlen, SQLITE_STATIC);
    sqlite3_bind_int(append, 5, lease->by_mac);
    bind_bytes(append, 6, lease->client_id.bytes, lease->client_id.len);
    bind_bytes(append, 7, lease->host_name.bytes, lease->host_name.len);
    bind_bytes(append, 8, lease->relay_info.bytes, lease->relay_info.len);
    sqlite3_bind_int64(append, 9, (sqlite3_int64)lease->began_s);
    sqlite3_bind_int64(append, 10, (sqlite3_int64)lease->last_s);
    if (lease->ends_s == DHCP_NEVER)
        sqlite3_bind_null(append, 11);
    else
        sqlite3_bind_int64(append, 11, (sqlite3_int64)lease->ends_s);
    int error = store_step(store, APPEND);
    if (!error)
        store->appended = sqlite3_last_insert_rowid(store->base.db);
    return error;
}

int store_checkpoint(struct store *store, unsigned pages)
{
    return database_checkpoint(&store->base, pages);
}

/* --- reservations ------------------------------------------------------------------------------------------------ */

int store_each_reservation(struct store *store, int (*each)(void *arg, const struct store_reservation *reservation),
                           void *arg)
{
    struct store_reservation reservation;
    sqlite3_stmt *rows;
    int error = 0,
        rc = sqlite3_prepare_v2(store->base.db, "SELECT address, hardware, made FROM reservation ORDER BY address", -1,
                                &rows, NULL);

    if (rc != SQLITE_OK)
        return database_error_of(rc);
    while (!error && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
        const void *mac = sqlite3_column_blob(rows, 1);
        if (sqlite3_column_bytes(rows, 1) != ETH_ADDR_SIZE)
            continue; /* somebody has written there */
        reservation.addr = (uint32_t)sqlite3_column_int64(rows, 0);
        reservation.made_s = (uint64_t)sqlite3_column_int64(rows, 2);
        memcpy(reservation.mac, mac, ETH_ADDR_SIZE);
        error = each(arg, &reservation);
    }
    sqlite3_finalize(rows);
    return error ? error : database_error_of(rc);
}

int store_put_reservation(struct store *store, const struct store_reservation *reservation)
{
    static const uint8_t none[ETH_ADDR_SIZE];
    enum statement which = eth_addr_equal(reservation->mac, none) ? DROP_RESERVATION : PUT_RESERVATION;
    sqlite3_stmt *statement = store->statements[which];

    sqlite3_bind_int64(statement, 1, reservation->addr);
    if (which == PUT_RESERVATION) {
        sqlite3_bind_blob(statement, 2, reservation->mac, ETH_ADDR_SIZE, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 3, (sqlite3_int64)reservation->made_s);
    }
    return store_step(store, which);
}

/* --- the clock --------------------------------------------------------------------------------------------------- */

int store_get_clock(struct store *store, struct store_clock *clock)
{
    sqlite3_stmt *row;
    int rc = sqlite3_prepare_v2(store->base.db, "SELECT boot, offset, skew FROM clock", -1, &row, NULL);

    if (rc != SQLITE_OK)
        return database_error_of(rc);
    *clock = (struct store_clock){0};
    rc = sqlite3_step(row);
    if (rc == SQLITE_ROW) {
        const char *boot = (const char *)sqlite3_column_text(row, 0);
        snprintf(clock->boot, sizeof(clock->boot), "%s", boot ? boot : "");
        clock->offset_s = sqlite3_column_int64(row, 1);
        clock->skew_s = sqlite3_column_int64(row, 2);
    }
    sqlite3_finalize(row);
    return database_error_of(rc);
}

int store_put_clock(struct store *store, const struct store_clock *clock)
{
    sqlite3_stmt *put = store->statements[PUT_CLOCK];

    sqlite3_bind_text(put, 1, clock->boot, -1, SQLITE_STATIC);
    sqlite3_bind_int64(put, 2, clock->offset_s);
    sqlite3_bind_int64(put, 3, clock->skew_s);
    return store_step(store, PUT_CLOCK);
}
