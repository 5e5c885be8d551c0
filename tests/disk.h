/*
 * For tests of the store: a disk that remembers every write and flush that SQLite asks for, fails when it is told to,
 * and can say what would be left of it if the power had gone at any instant.
 *
 * It is an SQLite VFS in front of the real one, for the database and its log; the index of the log is memory, and is
 * gone when the power is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum disk_operation { DISK_WRITE = 1, DISK_TRUNCATE = 2, DISK_SYNC = 4 };

/* What of the writes that no flush has confirmed is there after the power has gone. */
enum disk_left {
    DISK_ALL,  /* everything up to the instant */
    DISK_NONE, /* nothing */
    DISK_SOME, /* any of it, in any order */
    DISK_TORN, /* all, but of a write that was the last operation only the first part */
    DISK_LEFT_COUNT
};

/* From now on databases that are opened are on this disk; disk_end(): on the real one again. What has been remembered
 * stays until the next disk_begin(). */
void disk_begin(void);
void disk_end(void);

/* How many operations there have been. */
size_t disk_count(void);

/* The n-th operation of these kinds from now on fails with an SQLite result, and all of them behind it if `on`; n 0:
 * none does. A write that fails has written its first half. */
void disk_fail(unsigned operations, unsigned n, int rc, bool on);
/* How many have failed. */
unsigned disk_failed(void);

/* Make a database (and its log beside it, "-wal") at `path`, as they would be if the power had gone behind the first
 * `count` operations. */
void disk_leave(size_t count, enum disk_left left, uint64_t *seed, const char *path);
