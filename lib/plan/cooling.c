/* What cools off, and is free afterwards. */
#include "plan/inside.h"

#include <errno.h>
#include <stdlib.h>

/* Not what was freed, or changed, in the meantime. */
static bool is_cooling(const struct plan *plan, const struct plan_cooling *cooling)
{
    return plan_is_node(plan, cooling->node) && plan->nodes[cooling->node].status == PLAN_QUARANTINED &&
           plan->nodes[cooling->node].until_s == cooling->until_s;
}

static void swap(struct plan_cooling *a, struct plan_cooling *b)
{
    struct plan_cooling was = *a;

    *a = *b;
    *b = was;
}

static void sift_up(struct plan_cooling *heap, uint32_t at)
{
    for (; at && heap[at].until_s < heap[(at - 1) / 2].until_s; at = (at - 1) / 2)
        swap(&heap[at], &heap[(at - 1) / 2]);
}

static struct plan_cooling pop(struct plan *plan)
{
    struct plan_cooling *heap = plan->cooling, top = heap[0];
    uint32_t count = --plan->cooling_count, at = 0;

    heap[0] = heap[count];
    for (;;) {
        uint32_t least = at, below = 2 * at + 1;
        if (below < count && heap[below].until_s < heap[least].until_s)
            least = below;
        if (below + 1 < count && heap[below + 1].until_s < heap[least].until_s)
            least = below + 1;
        if (least == at)
            return top;
        swap(&heap[at], &heap[least]);
        at = least;
    }
}

static void push(struct plan *plan, struct plan_cooling cooling)
{
    plan->cooling[plan->cooling_count] = cooling;
    sift_up(plan->cooling, plan->cooling_count++);
}

void plan_cool(struct plan *plan, uint32_t node)
{
    /* Those that are in quarantine no more are left where they are until they are half of all. */
    if (plan->cooling_count > 2 * plan->quarantined + 64) {
        uint32_t count = plan->cooling_count;
        plan->cooling_count = 0;
        for (uint32_t i = 0; i < count; i++) {
            struct plan_cooling cooling = plan->cooling[i]; /* of which `cooling_count` never gets beyond */
            if (is_cooling(plan, &cooling))
                push(plan, cooling);
        }
    }
    push(plan, (struct plan_cooling){plan->nodes[node].until_s, node});
}

uint32_t plan_next_s(const struct plan *plan)
{
    return plan->cooling_count ? plan->cooling[0].until_s : UINT32_MAX;
}

static int by_node(const void *a, const void *b)
{
    const struct plan_cooling *x = a, *y = b;

    return (x->node > y->node) - (x->node < y->node);
}

int plan_tick(struct plan *plan, const struct plan_by *by, struct plan_refusal *why)
{
    struct plan_by clock = {.everywhere = true, .now_s = by->now_s};
    struct plan_cooling free_now[PLAN_TICK_MAX];
    uint32_t count = 0;
    int error = 0;

    while (count < PLAN_TICK_MAX && plan_next_s(plan) <= by->now_s) {
        struct plan_cooling cooling = pop(plan);
        if (is_cooling(plan, &cooling))
            free_now[count++] = cooling;
    }
    /* A node that left quarantine and came back may be among them twice. */
    qsort(free_now, count, sizeof(*free_now), by_node);
    plan_draft_begin(plan);
    for (uint32_t i = 0; i < count && !error; i++)
        if ((i == 0 || free_now[i].node != free_now[i - 1].node) && !plan_draft_remove(plan, free_now[i].node))
            error = plan_refuse(why, PLAN_REASON_NO_MEMORY, plan->nodes[free_now[i].node].range, 0);
    if (!error)
        error = plan_draft_apply(plan, 0, &clock, why);
    for (uint32_t i = 0; error && i < count; i++)
        push(plan, free_now[i]);
    return error;
}
