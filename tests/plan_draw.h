/*
 * For tests: plans by chance.
 */
#pragma once

#include "base/compiler.h"
#include "plan/plan.h"
#include "tests/draw.h"

#include <stdio.h>
#include <stdlib.h>

/* A plan of whatever is not refused of so many nodes. */
static inline struct plan *plan_draw(uint64_t *seed, unsigned nodes)
{
    static const uint8_t key[SIPHASH_KEY_SIZE] = {7};
    static const char *const owners[] = {NULL, "ada", "bob, and \"eve\"", "\xc3\xbc"};
    struct plan *plan = plan_new(key);
    char name[16];

    if (!plan)
        abort();
    for (unsigned i = 0; i < nodes; i++) {
        const struct plan_by by = {.everywhere = true, .now_s = 1000 + i};
        struct ipv4_prefix prefix = {.addr = 0x0a000000 + (uint32_t)draw_below(seed, 4096),
                                     .len = (uint8_t)(19 + draw_below(seed, 14))};
        struct plan_entry entry = {.kind = (uint8_t)draw_below(seed, PLAN_KIND_COUNT),
                                   .status = (uint8_t)draw_below(seed, PLAN_STATUS_COUNT),
                                   .owner = owners[draw_below(seed, ARRAY_SIZE(owners))],
                                   .provider = owners[draw_below(seed, ARRAY_SIZE(owners))],
                                   .note = owners[draw_below(seed, ARRAY_SIZE(owners))],
                                   .contract = owners[draw_below(seed, ARRAY_SIZE(owners))],
                                   .until_s = (uint32_t)draw_below(seed, 2) * 5000};
        if (entry.kind == PLAN_HOST)
            prefix.len = 32;
        entry.range = ipv4_range_of(ipv4_prefix_network(prefix));
        if (entry.kind == PLAN_POOL)
            entry.range = (struct ipv4_range){prefix.addr, prefix.addr + (uint32_t)draw_below(seed, 30)};
        snprintf(name, sizeof(name), "n%u%s", i, draw_below(seed, 2) ? "" : "/x");
        entry.name = draw_below(seed, 2) ? name : NULL;
        entry.delegated = entry.owner && draw_below(seed, 2);
        plan_add(plan, &entry, &by, NULL, NULL);
    }
    return plan;
}
