#include "simulate/events.h"

#include <stdlib.h>

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

bool events_put(struct events *events, struct event event)
{
    if (events->count == events->room) {
        size_t room = events->room ? 2 * events->room : 1024;
        struct event *all = reallocarray(events->all, room, sizeof(*all));
        if (!all)
            return false;
        events->all = all;
        events->room = room;
    }
    event.order = events->order++;
    size_t at = events->count++;
    for (; at && is_before(&event, &events->all[(at - 1) / 2]); at = (at - 1) / 2)
        events->all[at] = events->all[(at - 1) / 2];
    events->all[at] = event;
    return true;
}

int64_t events_next_ns(const struct events *events)
{
    return events->count ? events->all[0].at_ns : INT64_MAX;
}

struct event events_take(struct events *events)
{
    struct event first = events->all[0], last = events->all[--events->count];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= events->count)
            break;
        if (child + 1 < events->count && is_before(&events->all[child + 1], &events->all[child]))
            child++;
        if (!is_before(&events->all[child], &last))
            break;
        events->all[at] = events->all[child];
        at = child;
    }
    if (events->count)
        events->all[at] = last;
    return first;
}

void events_close(struct events *events)
{
    free(events->all);
    *events = (struct events){.all = NULL};
}
