#include "address/follow.h"

#include "address/describe.h"
#include "base/clock.h"

#include <errno.h>
#include <string.h>

/* Where no source guard is on, the engine is told of so many new hosts: */
#define LUMP    256 /* in each LUMP_MS */
#define LUMP_MS 250

static uint32_t room_for(size_t record_bytes)
{
    return (uint32_t)((QUERY_ANSWER_BYTES - sizeof(struct query_answer)) / record_bytes);
}

/* --- people ------------------------------------------------------------------------------------------------------ */

static void describe_event(const struct serve *serve, const struct event *event, struct query_event_record *record)
{
    struct query_lease *lease = &record->lease;

    memset(record, 0, sizeof(*record));
    describe_lease(serve, event->addr, lease);
    if (lease->hlen != event->hlen || memcmp(lease->chaddr, event->chaddr, event->hlen) != 0)
        lease->host_name.len = lease->client_id.len = 0; /* it is somebody else's by now */
    lease->htype = event->htype;
    lease->hlen = event->hlen;
    memcpy(lease->chaddr, event->chaddr, sizeof(lease->chaddr));
    record->kind = event->kind;
    record->at_s = lease_clock_to_system_s(&serve->clock, event->at_s);
}

/* What became of leases behind an event, as much as there is room for. */
static size_t list_events(const struct serve *serve, uint64_t after, union query_buffer *buffer)
{
    struct query_answer *answer = &buffer->answer;
    struct query_event_record *records = query_records(buffer);
    const struct events *events = &serve->events;
    uint64_t forgotten = events_forgotten(events);

    if (after < forgotten) {
        answer->lost = forgotten - after;
        after = forgotten;
    }
    while (after < events->last && answer->count < room_for(sizeof(*records))) {
        const struct event *event = events_get(events, ++after);
        if (event->kind != QUERY_EVENT_ANEW)
            describe_event(serve, event, &records[answer->count++]);
    }
    answer->generation = after;
    return sizeof(*records);
}

/* --- the engine -------------------------------------------------------------------------------------------------- */

/* The interface of a subnet that is attached; 0. */
static uint32_t ifindex_of(const struct serve *serve, uint32_t addr)
{
    const struct dhcp_subnet *subnet = dhcp_server_subnet(serve->server, addr);

    return subnet && subnet->network < SOCKETS_PORTS ? serve->sockets->ports[subnet->network].ifindex : 0;
}

/* Who has it, if that is a host with an Ethernet address at a port. */
static struct query_bound bound_at(const struct serve *serve, uint32_t addr)
{
    struct query_bound bound = {.addr = addr};
    struct dhcp_lease lease;

    if (!dhcp_leases_get(dhcp_server_leases(serve->server), addr, &lease) || lease.state != DHCP_LEASE_BOUND ||
        !dhcp_lease_is_active(&lease, lease_clock_now_s(&serve->clock)) || lease.htype != DHCP_HTYPE_ETH ||
        lease.hlen != ETH_ADDR_SIZE)
        return bound;
    bound.ifindex = ifindex_of(serve, addr);
    memcpy(bound.mac, lease.chaddr, ETH_ADDR_SIZE);
    return bound;
}

/* The same after an event. If that is not the last one of its address, another one is told behind it. */
static struct query_bound bound_by(const struct serve *serve, const struct event *event)
{
    struct query_bound bound = {.addr = event->addr};
    struct dhcp_lease_summary lease;

    if (!dhcp_leases_find(dhcp_server_leases(serve->server), event->addr, &lease) || lease.state != DHCP_LEASE_BOUND ||
        !dhcp_summary_is_active(&lease, lease_clock_now_s(&serve->clock)) || event->htype != DHCP_HTYPE_ETH ||
        event->hlen != ETH_ADDR_SIZE)
        return bound;
    bound.ifindex = ifindex_of(serve, event->addr);
    memcpy(bound.mac, event->chaddr, ETH_ADDR_SIZE);
    return bound;
}

static size_t list_bound(struct follow *follow, const struct query_range *range, union query_buffer *buffer)
{
    const struct serve *serve = follow->serve;
    struct query_answer *answer = &buffer->answer;
    struct query_bound *records = query_records(buffer);
    uint64_t from = range->started ? (uint64_t)range->after.addr + 1 : 0;
    uint32_t addr, looked_at = 0;

    answer->generation = serve->events.last;
    if (!range->started)
        follow->listed = 0;
    while (from <= UINT32_MAX && dhcp_leases_next(dhcp_server_leases(serve->server), (uint32_t)from, &addr)) {
        if (answer->count == room_for(sizeof(*records)) || looked_at++ == LOOKED_AT_MAX) {
            answer->more = 1;
            break;
        }
        records[answer->count] = bound_at(serve, addr);
        if (records[answer->count].ifindex &&
            (serve_is_guarded(serve, addr) || follow->listed++ < QUERY_BOUND_HELP_MAX))
            answer->count++;
        answer->last = (struct ipv4_prefix){addr, 32};
        from = (uint64_t)addr + 1;
        if (!serve->any_guarded && follow->listed >= QUERY_BOUND_HELP_MAX)
            break;
    }
    return sizeof(*records);
}

