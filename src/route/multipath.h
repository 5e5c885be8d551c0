/*
 * The several ways of multipath routes: sets of gateways with weights, each under a number that the RIB's paths carry
 * (rib_path.distinct). What is the same set has the same number as long as any path has it.
 */
#pragma once

#include "rib/rib.h"

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MULTIPATH_WAYS_MAX 128 /* a set with more is the kernel's */

struct multipath_way {
    uint32_t ifindex;
    uint32_t gateway; /* host order; 0: the destination is attached there */
    uint32_t weight;  /* from 1 on */
};

struct multipath {
    uint32_t id;     /* its bucket, and a number in there */
    uint64_t digest; /* of all that the kernel says of it, but for what becomes of links */
    bool used;
    struct multipath *next; /* in its bucket; of a lower number */
    unsigned count;         /* 0: one of its ways is one that only the kernel understands, or there are too many */
    struct multipath_way ways[];
};

#define MULTIPATH_BUCKETS 4096

/* All zeros is empty. */
struct multipaths {
    struct multipath *buckets[MULTIPATH_BUCKETS]; /* by digest */
    size_t count, kept;                           /* there are; there were after the last sweep */
};

void multipaths_clear(struct multipaths *multipaths);

/* The number of what an attribute RTA_MULTIPATH says. 0: there is no memory. */
uint32_t multipaths_take(struct multipaths *multipaths, const struct nlattr *attribute);

/* NULL if there is none. */
const struct multipath *multipaths_find(const struct multipaths *multipaths, uint32_t id);

/* Forget those that no path of the RIB has, if that is worth while. */
void multipaths_sweep(struct multipaths *multipaths, const struct rib *rib);
