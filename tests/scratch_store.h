/*
 * For tests of the store: a directory of its own for each test, with a database in it, and away with it afterwards.
 */
#pragma once

#include "store/store.h"
#include "tests/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch_directory[64], scratch_path[96];

/* The test as cmocka's table has it. */
#define SCRATCH_CASE(function) cmocka_unit_test_setup_teardown(function, scratch_set_up, scratch_tear_down)

static inline int scratch_set_up(void **state)
{
    (void)state;
    snprintf(scratch_directory, sizeof(scratch_directory), "%s/store-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (!mkdtemp(scratch_directory))
        return -1;
    snprintf(scratch_path, sizeof(scratch_path), "%s/a.db", scratch_directory);
    return 0;
}

/* A database and what SQLite and the store have beside it. */
static inline void scratch_remove(const char *path)
{
    static const char *const parts[] = {"", "-wal", "-shm", ".lock"};
    char file[128];

    for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
        snprintf(file, sizeof(file), "%s%s", path, parts[i]);
        unlink(file);
    }
}

static inline int scratch_tear_down(void **state)
{
    DIR *files = opendir(scratch_directory);

    (void)state;
    for (struct dirent *file; files && (file = readdir(files));)
        unlinkat(dirfd(files), file->d_name, 0);
    if (files)
        closedir(files);
    return rmdir(scratch_directory);
}

static inline struct store *scratch_open(const char *path)
{
    struct store *store = NULL;
    const char *why;

    if (store_open(path, &store, &why))
        fail_msg("%s: %s", path, why);
    return store;
}
