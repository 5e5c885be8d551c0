/*
 * What outlives the engine that made it: BPF links and maps under names in a BPF file system of the daemon's own, so
 * that whoever has the run directory has them, and nobody else.
 *
 * All functions return 0 or -errno unless said otherwise. `directory` is where the file system is mounted; "" for none,
 * where nothing is found and nothing can be put.
 */
#pragma once

#include <stdbool.h>

#define PIN_NAME_SIZE 32 /* of a name, its zero byte included; no dots */

/* Mount it at a directory, which is made if it is not there; what was pinned by a daemon before this one is in it
 * still. Needs CAP_SYS_ADMIN. */
int pins_mount(const char *directory);
/* Remove all that is in it, and then itself. */
void pins_unmount(const char *directory);

/* Put something under a name, in place of what is there, at once. The descriptor stays the caller's. */
int pins_put(const char *directory, const char *name, int fd);
/* A new descriptor of what is there, which is the caller's; -errno: -ENOENT. */
int pins_get(const char *directory, const char *name);
/* There need not be anything. */
void pins_remove(const char *directory, const char *name);

/* Call a function with each name; it may remove that one. */
void pins_each(const char *directory, void (*function)(void *arg, const char *name), void *arg);
