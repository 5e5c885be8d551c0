#include "address/answers.h"

#include "address/describe.h"
#include "base/compiler.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Whether the name has the other in it, whatever the case of its letters. */
static bool has_text(const struct query_bytes *name, const struct query_bytes *part)
{
    for (size_t at = 0; at + part->len <= name->len; at++)
        if (strncasecmp((const char *)name->bytes + at, (const char *)part->bytes, part->len) == 0)
            return true;
    return false;
}

/* Whether it is one of those that are looked for. */
static bool is_wanted(const struct query_lease *lease, const struct query_lease *wanted)
{
    return (!wanted->hlen ||
            (lease->hlen == wanted->hlen && memcmp(lease->chaddr, wanted->chaddr, wanted->hlen) == 0)) &&
           (!wanted->host_name.len || has_text(&lease->host_name, &wanted->host_name));
}

static size_t list_leases(const struct serve *serve, const struct query *query, union query_buffer *buffer)
{
    const struct query_range *range = &query->range;
    struct query_answer *answer = &buffer->answer;
    struct query_lease *records = query_records(buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(*answer)) / sizeof(*records);
    uint32_t last = ipv4_prefix_last(range->within), addr, looked_at = 0;
    uint64_t from = range->started ? (uint64_t)range->after.addr + 1 : ipv4_prefix_first(range->within);

    while (from <= last && dhcp_leases_next(dhcp_server_leases(serve->server), (uint32_t)from, &addr) && addr <= last) {
        if (answer->count == room || looked_at++ == LOOKED_AT_MAX) {
            answer->more = 1;
            break;
        }
        describe_lease(serve, addr, &records[answer->count]);
        answer->count += is_wanted(&records[answer->count], &query->lease);
        answer->last = (struct ipv4_prefix){addr, 32};
        from = (uint64_t)addr + 1;
    }
    return sizeof(*records);
}

static size_t list_leased(const struct serve *serve, const struct query_range *range, union query_buffer *buffer)
{
    const struct dhcp_leases *leases = dhcp_server_leases(serve->server);
    struct query_answer *answer = &buffer->answer;
    struct query_leased *records = query_records(buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(*answer)) / sizeof(*records);
    uint64_t now_s = lease_clock_now_s(&serve->clock), from = range->started ? (uint64_t)range->after.addr + 1 : 0;
    uint32_t addr, looked_at = 0;

    while (from <= UINT32_MAX && dhcp_leases_next(leases, (uint32_t)from, &addr)) {
        struct dhcp_lease lease = {0};
        if (answer->count == room || looked_at++ == LOOKED_AT_MAX) {
            answer->more = 1;
            break;
        }
        dhcp_leases_get(leases, addr, &lease);
        if (dhcp_lease_is_active(&lease, now_s))
            records[answer->count++] = (struct query_leased){addr, dhcp_server_subnet(serve->server, addr), {0}};
        answer->last = (struct ipv4_prefix){addr, 32};
        from = (uint64_t)addr + 1;
    }
    return sizeof(*records);
}

static size_t list_pools(const struct serve *serve, const struct query_range *range, union query_buffer *buffer)
{
    struct query_answer *answer = &buffer->answer;
    struct query_pool *records = query_records(buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(*answer)) / sizeof(*records);
    const struct dhcp_pool *pool;

    for (size_t i = 0; (pool = dhcp_server_pool(serve->server, i)); i++) {
        if (range->started && pool->first <= range->after.addr)
            continue;
        if (answer->count == room) {
            answer->more = 1;
            break;
        }
        struct query_pool *record = &records[answer->count++];
        *record = (struct query_pool){.first = pool->first,
                                      .last = pool->last,
                                      .fresh = pool->counts[DHCP_POOL_FRESH],
                                      .used = pool->counts[DHCP_POOL_USED],
                                      .reserved = pool->counts[DHCP_POOL_RESERVED],
                                      .offered = pool->counts[DHCP_POOL_OFFERED],
                                      .bound = pool->counts[DHCP_POOL_BOUND],
                                      .declined = pool->counts[DHCP_POOL_DECLINED]};
        record->has_growth = forecast_growth(&serve->forecasts, i, &record->growth);
        record->fills = forecast_full(&serve->forecasts, i, pool, &record->full_in_s);
        describe_network(serve, pool->first, record->interface);
        answer->last = (struct ipv4_prefix){pool->first, 32};
    }
    return sizeof(*records);
}

