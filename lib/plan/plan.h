/*
 * The address plan: who has which addresses, from a registry's block down to a host.
 *
 * A plan is a tree of nodes. A node is a range of addresses, and lies in the smallest node around it:
 *
 *     block    addresses to be allocated from: holds blocks, subnets, and hosts (loopbacks, for example)
 *     subnet   a link's: holds pools and hosts, but not at its network and broadcast addresses, which a /31 (RFC 3021)
 *              and a /32 do not have
 *     pool     addresses that are given out one by one, by DHCP for example; the only kind whose range need not be a
 *              block
 *     host     one address
 *
 * Blocks and subnets may be outermost. Nodes never overlap but by lying within one another, and a range is one node's.
 *
 * A node may be delegated to its owner: then within it only its owner allocates, changes and frees. So a chain is
 * described: registry, provider, organisation, each with a block that the one before has delegated to it. Who acts is
 * said with each operation (struct plan_by).
 *
 * Every operation is one list of changes, each of a node before and after; it is made as a whole or not at all, and
 * plan_changes() tells what it was. So an operation can be stored as a whole, and undone by the same list the other way
 * round (plan_apply()).
 *
 * Of a range that is freed nobody else shall get packets that are still meant for the one who had it: it may cool off
 * first, in quarantine, before it is free.
 *
 * All functions return 0 or what a refusal's reason says, -ENOMEM among them; a refusal, which may be NULL, says why;
 * nothing is changed then. One thread. Memory: some 100 bytes a node, and its texts.
 */
#pragma once

#include "base/siphash.h"
#include "net/ipv4_range.h"
#include "plan/space.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct plan;

#define PLAN_NAME_MAX 63  /* bytes of a name: letters, digits and -_./, one of them a letter */
#define PLAN_TEXT_MAX 255 /* bytes of other texts: no control characters */
#define PLAN_DEPTH_MAX \
    40 /* more than there can be nodes within one another: a prefix of each length, and a pool or host */
#define PLAN_SPLIT_MAX 16 /* bits that a split adds to a length: at most 2^16 nodes come of it */

/* X(enumerator, name) */
#define PLAN_KINDS(X)   \
    X(BLOCK, "block")   \
    X(SUBNET, "subnet") \
    X(POOL, "pool")     \
    X(HOST, "host")

/* X(enumerator, name, help) */
#define PLAN_STATUSES(X)                                                    \
    X(ALLOCATED, "allocated", "held, to allocate from")                     \
    X(ASSIGNED, "assigned", "in use")                                       \
    X(RESERVED, "reserved", "kept for later: nothing is allocated from it") \
    X(QUARANTINED, "quarantined", "freed, and kept from everybody until it is free")

/* X(enumerator, name, help) */
#define PLAN_STRATEGIES(X)                                                 \
    X(FIRST_FIT, "first", "the lowest address")                            \
    X(BEST_FIT, "best", "out of the smallest free block in which it fits") \
    X(SPARSE, "sparse", "as far from the others as can be, so that all can grow (RFC 3531)")

#define X(enumerator, ...) PLAN_##enumerator,
enum plan_kind { PLAN_KINDS(X) PLAN_KIND_COUNT };
enum plan_status { PLAN_STATUSES(X) PLAN_STATUS_COUNT };
enum plan_strategy { PLAN_STRATEGIES(X) PLAN_STRATEGY_COUNT };
#undef X

/* "block", "allocated", "first", ...: static storage. */
const char *plan_kind_name(enum plan_kind kind);
const char *plan_status_name(enum plan_status status);
const char *plan_strategy_name(enum plan_strategy strategy);

/* What a node is. Texts may be NULL, and never are empty; what the plan returns is its own until the next operation. */
struct plan_entry {
    struct ipv4_range range;
    uint8_t kind;                  /* enum plan_kind */
    uint8_t status;                /* enum plan_status */
    bool delegated;                /* to its owner, who must be named then */
    bool for_sibling;              /* kept for the other half of the block twice as large, which may grow into it */
    uint32_t created_s, changed_s; /* seconds since 1970 */
    uint32_t until_s;              /* in quarantine: when it is free; otherwise for the reader; 0: not said */
    const char *name;              /* no other node has it */
    const char *owner;             /* who has it */
    const char *provider;          /* by whom it is reached from elsewhere; NULL: as what it lies in */
    const char *contract;          /* a contract that its traffic has */
    const char *note;
};

