/*
 * Address plans out of other programs' files: what each says of which addresses.
 *
 *     JSON     {"nodes": [...]} or [...], as of `fairlead plan export json`, or `fairlead plan show -j`
 *     CSV      of `fairlead plan export csv`; of NetBox, for prefixes, aggregates, IP ranges and IP addresses, as it
 *              exports and imports them
 *     Kea      its configuration, or a part of it that has "subnet4"
 *     dhcpd    ISC's dhcpd.conf
 *     routes   `ip -j route`
 *
 * A file is one of these by what it looks like. IPv6 is left out, and counted.
 */
#pragma once

#include "base/arena.h"
#include "plan/wanted.h"

/* Where something stands in a file. */
struct interchange_place {
    const char *path; /* borrowed */
    const char *list; /* in which it is an element; static storage; NULL: in none */
    unsigned number;  /* of the element, or else of the line */
};

/* Something that a file says of a node. */
struct interchange_node {
    struct plan_wanted wanted; /* texts in the arena */
    bool soft_name;            /* a host's name, which may be no name in a plan, or not the only one */
    bool beside_pools;         /* an address that a pool may have in it there, but not in a plan */
    struct interchange_place place;
};

/* What was not taken over as it stands. */
struct interchange_remark {
    struct interchange_place place;
    bool fault; /* it cannot be; otherwise it was taken over but for that */
    const char *text;
};

/* All zeros is empty. */
struct interchange {
    struct arena arena;
    struct interchange_node *all;
    size_t count;
    struct interchange_remark *remarks;
    size_t remark_count;
    size_t ipv6;         /* how much is of IPv6 */
    size_t other_vrfs;   /* how much is in others, if there is a `vrf` */
    const char *vrf;     /* of NetBox: only what is in this VRF; NULL: in none. Borrowed */
    unsigned wrong_line; /* after -EINVAL; 0: not one of the file's */
    char wrong[200];
};

/* Add what a file says. 0; -EINVAL: it is none of these, or cannot be read; -ENOMEM. `path` must stay. */
int interchange_read(struct interchange *interchange, const char *path, const char *text, size_t len);

/* Sort by address, outer ones first; what is said of the same range is joined, a later word counts. What does not go
 * together is a fault, or a remark. -ENOMEM. */
int interchange_join(struct interchange *interchange);

void interchange_clear(struct interchange *interchange);

/* "file:7: " or "file: nodes[7]: " */
#define INTERCHANGE_PLACE_SIZE 300
void interchange_place_format(const struct interchange_place *place, char out[static INTERCHANGE_PLACE_SIZE]);
