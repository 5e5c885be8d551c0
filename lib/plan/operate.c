/* Operations: each looks at the plan, and drafts the list of changes that it is. */
#include "plan/inside.h"

#include <errno.h>
#include <string.h>

/* --- drafts ------------------------------------------------------------------------------------------------------- */

void plan_draft_begin(struct plan *plan)
{
    plan->draft_count = 0;
    plan_shrink(&plan->draft, &plan->draft_capacity, 0, sizeof(*plan->draft));
}

struct plan_change *plan_draft_add(struct plan *plan)
{
    if (plan_grow(&plan->draft, &plan->draft_capacity, plan->draft_count + 1, sizeof(*plan->draft)))
        return NULL;
    struct plan_change *change = &plan->draft[plan->draft_count++];
    *change = (struct plan_change){0};
    return change;
}

bool plan_draft_remove(struct plan *plan, uint32_t node)
{
    struct plan_change *change = plan_draft_add(plan);

    if (!change)
        return false;
    change->was = true;
    change->before = plan_entry_of(&plan->nodes[node]);
    return true;
}

/* A node that was becomes another one. NULL: there is no memory. */
static struct plan_change *draft_change(struct plan *plan, uint32_t node, const struct plan_by *by)
{
    struct plan_change *change = plan_draft_remove(plan, node) ? &plan->draft[plan->draft_count - 1] : NULL;

    if (change) {
        change->is = true;
        change->after = change->before;
        change->after.changed_s = by->now_s;
    }
    return change;
}

/* A node that was not there, created now. NULL: there is no memory. */
static struct plan_change *draft_new(struct plan *plan, const struct plan_entry *entry, const struct plan_by *by)
{
    struct plan_change *change = plan_draft_add(plan);

    if (change) {
        change->is = true;
        change->after = *entry;
        change->after.created_s = change->after.changed_s = by->now_s;
    }
    return change;
}

static int no_memory(struct plan_refusal *why, struct ipv4_range range)
{
    return plan_refuse(why, PLAN_REASON_NO_MEMORY, range, 0);
}

static int not_there(struct plan_refusal *why)
{
    return plan_refuse(why, PLAN_REASON_NOT_THERE, (struct ipv4_range){0}, 0);
}

/* Apply the draft, and say which node is that of its first change. */
static int apply_and_tell(struct plan *plan, uint32_t within, const struct plan_by *by, uint32_t *node,
                          struct plan_refusal *why)
{
    int error = plan_draft_apply(plan, within, by, why);

    if (!error && node)
        *node = plan->steps[0].node;
    return error;
}

/* --- siblings that are kept --------------------------------------------------------------------------------------- */

/* The node that is kept for this one to grow; 0: none. */
static uint32_t kept_for(const struct plan *plan, uint32_t node)
{
    struct ipv4_prefix prefix;

    if (!ipv4_range_is_prefix(plan->nodes[node].range, &prefix) || !prefix.len)
        return 0;
    uint32_t kept = plan_find(plan, ipv4_range_of(ipv4_prefix_sibling(prefix)));
    return kept && plan->nodes[kept].for_sibling ? kept : 0;
}

/* It goes too, when there is nothing any more that would grow into it. False: there is no memory. */
static bool draft_kept_away(struct plan *plan, uint32_t node)
{
    uint32_t kept = kept_for(plan, node);

    return !kept || plan_draft_remove(plan, kept);
}

/* --- adding ------------------------------------------------------------------------------------------------------- */

int plan_add(struct plan *plan, const struct plan_entry *entry, const struct plan_by *by, uint32_t *node,
             struct plan_refusal *why)
{
    plan_draft_begin(plan);
    if (!draft_new(plan, entry, by))
        return no_memory(why, entry->range);
    return apply_and_tell(plan, 0, by, node, why);
}

/* A free block in a node for `len` bits, of which the first part is taken. */
static bool find_free(const struct plan *plan, uint32_t place, unsigned len, enum plan_strategy strategy,
                      struct ipv4_prefix *found)
{
    uint64_t fits = (UINT64_C(2) << len) - 1, free = plan_space_place(&plan->space, place)->free & fits;

    if (!free)
        return false;
    if (strategy == PLAN_SPARSE)
        return plan_space_sparse(&plan->space, place, found);
    if (strategy == PLAN_BEST_FIT)
        fits = UINT64_C(1) << (63 - __builtin_clzll(free));
    return plan_space_find(&plan->space, place, fits, found);
}

