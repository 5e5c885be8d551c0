/*
 * What a plan is made of. Internal to lib/plan.
 *
 * Invariants: the space holds each node's range, in pieces that are blocks (one, but for pools), with the node's
 * number; a node knows its place there and the node that it lies in; a name's text says whose it is. Between operations
 * every node lies where plan.h says that it may.
 */
#pragma once

#include "plan/plan.h"
#include "plan/texts.h"

struct plan_node {
    struct ipv4_range range; /* of a free one: `first` is the next free one */
    uint8_t kind, status;    /* PLAN_KIND_COUNT: free */
    bool delegated, for_sibling;
    uint32_t created_s, changed_s, until_s;
    uint32_t parent; /* the node that it lies in; 0: it is outermost */
    uint32_t place;  /* in the space, of its last piece */
    struct plan_text *name, *owner, *provider, *contract, *note;
};

/* A node in quarantine, or one that was when this was written. */
struct plan_cooling {
    uint32_t until_s, node;
};

/* One change while it is made. */
struct plan_step {
    uint32_t node;
    bool was, is;
    bool same_place; /* range and kind stay */
    bool by_owner;   /* of a delegated node, by whom it is delegated to */
    bool named, linked;
    struct plan_node before, after;
};

struct plan {
    struct plan_space space;
    struct plan_texts texts;
    struct plan_node *nodes; /* the first is none */
    uint32_t used, capacity, spare, count;
    struct plan_cooling *cooling; /* a heap, the first one to be free at its top */
    uint32_t cooling_count, cooling_capacity, quarantined;
    struct plan_change *changes; /* of the last operation: its `before` hold their texts */
    size_t change_count, change_capacity;
    struct plan_change *draft; /* of the next one */
    size_t draft_count, draft_capacity;
    struct plan_step *steps;
    size_t step_capacity;
};

#define PLAN_EDGE UINT32_MAX /* in the space, while something is allocated: a network or broadcast address */

/* Refuse: fill in `why` unless it is NULL, and return the reason's -errno. */
int plan_refuse(struct plan_refusal *why, enum plan_reason reason, struct ipv4_range range, uint32_t other);

/* More room in an array: 0; -ENOMEM. */
int plan_grow(void *array, size_t *capacity, size_t wanted, size_t bytes);

/* Much more room than is wanted is given back. */
void plan_shrink(void *array, size_t *capacity, size_t wanted, size_t bytes);

static inline bool plan_is_node(const struct plan *plan, uint32_t node)
{
    return node && node < plan->used && plan->nodes[node].kind < PLAN_KIND_COUNT;
}

/* Whether anything may be in a node of this kind, whose range is a block then. */
static inline bool plan_can_hold(unsigned kind)
{
    return kind == PLAN_BLOCK || kind == PLAN_SUBNET;
}

/* Whether nothing in a node of this status is to be used. */
static inline bool plan_is_closed(unsigned status)
{
    return status == PLAN_RESERVED || status == PLAN_QUARANTINED;
}

/* The nearest delegated node, from this one outwards; 0: none. */
static inline uint32_t plan_delegated(const struct plan *plan, uint32_t node)
{
    while (node && !plan->nodes[node].delegated)
        node = plan->nodes[node].parent;
    return node;
}

/* A subnet whose first and last address are no hosts'. */
static inline bool plan_has_edges(const struct plan_node *node)
{
    return node->kind == PLAN_SUBNET && node->range.last - node->range.first >= 3;
}

struct plan_entry plan_entry_of(const struct plan_node *node);
bool plan_entry_equal(const struct plan_entry *a, const struct plan_entry *b);

/* Whether who acts holds what is around a range: a node, or nothing (0). */
int plan_check_holder(const struct plan *plan, struct ipv4_range range, uint32_t around, const struct plan_by *by,
                      struct plan_refusal *why);

/* Who has a delegation says what it is for, but not whose it is. */
bool plan_is_owners_change(const struct plan_entry *before, const struct plan_entry *after, const char *holder);

/* A node is in quarantine until a time: there is room in the heap. */
void plan_cool(struct plan *plan, uint32_t node);

/* --- drafts: the list of changes of an operation, made by it and then applied ------------------------------------- */

void plan_draft_begin(struct plan *plan);
/* One more change, all zeros; NULL if there is no memory. */
struct plan_change *plan_draft_add(struct plan *plan);
/* A node goes, and gives its texts to what may come after it. False: there is no memory. */
bool plan_draft_remove(struct plan *plan, uint32_t node);
/* As plan_apply(). All that comes lies directly in the node `within`, in its free blocks; 0: where it lies is looked
 * for. */
int plan_draft_apply(struct plan *plan, uint32_t within, const struct plan_by *by, struct plan_refusal *why);