/* In lumps: under load the engine is woken for many at once. */
static void fill_budget(struct follow *follow)
{
    int64_t now_ms = clock_now_ms();

    if (now_ms - follow->budget_ms < LUMP_MS)
        return;
    follow->budget = LUMP;
    follow->budget_ms = now_ms;
}

/* Whether the engine is told of an event: of all where it lets nobody speak who is not known; elsewhere of new hosts,
 * as far as the budget goes, and of ends, so that nothing old is held on to. */
static bool is_told(struct follow *follow, const struct event *event)
{
    if (event->kind != QUERY_EVENT_BOUND && event->kind != QUERY_EVENT_RENEWED)
        return true;
    if (serve_is_guarded(follow->serve, event->addr))
        return true;
    if (event->kind == QUERY_EVENT_RENEWED || !follow->budget)
        return false;
    follow->budget--;
    return true;
}

static size_t list_bound_behind(struct follow *follow, uint64_t after, union query_buffer *buffer)
{
    struct query_answer *answer = &buffer->answer;
    struct query_bound *records = query_records(buffer);
    const struct serve *serve = follow->serve;
    const struct events *events = &serve->events;

    if (after < events_forgotten(events) || after < events->anew || after > events->last) {
        answer->error = -ESTALE;
        return sizeof(*records);
    }
    fill_budget(follow);
    while (after < events->last && answer->count < room_for(sizeof(*records))) {
        const struct event *event = events_get(events, ++after);
        if (is_told(follow, event))
            records[answer->count++] = bound_by(serve, event);
    }
    answer->generation = after;
    return sizeof(*records);
}

/* Nothing to tell after all. */
static bool is_empty(const union query_buffer *buffer)
{
    return !buffer->answer.error && !buffer->answer.count;
}

/* Reservations that are at a port, in their order; range->after.addr: behind so many of them. */
static size_t list_reserved(const struct serve *serve, const struct query_range *range, union query_buffer *buffer)
{
    struct query_answer *answer = &buffer->answer;
    struct query_bound *records = query_records(buffer);
    const struct dhcp_subnets *list = serve->subnets ? &serve->subnets->list : NULL;
    size_t i = range->started ? range->after.addr : 0;

    for (; list && i < list->reservation_count; i++) {
        const struct dhcp_reservation *reservation = &list->reservations[i];
        const struct dhcp_pattern *mac = &reservation->keys[DHCP_BY_MAC];
        if (!mac->bytes || mac->len != ETH_ADDR_SIZE || !reservation->addr)
            continue;
        if (answer->count == room_for(sizeof(*records))) {
            answer->more = 1;
            break;
        }
        struct query_bound *record = &records[answer->count];
        *record = (struct query_bound){.addr = reservation->addr, .ifindex = ifindex_of(serve, reservation->addr)};
        memcpy(record->mac, mac->bytes, ETH_ADDR_SIZE);
        answer->count += record->ifindex != 0;
        answer->last = (struct ipv4_prefix){(uint32_t)i + 1, 32};
    }
    return sizeof(*records);
}

/* --- both -------------------------------------------------------------------------------------------------------- */

void follow_tell(struct follow *follow)
{
    const struct serve *serve = follow->serve;
    uint64_t told = follow->told;
    size_t bytes;

    if (told == serve->events.last)
        return;
    follow->told = serve->events.last;
    if (query_service_waits(follow->service, QUERY_BOUND)) {
        union query_buffer *buffer = query_service_buffer(follow->service);
        bytes = list_bound_behind(follow, told, buffer);
        if (!is_empty(buffer))
            query_service_answer_waiting(follow->service, QUERY_BOUND, bytes);
    }
    if (query_service_waits(follow->service, QUERY_EVENTS)) {
        bytes = list_events(serve, told, query_service_buffer(follow->service));
        query_service_answer_waiting(follow->service, QUERY_EVENTS, bytes);
    }
}

void follow_answer(struct follow *follow, const struct query *query, union query_buffer *buffer,
                   struct query_made *made)
{
    const struct serve *serve = follow->serve;
    uint64_t last = serve->events.last;

    follow_tell(follow); /* so that all who wait have heard of the same */
    buffer->answer = (struct query_answer){0};
    switch (query->kind) {
    case QUERY_EVENTS:
        made->later = query->generation == last;
        if (!made->later)
            made->record_bytes =
                list_events(serve, query->generation == QUERY_FROM_NOW ? last : query->generation, buffer);
        break;
    case QUERY_BOUND:
        if (query->generation)
            serve_followed(follow->serve, query->generation);
        made->record_bytes = query->generation ? list_bound_behind(follow, query->generation, buffer)
                                               : list_bound(follow, &query->range, buffer);
        made->later = query->generation && is_empty(buffer);
        break;
    default:
        made->record_bytes = list_reserved(serve, &query->range, buffer);
        break;
    }
}
