#include "engine/answers.h"

#include "base/compiler.h"
#include "base/local_socket.h"
#include "engine/watch.h"
#include "fib/fib.h"
#include "log/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The watch stands first: a connection is found by it. */
struct connection {
    struct watch watch;
    bool trusted; /* has said hello */
    bool waits;   /* for the end of a reload */
    struct connection *next, **place;
};

struct answers {
    struct answers_config config;
    struct connection *connections;
    struct connection *ended; /* until nothing refers to them; their descriptor is -1 */
    unsigned count;
    uint64_t given, refused;
    union query_buffer buffer;
};

static void end_connection(struct answers *answers, struct connection *connection)
{
    close(connection->watch.fd); /* and epoll forgets it */
    *connection->place = connection->next;
    if (connection->next)
        connection->next->place = connection->place;
    connection->watch.fd = -1;
    connection->next = answers->ended;
    answers->ended = connection;
    answers->count--;
}

void answers_sweep(struct answers *answers)
{
    while (answers->ended) {
        struct connection *next = answers->ended->next;
        free(answers->ended);
        answers->ended = next;
    }
}

/* Of `count` records of `bytes` each behind the head in the buffer, with the two descriptors if this is a hello. */
static void send_answer(struct answers *answers, struct connection *connection, size_t bytes, bool hello)
{
    int fds[] = {answers->config.page_fd, answers->config.counters_fd};
    int error = local_send(connection->watch.fd, &answers->buffer,
                           sizeof(struct query_answer) + answers->buffer.answer.count * bytes, fds, hello ? 2 : 0);

    if (error) {
        answers->refused += error == -EAGAIN;
        end_connection(answers, connection);
        return;
    }
    answers->given++;
}

