/*
 * A list of changes, made as a whole or not at all.
 *
 * What was there is looked up and what comes is checked and gets its memory first. Then all that moves is taken out of
 * the space, and what comes is put in, one after the other; each is held to the rules of plan.h as it comes. If one
 * breaks them, everything is put back.
 */
#include "plan/inside.h"

#include "base/compiler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- what a node may be ------------------------------------------------------------------------------------------- */

bool plan_is_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./");

    return len && len <= PLAN_NAME_MAX && !name[len] && name[strspn(name, "0123456789-_./")];
}

static bool is_text(const char *text)
{
    size_t len = strnlen(text, PLAN_TEXT_MAX + 1);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    return len && len <= PLAN_TEXT_MAX;
}

static int check_entry(const struct plan_entry *entry, struct plan_refusal *why)
{
    const char *const texts[] = {entry->owner, entry->provider, entry->contract, entry->note};
    struct ipv4_prefix prefix;

    if (entry->name && !plan_is_name(entry->name))
        return plan_refuse(why, PLAN_REASON_BAD_NAME, entry->range, 0);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (texts[i] && !is_text(texts[i]))
            return plan_refuse(why, PLAN_REASON_BAD_TEXT, entry->range, 0);
    if (entry->kind == PLAN_HOST && entry->range.first != entry->range.last)
        return plan_refuse(why, PLAN_REASON_NO_ADDRESS, entry->range, 0);
    if (entry->kind != PLAN_POOL && !ipv4_range_is_prefix(entry->range, &prefix))
        return plan_refuse(why, PLAN_REASON_NO_BLOCK, entry->range, 0);
    if (entry->for_sibling && (entry->status != PLAN_RESERVED || !plan_can_hold(entry->kind)))
        return plan_refuse(why, PLAN_REASON_NOT_KEPT, entry->range, 0);
    if (entry->delegated && !entry->owner)
        return plan_refuse(why, PLAN_REASON_NO_OWNER, entry->range, 0);
    return 0;
}

/* What may be directly in what; the last row: in nothing. */
static bool may_hold(unsigned outer, unsigned inner)
{
    static const bool may[PLAN_KIND_COUNT + 1][PLAN_KIND_COUNT] = {
        [PLAN_BLOCK] = {[PLAN_BLOCK] = true, [PLAN_SUBNET] = true, [PLAN_HOST] = true},
        [PLAN_SUBNET] = {[PLAN_POOL] = true, [PLAN_HOST] = true},
        [PLAN_KIND_COUNT] = {[PLAN_BLOCK] = true, [PLAN_SUBNET] = true},
    };

    return may[outer][inner];
}

/* What cools off, or is kept for its sibling, holds nothing, whoever asks. */
static bool is_empty(const struct plan_node *node)
{
    return node->status == PLAN_QUARANTINED || node->for_sibling;
}

/* Whether one node may lie directly in the other (0: in none); the refusal is about the inner one. */
static int check_nesting(const struct plan *plan, uint32_t outer, const struct plan_node *inner,
                         struct plan_refusal *why)
{
    const struct plan_node *node = &plan->nodes[outer];

    if (!outer)
        return may_hold(PLAN_KIND_COUNT, inner->kind) ? 0 : plan_refuse(why, PLAN_REASON_OUTERMOST, inner->range, 0);
    if (is_empty(node))
        return plan_refuse(why, PLAN_REASON_CLOSED, inner->range, outer);
    if (!may_hold(node->kind, inner->kind))
        return plan_refuse(why, PLAN_REASON_NESTING, inner->range, outer);
    if (plan_has_edges(node) && (inner->range.first == node->range.first || inner->range.last == node->range.last))
        return plan_refuse(why, PLAN_REASON_EDGE, inner->range, outer);
    return 0;
}

/* --- who may change it -------------------------------------------------------------------------------------------- */

