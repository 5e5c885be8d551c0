/*
 * Within lib/store: an SQLite database with one writer that lives through crashes, whatever its tables are.
 *
 * WAL, synchronous = FULL: a commit waits for its flush. A file beside it is locked as long as it is open: one daemon
 * at a time, because what is in its memory is what is in the file.
 *
 * Errors: 0; -errno as open() has it; -EROFS, -ENOSPC, -EIO, -ENOMEM; -EBUSY: another has it; -EUCLEAN: it is no
 * database of ours, or a damaged one; -EPROTO: it is of a later version.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct database {
    sqlite3 *db;
    int lock_fd;   /* -1: not locked */
    int log_pages; /* length of the write-ahead log after the last commit */
};

struct database_tables {
    int32_t application; /* in the file's header (PRAGMA application_id) */
    int32_t version;     /* PRAGMA user_version */
    /* Make the tables, out of those of an earlier version or, 0, of none; in a transaction that is open. 0; -errno. */
    int (*make)(struct database *database, int64_t version);
};

/* Every file that will be written to is open afterwards: what was allowed then stays possible after privileges are
 * given up. Close it in any case. *why is what is wrong, in static storage or as long as it is open. */
int database_open(struct database *database, const char *path, const struct database_tables *tables, const char **why);
/* To look into it beside whoever writes, as it is at this moment; as above, but -ENOENT: it is not there. */
int database_open_to_read(struct database *database, const char *path, const struct database_tables *tables,
                          const char **why);
void database_close(struct database *database); /* statements must be finalized */

int database_error_of(int rc); /* of SQLite's result */

int database_run(struct database *database, const char *sql);
/* The one number, or the number in one word, that a statement gives. */
int database_ask_number(struct database *database, const char *sql, int64_t *number);

/* Statements that are kept. database_finalize() takes those that are not there, too. */
int database_prepare(struct database *database, const char *const *texts, sqlite3_stmt **statements, unsigned count);
void database_finalize(sqlite3_stmt **statements, unsigned count);

/* Run one of them to its end, and make it ready for the next time. */
int database_step(sqlite3_stmt *statement);

/* Whether a transaction is open: after an error SQLite may have rolled it back itself. */
bool database_in_transaction(const struct database *database);

/* Write the log back into the database if it has got as long as this (pages of 4 KiB). Not possible now is no error. */
int database_checkpoint(struct database *database, unsigned pages);
