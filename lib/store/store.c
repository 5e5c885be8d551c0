#include "store/store.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "store/internal.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define APPLICATION_ID 0x46616972 /* "Fair", in the file's header */
#define BUSY_MS        1000       /* while a person writes into it */
#define LOCK_MS        2000       /* while a daemon that was killed is going */

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

int store_error_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return 0;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
        return -EACCES;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        return -EUCLEAN;
    default:
        return -EIO;
    }
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

static int run(struct store *store, const char *sql)
{
    return store_error_of(sqlite3_exec(store->db, sql, NULL, NULL, NULL));
}

/* The one number, or the number in one word, that a statement gives. */
static int ask_number(struct store *store, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

    if (rc != SQLITE_OK)
        return store_error_of(rc);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? 0 : rc == SQLITE_DONE ? -EUCLEAN : store_error_of(rc);
}

/* synchronous = FULL: a commit waits for its flush. There must be no other in the log that has not: if a flush fails,
 * the kernel forgets what it was about, and what was written before it would be a gap in front of what is flushed
 * later. */
static int set_up(struct store *store)
{
    static const char *const settings[] = {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
                                           "PRAGMA temp_store = MEMORY", "PRAGMA wal_autocheckpoint = 0",
                                           "PRAGMA journal_size_limit = 67108864"};
    int error = 0;

    for (size_t i = 0; !error && i < ARRAY_SIZE(settings); i++)
        error = run(store, settings[i]);
    return error;
}

/* An empty file becomes ours; what is there must be ours, and not newer than we are. */
static int make_tables(struct store *store)
{
    int64_t version = 0, application = 0, tables = 0;
    int error = ask_number(store, "PRAGMA user_version", &version);

    if (!error)
        error = ask_number(store, "PRAGMA application_id", &application);
    if (!error)
        error = ask_number(store, "SELECT count(*) FROM sqlite_schema", &tables);
    if (!error && tables && application != APPLICATION_ID)
        error = -EUCLEAN;
    if (!error && version > STORE_VERSION)
        error = -EPROTO;
    if (error || version == STORE_VERSION)
        return error;
    static_assert(STORE_VERSION == 3 && APPLICATION_ID == 1180789106, "the text says so");
    error = run(store, "BEGIN IMMEDIATE");
    if (!error && version == 1)
        error = run(store, "DROP VIEW leases; ALTER TABLE lease RENAME TO lease_1");
    if (!error && version < 2)
        error = run(store, store_schema);
    if (!error && version == 1)
        error = run(store, store_upgrade);
    if (!error)
        error = run(store, store_reservations);
    if (!error)
        error = run(store, "PRAGMA application_id = 1180789106; PRAGMA user_version = 3; COMMIT");
    return error;
}

static int prepare(struct store *store)
{
    int rc = SQLITE_OK;

    for (unsigned i = 0; rc == SQLITE_OK && i < STATEMENT_COUNT; i++)
        rc = sqlite3_prepare_v3(store->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL);
    return store_error_of(rc);
}

/* Something is written, so that log and index are open too. */
static int touch(struct store *store)
{
    int error = run(store, "BEGIN IMMEDIATE");

    if (!error)
        error = run(store, "PRAGMA application_id = 1180789106; COMMIT");
    return error;
}

/*
 * One daemon at a time: what is in its memory is what is in the file. The lock stands beside it (SQLite's own locks are
 * for one transaction), and goes with the process that has it, which may be about to.
 */
static int lock(const char *path, int *lock_fd)
{
    int64_t until = clock_now_ms() + LOCK_MS;
    char *name;

    if (asprintf(&name, "%s.lock", path) < 0)
        return -ENOMEM;
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    int error = fd < 0 ? -errno : 0;
    free(name);
    while (!error && flock(fd, LOCK_EX | LOCK_NB) < 0) {
        error = errno != EWOULDBLOCK ? -errno : clock_now_ms() > until ? -EBUSY : 0;
        usleep(10000);
    }
    if (error && fd >= 0)
        close(fd);
    if (!error)
        *lock_fd = fd;
    return error;
}

/* Not for everybody to read: who is where and when. What SQLite makes beside it gets the same mode. */
static int make_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

/* SQLite tells how long the log is after each commit. */
static int note_log(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct store *store = arg;

    (void)db;
    (void)name;
    store->log_pages = pages;
    return SQLITE_OK;
}

