#include "engine/answers.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "engine/lookup.h"
#include "engine/service_sockets.h"
#include "engine/uses.h"
#include "port/interface.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct answers {
    struct answers_config config;
    struct query_service *service;
    uint64_t told;    /* generation of addresses, as far as those who wait know */
    uint64_t reloads; /* from 1 on: of the configuration */
};

/* --- lists ------------------------------------------------------------------------------------------------------- */

static size_t list_routes(struct answers *answers, const struct query_range *range, union query_buffer *buffer)
{
    const struct routing *routing = answers->config.routing;
    const struct ipv4_map *entries = rib_entries(routing->rib);
    struct query_answer *answer = &buffer->answer;
    struct query_route *routes = query_records(buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(*answer)) / sizeof(*routes);
    struct ipv4_prefix at;

    for (const struct rib_entry *entry = query_list_first(entries, range, &at); entry;
         entry = ipv4_map_next(entries, range->within, &at)) {
        if (answer->count && answer->count + entry->count > room) {
            answer->more = 1;
            break;
        }
        /* More paths to one prefix than an answer holds: the best of them. */
        for (uint32_t i = 0; i < entry->count && answer->count < room; i++)
            lookup_describe_path(routing, at, entry, i, &routes[answer->count++]);
        answer->last = at;
    }
    return sizeof(*routes);
}

static size_t list_neighbours(struct answers *answers, const struct query_range *range, union query_buffer *buffer)
{
    const struct ipv4_map *map = &answers->config.routing->neighbours.by_addr;
    struct query_answer *answer = &buffer->answer;
    struct query_neighbour *list = query_records(buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(*answer)) / sizeof(*list);
    struct ipv4_prefix at;

    for (const struct neighbour *found = query_list_first(map, range, &at); found;
         found = ipv4_map_next(map, range->within, &at)) {
        if (answer->count + 16 > room) {
            answer->more = 1;
            break;
        }
        for (const struct neighbour *one = found; one && answer->count < room; one = one->next) {
            struct query_neighbour *neighbour = &list[answer->count++];
            *neighbour = (struct query_neighbour){.addr = one->addr, .state = one->state, .valid = one->valid};
            memcpy(neighbour->mac, one->mac, ETH_ADDR_SIZE);
            lookup_name(answers->config.routing, one->ifindex, neighbour->interface);
        }
        answer->last = at;
    }
    return sizeof(*list);
}

/* --- contracts --------------------------------------------------------------------------------------------------- */

/* The list goes on behind the number that `after` has in place of an address. */
static size_t list_contracts(struct answers *answers, const struct query_range *range, union query_buffer *buffer)
{
    struct query_answer *head = &buffer->answer;
    const size_t room = (QUERY_ANSWER_BYTES - sizeof(*head)) / sizeof(struct query_contract);
    size_t first = range->started ? (size_t)range->after.addr + 1 : 0;

    head->count = (uint32_t)contracts_describe(answers->config.contracts, first, query_records(buffer), room);
    head->last.addr = (uint32_t)(first + head->count - 1);
    head->more = first + head->count < contracts_count(answers->config.contracts);
    return sizeof(struct query_contract);
}

/* A text of a question is whole. */
static bool has_text(const struct query *query)
{
    return memchr(query->text, '\0', query->text_bytes);
}

static size_t see_contract(struct answers *answers, const struct query *query, union query_buffer *buffer)
{
    struct query_contract_seen *seen = query_records(buffer);

    static_assert(sizeof(struct query_answer) + sizeof(*seen) <= QUERY_ANSWER_BYTES, "it fits");
    buffer->answer.error = has_text(query) ? contracts_see(answers->config.contracts, query->text, seen) : -EINVAL;
    buffer->answer.count = buffer->answer.error == 0;
    return sizeof(*seen);
}

static size_t change_contracts(struct answers *answers, const struct query *query, union query_buffer *buffer)
{
    struct query_answer *head = &buffer->answer;
    const size_t room = (QUERY_ANSWER_BYTES - sizeof(*head)) / sizeof(struct query_contract);
    struct contracts *contracts = answers->config.contracts;
    int64_t free_ns = 0;

    if (!has_text(query))
        head->error = -EINVAL;
    else if (query->kind == QUERY_CONTRACT_REMOVE)
        head->error = contracts_remove(contracts, query->text, &free_ns);
    else
        head->error = contracts_add(contracts, query->text, query->kind == QUERY_CONTRACT_CHECK, query_records(buffer),
                                    room, &head->count);
    if (free_ns > clock_now_ns())
        head->generation = (uint64_t)(free_ns - clock_now_ns());
    return sizeof(struct query_contract);
}

/* --- addresses --------------------------------------------------------------------------------------------------- */

/* What changes with every change of what QUERY_ADDRESSES tells. */
static uint64_t generation_of(const struct answers *answers)
{
    return 1 + answers->config.ports->changes + answers->config.routing->local_changes;
}

struct address_list {
    const struct answers *answers;
    union query_buffer *buffer;
};

static void add_address(void *arg, uint32_t ifindex, struct ipv4_prefix address, bool ours)
{
    struct address_list *list = arg;
    struct query_address *records = query_records(list->buffer);
    const struct link *link = links_find(&list->answers->config.routing->links, ifindex);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(struct query_answer)) / sizeof(*records);

    (void)ours;
    if (!link || list->buffer->answer.count == room)
        return;
    struct query_address *record = &records[list->buffer->answer.count++];
    *record = (struct query_address){.ifindex = ifindex,
                                     .mtu = link->mtu,
                                     .is_port = link->port != 0,
                                     .has_address = address.addr != 0,
                                     .address = address};
    memcpy(record->mac, link->mac, ETH_ADDR_SIZE);
    memcpy(record->interface, link->name, QUERY_NAME_SIZE);
}

