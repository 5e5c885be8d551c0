/*
 * A map of an address plan as SVG: addresses along Hilbert's curve (net/ipv4_hilbert.h), nodes as rectangles.
 */
#pragma once

#include "plan/plan.h"

#include <stdio.h>

enum map_colours {
    MAP_BY_STATUS,      /* what a node is, and its status */
    MAP_BY_UTILISATION, /* how much of a subnet is not free */
};

struct map_node {
    struct plan_entry entry;
    double used; /* the part of its addresses that is not free, 0 to 1 */
};

/* Nodes by address, outer ones first. Each outermost one gets a map of its own, as far as there is room for them: up to
 * MAP_PANELS_MAX; or, if `whole` is not NULL, this prefix, in which all of them lie. 0; -ENOMEM. Whether all could be
 * written, the stream knows. */
#define MAP_PANELS_MAX 16
int map_write(FILE *stream, const struct map_node *nodes, size_t count, const struct ipv4_prefix *whole,
              enum map_colours colours);