/* The same in a subnet, where network and broadcast address are not free. */
static bool find_free_inside_edges(struct plan *plan, const struct plan_node *subnet, unsigned len,
                                   enum plan_strategy strategy, struct ipv4_prefix *found)
{
    struct ipv4_prefix first = {.addr = subnet->range.first, .len = 32}, last = {.addr = subnet->range.last, .len = 32};

    plan_space_add(&plan->space, subnet->place, first, PLAN_EDGE);
    plan_space_add(&plan->space, subnet->place, last, PLAN_EDGE);
    bool is_free = find_free(plan, subnet->place, len, strategy, found);
    plan_space_remove(&plan->space, first);
    plan_space_remove(&plan->space, last);
    return is_free;
}

int plan_allocate(struct plan *plan, const struct plan_request *request, const struct plan_by *by, uint32_t *node,
                  struct plan_refusal *why)
{
    bool keep = request->keep_sibling && request->entry.kind != PLAN_HOST;
    struct plan_entry entry = request->entry;
    struct ipv4_prefix found;

    if (!plan_is_node(plan, request->within))
        return not_there(why);
    const struct plan_node *outer = &plan->nodes[request->within];
    if (!plan_can_hold(outer->kind))
        return plan_refuse(why, PLAN_REASON_HOLDS_NOTHING, outer->range, 0);
    if (request->len > 32 || request->len <= ipv4_range_around(outer->range).len + keep ||
        (entry.kind == PLAN_HOST && request->len != 32))
        return plan_refuse(why, PLAN_REASON_BAD_LENGTH, outer->range, 0);
    unsigned len = request->len - keep;
    bool is_free;
    if (plan_has_edges(outer)) {
        if (plan_space_reserve(&plan->space, 2))
            return no_memory(why, outer->range);
        is_free = find_free_inside_edges(plan, outer, len, request->strategy, &found);
    } else {
        is_free = find_free(plan, outer->place, len, request->strategy, &found);
    }
    if (!is_free)
        return plan_refuse(why, PLAN_REASON_FULL, outer->range, 0);

    plan_draft_begin(plan);
    found.len = request->len;
    entry.range = ipv4_range_of(found);
    entry.for_sibling = false;
    if (!draft_new(plan, &entry, by))
        return no_memory(why, entry.range);
    if (keep) {
        struct plan_entry kept = {.range = ipv4_range_of(ipv4_prefix_sibling(found)),
                                  .kind = entry.kind,
                                  .status = PLAN_RESERVED,
                                  .for_sibling = true,
                                  .owner = entry.owner};
        if (!draft_new(plan, &kept, by))
            return no_memory(why, entry.range);
    }
    return apply_and_tell(plan, request->within, by, node, why);
}

int plan_set(struct plan *plan, uint32_t node, const struct plan_entry *entry, const struct plan_by *by,
             struct plan_refusal *why)
{
    if (!plan_is_node(plan, node))
        return not_there(why);
    plan_draft_begin(plan);
    struct plan_change *change = draft_change(plan, node, by);
    if (!change)
        return no_memory(why, plan->nodes[node].range);
    change->after = *entry;
    change->after.range = change->before.range;
    change->after.for_sibling =
        change->before.for_sibling && entry->status == PLAN_RESERVED && plan_can_hold(entry->kind);
    change->after.created_s = change->before.created_s;
    change->after.changed_s = by->now_s;
    return plan_draft_apply(plan, 0, by, why);
}

/* --- freeing ------------------------------------------------------------------------------------------------------ */

int plan_release(struct plan *plan, uint32_t node, bool all, uint32_t cool_off_s, const struct plan_by *by,
                 struct plan_refusal *why)
{
    struct plan_view view;
    uint32_t inner;

