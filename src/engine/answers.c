#include "engine/answers.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "engine/service_sockets.h"
#include "engine/uses.h"
#include "fib/fib.h"
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

static void name_of(const struct answers *answers, uint32_t ifindex, char name[static QUERY_NAME_SIZE])
{
    const struct link *link = ifindex ? links_find(&answers->config.routing->links, ifindex) : NULL;

    memset(name, 0, QUERY_NAME_SIZE);
    if (link)
        memcpy(name, link->name, QUERY_NAME_SIZE);
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

static uint32_t egress_of(const struct routing *routing, const struct rib_path *path, uint32_t *gateway)
{
    const struct object *object = path->next_hop_id ? id_table_find(&routing->objects, path->next_hop_id) : NULL;

    *gateway = object ? object->gateway : path->gateway;
    return object ? object->ifindex : path->ifindex;
}

static void describe_path(const struct answers *answers, struct ipv4_prefix prefix, const struct rib_entry *entry,
                          uint32_t index, struct query_route *route)
{
    const struct routing *routing = answers->config.routing;
    uint32_t gateway;

    *route = (struct query_route){.prefix = prefix, .path = entry->paths[index], .best = index == 0};
    name_of(answers, egress_of(routing, &route->path, &gateway), route->interface);
    route->path.gateway = gateway;
    route->installed =
        route->path.source == RIB_SOURCE_STATIC && installs_holds(&routing->installs, prefix, &route->path);
}

static size_t list_routes(struct answers *answers, const struct query_range *range, union query_buffer *buffer)
{
    const struct ipv4_map *entries = rib_entries(answers->config.routing->rib);
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
            describe_path(answers, at, entry, i, &routes[answer->count++]);
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
            name_of(answers, one->ifindex, neighbour->interface);
        }
        answer->last = at;
    }
    return sizeof(*list);
}

/* --- where a packet goes ----------------------------------------------------------------------------------------- */

/* What the door does with packets to an address, its port and their own faults left aside; door_decide() in short. The
 * next hop has its number only if the word is its own. */
static uint32_t word_of(const struct door_memory *memory, uint32_t addr, uint16_t *next_hop)
{
    *next_hop = FIB_NO_ROUTE;
    if (ipv4_addr_is_zeronet(addr))
        return door_word(DOOR_DROP, DROP_IP_DESTINATION_ZERO, 0);
    if (ipv4_addr_is_loopback(addr))
        return door_word(DOOR_DROP, DROP_IP_DESTINATION_LOOPBACK, 0);
    if (addr >> 28 >= 0xe)
        return door_word(DOOR_PUNT, DOOR_PUNT_NOT_UNICAST, 0);
    *next_hop = (uint16_t)fib_lookup(&memory->fib, addr);
    return READ_ONCE(memory->next_hops[*next_hop]);
}

static void describe_ways(const struct answers *answers, uint16_t next_hop, struct query_lookup *lookup)
{
    struct next_hop_way ways[QUERY_WAYS_MAX];
    unsigned count = next_hops_ways(answers->config.routing->next_hops, next_hop, ways, QUERY_WAYS_MAX);

    static_assert(MULTIPATH_WAYS_MAX <= QUERY_WAYS_MAX && OBJECT_MEMBERS_MAX <= QUERY_WAYS_MAX,
                  "there is room for all");
    lookup->way_count = count < QUERY_WAYS_MAX ? count : QUERY_WAYS_MAX;
    for (unsigned i = 0; i < lookup->way_count; i++) {
        lookup->ways[i] = (struct query_way){
            .gateway = ways[i].gateway, .weight = ways[i].weight, .word = ways[i].word, .buckets = ways[i].buckets};
        name_of(answers, ways[i].ifindex, lookup->ways[i].egress);
    }
}

static size_t look_up(struct answers *answers, uint32_t addr, union query_buffer *buffer)
{
    const struct routing *routing = answers->config.routing;
    const struct door_memory *memory = routing->memory;
    struct query_lookup *lookup = query_records(buffer);
    struct ipv4_prefix prefix;
    uint32_t ifindex = 0;
    uint16_t next_hop;

    memset(lookup, 0, sizeof(*lookup));
    buffer->answer.count = 1;
    const struct rib_entry *entry = rib_cover(routing->rib, addr, 32, &prefix);
    lookup->word = word_of(memory, addr, &next_hop);
    uint64_t adjacency = door_word_adjacency(lookup->word);
    if (door_word_kind(lookup->word) == DOOR_GROUP)
        describe_ways(answers, next_hop, lookup);
    else if (adjacency)
        lookup->adjacency = memory->adjacencies[adjacency];
    if (!entry)
        return sizeof(*lookup);
    lookup->found = 1;
    lookup->candidates = entry->count;
    describe_path(answers, prefix, entry, 0, &lookup->route);
    if (lookup->route.path.type == RIB_UNICAST && !lookup->way_count) {
        ifindex = egress_of(routing, &entry->paths[0], &lookup->gateway);
        if (!lookup->gateway)
            lookup->gateway = addr; /* attached: the destination itself */
    }
    name_of(answers, ifindex, lookup->egress);
    return sizeof(*lookup);
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
        made->record_bytes = look_up(answers, query->addr, buffer);
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