static void copy_key(const struct dhcp_pattern *from, struct query_bytes *to)
{
    to->len = from->bytes ? from->len : 0;
    if (to->len)
        memcpy(to->bytes, from->bytes, to->len);
}

/* In their order; range->after.addr: behind so many of them. */
static size_t list_reservations(const struct serve *serve, const struct query_range *range, union query_buffer *buffer)
{
    struct query_answer *answer = &buffer->answer;
    struct query_reservation *records = query_records(buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(*answer)) / sizeof(*records);
    const struct dhcp_subnets *list = serve->subnets ? &serve->subnets->list : NULL;

    for (size_t i = range->started ? range->after.addr : 0; list && i < list->reservation_count; i++) {
        const struct dhcp_reservation *from = &list->reservations[i];
        if (answer->count == room) {
            answer->more = 1;
            break;
        }
        struct query_reservation *record = &records[answer->count++];
        memset(record, 0, sizeof(*record));
        record->addr = from->addr;
        record->by_hand = from->addr && kept_find(&serve->kept, from->addr) != NULL;
        copy_key(&from->keys[DHCP_BY_CLIENT_ID], &record->client_id);
        copy_key(&from->keys[DHCP_BY_MAC], &record->mac);
        copy_key(&from->keys[DHCP_BY_CIRCUIT_ID], &record->circuit_id);
        if (from->addr)
            describe_network(serve, from->addr, record->interface);
        answer->last = (struct ipv4_prefix){(uint32_t)i + 1, 32};
    }
    return sizeof(*records);
}

/* --- history ----------------------------------------------------------------------------------------------------- */

struct history {
    const struct serve *serve;
    union query_buffer *buffer;
};

static int add_binding(void *arg, const struct store_binding *binding)
{
    const struct history *history = arg;
    const struct lease_clock *clock = &history->serve->clock;
    const struct dhcp_lease *lease = &binding->lease;
    struct query_answer *answer = &history->buffer->answer;
    struct query_binding *record = query_records(history->buffer);

    if (answer->count == (QUERY_ANSWER_BYTES - sizeof(*answer)) / sizeof(*record)) {
        answer->more = 1;
        return 1;
    }
    record += answer->count++;
    *record = (struct query_binding){.addr = lease->addr,
                                     .state = lease->state,
                                     .goes_on = lease->state == DHCP_LEASE_BOUND &&
                                                binding->ended_s > lease_clock_now_s(clock),
                                     .htype = lease->htype,
                                     .hlen = lease->hlen,
                                     .began_s = lease_clock_to_system_s(clock, lease->began_s),
                                     .ended_s = lease_clock_to_system_s(clock, binding->ended_s)};
    memcpy(record->chaddr, lease->chaddr, sizeof(record->chaddr));
    describe_bytes(&lease->client_id, &record->client_id);
    describe_bytes(&lease->host_name, &record->host_name);
    answer->last = (struct ipv4_prefix){lease->addr, 32};
    answer->last_s = lease->began_s;
    return 0;
}

static size_t list_history(const struct serve *serve, const struct query *query, union query_buffer *buffer)
{
    const struct query_range *range = &query->range;
    struct history history = {serve, buffer};
    struct store_question question = {.first = ipv4_prefix_first(range->within),
                                      .last = ipv4_prefix_last(range->within),
                                      .to_s = UINT64_MAX,
                                      .started = range->started,
                                      .after = range->after.addr,
                                      .after_s = range->after_s};

    if (query->at_s != QUERY_ANY_TIME)
        question.from_s = question.to_s = lease_clock_of_system_s(&serve->clock, query->at_s);
    int error = store_each_binding(serve->reader, &question, add_binding, &history);
    if (error < 0)
        buffer->answer.error = error;
    return sizeof(struct query_binding);
}

/* --- counts ------------------------------------------------------------------------------------------------------ */

static void add_count(union query_buffer *buffer, const char *group, const char *name, const char *help, uint64_t count)
{
    struct query_count *records = query_records(buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(struct query_answer)) / sizeof(*records);

    if (buffer->answer.count == room)
        return;
    struct query_count *record = &records[buffer->answer.count++];
    memset(record, 0, sizeof(*record));
    snprintf(record->name, sizeof(record->name), "%s%s", group, name);
    snprintf(record->help, sizeof(record->help), "%s", help);
    record->count = count;
}