    if (!plan_is_node(plan, node))
        return not_there(why);
    const struct plan_node *there = &plan->nodes[node];
    plan_draft_begin(plan);
    bool cools = cool_off_s && there->status < PLAN_RESERVED;
    struct plan_change *change = cools ? draft_change(plan, node, by) : NULL;
    if (cools ? !change : !plan_draft_remove(plan, node))
        return no_memory(why, there->range);
    if (change) {
        change->after.status = PLAN_QUARANTINED;
        change->after.name = NULL;
        change->after.delegated = false;
        change->after.until_s = by->now_s < UINT32_MAX - cool_off_s ? by->now_s + cool_off_s : UINT32_MAX - 1;
    }
    if (!draft_kept_away(plan, node))
        return no_memory(why, there->range);
    plan_view_begin(&view, plan, ipv4_range_around(there->range));
    while (plan_can_hold(there->kind) && (inner = plan_view_next(&view))) {
        if (inner == node)
            continue;
        if (!all)
            return plan_refuse(why, PLAN_REASON_NOT_EMPTY, there->range, inner);
        if (!plan_draft_remove(plan, inner))
            return no_memory(why, there->range);
    }
    return plan_draft_apply(plan, 0, by, why);
}

/* --- splitting and merging ---------------------------------------------------------------------------------------- */

int plan_split(struct plan *plan, uint32_t node, uint8_t len, const struct plan_by *by, struct plan_refusal *why)
{
    if (!plan_is_node(plan, node))
        return not_there(why);
    const struct plan_node *there = &plan->nodes[node];
    if (!plan_can_hold(there->kind))
        return plan_refuse(why, PLAN_REASON_HOLDS_NOTHING, there->range, 0);
    struct ipv4_prefix prefix = ipv4_range_around(there->range);
    if (len > 32 || len <= prefix.len)
        return plan_refuse(why, PLAN_REASON_BAD_LENGTH, there->range, 0);
    if (len - prefix.len > PLAN_SPLIT_MAX)
        return plan_refuse(why, PLAN_REASON_TOO_MANY, there->range, 0);
    plan_draft_begin(plan);
    struct plan_change *change = draft_change(plan, node, by);
    if (!change)
        return no_memory(why, there->range);
    prefix.len = len;
    change->after.range = ipv4_range_of(prefix);
    struct plan_entry entry = change->after;
    entry.name = NULL;
    for (uint64_t at = (uint64_t)entry.range.last + 1; at <= there->range.last; at += ipv4_prefix_size(prefix)) {
        prefix.addr = (uint32_t)at;
        entry.range = ipv4_range_of(prefix);
        if (!draft_new(plan, &entry, by))
            return no_memory(why, there->range);
    }
    if (!draft_kept_away(plan, node))
        return no_memory(why, there->range);
    return plan_draft_apply(plan, 0, by, why);
}

/* What is to become one node. */
struct parts {
    struct plan *plan;
    struct plan_refusal *why;
    struct ipv4_range range;
    uint64_t addresses;
    uint32_t first;
    int error;
};

static bool are_alike(const struct plan_node *a, const struct plan_node *b)
{
    return a->kind == b->kind && a->status == b->status && a->delegated == b->delegated &&
           a->for_sibling == b->for_sibling && a->owner == b->owner && a->provider == b->provider &&
           a->contract == b->contract;
}

static void take_part(void *arg, struct ipv4_prefix prefix, uint32_t number)
{
    struct parts *parts = arg;
    struct plan *plan = parts->plan;
    const struct plan_node *node = &plan->nodes[number];

    (void)prefix;
    if (parts->error)
        return;
    if (!plan_can_hold(node->kind))
        parts->error = plan_refuse(parts->why, PLAN_REASON_NOT_WHOLE, parts->range, 0);
    else if (parts->first && !are_alike(node, &plan->nodes[parts->first]))
        parts->error = plan_refuse(parts->why, PLAN_REASON_UNLIKE, parts->range, number);
    else if (!plan_draft_remove(plan, number))
        parts->error = no_memory(parts->why, parts->range);
    if (!parts->first)
        parts->first = number;
    parts->addresses += ipv4_range_size(node->range);
}

int plan_merge(struct plan *plan, struct ipv4_prefix prefix, const struct plan_by *by, uint32_t *node,
               struct plan_refusal *why)
{
    struct parts parts = {.plan = plan, .why = why, .range = ipv4_range_of(prefix)};

