/*
 * What must survive, in an SQLite database: leases, who had an address before, and the clock that their times are of.
 * One writer; people may look into it with SQL at any time (docs/store.md describes the tables).
 *
 * A transaction is on stable storage when store_commit() has returned 0: the write-ahead log has been flushed
 * (synchronous = FULL). If it returns an error, nothing of it is there, now or after the next commit; should the system
 * go down before that, all of it may be.
 *
 * What is committed is appended to a table of changes, whatever addresses it is about; store_fold() moves it to where
 * it is looked for, sorted, when there is time for that. What is read is always as of the last commit.
 *
 * A store is used by one thread at a time.
 */
#pragma once

#include "dhcp/lease.h"
#include "net/eth.h"
#include "net/ipv4_prefix.h"

#define STORE_VERSION 3 /* of the tables (PRAGMA user_version) */

struct store;

/*
 * Open, with its tables made if they are not there, at a path in a directory that can be written to. When it returns,
 * every file that will be written to is open: what was allowed then stays possible after privileges are given up.
 *
 * 0; -errno, as open() has it; -EROFS, -ENOSPC, -EIO, -ENOMEM; -EBUSY: another has it; -EUCLEAN: it is no database of
 * ours, or a damaged one; -EPROTO: it is of a later version. *why is what SQLite says, in static storage or as long as
 * *store.
 */
int store_open(const char *path, struct store **store, const char **why);
struct store *store_close(struct store *store); /* takes NULL, returns NULL */

/* Why the last call failed, for people; valid until the next. */
const char *store_why(const struct store *store);

/* How many leases there are, or a little more. 0; -errno. */
int store_count_leases(struct store *store, uint64_t *count);

/* Each lease, to `each`, which returns 0 to go on: first in the order of addresses; those that changed lately follow,
 * and come again then, in the order of their changes. 0; what `each` returned; -errno. */
int store_each_lease(struct store *store, int (*each)(void *arg, const struct dhcp_lease *lease), void *arg);

/* A transaction: begin, put any number of leases, commit or roll back. All return 0 or -errno as store_open(); after an
 * error only store_rollback() is left. */
int store_begin(struct store *store);
int store_put_lease(struct store *store, const struct dhcp_lease *lease);
int store_commit(struct store *store);
void store_rollback(struct store *store);

/* --- reservations that people made --- */

struct store_reservation {
    uint32_t addr;
    uint8_t mac[ETH_ADDR_SIZE]; /* all zeros: there is none any more */
    uint64_t made_s;
};

/* Each, in the order of addresses, to `each`, which returns 0 to go on. 0; what `each` returned; -errno. */
int store_each_reservation(struct store *store, int (*each)(void *arg, const struct store_reservation *reservation),
                           void *arg);

/* Within a transaction: set, replace, or take away that of its address. */
int store_put_reservation(struct store *store, const struct store_reservation *reservation);

/* --- in quiet moments --- */

/* How many changes have not been moved. */
uint64_t store_unfolded(const struct store *store);

/* Move up to so many changes, in a transaction of their own, or look at which are to be moved. 0; -errno with nothing
 * changed. */
int store_fold(struct store *store, unsigned changes);

/* Drop what ended before a time from the history, up to `count` of its oldest. How many; -errno with nothing changed.
 */
int store_forget(struct store *store, uint64_t before_s, unsigned count);

/* Write the log back into the database if it has got as long as this (pages of 4 KiB). 0; -errno: it could not be, and
 * can be tried again. */
int store_checkpoint(struct store *store, unsigned pages);

/* --- the clock --- */

struct store_clock {
    char boot[40];    /* the boot in which offset_s holds; empty: none */
    int64_t offset_s; /* from that boot's time since boot to the clock */
    int64_t skew_s;   /* from the clock to the system's */
};

int store_get_clock(struct store *store, struct store_clock *clock);
/* Part of the transaction that is open, or one of its own. */
int store_put_clock(struct store *store, const struct store_clock *clock);

/* --- looking back --- */

/* Beside the store, for another thread. */
struct store_reader;

int store_reader_open(const char *path, struct store_reader **reader);
struct store_reader *store_reader_close(struct store_reader *reader); /* takes NULL, returns NULL */

/* That a client had an address, from began_s on until ended_s. */
struct store_binding {
    struct dhcp_lease lease; /* state: in which it was left; last_s and ends_s are nothing here */
    uint64_t ended_s;        /* DHCP_NEVER */
};

/* Which ones: addresses from `first` to `last`, that were had at some time from from_s to to_s. */
struct store_question {
    uint32_t first, last;
    uint64_t from_s, to_s;
    bool started;     /* only those behind this one: */
    uint32_t after;   /* its address */
    uint64_t after_s; /* when it began */
};

/* Each of these, in the order of addresses and then of time, to `each`, which returns 0 to go on. 0; what `each`
 * returned; -errno. */
int store_each_binding(struct store_reader *reader, const struct store_question *question,
                       int (*each)(void *arg, const struct store_binding *binding), void *arg);