/* Its texts become copies in an arena. False: there is no memory. */
bool plan_entry_copy(struct plan_entry *entry, struct arena *arena);
/* Of all of its texts together, without what ends them. */
size_t plan_entry_text_bytes(const struct plan_entry *entry);

/* Who acts, and when. */
struct plan_by {
    const char *holder; /* the owner in whose delegation it happens; NULL: outside of all delegations */
    bool everywhere; /* whoever holds it, whatever its status: what was stored is loaded, what has cooled off freed */
    uint32_t now_s;
};

/* X(enumerator, errno, what is said behind the range that it is about; %s: of the node that is in the way) */
#define PLAN_REASONS(X)                                                                                       \
    X(NO_MEMORY, ENOMEM, "no memory")                                                                         \
    X(BAD_NAME, EINVAL, "a name has 1 to 63 letters, digits and any of -_./, and at least one letter")        \
    X(BAD_TEXT, EINVAL, "a text has 1 to 255 bytes, and no control characters")                               \
    X(NO_BLOCK, EINVAL, "only a pool may be a range that is no block")                                        \
    X(NO_ADDRESS, EINVAL, "a host has one address")                                                           \
    X(NO_OWNER, EINVAL, "what is delegated has an owner")                                                     \
    X(NOT_KEPT, EINVAL, "what is kept for its sibling to grow is a reserved block or subnet")                 \
    X(NAME_TAKEN, EEXIST, "its name is that of %s")                                                           \
    X(THERE, EEXIST, "is in the plan already: %s")                                                            \
    X(OVERLAP, EEXIST, "overlaps %s")                                                                         \
    X(OUTERMOST, EINVAL, "lies in no block or subnet of the plan")                                            \
    X(NESTING, EINVAL, "cannot be in %s")                                                                     \
    X(CONTENT, EINVAL, "cannot hold %s")                                                                      \
    X(EDGE, EINVAL, "has the network or broadcast address of %s")                                             \
    X(EDGE_USED, EINVAL, "has its network or broadcast address in %s")                                        \
    X(DELEGATED, EACCES, "lies in %s, which is delegated: its owner alone acts there")                        \
    X(NOT_HELD, EACCES, "does not lie in a delegation to who acts")                                           \
    X(CLOSED, EBUSY, "lies in %s, which is reserved or quarantined")                                          \
    X(NOT_THERE, ENOENT, "is not in the plan")                                                                \
    X(CHANGED, ESTALE, "has been changed since")                                                              \
    X(FULL, ENOSPC, "has no free block of that length")                                                       \
    X(BAD_LENGTH, EINVAL, "expected a length that is longer than its own, and at most 32")                    \
    X(NOT_EMPTY, ENOTEMPTY, "holds %s")                                                                       \
    X(NOT_WHOLE, EINVAL, "is not filled by two or more blocks or subnets")                                    \
    X(UNLIKE, EINVAL, "holds nodes of different kinds, statuses, owners, providers or contracts, such as %s") \
    X(TOO_MANY, E2BIG, "is too much for one operation")                                                       \
    X(HOLDS_NOTHING, EINVAL, "nothing can be in a pool or a host")                                            \
    X(LEFT_OUT, ENOTEMPTY, "leaves out %s")                                                                   \
    X(NO_ROOM, EINVAL, "neither holds nor lies in what it was: %s")

enum plan_reason {
#define X(enumerator, ...) PLAN_REASON_##enumerator,
    PLAN_REASONS(X)
#undef X
        PLAN_REASON_COUNT
};

struct plan_refusal {
    enum plan_reason reason;
    struct ipv4_range range; /* what it is about */
    uint32_t other;          /* the node that is in the way; 0: none */
};

#define PLAN_REFUSAL_SIZE 256

/* A sentence without a full stop; right after the refusal, before anything else is done to the plan. */
void plan_refusal_format(const struct plan *plan, const struct plan_refusal *why, char out[static PLAN_REFUSAL_SIZE]);

/* Whether a node may have this name. */
bool plan_is_name(const char *name);

struct plan *plan_new(const uint8_t hash_key[SIPHASH_KEY_SIZE]); /* NULL if there is no memory */
struct plan *plan_free(struct plan *plan);                       /* takes NULL, returns NULL */

/* --- looking ------------------------------------------------------------------------------------------------------ */

/* Nodes have numbers above 0, as long as they are there; a number may be another node's afterwards. */

uint32_t plan_count(const struct plan *plan);
size_t plan_bytes(const struct plan *plan);

/* False: there is no such node. */
bool plan_get(const struct plan *plan, uint32_t node, struct plan_entry *entry);