int plan_check_holder(const struct plan *plan, struct ipv4_range range, uint32_t around, const struct plan_by *by,
                      struct plan_refusal *why)
{
    if (by->everywhere)
        return 0;
    uint32_t delegated = plan_delegated(plan, around);
    if (!delegated)
        return by->holder ? plan_refuse(why, PLAN_REASON_NOT_HELD, range, 0) : 0;
    if (by->holder && strcmp(by->holder, plan->nodes[delegated].owner->text) == 0)
        return 0;
    return plan_refuse(why, PLAN_REASON_DELEGATED, range, delegated);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool plan_is_owners_change(const struct plan_entry *before, const struct plan_entry *after, const char *holder)
{
    return holder && before->delegated && after->delegated && same_text(before->owner, holder) &&
           same_text(after->owner, holder) && same_text(before->provider, after->provider) &&
           before->status == after->status && before->until_s == after->until_s &&
           before->for_sibling == after->for_sibling;
}

/* --- what was there ----------------------------------------------------------------------------------------------- */

bool plan_entry_equal(const struct plan_entry *a, const struct plan_entry *b)
{
    return ipv4_range_equal(a->range, b->range) && a->kind == b->kind && a->status == b->status &&
           a->delegated == b->delegated && a->for_sibling == b->for_sibling && a->created_s == b->created_s &&
           a->changed_s == b->changed_s && a->until_s == b->until_s && same_text(a->name, b->name) &&
           same_text(a->owner, b->owner) && same_text(a->provider, b->provider) &&
           same_text(a->contract, b->contract) && same_text(a->note, b->note);
}

static int find_before(const struct plan *plan, const struct plan_change *change, struct plan_step *step,
                       const struct plan_by *by, struct plan_refusal *why)
{
    uint32_t node = plan_find(plan, change->before.range);

    if (!node)
        return plan_refuse(why, PLAN_REASON_NOT_THERE, change->before.range, 0);
    struct plan_entry there = plan_entry_of(&plan->nodes[node]);
    if (!plan_entry_equal(&there, &change->before))
        return plan_refuse(why, PLAN_REASON_CHANGED, change->before.range, node);
    step->node = node;
    step->before = plan->nodes[node];
    if (change->is && ipv4_range_equal(change->before.range, change->after.range)) {
        step->same_place = change->before.kind == change->after.kind;
        step->by_owner = plan_is_owners_change(&change->before, &change->after, by->holder);
    }
    return step->by_owner ? 0 : plan_check_holder(plan, change->before.range, plan->nodes[node].parent, by, why);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

/* The texts of a node that the plan has made an entry of. */
static void drop_entry(struct plan *plan, const struct plan_entry *entry)
{
    plan_texts_drop(&plan->texts, plan_text_of(entry->name));
    plan_texts_drop(&plan->texts, plan_text_of(entry->owner));
    plan_texts_drop(&plan->texts, plan_text_of(entry->provider));
    plan_texts_drop(&plan->texts, plan_text_of(entry->contract));
    plan_texts_drop(&plan->texts, plan_text_of(entry->note));
}

static void drop_texts(struct plan *plan, const struct plan_node *node)
{
    struct plan_entry entry = plan_entry_of(node);

    drop_entry(plan, &entry);
}

/* A text, held; false: there is no memory. */
static bool hold_text(struct plan *plan, const char *text, struct plan_text **held)
{
    return !text || (*held = plan_texts_hold(&plan->texts, text));
}

/* The node that an entry describes, which holds its texts. False: there is no memory. */
static bool make_node(struct plan *plan, const struct plan_entry *entry, struct plan_node *node)
{
    *node = (struct plan_node){
        .range = entry->range,
        .kind = entry->kind,
        .status = entry->status,
        .delegated = entry->delegated,
        .for_sibling = entry->for_sibling,
        .created_s = entry->created_s,
        .changed_s = entry->changed_s,
        .until_s = entry->until_s,
    };
    if (hold_text(plan, entry->name, &node->name) && hold_text(plan, entry->owner, &node->owner) &&
        hold_text(plan, entry->provider, &node->provider) && hold_text(plan, entry->contract, &node->contract) &&
        hold_text(plan, entry->note, &node->note))
        return true;
    drop_texts(plan, node);
    *node = (struct plan_node){0};
    return false;
}

static bool reserve_nodes(struct plan *plan, uint64_t more)
{
    size_t capacity = plan->capacity;

    /* Those to be used again are more than none: it is enough to count from where new ones begin. */
    if (plan->used + more >= PLAN_EDGE ||
        plan_grow(&plan->nodes, &capacity, plan->used + (size_t)more, sizeof(*plan->nodes)))
        return false;
    plan->capacity = (uint32_t)capacity;
    return true;
}

/* All that the steps will take: what comes then cannot fail for want of memory. */
static bool reserve(struct plan *plan, size_t count)
{
    const struct plan_step *steps = plan->steps;
    size_t cooling = plan->cooling_capacity;
    uint64_t pieces = 0, nodes = 0;
    struct ipv4_prefix prefix;

    for (size_t i = 0; i < count; i++) {
        struct ipv4_blocks all = ipv4_blocks_of(steps[i].after.range);
        while (steps[i].is && !steps[i].same_place && ipv4_blocks_next(&all, &prefix))
            pieces++;
        nodes += steps[i].is && !steps[i].was;
    }
    if (pieces > UINT32_MAX / 2 || plan_space_reserve(&plan->space, (uint32_t)pieces) || !reserve_nodes(plan, nodes) ||
        plan_grow(&plan->cooling, &cooling, plan->cooling_count + count, sizeof(*plan->cooling)))
        return false;
    plan->cooling_capacity = (uint32_t)cooling;
    return true;
}

static uint32_t take_node(struct plan *plan)
{
    uint32_t node = plan->spare;

    if (node)
        plan->spare = plan->nodes[node].range.first;
    else
        node = plan->used++;
    return node;
}

static void give_node(struct plan *plan, uint32_t node)
{
    plan->nodes[node] = (struct plan_node){.kind = PLAN_KIND_COUNT, .range.first = plan->spare};
    plan->spare = node;
}

/* --- in and out of the space -------------------------------------------------------------------------------------- */

/* What is directly in a node gets another parent. */
struct adoption {
    struct plan_node *nodes;
    uint32_t parent;
};

static void adopt(void *arg, struct ipv4_prefix prefix, uint32_t number)
{
    const struct adoption *adoption = arg;

    (void)prefix;
    adoption->nodes[number].parent = adoption->parent;
}

static void adopt_all(struct plan *plan, uint32_t place, uint32_t parent)
{
    struct adoption adoption = {plan->nodes, parent};

    if (plan->space.places[place].count)
        plan_space_look(&plan->space, place, &(struct plan_space_see){.taken = adopt, .arg = &adoption});
}

static void take_out(struct plan *plan, uint32_t node)
{
    struct ipv4_blocks pieces = ipv4_blocks_of(plan->nodes[node].range);
    struct ipv4_prefix prefix;

    adopt_all(plan, plan->nodes[node].place, plan->nodes[node].parent);
    while (ipv4_blocks_next(&pieces, &prefix))
        plan_space_remove(&plan->space, prefix);
}

/* `from` is the place of the node that it will lie in, or PLAN_SPACE_ALL. */
static void put_in(struct plan *plan, uint32_t node, uint32_t from)
{
    struct ipv4_blocks pieces = ipv4_blocks_of(plan->nodes[node].range);
    struct ipv4_prefix prefix;

    plan->nodes[node].parent = plan->space.places[from].number;
    while (ipv4_blocks_next(&pieces, &prefix))
        plan->nodes[node].place = plan_space_add(&plan->space, from, prefix, node);
    adopt_all(plan, plan->nodes[node].place, node);
}

/* The place of what is around a range; that of the range, if there is one. */
static uint32_t place_around(const struct plan *plan, struct ipv4_range range)
{
    return plan_space_cover(&plan->space, ipv4_range_around(range));
}

/* What lies directly in a node, or in what is around one that went, held to the rules. */
struct contents {
    const struct plan *plan;
    uint32_t came; /* the node; 0: one that went */
    struct plan_refusal *why;
    int error;
};

static void check_content(void *arg, struct ipv4_prefix prefix, uint32_t number)
{
    struct contents *contents = arg;
    const struct plan *plan = contents->plan;
    const struct plan_node *inner = &plan->nodes[number], *outer = &plan->nodes[inner->parent];

    (void)prefix;
    if (contents->error)
        return;
    if (inner->parent && !ipv4_range_covers(outer->range, inner->range)) {
        contents->error = plan_refuse(contents->why, PLAN_REASON_OVERLAP, outer->range, number);
        return;
    }
    contents->error = check_nesting(plan, inner->parent, inner, contents->why);
    /* About what comes rather than about what is there. */
    if (contents->error && contents->came && contents->why) {
        if (contents->why->reason == PLAN_REASON_NESTING)
            plan_refuse(contents->why, PLAN_REASON_CONTENT, outer->range, number);
        else if (contents->why->reason == PLAN_REASON_EDGE)
            plan_refuse(contents->why, PLAN_REASON_EDGE_USED, outer->range, number);
    }
}

/* The nodes that have addresses of a pool's range: there must be none. */
static int check_pool_free(const struct plan *plan, struct ipv4_range range, struct plan_refusal *why)
{
    struct ipv4_blocks pieces = ipv4_blocks_of(range);
    struct ipv4_prefix prefix;

    while (ipv4_blocks_next(&pieces, &prefix)) {
        struct plan_view view;
        plan_view_begin(&view, plan, prefix);
        uint32_t other = plan_view_next(&view);
        if (!other) { /* another pool's piece may be around this one */
            other = plan_around(plan, ipv4_range_of(prefix));
            if (other && plan_can_hold(plan->nodes[other].kind))
                other = 0;
        }
        if (other)
            return plan_refuse(why, PLAN_REASON_OVERLAP, range, other);
    }
    return 0;
}

/* A node that stays where it is, and becomes one that is to be empty, is. */
static int check_stays(const struct plan *plan, const struct plan_node *node, struct plan_refusal *why)
{
    struct plan_view view;
    uint32_t inner;

    if (!is_empty(node) || !plan_can_hold(node->kind))
        return 0;
    plan_view_begin(&view, plan, ipv4_range_around(node->range));
    plan_view_next(&view);
    inner = plan_view_next(&view);
    return inner ? plan_refuse(why, PLAN_REASON_NOT_EMPTY, node->range, inner) : 0;
}

/* Put a step's node where it belongs, if it may be there: directly in the node `within`, if that is known. */
static int link_step(struct plan *plan, struct plan_step *step, uint32_t within, const struct plan_by *by,
                     struct plan_refusal *why)
{
    const struct plan_node *node = &plan->nodes[step->node];

    if (node->name) {
        if (node->name->node)
            return plan_refuse(why, PLAN_REASON_NAME_TAKEN, node->range, node->name->node);
        node->name->node = step->node;
        step->named = true;
    }
    if (step->same_place)
        return check_stays(plan, node, why);
    uint32_t from = within ? plan->nodes[within].place : place_around(plan, node->range);
    uint32_t outer = plan->space.places[from].number;
    struct ipv4_prefix prefix;
    if (outer && ipv4_range_is_prefix(node->range, &prefix) && plan->space.places[from].len == prefix.len) {
        bool same = ipv4_range_equal(plan->nodes[outer].range, node->range); /* or a piece of a pool is just there */
        return plan_refuse(why, same ? PLAN_REASON_THERE : PLAN_REASON_OVERLAP, node->range, outer);
    }
    int error = step->by_owner ? 0 : plan_check_holder(plan, node->range, outer, by, why);
    if (!error && outer && !by->everywhere && plan->nodes[outer].status == PLAN_RESERVED)
        error = plan_refuse(why, PLAN_REASON_CLOSED, node->range, outer);
    if (!error)
        error = check_nesting(plan, outer, node, why);
    if (!error && node->kind == PLAN_POOL)
        error = check_pool_free(plan, node->range, why);
    if (error)
        return error;
    put_in(plan, step->node, from);
    step->linked = true;
    if (plan->space.places[node->place].count) {
        struct contents contents = {plan, step->node, why, 0};
        plan_space_look(&plan->space, node->place, &(struct plan_space_see){.taken = check_content, .arg = &contents});
        error = contents.error;
    }
    return error;
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

/* Look at one change; nothing is changed but texts held. */
static int prepare_step(struct plan *plan, const struct plan_change *change, struct plan_step *step,
                        const struct plan_by *by, struct plan_refusal *why)
{
    *step = (struct plan_step){.was = change->was, .is = change->is};
    int error = step->was ? find_before(plan, change, step, by, why) : 0;
    if (!error && step->is)
        error = check_entry(&change->after, why);
    if (!error && step->is && !make_node(plan, &change->after, &step->after))
        error = plan_refuse(why, PLAN_REASON_NO_MEMORY, change->after.range, 0);
    return error;
}

static int prepare(struct plan *plan, const struct plan_change *changes, size_t count, const struct plan_by *by,
                   struct plan_refusal *why)
{
    size_t done = 0;
    int error = 0;

    while (!error && done < count) {
        error = prepare_step(plan, &changes[done], &plan->steps[done], by, why);
        done++;
    }
    if (!error && !reserve(plan, count))
        error = plan_refuse(why, PLAN_REASON_NO_MEMORY,
                            changes[0].is ? changes[0].after.range : changes[0].before.range, 0);
    while (error && done-- > 0)
        drop_texts(plan, &plan->steps[done].after);
    return error;
}

static void take_all_out(struct plan *plan, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (step->was && step->before.name)
            step->before.name->node = 0;
        if (step->was && !step->same_place)
            take_out(plan, step->node);
    }
}

static int put_all_in(struct plan *plan, size_t count, uint32_t within, const struct plan_by *by,
                      struct plan_refusal *why)
{
    for (size_t i = 0; i < count; i++) {
        struct plan_step *step = &plan->steps[i];
        if (!step->is)
            continue;
        if (!step->was)
            step->node = take_node(plan);
        step->after.parent = plan->nodes[step->node].parent; /* if it stays where it is */
        step->after.place = plan->nodes[step->node].place;
        plan->nodes[step->node] = step->after;
        int error = link_step(plan, step, within, by, why);
        if (error)
            return error;
    }
    /* What lay in something that went, or moved, lies in something else now. */
    for (size_t i = 0; i < count; i++) {
        const struct plan_step *step = &plan->steps[i];
        struct contents contents = {plan, 0, why, 0};
        if (!step->was || step->same_place || !plan_can_hold(step->before.kind))
            continue;
        plan_space_look_within(&plan->space, ipv4_range_around(step->before.range),
                               &(struct plan_space_see){.taken = check_content, .arg = &contents});
        if (contents.error)
            return contents.error;
    }
    return 0;
}

static void put_all_back(struct plan *plan, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct plan_step *step = &plan->steps[i];
        if (step->named)
            step->after.name->node = 0;
        if (step->linked)
            take_out(plan, step->node);
        if (!step->was && step->node)
            give_node(plan, step->node);
    }
    for (size_t i = 0; i < count; i++) {
        struct plan_step *step = &plan->steps[i];
        if (!step->was)
            continue;
        plan->nodes[step->node] = step->before;
        if (step->before.name)
            step->before.name->node = step->node;
        if (!step->same_place)
            put_in(plan, step->node, place_around(plan, step->before.range));
    }
    for (size_t i = 0; i < count; i++)
        drop_texts(plan, &plan->steps[i].after);
}

/* --- done --------------------------------------------------------------------------------------------------------- */

/* The steps are made: the texts of what was are the list's now, and what was in quarantine is counted. */
static void finish(struct plan *plan, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (step->was && step->before.status == PLAN_QUARANTINED)
            plan->quarantined--;
        if (step->is && step->after.status == PLAN_QUARANTINED) {
            plan->quarantined++;
            if (step->after.until_s)
                plan_cool(plan, step->node);
        }
        if (step->was && !step->is)
            give_node(plan, step->node);
        plan->count += (uint32_t)step->is - (uint32_t)step->was;
        plan->changes[i] = (struct plan_change){
            .was = step->was,
            .is = step->is,
            .before = step->was ? plan_entry_of(&step->before) : (struct plan_entry){.kind = 0},
            .after = step->is ? plan_entry_of(&step->after) : (struct plan_entry){.kind = 0},
        };
    }
    plan->change_count = count;
}

