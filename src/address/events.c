#include "address/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void add(struct events *events, enum query_event kind, const struct dhcp_lease *lease, uint64_t now_s)
{
    struct event *event = &events->kept[++events->last % EVENTS_KEPT];

    *event = (struct event){.at_s = now_s, .kind = (uint8_t)kind};
    if (!lease)
        return;
    event->addr = lease->addr;
    event->htype = lease->htype;
    event->hlen = lease->hlen;
    memcpy(event->chaddr, lease->chaddr, sizeof(event->chaddr));
}

void events_add_change(struct events *events, const struct dhcp_change *change, uint64_t now_s)
{
    const struct dhcp_lease *after = &change->after;
    bool goes_on =
        change->had_before && change->before.state == DHCP_LEASE_BOUND && change->before.began_s == after->began_s;

    add(events,
        after->state == DHCP_LEASE_RELEASED   ? QUERY_EVENT_RELEASED
        : after->state == DHCP_LEASE_DECLINED ? QUERY_EVENT_DECLINED
        : goes_on                             ? QUERY_EVENT_RENEWED
                                              : QUERY_EVENT_BOUND,
        after, now_s);
}

void events_add_end(struct events *events, const struct dhcp_lease *lease, uint64_t now_s)
{
    add(events, QUERY_EVENT_EXPIRED, lease, now_s);
}

void events_add_anew(struct events *events, uint64_t now_s)
{
    add(events, QUERY_EVENT_ANEW, NULL, now_s);
    events->anew = events->last;
}

int events_open(struct events *events)
{
    *events = (struct events){.kept = calloc(EVENTS_KEPT, sizeof(*events->kept))};
    if (!events->kept)
        return -ENOMEM;
    events_add_anew(events, 0); /* so that the last one is never number 0 */
    return 0;
}

void events_close(struct events *events)
{
    free(events->kept);
    events->kept = NULL;
}

uint64_t events_forgotten(const struct events *events)
{
    return events->last > EVENTS_KEPT ? events->last - EVENTS_KEPT : 0;
}

const struct event *events_get(const struct events *events, uint64_t number)
{
    return number <= events_forgotten(events) || number > events->last ? NULL : &events->kept[number % EVENTS_KEPT];
}