    plan_draft_begin(plan);
    plan_space_look_within(&plan->space, prefix, &(struct plan_space_see){.taken = take_part, .arg = &parts});
    if (parts.error)
        return parts.error;
    if (parts.addresses != ipv4_prefix_size(prefix) || plan->draft_count < 2)
        return plan_refuse(why, PLAN_REASON_NOT_WHOLE, parts.range, 0);
    struct plan_change *first = &plan->draft[0];
    first->is = true;
    first->after = first->before;
    first->after.range = parts.range;
    first->after.changed_s = by->now_s;
    for (size_t i = 1; i < plan->draft_count; i++) {
        const struct plan_entry *part = &plan->draft[i].before;
        if (!first->after.name)
            first->after.name = part->name;
        if (!first->after.note)
            first->after.note = part->note;
    }
    return apply_and_tell(plan, 0, by, node, why);
}

/* --- moving and resizing ------------------------------------------------------------------------------------------ */

static bool draft_moved(struct plan *plan, uint32_t node, uint32_t by_addresses, const struct plan_by *by)
{
    struct plan_change *change = draft_change(plan, node, by);

    if (!change)
        return false;
    change->after.range.first += by_addresses;
    change->after.range.last += by_addresses;
    return true;
}

int plan_move(struct plan *plan, uint32_t node, uint32_t first, const struct plan_by *by, struct plan_refusal *why)
{
    struct plan_view view;
    uint32_t inner;

    if (!plan_is_node(plan, node))
        return not_there(why);
    const struct plan_node *there = &plan->nodes[node];
    uint32_t distance = first - there->range.first;
    if (first > UINT32_MAX - (there->range.last - there->range.first))
        return plan_refuse(why, PLAN_REASON_NO_BLOCK, (struct ipv4_range){first, UINT32_MAX}, 0);
    plan_draft_begin(plan);
    if (!draft_moved(plan, node, distance, by))
        return no_memory(why, there->range);
    plan_view_begin(&view, plan, ipv4_range_around(there->range));
    while (plan_can_hold(there->kind) && (inner = plan_view_next(&view)))
        if (inner != node && !draft_moved(plan, inner, distance, by))
            return no_memory(why, there->range);
    if (!draft_kept_away(plan, node))
        return no_memory(why, there->range);
    return plan_draft_apply(plan, 0, by, why);
}

/* What lies where a node will be, or was, and is neither it nor inside both. */
struct resized {
    const struct plan *plan;
    struct plan_refusal *why;
    uint32_t node, kept;
    struct ipv4_range range;
    int error;
};

static void check_beside(void *arg, struct ipv4_prefix prefix, uint32_t number)
{
    struct resized *resized = arg;

    (void)prefix;
    if (!resized->error && number != resized->node && number != resized->kept)
        resized->error = plan_refuse(resized->why, PLAN_REASON_OVERLAP, resized->range, number);
}

static void check_inside(void *arg, struct ipv4_prefix prefix, uint32_t number)
{
    struct resized *resized = arg;

    (void)prefix;
    if (!resized->error && !ipv4_range_covers(resized->range, resized->plan->nodes[number].range))
        resized->error = plan_refuse(resized->why, PLAN_REASON_LEFT_OUT, resized->range, number);
}

int plan_resize(struct plan *plan, uint32_t node, struct ipv4_range range, const struct plan_by *by,
                struct plan_refusal *why)
{
    if (!plan_is_node(plan, node))
        return not_there(why);
    const struct plan_node *there = &plan->nodes[node];
    bool grows = ipv4_range_covers(range, there->range);
    struct resized resized = {plan, why, node, kept_for(plan, node), range, 0};
    bool meets = there->kind == PLAN_POOL ? ipv4_range_overlaps(there->range, range)
                                          : grows || ipv4_range_covers(there->range, range);
    if (!meets)
        return plan_refuse(why, PLAN_REASON_NO_ROOM, range, node);
    bool holds = plan_can_hold(there->kind);
    if (holds && grows) {
        plan_space_look_within(&plan->space, ipv4_range_around(range),
                               &(struct plan_space_see){.taken = check_beside, .arg = &resized});
    } else if (holds) {
        plan_space_look(&plan->space, there->place, &(struct plan_space_see){.taken = check_inside, .arg = &resized});
    }
    if (resized.error)
        return resized.error;
    plan_draft_begin(plan);
    struct plan_change *change = draft_change(plan, node, by);
    if (!change)
        return no_memory(why, range);
    change->after.range = range;
    if (holds && !ipv4_range_equal(there->range, range) && !draft_kept_away(plan, node))
        return no_memory(why, range);
    return plan_draft_apply(plan, 0, by, why);
}