static void forget_changes(struct plan *plan)
{
    for (size_t i = 0; i < plan->change_count; i++)
        drop_entry(plan, &plan->changes[i].before);
    plan->change_count = 0;
}

const struct plan_change *plan_changes(const struct plan *plan, size_t *count)
{
    *count = plan->change_count;
    return plan->changes;
}

static int apply(struct plan *plan, const struct plan_change *changes, size_t count, uint32_t within,
                 const struct plan_by *by, struct plan_refusal *why)
{
    if (!count) {
        forget_changes(plan);
        return 0;
    }
    plan_shrink(&plan->steps, &plan->step_capacity, count, sizeof(*plan->steps));
    if (plan_grow(&plan->steps, &plan->step_capacity, count, sizeof(*plan->steps)) ||
        plan_grow(&plan->changes, &plan->change_capacity, count, sizeof(*plan->changes)))
        return plan_refuse(why, PLAN_REASON_NO_MEMORY, (struct ipv4_range){0}, 0);
    int error = prepare(plan, changes, count, by, why);
    if (error)
        return error;
    take_all_out(plan, count);
    if ((error = put_all_in(plan, count, within, by, why))) {
        put_all_back(plan, count);
        return error;
    }
    forget_changes(plan);
    plan_shrink(&plan->changes, &plan->change_capacity, count, sizeof(*plan->changes));
    finish(plan, count);
    return 0;
}

int plan_apply(struct plan *plan, const struct plan_change *changes, size_t count, const struct plan_by *by,
               struct plan_refusal *why)
{
    return apply(plan, changes, count, 0, by, why);
}

int plan_draft_apply(struct plan *plan, uint32_t within, const struct plan_by *by, struct plan_refusal *why)
{
    return apply(plan, plan->draft, plan->draft_count, within, by, why);
}
