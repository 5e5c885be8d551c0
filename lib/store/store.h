/*
 * What must survive, in an SQLite database: leases. One writer; people may look into it with SQL at any time
 * (docs/store.md describes the tables).
 *
 * A transaction is on stable storage when store_commit() has returned 0: the write-ahead log has been flushed
 * (synchronous = FULL). If it returns an error, nothing of it is there, now or after a restart.
 */
#pragma once

#include "dhcp/lease.h"

#define STORE_VERSION 1 /* of the tables (PRAGMA user_version) */

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

/* Each lease, in the order of addresses, to `each`, which returns 0 to go on. 0; what `each` returned; -errno. */
int store_each_lease(struct store *store, int (*each)(void *arg, const struct dhcp_lease *lease), void *arg);

/* A transaction: begin, put any number of leases, commit or roll back. All return 0 or -errno as store_open(); after an
 * error only store_rollback() is left. */
int store_begin(struct store *store);
int store_put_lease(struct store *store, const struct dhcp_lease *lease);
int store_commit(struct store *store);
void store_rollback(struct store *store);
