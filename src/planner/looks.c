#include "planner/looks.h"

#include <errno.h>

#define NODES_AT_ONCE 8192  /* that are looked at for one answer */
#define STEPS_AT_ONCE 16384 /* of the history */

/* --- nodes -------------------------------------------------------------------------------------------------------- */

static uint32_t depth_of(const struct plan *plan, uint32_t node)
{
    uint32_t depth = 0;

    while ((node = plan_parent(plan, node)))
        depth++;
    return depth;
}

/* A node without its usage, which takes longer than the rest. */
static struct query_plan_node see(const struct plan *plan, uint32_t number)
{
    struct query_plan_node node = {.depth = depth_of(plan, number)};

    plan_get(plan, number, &node.entry);
    return node;
}

static bool has_text(const char *text, const char *part)
{
    return text && strcasestr(text, part);
}

static bool is_wanted(const struct plan_entry *entry, const char *having)
{
    return !having || has_text(entry->name, having) || has_text(entry->owner, having) ||
           has_text(entry->provider, having) || has_text(entry->contract, having) || has_text(entry->note, having);
}

/* The range that is listed, and how deep what lies in it may be. False: there is no node of that name. */
static bool begin_list(const struct plan *plan, const struct query_plan_list *list, struct ipv4_range *range,
                       uint64_t *deepest)
{
    const struct query_plan_place *within = &list->within;
    uint32_t node = within->name ? plan_find_name(plan, within->name) : plan_find(plan, within->range);
    struct plan_entry entry;

    if (!node && within->name)
        return false;
    *range = within->range;
    if (node) {
        plan_get(plan, node, &entry);
        *range = entry.range;
        *deepest = (uint64_t)list->depth + depth_of(plan, node);
    } else {
        uint32_t around = plan_around(plan, *range);
        *deepest = (uint64_t)list->depth + (around ? depth_of(plan, around) + 1 : 0);
    }
    return true;
}

void looks_list(const struct plan *plan, const struct query *query, union query_buffer *buffer)
{
    struct pack pack = query_plan_begin(buffer);
    struct query_plan_list list;
    struct ipv4_range range, last = {0};
    struct plan_view view;
    uint64_t deepest;
    uint32_t number;

    if (!query_plan_read_list(query, &list))
        buffer->answer.error = -EINVAL;
    else if (!begin_list(plan, &list, &range, &deepest))
        buffer->answer.error = -ENOENT;
    if (buffer->answer.error)
        return;
    if (list.started)
        plan_view_begin_behind(&view, plan, ipv4_range_around(range), list.behind);
    else
        plan_view_begin(&view, plan, ipv4_range_around(range));
    for (unsigned looked = 0; (number = plan_view_next(&view)); looked++) {
        struct query_plan_node node = see(plan, number);
        bool told = ipv4_range_overlaps(node.entry.range, range) && node.depth <= deepest &&
                    is_wanted(&node.entry, list.having);
        bool room = looked < NODES_AT_ONCE;
        if (told && room && list.bare) {
            room = query_plan_put_entry(&pack, &node.entry);
        } else if (told && room) {
            plan_usage(plan, number, &node.usage);
            room = query_plan_put_node(&pack, &node);
        }
        if (!room) {
            if (looked)
                query_plan_goes_on(buffer, last.last, last.first);
            break;
        }
        last = node.entry.range;
    }
    query_plan_end(buffer, &pack);
}

void looks_find(const struct book *book, const struct query *query, union query_buffer *buffer)
{
    const struct plan *plan = book_plan(book);
    struct pack pack = query_plan_begin(buffer);
    struct query_plan_place place;
    uint32_t chain[64], count = 0;

    if (!query_plan_read_find(query, &place)) {
        buffer->answer.error = -EINVAL;
        return;
    }
    uint32_t node = place.name ? plan_find_name(plan, place.name) : plan_around(plan, place.range);
    if (!node && place.name)
        buffer->answer.error = -ENOENT;
    for (; node && count < 64; node = plan_parent(plan, node))
        chain[count++] = node;
    while (count > 0) {
        struct query_plan_node seen = see(plan, chain[--count]);
        plan_usage(plan, chain[count], &seen.usage);
        if (!query_plan_put_node(&pack, &seen)) /* 34 of them at most, which fit */
            break;
    }
    query_plan_end(buffer, &pack);
    buffer->answer.generation = book_latest(book);
}

/* --- history ------------------------------------------------------------------------------------------------------ */

struct telling {
    struct plan_store *store;
    struct pack pack;
    struct plan_store_place last; /* what was told last */
    bool any;
};

/* 1: there is no room. */
static int tell_step(void *arg, const struct plan_stored_step *step)
{
    struct telling *telling = arg;

    if (!query_plan_put_step(&telling->pack, step))
        return 1;
    telling->last = (struct plan_store_place){step->operation.number, step->number};
    telling->any = true;
    return 0;
}

/* 2: told; 1: there is no room. */
static int tell_first_step(void *arg, const struct plan_stored_step *step)
{
    struct telling *telling = arg;

    return query_plan_put_step(&telling->pack, step) ? 2 : 1;
}

static int tell_operation(void *arg, const struct plan_operation *operation)
{
    const struct plan_stored_step none = {.operation = *operation};
    struct telling *telling = arg;

    int rc = plan_store_each_step(telling->store, operation->number, 0, tell_first_step, telling);
    if (rc == 0) /* it has no steps */
        rc = query_plan_put_step(&telling->pack, &none) ? 2 : 1;
    if (rc != 2)
        return rc;
    telling->last.operation = operation->number;
    telling->any = true;
    return 0;
}

/* What has come of it: an error, or that it goes on behind what was told last. */
static void end_telling(union query_buffer *buffer, const struct telling *telling, int rc)
{
    query_plan_end(buffer, &telling->pack);
    buffer->answer.error = rc < 0 ? rc : rc && !telling->any ? -EMSGSIZE : 0;
    if (rc > 0 && telling->any)
        query_plan_goes_on(buffer, telling->last.operation, telling->last.step);
}

void looks_operations(struct plan_store *store, const struct query *query, union query_buffer *buffer)
{
    struct telling telling = {.store = store, .pack = query_plan_begin(buffer)};
    uint64_t below;

    if (query_plan_read_operations(query, &below))
        end_telling(buffer, &telling, plan_store_each_operation(store, below, tell_operation, &telling));
    else
        buffer->answer.error = -EINVAL;
}

void looks_steps(struct plan_store *store, const struct query *query, union query_buffer *buffer)
{
    struct telling telling = {.store = store, .pack = query_plan_begin(buffer)};
    struct query_plan_steps steps;
    unsigned left = STEPS_AT_ONCE;

    if (!query_plan_read_steps(query, &steps)) {
        buffer->answer.error = -EINVAL;
    } else if (steps.operation) {
        end_telling(buffer, &telling, plan_store_each_step(store, steps.operation, steps.from, tell_step, &telling));
    } else {
        int rc = plan_store_each_step_about(store, steps.about, &steps.below, &left, tell_step, &telling);
        end_telling(buffer, &telling, rc);
        if (!rc && !left) /* nothing may have been told of what was looked at */
            query_plan_goes_on(buffer, steps.below.operation, steps.below.step);
    }
}