static size_t list_counts(const struct address_view *view, union query_buffer *buffer)
{
    const struct serve *serve = view->serve;
    const struct relay *relay = view->relay;
    const struct serve_counts *counts = &serve->counts;
    uint64_t verdicts[UDP_VERDICT_COUNT] = {0}, sent = 0, unsent = 0;

    for (unsigned port = 1; port < SOCKETS_PORTS; port++) {
        const struct udp_mux_counts *one = udp_mux_counts(serve->sockets->frames.mux, port);
        for (unsigned i = 0; i < UDP_VERDICT_COUNT; i++)
            verdicts[i] += one->verdicts[i];
        sent += one->sent;
        unsent += one->unsent;
    }
#define X(enumerator, name, help) add_count(buffer, "", name, help, counts->outcomes[DHCP_OUTCOME_##enumerator]);
    DHCP_OUTCOMES(X)
#undef X
#define X(enumerator, name, help) add_count(buffer, "malformed-", name, help, view->faults[DHCP_FAULT_##enumerator]);
    DHCP_FAULTS(X)
#undef X
#define X(enumerator, name, help) add_count(buffer, "relay-", name, help, relay->counts[DHCP_RELAY_##enumerator]);
    DHCP_RELAY_OUTCOMES(X)
#undef X
    add_count(buffer, "relay-", "malformed", "what came to the relay and is no reply of a server", relay->malformed);
    add_count(buffer, "relay-", "unsent", "what could not be sent to servers", relay->unsent);
    for (unsigned i = 0; i < UDP_VERDICT_COUNT; i++)
        add_count(buffer, "udp-", udp_verdict_name(i), udp_verdict_help(i), verdicts[i]);
    const struct probe_counts *probes = probes_counts(serve->probes);
    add_count(buffer, "", "probed", "whether somebody has an address was asked before it was offered", probes->asked);
    add_count(buffer, "", "unprobed", "the same, but so much was asked that there was no room", probes->unasked);
    add_count(buffer, "", "conflicts", "somebody had it who did not get it here", serve->counts.conflicts);
    add_count(buffer, "", "sent", "replies that have left", sent - serve->sockets->frames.unsent);
    add_count(buffer, "", "unsent", "replies that could not be sent", unsent + serve->sockets->frames.unsent);
    add_count(buffer, "", "stored", "changes of leases on stable storage", counts->stored);
    add_count(buffer, "", "unstored", "changes that could not be stored, and were not acknowledged", counts->unstored);
    add_count(buffer, "", "transactions", "flushes to stable storage", counts->transactions);
    add_count(buffer, "", "unmoved", "changes that stand in the log of the database still",
              atomic_load(&serve->flush.pending));
    return sizeof(struct query_count);
}

void address_answer(void *arg, const struct query *query, union query_buffer *buffer, struct query_made *made)
{
    const struct address_view *view = arg;
    const struct serve *serve = view->serve;

    switch (query->kind) {
    case QUERY_HELLO:
        break;
    case QUERY_LEASES:
        made->record_bytes = list_leases(serve, query, buffer);
        break;
    case QUERY_LEASED:
        made->record_bytes = list_leased(serve, &query->range, buffer);
        break;
    case QUERY_POOLS:
        made->record_bytes = list_pools(serve, &query->range, buffer);
        break;
    case QUERY_DHCP:
        made->record_bytes = list_counts(view, buffer);
        break;
    case QUERY_HISTORY:
        made->record_bytes = list_history(serve, query, buffer);
        break;
    case QUERY_RESERVATIONS:
        made->record_bytes = list_reservations(serve, &query->range, buffer);
        break;
    case QUERY_RELEASE:
    case QUERY_TAKE_OVER:
    case QUERY_RESERVE:
    case QUERY_UNRESERVE:
    case QUERY_STORED:
        change_answer(view->change, query, buffer, made);
        break;
    case QUERY_EVENTS:
    case QUERY_BOUND:
    case QUERY_RESERVED:
        follow_answer(view->follow, query, buffer, made);
        break;
    default:
        buffer->answer.error = -EOPNOTSUPP;
    }
}
