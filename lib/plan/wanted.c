#include "plan/wanted.h"

#include "plan/inside.h"

#include <stdlib.h>

void plan_entry_give(struct plan_entry *to, const struct plan_entry *from, uint32_t gives)
{
    if (gives & PLAN_GIVES_KIND)
        to->kind = from->kind;
    if (gives & PLAN_GIVES_STATUS)
        to->status = from->status;
    if (gives & PLAN_GIVES_DELEGATED)
        to->delegated = from->delegated;
    if (gives & PLAN_GIVES_NAME)
        to->name = from->name;
    if (gives & PLAN_GIVES_OWNER)
        to->owner = from->owner;
    if (gives & PLAN_GIVES_PROVIDER)
        to->provider = from->provider;
    if (gives & PLAN_GIVES_CONTRACT)
        to->contract = from->contract;
    if (gives & PLAN_GIVES_NOTE)
        to->note = from->note;
    if (gives & PLAN_GIVES_UNTIL)
        to->until_s = from->until_s;
    if (gives & PLAN_GIVES_FOR_SIBLING)
        to->for_sibling = from->for_sibling;
}

/* --- kinds -------------------------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const struct plan_wanted *one = a, *other = b;

    return ipv4_range_compare(one->entry.range, other->entry.range);
}

/* Whether there are blocks or subnets in a range. */
static bool holds_blocks(const struct plan *plan, struct ipv4_range range)
{
    struct plan_view view;
    uint32_t node;

    plan_view_begin(&view, plan, ipv4_range_around(range));
    while ((node = plan_view_next(&view)))
        if (plan_can_hold(plan->nodes[node].kind) && !ipv4_range_equal(plan->nodes[node].range, range))
            return true;
    return false;
}

/* What it is, but for what else is wanted in it. */
static uint8_t usual_kind(const struct plan *plan, struct ipv4_range range, bool inside)
{
    uint32_t node = plan_find(plan, range);
    struct ipv4_prefix prefix;

    if (node)
        return plan->nodes[node].kind;
    if (!ipv4_range_is_prefix(range, &prefix))
        return PLAN_POOL;
    if (holds_blocks(plan, range))
        return PLAN_BLOCK;
    return prefix.len == 32 && (inside || plan_around(plan, range)) ? PLAN_HOST : PLAN_SUBNET;
}

void plan_wanted_settle(const struct plan *plan, struct plan_wanted *wanted, size_t count)
{
    struct plan_wanted *around[PLAN_DEPTH_MAX]; /* those around the one that is looked at, outer ones first */
    size_t depth = 0;

    if (count)
        qsort(wanted, count, sizeof(*wanted), by_place);
    for (size_t i = 0; i < count; i++) {
        struct plan_entry *entry = &wanted[i].entry;
        while (depth && !ipv4_range_covers(around[depth - 1]->entry.range, entry->range))
            depth--;
        if (!(wanted[i].gives & PLAN_GIVES_KIND))
            entry->kind = usual_kind(plan, entry->range, depth);
        /* Those further out have been told by this one. */
        if (depth && plan_can_hold(entry->kind) && !(around[depth - 1]->gives & PLAN_GIVES_KIND) &&
            around[depth - 1]->entry.kind == PLAN_SUBNET)
            around[depth - 1]->entry.kind = PLAN_BLOCK;
        if (depth < PLAN_DEPTH_MAX)
            around[depth++] = &wanted[i];
    }
    for (size_t i = 0; i < count; i++)
        wanted[i].gives |= PLAN_GIVES_KIND;
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

/* What there will be; `node`: what is there; 0: nothing. */
static struct plan_entry entry_of(const struct plan *plan, const struct plan_wanted *wanted, uint32_t *node,
                                  uint32_t now_s)
{
    struct plan_entry entry = {.range = wanted->entry.range};

    *node = plan_find(plan, entry.range);
    if (*node) {
        entry = plan_entry_of(&plan->nodes[*node]);
    } else {
        entry.status = wanted->entry.kind == PLAN_BLOCK ? PLAN_ALLOCATED : PLAN_ASSIGNED;
        entry.created_s = wanted->gives & PLAN_GIVES_CREATED ? wanted->entry.created_s : now_s;
        entry.changed_s = wanted->gives & PLAN_GIVES_CHANGED ? wanted->entry.changed_s : now_s;
    }
    plan_entry_give(&entry, &wanted->entry, wanted->gives);
    return entry;
}

static int check(const struct plan *plan, const struct plan_entry *entry, uint32_t node, const struct plan_by *by,
                 struct plan_refusal *why)
{
    if (node) {
        struct plan_entry before = plan_entry_of(&plan->nodes[node]);
        if (plan_is_owners_change(&before, entry, by->holder))
            return 0;
        return plan_check_holder(plan, entry->range, plan->nodes[node].parent, by, why);
    }
    uint32_t around = plan_around(plan, entry->range);
    int error = plan_check_holder(plan, entry->range, around, by, why);
    if (!error && !by->everywhere && around && plan->nodes[around].status == PLAN_RESERVED)
        error = plan_refuse(why, PLAN_REASON_CLOSED, entry->range, around);
    return error;
}

int plan_wanted_allowed(const struct plan *plan, const struct plan_wanted *wanted, const struct plan_by *by,
                        struct plan_refusal *why)
{
    uint32_t node;
    struct plan_entry entry = entry_of(plan, wanted, &node, by->now_s), before;

    if (plan_get(plan, node, &before) && plan_entry_equal(&before, &entry))
        return 0;
    return check(plan, &entry, node, by, why);
}

static int draft(struct plan *plan, const struct plan_wanted *wanted, const struct plan_by *by,
                 struct plan_refusal *why)
{
    uint32_t node;
    struct plan_entry entry = entry_of(plan, wanted, &node, by->now_s), before;
    bool was = plan_get(plan, node, &before);

    if (was && plan_entry_equal(&before, &entry))
        return 0;
    int error = check(plan, &entry, node, by, why);
    if (error)
        return error;
    struct plan_change *change = plan_draft_add(plan);
    if (!change)
        return plan_refuse(why, PLAN_REASON_NO_MEMORY, entry.range, 0);
    change->is = true;
    change->after = entry;
    if (was) {
        change->was = true;
        change->before = before;
        change->after.changed_s = by->now_s;
    }
    return 0;
}

int plan_import(struct plan *plan, const struct plan_wanted *wanted, size_t count, const struct plan_by *by,
                struct plan_refusal *why)
{
    const struct plan_by everywhere = {.holder = by->holder, .everywhere = true, .now_s = by->now_s};

    plan_draft_begin(plan);
    for (size_t i = 0; i < count; i++) {
        int error = draft(plan, &wanted[i], by, why);
        if (error)
            return error;
    }
    return plan_draft_apply(plan, 0, &everywhere, why);
}
