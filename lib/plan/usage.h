/*
 * How full a node of a plan is: its addresses by what became of them, and how what is free lies about.
 */
#pragma once

#include "plan/plan.h"

struct plan_usage {
    uint64_t addresses;
    uint64_t used;            /* in nodes directly in it, but for: */
    uint64_t reserved;        /* those that are reserved, */
    uint64_t quarantined;     /* and those that cool off */
    uint64_t edges;           /* network and broadcast address, if it is a subnet that has them and they are nobody's */
    uint64_t free;            /* the sum of all these is `addresses` */
    uint32_t nodes;           /* directly in it */
    uint32_t free_blocks[33]; /* by length: as long as they can be, so of what is free each address is in one */
    uint8_t largest;          /* length of the largest free block; 33: nothing is free */
};

/* In steps in proportion to what is directly in it. Of a pool and of a host nothing is free, and all is used. 0;
 * -ENOENT. */
int plan_usage(const struct plan *plan, uint32_t node, struct plan_usage *usage);

/* Which part of what is free does not lie in the largest free block: 0 to 1. */
static inline double plan_usage_fragmentation(const struct plan_usage *usage)
{
    return usage->free ? 1 - (double)(UINT64_C(1) << (32 - usage->largest)) / (double)usage->free : 0;
}