static void name_of(const struct answers *answers, uint32_t ifindex, char name[static QUERY_NAME_SIZE])
{
    const struct link *link = ifindex ? links_find(&answers->config.routing->links, ifindex) : NULL;

    memset(name, 0, QUERY_NAME_SIZE);
    if (link)
        memcpy(name, link->name, QUERY_NAME_SIZE);
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

static void *first(const struct ipv4_map *map, const struct query_range *range, struct ipv4_prefix *at)
{
    if (!range->started)
        return ipv4_map_first(map, range->within, at);
    *at = range->after;
    return ipv4_map_next(map, range->within, at);
}

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

static size_t list_routes(struct answers *answers, const struct query_range *range)
{
    const struct ipv4_map *entries = rib_entries(answers->config.routing->rib);
    struct query_answer *answer = &answers->buffer.answer;
    struct query_route *routes = query_records(&answers->buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(*answer)) / sizeof(*routes);
    struct ipv4_prefix at;

    for (const struct rib_entry *entry = first(entries, range, &at); entry;
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

static size_t list_neighbours(struct answers *answers, const struct query_range *range)
{
    const struct ipv4_map *map = &answers->config.routing->neighbours.by_addr;
    struct query_answer *answer = &answers->buffer.answer;
    struct query_neighbour *list = query_records(&answers->buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(*answer)) / sizeof(*list);
    struct ipv4_prefix at;

    for (const struct neighbour *found = first(map, range, &at); found;
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

/* What the door does with packets to an address, its port and their own faults left aside; door_decide() in short. */
static uint32_t word_of(const struct door_memory *memory, uint32_t addr)
{
    if (ipv4_addr_is_zeronet(addr))
        return door_word(DOOR_DROP, DROP_IP_DESTINATION_ZERO, 0);
    if (ipv4_addr_is_loopback(addr))
        return door_word(DOOR_DROP, DROP_IP_DESTINATION_LOOPBACK, 0);
    if (addr >> 28 >= 0xe)
        return door_word(DOOR_PUNT, DOOR_PUNT_NOT_UNICAST, 0);
    return READ_ONCE(memory->next_hops[fib_lookup(&memory->fib, addr)]);
}

static size_t look_up(struct answers *answers, uint32_t addr)
{
    const struct routing *routing = answers->config.routing;
    const struct door_memory *memory = routing->memory;
    struct query_lookup *lookup = query_records(&answers->buffer);
    struct ipv4_prefix prefix;
    uint32_t ifindex = 0;

    memset(lookup, 0, sizeof(*lookup));
    answers->buffer.answer.count = 1;
    const struct rib_entry *entry = rib_cover(routing->rib, addr, 32, &prefix);
    lookup->word = word_of(memory, addr);
    uint64_t adjacency = door_word_adjacency(lookup->word);
    if (adjacency)
        lookup->adjacency = memory->adjacencies[adjacency];
    if (!entry)
        return sizeof(*lookup);
    lookup->found = 1;
    lookup->candidates = entry->count;
    describe_path(answers, prefix, entry, 0, &lookup->route);
    if (lookup->route.path.type == RIB_UNICAST) {
        ifindex = egress_of(routing, &entry->paths[0], &lookup->gateway);
        if (!lookup->gateway)
            lookup->gateway = addr; /* attached: the destination itself */
    }
    name_of(answers, ifindex, lookup->egress);
    return sizeof(*lookup);
}

/* --- connections ------------------------------------------------------------------------------------------------- */

static void answer(struct answers *answers, struct connection *connection, const struct query *query)
{
    struct query_answer *head = &answers->buffer.answer;
    size_t bytes = 0;

    *head = (struct query_answer){0};
    switch (query->kind) {
    case QUERY_HELLO:
        break;
    case QUERY_ROUTES:
        bytes = list_routes(answers, &query->range);
        break;
    case QUERY_NEIGHBOURS:
        bytes = list_neighbours(answers, &query->range);
        break;
    case QUERY_LOOKUP:
        bytes = look_up(answers, query->addr);
        break;
    case QUERY_RELOAD:
        connection->waits = true;
        answers->config.reload(answers->config.arg);
        return;
    default:
        head->error = -EOPNOTSUPP;
    }
    send_answer(answers, connection, bytes, query->kind == QUERY_HELLO);
}

static bool same_token(const uint8_t *a, const uint8_t *b)
{
    uint8_t differs = 0;

    for (size_t i = 0; i < QUERY_TOKEN_BYTES; i++)
        differs |= a[i] ^ b[i];
    return !differs;
}

static void on_question(void *arg, struct watch *watch)
{
    struct answers *answers = arg;
    struct connection *connection = (struct connection *)watch;
    struct query query;

    if (watch->fd < 0)
        return;
    ssize_t bytes = recv(watch->fd, &query, sizeof(query), MSG_DONTWAIT);
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (bytes == (ssize_t)sizeof(query) && query.kind == QUERY_HELLO && same_token(query.token, answers->config.token))
        connection->trusted = true;
    if (bytes != (ssize_t)sizeof(query) || !connection->trusted || query.range.within.len > 32 ||
        query.range.after.len > 32) {
        answers->refused += bytes != 0;
        end_connection(answers, connection);
        return;
    }
    answer(answers, connection, &query);
}

void answers_accept(struct answers *answers, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    struct connection *connection = answers->count < ANSWERS_CONNECTIONS_MAX ? calloc(1, sizeof(*connection)) : NULL;
    if (!connection) {
        answers->refused++;
        close(fd);
        return;
    }
    connection->watch = (struct watch){.fd = fd, .ready = on_question, .arg = answers};
    connection->place = &answers->connections;
    connection->next = answers->connections;
    if (connection->next)
        connection->next->place = &connection->next;
    answers->connections = connection;
    answers->count++;
    if (watch_begin(answers->config.epoll, &connection->watch))
        end_connection(answers, connection);
}

void answers_reloaded(struct answers *answers, const char *errors)
{
    struct query_answer *head = &answers->buffer.answer;
    struct query_text *lines = query_records(&answers->buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(*head)) / sizeof(*lines);
    struct connection *next;

    *head = (struct query_answer){.error = errors[0] ? -EINVAL : 0};
    while (errors[0] && head->count < room) {
        size_t len = strcspn(errors, "\n"), kept = len < sizeof(lines->line) ? len : sizeof(lines->line) - 1;
        memset(&lines[head->count], 0, sizeof(*lines));
        memcpy(lines[head->count++].line, errors, kept);
        errors += len + (errors[len] == '\n');
    }
    for (struct connection *connection = answers->connections; connection; connection = next) {
        next = connection->next;
        if (connection->waits) {
            connection->waits = false;
            send_answer(answers, connection, sizeof(*lines), false);
        }
    }
}

struct answers *answers_new(const struct answers_config *config)
{
    struct answers *answers = calloc(1, sizeof(*answers));

    if (answers)
        answers->config = *config;
    return answers;
}

struct answers *answers_free(struct answers *answers)
{
    if (answers) {
        while (answers->connections)
            end_connection(answers, answers->connections);
        answers_sweep(answers);
        free(answers);
    }
    return NULL;
}

uint64_t answers_given(const struct answers *answers)
{
    return answers->given;
}

uint64_t answers_refused(const struct answers *answers)
{
    return answers->refused;
}
