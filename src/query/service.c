#include "query/service.h"

#include "base/local_socket.h"
#include "loop/watch.h"
#include "net/ipv4_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The watch stands first: a connection is found by it. */
struct query_asker {
    struct watch watch;
    bool trusted; /* has said hello */
    bool waits;   /* for the answer to a question of `kind` */
    uint32_t kind;
    struct query_asker *next, **place;
};

struct query_service {
    struct query_service_config config;
    struct query_asker *connections;
    struct query_asker *ended; /* until nothing refers to them; their descriptor is -1 */
    struct query_asker *asker; /* whose question is being answered */
    unsigned count;
    uint64_t given, refused;
    union query_buffer buffer;
};

static void end_connection(struct query_service *service, struct query_asker *connection)
{
    close(connection->watch.fd); /* and epoll forgets it */
    *connection->place = connection->next;
    if (connection->next)
        connection->next->place = connection->place;
    connection->watch.fd = -1;
    connection->next = service->ended;
    service->ended = connection;
    service->count--;
}

void query_service_sweep(struct query_service *service)
{
    while (service->ended) {
        struct query_asker *next = service->ended->next;
        free(service->ended);
        service->ended = next;
    }
}

static void send_answer(struct query_service *service, struct query_asker *connection, const struct query_made *made)
{
    size_t bytes = sizeof(struct query_answer) + service->buffer.answer.count * made->record_bytes;
    int error = local_send(connection->watch.fd, &service->buffer, bytes, made->fds, made->fd_count);

    if (error) {
        service->refused += error == -EAGAIN;
        end_connection(service, connection);
        return;
    }
    service->given++;
}

static void answer(struct query_service *service, struct query_asker *connection, const struct query *query)
{
    struct query_made made = {0};

    service->buffer.answer = (struct query_answer){0};
    service->asker = connection;
    service->config.answer(service->config.arg, query, &service->buffer, &made);
    connection->waits = made.later;
    connection->kind = query->kind;
    if (!made.later)
        send_answer(service, connection, &made);
    for (unsigned i = 0; made.close_fds && i < made.fd_count; i++)
        close(made.fds[i]);
}

static bool same_token(const uint8_t *a, const uint8_t *b)
{
    uint8_t differs = 0;

    for (size_t i = 0; i < QUERY_TOKEN_BYTES; i++)
        differs |= a[i] ^ b[i];
    return !differs;
}

static bool is_whole(const struct query *query, ssize_t bytes)
{
    const ssize_t head = offsetof(struct query, text);

    return bytes >= head && query->text_bytes <= QUERY_TEXT_SIZE && bytes == head + (ssize_t)query->text_bytes;
}

static void on_question(void *arg, struct watch *watch)
{
    struct query_service *service = arg;
    struct query_asker *connection = (struct query_asker *)watch;
    struct query query;

    if (watch->fd < 0)
        return;
    ssize_t bytes = recv(watch->fd, &query, sizeof(query), MSG_DONTWAIT);
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    bool whole = is_whole(&query, bytes);
    if (whole && query.kind == QUERY_HELLO && same_token(query.token, service->config.token))
        connection->trusted = true;
    if (!whole || !connection->trusted || query.range.within.len > 32 || query.range.after.len > 32) {
        service->refused += bytes != 0;
        end_connection(service, connection);
        return;
    }
    answer(service, connection, &query);
}

void query_service_accept(struct query_service *service, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    struct query_asker *connection = service->count < QUERY_CONNECTIONS_MAX ? calloc(1, sizeof(*connection)) : NULL;
    if (!connection) {
        service->refused++;
        close(fd);
        return;
    }
    connection->watch = (struct watch){.fd = fd, .ready = on_question, .arg = service};
    connection->place = &service->connections;
    connection->next = service->connections;
    if (connection->next)
        connection->next->place = &connection->next;
    service->connections = connection;
    service->count++;
    if (watch_begin(service->config.epoll, &connection->watch))
        end_connection(service, connection);
}

union query_buffer *query_service_buffer(struct query_service *service)
{
    service->buffer.answer = (struct query_answer){0};
    return &service->buffer;
}

void query_service_answer_waiting(struct query_service *service, enum query_kind kind, size_t record_bytes)
{
    const struct query_made made = {.record_bytes = record_bytes};
    struct query_asker *next;

    for (struct query_asker *connection = service->connections; connection; connection = next) {
        next = connection->next;
        if (connection->waits && connection->kind == kind) {
            connection->waits = false;
            send_answer(service, connection, &made);
        }
    }
}

struct query_asker *query_service_asker(const struct query_service *service)
{
    return service->asker;
}

void query_service_answer_to(struct query_service *service, struct query_asker *asker, size_t record_bytes)
{
    const struct query_made made = {.record_bytes = record_bytes};

    if (asker->watch.fd < 0 || !asker->waits)
        return;
    asker->waits = false;
    send_answer(service, asker, &made);
}

bool query_service_waits(const struct query_service *service, enum query_kind kind)
{
    for (const struct query_asker *connection = service->connections; connection; connection = connection->next)
        if (connection->waits && connection->kind == kind)
            return true;
    return false;
}

struct query_service *query_service_new(const struct query_service_config *config)
{
    struct query_service *service = calloc(1, sizeof(*service));

    if (service)
        service->config = *config;
    return service;
}

struct query_service *query_service_free(struct query_service *service)
{
    if (service) {
        while (service->connections)
            end_connection(service, service->connections);
        query_service_sweep(service);
        free(service);
    }
    return NULL;
}

uint64_t query_service_given(const struct query_service *service)
{
    return service->given;
}

uint64_t query_service_refused(const struct query_service *service)
{
    return service->refused;
}

void *query_list_first(const struct ipv4_map *map, const struct query_range *range, struct ipv4_prefix *at)
{
    if (!range->started)
        return ipv4_map_first(map, range->within, at);
    *at = range->after;
    return ipv4_map_next(map, range->within, at);
}
