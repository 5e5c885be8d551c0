/* The address plan: what it is made of, and what it answers. */
#include "plan/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64
#define KEPT_CAPACITY  16384 /* changes: room for larger operations is given back after them */

/* --- names -------------------------------------------------------------------------------------------------------- */

const char *plan_kind_name(enum plan_kind kind)
{
    static const char *const names[] = {
#define X(enumerator, name) [PLAN_##enumerator] = (name),
        PLAN_KINDS(X)
#undef X
    };
    return names[kind];
}

const char *plan_status_name(enum plan_status status)
{
    static const char *const names[] = {
#define X(enumerator, name, help) [PLAN_##enumerator] = (name),
        PLAN_STATUSES(X)
#undef X
    };
    return names[status];
}

const char *plan_strategy_name(enum plan_strategy strategy)
{
    static const char *const names[] = {
#define X(enumerator, name, help) [PLAN_##enumerator] = (name),
        PLAN_STRATEGIES(X)
#undef X
    };
    return names[strategy];
}

/* --- refusals ----------------------------------------------------------------------------------------------------- */

int plan_refuse(struct plan_refusal *why, enum plan_reason reason, struct ipv4_range range, uint32_t other)
{
    static const int errors[] = {
#define X(enumerator, error, text) [PLAN_REASON_##enumerator] = (error),
        PLAN_REASONS(X)
#undef X
    };

    if (why)
        *why = (struct plan_refusal){.reason = reason, .range = range, .other = other};
    return -errors[reason];
}

