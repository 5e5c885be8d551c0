/*
 * What a plan says held against what is in use: each disagreement is told once.
 *
 * Nodes of the plan and uses of addresses are put in one order (plan_check_before()), as they come: neither has to be
 * in memory as a whole. Time O(1) for each, and for each pair that overlaps without one lying within the other; memory
 * for those only that the current address lies in.
 */
#pragma once

#include "plan/plan.h"

/* By what addresses are used. X(enumerator, name) */
#define PLAN_USES(X)              \
    X(ADDRESS, "address")         \
    X(SUBNET, "subnet")           \
    X(POOL, "pool")               \
    X(RESERVATION, "reservation") \
    X(LEASE, "lease")             \
    X(ROUTE, "route")

/* X(enumerator, name, what is said behind the range that it is about; %s: of the other thing that it is about) */
#define PLAN_FINDINGS(X)                                                            \
    X(UNPLANNED, "unplanned", "is used, but not planned")                           \
    X(UNPLANNED_IN, "unplanned", "is used, but not planned: it is a part of %s")    \
    X(UNUSED, "unused", "is planned, but not used")                                 \
    X(OVERLAP, "overlap", "overlaps %s")                                            \
    X(OTHER_KIND, "overlap", "is planned as something else: %s")                    \
    X(OUTSIDE, "outside", "sticks out of %s")                                       \
    X(UNSERVED, "outside", "lies in no pool or subnet that is served")              \
    X(POOL_OUTSIDE, "pool-outside", "lies not in its subnet, as it is planned: %s") \
    X(POOL_NOWHERE, "pool-outside", "lies in no subnet of the plan")                \
    X(CLOSED, "closed", "is used, though %s is reserved or quarantined")            \
    X(ABSENT, "absent", "is configured, but the interface does not have it")        \
    X(NO_CONTRACT, "no-contract", "has a contract that is not there")

#define X(enumerator, ...) PLAN_USE_##enumerator,
enum plan_use_kind { PLAN_USES(X) PLAN_USE_COUNT };
#undef X
#define X(enumerator, ...) PLAN_FINDING_##enumerator,
enum plan_finding_kind { PLAN_FINDINGS(X) PLAN_FINDING_COUNT };
#undef X

/* Who says that addresses are used: a set. */
enum plan_use_by { PLAN_BY_CONFIGURATION = 1 << 0, PLAN_BY_KERNEL = 1 << 1 };

#define PLAN_WHERE_SIZE 16

struct plan_use {
    struct ipv4_range range;
    uint8_t kind;                /* enum plan_use_kind */
    uint8_t by;                  /* of an address: set of enum plan_use_by */
    bool served;                 /* a lease's address is one that can be had */
    bool discards;               /* a route leads nowhere */
    char where[PLAN_WHERE_SIZE]; /* interface; empty: at none, or not known */
};

struct plan_finding {
    uint8_t kind;                  /* enum plan_finding_kind */
    const struct plan_use *use;    /* that it is about; NULL: it is about the node */
    const struct plan_entry *node; /* that it is about, or %s; NULL: none. Only range, kind, status, name, contract */
};

struct plan_check_config {
    void (*found)(void *arg, const struct plan_finding *finding); /* what it is given is valid until it returns */
    bool (*has_contract)(void *arg, const char *name);
    void *arg;
};

const char *plan_use_name(enum plan_use_kind kind);         /* static storage */
const char *plan_finding_name(enum plan_finding_kind kind); /* of several the same */

#define PLAN_FINDING_SIZE 256

/* A sentence without a full stop. */
void plan_finding_format(const struct plan_finding *finding, char out[static PLAN_FINDING_SIZE]);

/* Whether a node comes before a use: by first address, wider ones first; a node before a use that is as wide. Of uses
 * of the same range those of the lower kind come first. */
static inline bool plan_check_before(struct ipv4_range node, struct ipv4_range use)
{
    return node.first != use.first ? node.first < use.first : node.last >= use.last;
}

/* For sorting uses. */
static inline int plan_use_compare(const struct plan_use *a, const struct plan_use *b)
{
    if (a->range.first != b->range.first)
        return a->range.first < b->range.first ? -1 : 1;
    if (a->range.last != b->range.last)
        return a->range.last > b->range.last ? -1 : 1;
    return a->kind - b->kind;
}

struct plan_check;

struct plan_check *plan_check_new(const struct plan_check_config *config); /* NULL if there is no memory */
struct plan_check *plan_check_free(struct plan_check *check);              /* takes NULL, returns NULL */

/* The next in the order. 0; -ENOMEM; -EINVAL: it should have come before. */
int plan_check_node(struct plan_check *check, const struct plan_entry *entry);
int plan_check_use(struct plan_check *check, const struct plan_use *use);
/* There are no more. */
void plan_check_end(struct plan_check *check);
