/*
 * For tests: a whole plan in a format of files.
 */
#pragma once

#include "interchange/write.h"

#include <stdlib.h>

/* To be freed. */
static inline char *plan_written(const struct plan *plan, enum interchange_format format, size_t *len)
{
    struct interchange_writer writer;
    char *text = NULL;
    FILE *stream = open_memstream(&text, len);
    struct plan_entry entry;
    struct plan_view view;
    uint32_t node;

    if (!stream)
        abort();
    interchange_write_begin(&writer, format, stream);
    plan_view_begin(&view, plan, (struct ipv4_prefix){0, 0});
    while ((node = plan_view_next(&view))) {
        plan_get(plan, node, &entry);
        if (interchange_write(&writer, &entry))
            abort();
    }
    interchange_write_end(&writer);
    if (fclose(stream) == EOF)
        abort();
    return text;
}