static int open_database(struct store *store, const char *path)
{
    int error = make_file(path);

    if (!error)
        error = store_error_of(sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
    if (!error) {
        sqlite3_busy_timeout(store->db, BUSY_MS);
        error = set_up(store);
        sqlite3_wal_hook(store->db, note_log, store);
    }
    if (!error)
        error = make_tables(store);
    if (!error)
        error = prepare(store);
    if (!error)
        error = touch(store);
    if (!error)
        error = ask_number(store, "SELECT ifnull(max(number), 0) FROM change", &store->last);
    /* Those that have been moved although they still stand there are found out when they are to be. */
    if (!error)
        error = ask_number(store, "SELECT ifnull(min(number), 1) - 1 FROM change", &store->folded);
    return error;
}

int store_open(const char *path, struct store **result, const char **why)
{
    struct store *store = calloc(1, sizeof(*store));

    *why = "out of memory";
    if (!store)
        return -ENOMEM;
    store->lock_fd = -1;
    int error = lock(path, &store->lock_fd);
    if (!error)
        error = open_database(store, path);
    if (error) {
        *why = error == -EPROTO    ? "its tables are of a later version"
               : error == -EBUSY   ? "another daemon has it, or somebody writes into it"
               : error == -EUCLEAN ? "it is damaged, or no database of Fairlead"
               : store->db         ? sqlite3_errstr(sqlite3_extended_errcode(store->db))
                                   : "it cannot be opened";
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
    for (unsigned i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->plan);
    free(store);
    return NULL;
}

const char *store_why(const struct store *store)
{
    return sqlite3_errmsg(store->db);
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
    int error = ask_number(store, "SELECT count(*) FROM lease", &leases);

    if (!error)
        error = ask_number(store, "SELECT count(*) FROM change", &changes);
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
        int rc = sqlite3_prepare_v2(store->db, questions[i], -1, &rows, NULL);
        if (rc != SQLITE_OK)
            return store_error_of(rc);
        while (!error && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
            store_read_lease(rows, 1, &lease);
            if (strcmp(dhcp_lease_state_name(lease.state), "unknown") != 0)
                error = each(arg, &lease);
        }
        sqlite3_finalize(rows);
        if (!error)
            error = store_error_of(rc);
    }
    return error;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

int store_step(struct store *store, enum statement which)
{
    int rc = sqlite3_step(store->statements[which]);

    sqlite3_reset(store->statements[which]);
    return store_error_of(rc);
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
    if (!sqlite3_get_autocommit(store->db)) /* otherwise SQLite has done so itself */
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
        store->appended = sqlite3_last_insert_rowid(store->db);
    return error;
}

int store_checkpoint(struct store *store, unsigned pages)
{
    if (store->log_pages < (int)pages)
        return 0;
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    store->log_pages = 0; /* known again after the next commit */
    return rc == SQLITE_BUSY ? 0 : store_error_of(rc);
}

/* --- reservations ------------------------------------------------------------------------------------------------ */

int store_each_reservation(struct store *store, int (*each)(void *arg, const struct store_reservation *reservation),
                           void *arg)
{
    struct store_reservation reservation;
    sqlite3_stmt *rows;
    int error = 0, rc = sqlite3_prepare_v2(
                       store->db, "SELECT address, hardware, made FROM reservation ORDER BY address", -1, &rows, NULL);

    if (rc != SQLITE_OK)
        return store_error_of(rc);
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
    return error ? error : store_error_of(rc);
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
    int rc = sqlite3_prepare_v2(store->db, "SELECT boot, offset, skew FROM clock", -1, &row, NULL);

    if (rc != SQLITE_OK)
        return store_error_of(rc);
    *clock = (struct store_clock){0};
    rc = sqlite3_step(row);
    if (rc == SQLITE_ROW) {
        const char *boot = (const char *)sqlite3_column_text(row, 0);
        snprintf(clock->boot, sizeof(clock->boot), "%s", boot ? boot : "");
        clock->offset_s = sqlite3_column_int64(row, 1);
        clock->skew_s = sqlite3_column_int64(row, 2);
    }
    sqlite3_finalize(row);
    return store_error_of(rc);
}

int store_put_clock(struct store *store, const struct store_clock *clock)
{
    sqlite3_stmt *put = store->statements[PUT_CLOCK];

    sqlite3_bind_text(put, 1, clock->boot, -1, SQLITE_STATIC);
    sqlite3_bind_int64(put, 2, clock->offset_s);
    sqlite3_bind_int64(put, 3, clock->skew_s);
    return store_step(store, PUT_CLOCK);
}