/* 0: none. */
uint32_t plan_find_name(const struct plan *plan, const char *name);
uint32_t plan_find(const struct plan *plan, struct ipv4_range range);   /* exactly this range */
uint32_t plan_around(const struct plan *plan, struct ipv4_range range); /* the smallest that has all of it */
uint32_t plan_parent(const struct plan *plan, uint32_t node);
uint32_t plan_delegation(const struct plan *plan, uint32_t node); /* the nearest around it that is delegated */

/* All nodes that have addresses of a prefix and do not lie around it, by their first addresses, outer ones first. Not
 * over an operation. */
struct plan_view {
    struct plan_walk walk;
    uint32_t last; /* node */
};
void plan_view_begin(struct plan_view *view, const struct plan *plan, struct ipv4_prefix within);
uint32_t plan_view_next(struct plan_view *view); /* 0: no more */
/* Those behind a node of this range, whether it is still there or not. */
void plan_view_begin_behind(struct plan_view *view, const struct plan *plan, struct ipv4_prefix within,
                            struct ipv4_range behind);

/* --- changing ----------------------------------------------------------------------------------------------------- */

struct plan_change {
    bool was, is; /* there was a node before, there is one afterwards */
    struct plan_entry before, after;
};

/* What the last operation that was made has changed. Valid until the next operation. */
const struct plan_change *plan_changes(const struct plan *plan, size_t *count);

/* Make a list of changes, which is not what plan_changes() gave: all of `before` must be there just so, each once. What
 * lies in what goes away must have a place in what is there afterwards. Of nodes within one another the outer one comes
 * first. Times are as the list says. */
int plan_apply(struct plan *plan, const struct plan_change *changes, size_t count, const struct plan_by *by,
               struct plan_refusal *why);

/* A node at a place that is known. `created_s` and `changed_s` become now. */
int plan_add(struct plan *plan, const struct plan_entry *entry, const struct plan_by *by, uint32_t *node,
             struct plan_refusal *why);

/* A node where there is room. */
struct plan_request {
    uint32_t within;         /* the node out of which it is allocated: directly, not out of what lies in it */
    uint8_t len;             /* of the block; a host's is 32 */
    uint8_t strategy;        /* enum plan_strategy */
    bool keep_sibling;       /* the other half of the block twice as large is kept for it to grow; not for hosts */
    struct plan_entry entry; /* its range and times do not count */
};
int plan_allocate(struct plan *plan, const struct plan_request *request, const struct plan_by *by, uint32_t *node,
                  struct plan_refusal *why);

/* What is known of a node, but its range, when it was created, and what it is kept for, which it is as long as it is
 * reserved. Who has a delegation may change kind, name, contract
 * and note of the delegated node itself. */
int plan_set(struct plan *plan, uint32_t node, const struct plan_entry *entry, const struct plan_by *by,
             struct plan_refusal *why);

/* A node goes, with all that lies in it if `all`; otherwise it must be empty. It is free after cool_off_s, until which
 * it stands in the plan without a name; what is in quarantine already, or reserved, is free at once. */
int plan_release(struct plan *plan, uint32_t node, bool all, uint32_t cool_off_s, const struct plan_by *by,
                 struct plan_refusal *why);

/* Free what has cooled off at by->now_s; plan_changes() says what that was. At most PLAN_TICK_MAX at a time: the rest
 * the next time. */
#define PLAN_TICK_MAX 4096
int plan_tick(struct plan *plan, const struct plan_by *by, struct plan_refusal *why);
/* When there is something to free next; UINT32_MAX: never. */
uint32_t plan_next_s(const struct plan *plan);

/* A block or subnet becomes as many of `len` as there is room for; what lies in it lies in them. The first keeps the
 * name. */
int plan_split(struct plan *plan, uint32_t node, uint8_t len, const struct plan_by *by, struct plan_refusal *why);

/* The blocks, or subnets, that fill a prefix become one, with the first name and note among them. */
int plan_merge(struct plan *plan, struct ipv4_prefix prefix, const struct plan_by *by, uint32_t *node,
               struct plan_refusal *why);

/* A node, and all that lies in it, gets other addresses: those from `first` on. */
int plan_move(struct plan *plan, uint32_t node, uint32_t first, const struct plan_by *by, struct plan_refusal *why);

/* A node gets more addresses, which must be free or kept for it, or less, where nothing lies. */
int plan_resize(struct plan *plan, uint32_t node, struct ipv4_range range, const struct plan_by *by,
                struct plan_refusal *why);
