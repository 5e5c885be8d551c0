/*
 * What the kernel's route messages say: paths, as the RIB has them.
 */
#pragma once

#include "rib/rib.h"
#include "route/multipath.h"

#include <libmnl/libmnl.h>
#include <stdbool.h>

/* The path in a route message of the local or the main table; false for any other. The main table's get this
 * preference; several ways in one become a set of `multipaths`. */
bool path_read(const struct nlmsghdr *message, uint8_t kernel_preference, struct multipaths *multipaths,
               struct ipv4_prefix *prefix, struct rib_path *path);

/* A path of ours, which the RIB knows from its source already. */
bool path_is_installed(const struct rib_path *path);

/* A dump of routes: the paths to one prefix come one after the other. Zeros but for the first five. */
struct path_dump {
    uint8_t kernel_preference;
    struct multipaths *multipaths;
    /* All paths of a table to a prefix, in their order, but for ours; at least one. */
    void (*paths_are)(void *arg, struct ipv4_prefix prefix, const struct rib_path *paths, unsigned count);
    /* One of ours; it is the first of its metric. */
    void (*installed_is)(void *arg, struct ipv4_prefix prefix, const struct rib_path *path, bool in_front);
    void *arg;
    struct ipv4_prefix prefix;
    struct rib_path *paths; /* of one table */
    unsigned count, capacity;
    bool failed; /* there was no memory, and something is missing */
};

void path_dump_message(const struct nlmsghdr *message, void *dump); /* a netlink_handler */
void path_dump_end(struct path_dump *dump);                         /* that was the last message */
void path_dump_abandon(struct path_dump *dump);                     /* nobody is told of the rest */