void plan_refusal_format(const struct plan *plan, const struct plan_refusal *why, char out[static PLAN_REFUSAL_SIZE])
{
    static const char *const texts[] = {
#define X(enumerator, error, text) [PLAN_REASON_##enumerator] = (text),
        PLAN_REASONS(X)
#undef X
    };
    char range[IPV4_RANGE_TEXT_SIZE], other[IPV4_RANGE_TEXT_SIZE + PLAN_NAME_MAX + 16] = "another node";
    struct plan_entry entry;

    ipv4_range_format(why->range, range);
    if (plan_get(plan, why->other, &entry)) {
        size_t len = (size_t)snprintf(other, sizeof(other), "%s ", plan_kind_name(entry.kind));
        len += ipv4_range_format(entry.range, other + len);
        if (entry.name)
            snprintf(other + len, sizeof(other) - len, " (%s)", entry.name);
    }
    const char *text = texts[why->reason], *hole = strstr(text, "%s");
    int before = hole ? (int)(hole - text) : (int)strlen(text);
    snprintf(out, PLAN_REFUSAL_SIZE, "%s: %.*s%s%s", range, before, text, hole ? other : "", hole ? hole + 2 : "");
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

int plan_grow(void *array, size_t *capacity, size_t wanted, size_t bytes)
{
    void **pointer = array, *wider;
    size_t more = *capacity ? *capacity : FIRST_CAPACITY;

    if (wanted <= *capacity)
        return 0;
    while (more < wanted)
        more += more / 2;
    if (!(wider = realloc(*pointer, more * bytes)))
        return -ENOMEM;
    *pointer = wider;
    *capacity = more;
    return 0;
}

void plan_shrink(void *array, size_t *capacity, size_t wanted, size_t bytes)
{
    void **pointer = array, *less;

    if (*capacity <= KEPT_CAPACITY || wanted > KEPT_CAPACITY || !(less = realloc(*pointer, KEPT_CAPACITY * bytes)))
        return;
    *pointer = less;
    *capacity = KEPT_CAPACITY;
}

struct plan *plan_new(const uint8_t hash_key[SIPHASH_KEY_SIZE])
{
    struct plan *plan = calloc(1, sizeof(*plan));

    if (!plan)
        return NULL;
    plan->used = 1;
    if (plan_space_open(&plan->space) || plan_texts_open(&plan->texts, hash_key))
        return plan_free(plan);
    return plan;
}

struct plan *plan_free(struct plan *plan)
{
    if (!plan)
        return NULL;
    plan_space_close(&plan->space);
    if (plan->texts.slots)
        plan_texts_close(&plan->texts);
    free(plan->nodes);
    free(plan->cooling);
    free(plan->changes);
    free(plan->draft);
    free(plan->steps);
    free(plan);
    return NULL;
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

uint32_t plan_count(const struct plan *plan)
{
    return plan->count;
}

size_t plan_bytes(const struct plan *plan)
{
    return sizeof(*plan) + plan->space.capacity * sizeof(*plan->space.places) + plan->capacity * sizeof(*plan->nodes) +
           plan->texts.capacity * sizeof(struct plan_text *) + plan->texts.bytes +
           plan->cooling_capacity * sizeof(*plan->cooling) +
           (plan->change_capacity + plan->draft_capacity) * sizeof(*plan->changes) +
           plan->step_capacity * sizeof(*plan->steps);
}

static const char *text(const struct plan_text *from)
{
    return from ? from->text : NULL;
}

struct plan_entry plan_entry_of(const struct plan_node *node)
{
    return (struct plan_entry){
        .range = node->range,
        .kind = node->kind,
        .status = node->status,
        .delegated = node->delegated,
        .for_sibling = node->for_sibling,
        .name = text(node->name),
        .owner = text(node->owner),
        .provider = text(node->provider),
        .contract = text(node->contract),
        .note = text(node->note),
        .created_s = node->created_s,
        .changed_s = node->changed_s,
        .until_s = node->until_s,
    };
}

bool plan_get(const struct plan *plan, uint32_t node, struct plan_entry *entry)
{
    if (!plan_is_node(plan, node))
        return false;
    *entry = plan_entry_of(&plan->nodes[node]);
    return true;
}

uint32_t plan_find_name(const struct plan *plan, const char *name)
{
    const struct plan_text *found = plan_texts_find(&plan->texts, name);

    return found ? found->node : 0;
}

uint32_t plan_find(const struct plan *plan, struct ipv4_range range)
{
    struct ipv4_blocks pieces = ipv4_blocks_of(range);
    struct ipv4_prefix prefix;

    if (!ipv4_blocks_next(&pieces, &prefix))
        return 0;
    uint32_t node = plan_space_get(&plan->space, prefix);
    return node && ipv4_range_equal(plan->nodes[node].range, range) ? node : 0;
}

uint32_t plan_around(const struct plan *plan, struct ipv4_range range)
{
    /* A pool's pieces may be smaller than the range, all of which it has: begin at the first address. */
    uint32_t place = plan_space_cover(&plan->space, (struct ipv4_prefix){.addr = range.first, .len = 32});
    uint32_t node = plan->space.places[place].number;

    while (node && !ipv4_range_covers(plan->nodes[node].range, range))
        node = plan->nodes[node].parent;
    return node;
}

uint32_t plan_parent(const struct plan *plan, uint32_t node)
{
    return plan_is_node(plan, node) ? plan->nodes[node].parent : 0;
}

uint32_t plan_delegation(const struct plan *plan, uint32_t node)
{
    return plan_delegated(plan, plan_parent(plan, node));
}

void plan_view_begin(struct plan_view *view, const struct plan *plan, struct ipv4_prefix within)
{
    view->last = 0;
    plan_walk_begin(&view->walk, &plan->space, within);
}

void plan_view_begin_behind(struct plan_view *view, const struct plan *plan, struct ipv4_prefix within,
                            struct ipv4_range behind)
{
    struct ipv4_blocks pieces = ipv4_blocks_of(behind);
    struct ipv4_prefix last = {0, 0};

    while (ipv4_blocks_next(&pieces, &last))
        ;
    view->last = 0;
    plan_walk_begin_behind(&view->walk, &plan->space, within, last);
}

uint32_t plan_view_next(struct plan_view *view)
{
    struct ipv4_prefix prefix;
    uint32_t node;

    while (plan_walk_next(&view->walk, &prefix, &node)) {
        /* The pieces of a pool come one after the other: nothing lies between or in them. */
        if (node == view->last)
            continue;
        view->last = node;
        return node;
    }
    return 0;
}