static int each_address(void *arg)
{
    struct address_list *list = arg;

    list->buffer->answer.count = 0;
    for (unsigned i = 1; i <= list->answers->config.ports->count; i++)
        if (list->answers->config.ports->all[i].ifindex)
            add_address(list, list->answers->config.ports->all[i].ifindex, (struct ipv4_prefix){0}, false);
    return interface_each_address(list->answers->config.routing->netlink, add_address, list);
}

static size_t list_addresses(struct answers *answers, union query_buffer *buffer)
{
    struct address_list list = {answers, buffer};
    int error = netlink_until_whole(each_address, &list);

    if (error)
        buffer->answer = (struct query_answer){.error = error};
    buffer->answer.generation = generation_of(answers);
    return sizeof(struct query_address);
}

/* --- questions --------------------------------------------------------------------------------------------------- */

static void answer(void *arg, const struct query *query, union query_buffer *buffer, struct query_made *made)
{
    struct answers *answers = arg;
    uint16_t udp_port = 0;

    switch (query->kind) {
    case QUERY_HELLO:
        made->fds[0] = answers->config.page_fd;
        made->fds[1] = answers->config.counters_fd;
        made->fd_count = 2;
        break;
    case QUERY_ROUTES:
        made->record_bytes = list_routes(answers, &query->range, buffer);
        break;
    case QUERY_NEIGHBOURS:
        made->record_bytes = list_neighbours(answers, &query->range, buffer);
        break;
    case QUERY_CONTRACTS:
        made->record_bytes = list_contracts(answers, &query->range, buffer);
        break;
    case QUERY_CONTRACT:
        made->record_bytes = see_contract(answers, query, buffer);
        break;
    case QUERY_CONTRACT_CHECK:
    case QUERY_CONTRACT_ADD:
    case QUERY_CONTRACT_REMOVE:
        made->record_bytes = change_contracts(answers, query, buffer);
        break;
    case QUERY_LOOKUP:
        buffer->answer.count = 1;
        made->record_bytes = sizeof(struct query_lookup);
        lookup_address(answers->config.routing, query->addr, query_records(buffer));
        break;
    case QUERY_TRACE_BEGIN:
        buffer->answer.error = traces_begin(answers->config.traces, &query->filter, &buffer->answer.generation);
        break;
    case QUERY_TRACE:
        made->record_bytes = sizeof(struct query_traced);
        traces_take(answers->config.traces, query->generation, buffer);
        break;
    case QUERY_TRACE_END:
        traces_end(answers->config.traces, query->generation);
        break;
    case QUERY_RELOAD:
        made->later = true;
        answers->config.reload(answers->config.arg);
        break;
    case QUERY_AUDIT:
        buffer->answer.generation = audit_begin(answers->config.routing->audit);
        break;
    case QUERY_ADDRESSES:
        made->later = query->generation == generation_of(answers);
        if (made->later)
            answers->told = query->generation;
        else
            made->record_bytes = list_addresses(answers, buffer);
        break;
    case QUERY_USES:
        made->record_bytes = uses_list(answers->config.conf(answers->config.arg), answers->reloads, query, buffer);
        break;
    case QUERY_SOCKETS:
        buffer->answer.error = service_sockets_dhcp(answers->config.ports, query->ifindex, made);
        break;
    case QUERY_REFLECTOR_SOCKETS:
        buffer->answer.error = service_sockets_reflector(answers->config.ports, query->ifindex, made, &udp_port);
        buffer->answer.generation = udp_port;
        break;
    default:
        buffer->answer.error = -EOPNOTSUPP;
    }
}

void answers_reloaded(struct answers *answers, const char *errors)
{
    union query_buffer *buffer = query_service_buffer(answers->service);
    struct query_answer *head = &buffer->answer;
    struct query_text *lines = query_records(buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(*head)) / sizeof(*lines);

    answers->reloads += !errors[0];
    head->error = errors[0] ? -EINVAL : 0;
    while (errors[0] && head->count < room) {
        size_t len = strcspn(errors, "\n"), kept = len < sizeof(lines->line) ? len : sizeof(lines->line) - 1;
        memset(&lines[head->count], 0, sizeof(*lines));
        memcpy(lines[head->count++].line, errors, kept);
        errors += len + (errors[len] == '\n');
    }
    query_service_answer_waiting(answers->service, QUERY_RELOAD, sizeof(*lines));
}

void answers_tell_addresses(struct answers *answers)
{
    uint64_t generation = generation_of(answers);

    if (generation == answers->told || !query_service_waits(answers->service, QUERY_ADDRESSES))
        return;
    answers->told = generation;
    size_t bytes = list_addresses(answers, query_service_buffer(answers->service));
    query_service_answer_waiting(answers->service, QUERY_ADDRESSES, bytes);
}

struct answers *answers_new(const struct answers_config *config)
{
    struct answers *answers = calloc(1, sizeof(*answers));

    if (!answers)
        return NULL;
    answers->config = *config;
    answers->reloads = 1;
    answers->service = query_service_new(&(
        struct query_service_config){.token = config->token, .epoll = config->epoll, .answer = answer, .arg = answers});
    return answers->service ? answers : answers_free(answers);
}

struct answers *answers_free(struct answers *answers)
{
    if (answers)
        query_service_free(answers->service);
    free(answers);
    return NULL;
}

struct query_service *answers_service(struct answers *answers)
{
    return answers->service;
}
