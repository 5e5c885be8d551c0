/*
 * For tests: a whole plan as text, a line for each node, to be compared.
 */
#pragma once

#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>

/* To be freed. */
static inline char *plan_dump(const struct plan *plan)
{
    char *text = NULL, range[IPV4_RANGE_TEXT_SIZE];
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);
    struct plan_entry entry;
    struct plan_view view;
    uint32_t node;

    if (!stream)
        abort();
    plan_view_begin(&view, plan, (struct ipv4_prefix){0, 0});
    while ((node = plan_view_next(&view))) {
        plan_get(plan, node, &entry);
        ipv4_range_format(entry.range, range);
        fprintf(stream, "%s %s %s%s%s name=%s owner=%s provider=%s contract=%s note=%s %u %u %u\n", range,
                plan_kind_name(entry.kind), plan_status_name(entry.status), entry.delegated ? " delegated" : "",
                entry.for_sibling ? " for sibling" : "", entry.name ? entry.name : "", entry.owner ? entry.owner : "",
                entry.provider ? entry.provider : "", entry.contract ? entry.contract : "",
                entry.note ? entry.note : "", entry.created_s, entry.changed_s, entry.until_s);
    }
    if (fclose(stream) == EOF)
        abort();
    return text;
}
