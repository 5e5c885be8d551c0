/* How full a node of a plan is. */
#include "plan/usage.h"

#include "plan/inside.h"

#include <errno.h>

struct counting {
    const struct plan *plan;
    const struct plan_node *node;
    struct plan_usage *usage;
    uint32_t last; /* counted: a pool is seen piece by piece */
};

static void count_taken(void *arg, struct ipv4_prefix prefix, uint32_t number)
{
    struct counting *counting = arg;
    const struct plan_node *node = &counting->plan->nodes[number];
    struct plan_usage *usage = counting->usage;

    (void)prefix;
    if (number == counting->last)
        return;
    counting->last = number;
    usage->nodes++;
    uint64_t *sum = node->status == PLAN_RESERVED      ? &usage->reserved
                    : node->status == PLAN_QUARANTINED ? &usage->quarantined
                                                       : &usage->used;
    *sum += ipv4_range_size(node->range);
}

/* A free block without those of a subnet's addresses in it that no host may have. */
static void count_gap(void *arg, struct ipv4_prefix gap)
{
    struct counting *counting = arg;
    const struct plan_node *node = counting->node;
    struct ipv4_range range = ipv4_range_of(gap);

    if (plan_has_edges(node)) {
        bool first = range.first == node->range.first, last = range.last == node->range.last;
        counting->usage->edges += (unsigned)first + last;
        if (range.last - range.first + 1u == (unsigned)first + last)
            return;
        range.first += first;
        range.last -= last;
    }
    struct ipv4_blocks pieces = ipv4_blocks_of(range);
    while (ipv4_blocks_next(&pieces, &gap)) {
        counting->usage->free_blocks[gap.len]++;
        counting->usage->free += ipv4_prefix_size(gap);
    }
}

int plan_usage(const struct plan *plan, uint32_t node, struct plan_usage *usage)
{
    struct counting counting = {plan, &plan->nodes[node], usage, 0};

    if (!plan_is_node(plan, node))
        return -ENOENT;
    *usage = (struct plan_usage){.addresses = ipv4_range_size(counting.node->range), .largest = 33};
    if (!plan_can_hold(counting.node->kind)) {
        usage->used = usage->addresses;
        return 0;
    }
    plan_space_look(&plan->space, counting.node->place,
                    &(struct plan_space_see){.gap = count_gap, .taken = count_taken, .arg = &counting});
    for (unsigned len = 33; len-- > 0;)
        if (usage->free_blocks[len])
            usage->largest = (uint8_t)len;
    return 0;
}
