#include "store/database.h"

#include "base/clock.h"
#include "base/compiler.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define BUSY_MS 1000 /* while a person writes into it */
#define LOCK_MS 2000 /* while a daemon that was killed is going */

int database_error_of(int rc)
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

/* --- statements --------------------------------------------------------------------------------------------------- */

int database_run(struct database *database, const char *sql)
{
    return database_error_of(sqlite3_exec(database->db, sql, NULL, NULL, NULL));
}

int database_ask_number(struct database *database, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(database->db, sql, -1, &statement, NULL);

    if (rc != SQLITE_OK)
        return database_error_of(rc);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? 0 : rc == SQLITE_DONE ? -EUCLEAN : database_error_of(rc);
}

int database_prepare(struct database *database, const char *const *texts, sqlite3_stmt **statements, unsigned count)
{
    int rc = SQLITE_OK;

    for (unsigned i = 0; rc == SQLITE_OK && i < count; i++)
        rc = sqlite3_prepare_v3(database->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i], NULL);
    return database_error_of(rc);
}

void database_finalize(sqlite3_stmt **statements, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        sqlite3_finalize(statements[i]);
}

int database_step(sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);

    sqlite3_reset(statement);
    return database_error_of(rc);
}

bool database_in_transaction(const struct database *database)
{
    return !sqlite3_get_autocommit(database->db);
}

int database_checkpoint(struct database *database, unsigned pages)
{
    if (database->log_pages < (int)pages)
        return 0;
    int rc = sqlite3_wal_checkpoint_v2(database->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    database->log_pages = 0; /* known again after the next commit */
    return rc == SQLITE_BUSY ? 0 : database_error_of(rc);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

/* synchronous = FULL: a commit waits for its flush. There must be no other in the log that has not: if a flush fails,
 * the kernel forgets what it was about, and what was written before it would be a gap in front of what is flushed
 * later. */
static int set_up(struct database *database)
{
    static const char *const settings[] = {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
                                           "PRAGMA temp_store = MEMORY", "PRAGMA wal_autocheckpoint = 0",
                                           "PRAGMA journal_size_limit = 67108864"};
    int error = 0;

    for (size_t i = 0; !error && i < ARRAY_SIZE(settings); i++)
        error = database_run(database, settings[i]);
    return error;
}

/* Whose it is, and of which version; so something is written, and log and index are open too. */
static int sign(struct database *database, const struct database_tables *tables)
{
    char text[96];

    snprintf(text, sizeof(text), "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", tables->application,
             tables->version);
    return database_run(database, text);
}

/* Whether what is there is ours, and not newer than we are. */
static int check_signature(struct database *database, const struct database_tables *tables, int64_t *version)
{
    int64_t application = 0, count = 0;
    int error = database_ask_number(database, "PRAGMA user_version", version);

    if (!error)
        error = database_ask_number(database, "PRAGMA application_id", &application);
    if (!error)
        error = database_ask_number(database, "SELECT count(*) FROM sqlite_schema", &count);
    if (!error && count && application != tables->application)
        error = -EUCLEAN;
    return error ? error : *version > tables->version ? -EPROTO : 0;
}

/* An empty file becomes ours. */
static int make_tables(struct database *database, const struct database_tables *tables)
{
    int64_t version = 0;
    int error = check_signature(database, tables, &version);

    if (!error)
        error = database_run(database, "BEGIN IMMEDIATE");
    if (!error && version < tables->version)
        error = tables->make(database, version);
    return error ? error : sign(database, tables);
}

/* One daemon at a time. The lock stands beside the file (SQLite's own locks are for one transaction), and goes with the
 * process that has it, which may be about to. */
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
    struct database *database = arg;

    (void)db;
    (void)name;
    database->log_pages = pages;
    return SQLITE_OK;
}

static int open_locked(struct database *database, const char *path, const struct database_tables *tables)
{
    int error = make_file(path);

    if (!error)
        error =
            database_error_of(sqlite3_open_v2(path, &database->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
    if (!error) {
        sqlite3_busy_timeout(database->db, BUSY_MS);
        error = set_up(database);
        sqlite3_wal_hook(database->db, note_log, database);
    }
    return error ? error : make_tables(database, tables);
}

static const char *what_is_wrong(const struct database *database, int error)
{
    return error == -EPROTO    ? "its tables are of a later version"
           : error == -EBUSY   ? "another daemon has it, or somebody writes into it"
           : error == -EUCLEAN ? "it is damaged, or no database of Fairlead"
           : database->db      ? sqlite3_errstr(sqlite3_extended_errcode(database->db))
                               : "it cannot be opened";
}

int database_open(struct database *database, const char *path, const struct database_tables *tables, const char **why)
{
    *database = (struct database){.lock_fd = -1};
    int error = lock(path, &database->lock_fd);
    if (!error)
        error = open_locked(database, path, tables);
    if (error)
        *why = what_is_wrong(database, error);
    return error;
}

int database_open_to_read(struct database *database, const char *path, const struct database_tables *tables,
                          const char **why)
{
    int64_t version = 0;

    *database = (struct database){.lock_fd = -1};
    if (access(path, R_OK) < 0) {
        *why = "it cannot be opened";
        return -errno;
    }
    int error =
        database_error_of(sqlite3_open_v2(path, &database->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL));
    if (!error) {
        sqlite3_busy_timeout(database->db, BUSY_MS);
        error = database_run(database, "BEGIN");
    }
    if (!error)
        error = check_signature(database, tables, &version);
    if (!error && version != tables->version)
        error = -EUCLEAN; /* only its writer brings it up to date */
    if (error)
        *why = what_is_wrong(database, error);
    return error;
}

void database_close(struct database *database)
{
    sqlite3_close(database->db);
    if (database->lock_fd >= 0)
        close(database->lock_fd);
    *database = (struct database){.lock_fd = -1};
}
