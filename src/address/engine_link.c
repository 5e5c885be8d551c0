/*
 * One question at a time: for sockets as long as ports are without, then for news, which come when there are any. When
 * other ports are to be served there are: the engine learns of it too, and says so.
 */
#include "address/engine_link.h"

#include "base/local_socket.h"
#include "log/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void engine_link_close(struct engine_link *link)
{
    query_disconnect(&link->connection); /* and epoll forgets it */
    link->watch.fd = -1;
}

static void ask(struct engine_link *link, enum query_kind kind, uint32_t ifindex)
{
    struct query query = {.kind = kind};

    if (kind == QUERY_SOCKETS)
        query.ifindex = ifindex;
    else
        query.generation = link->generation;
    link->asks = kind;
    if (local_send(link->connection.fd, &query, sizeof(query), NULL, 0))
        engine_link_close(link);
}

/* Sockets as long as some are missing, then news. */
static void ask_next(struct engine_link *link)
{
    uint32_t ifindex;

    if (link->generation && sockets_next_without_socket(link->sockets, &link->number, &ifindex)) {
        ask(link, QUERY_SOCKETS, ifindex);
        return;
    }
    ask(link, QUERY_ADDRESSES, 0);
    if (link->generation && !link->complete) {
        link->complete = true;
        link->completed(link->arg);
    }
}

static void take_addresses(struct engine_link *link)
{
    const struct query_address *records = query_records(&link->buffer);
    int error = link->buffer.answer.error;

    if (!error)
        error = sockets_take_addresses(link->sockets, records, link->buffer.answer.count);
    if (error)
        log_error("DHCP: the system's addresses are not known: %s", strerror(-error));
    link->generation = link->buffer.answer.generation;
}

static void on_answer(void *arg, struct watch *watch)
{
    struct engine_link *link = arg;
    int fds[LOCAL_FDS_MAX];
    unsigned count;

    if (watch->fd < 0)
        return;
    ssize_t bytes = local_receive(watch->fd, &link->buffer, sizeof(link->buffer), fds, &count);
    if (bytes == -EAGAIN)
        return;
    if (bytes < (ssize_t)sizeof(struct query_answer)) {
        engine_link_close(link);
        return;
    }
    if (link->asks == QUERY_SOCKETS) {
        sockets_take_sockets(link->sockets, link->number, link->buffer.answer.error, fds, count);
    } else {
        for (unsigned i = 0; i < count; i++) /* of the greeting */
            close(fds[i]);
    }
    if (link->asks == QUERY_ADDRESSES) {
        take_addresses(link);
        link->changed(link->arg);
    }
    ask_next(link);
}

void engine_link_init(struct engine_link *link, const char *path, const uint8_t *token, struct sockets *sockets,
                      int epoll, void (*changed)(void *arg), void (*completed)(void *arg), void *arg)
{
    *link = (struct engine_link){.path = path,
                                 .token = token,
                                 .sockets = sockets,
                                 .epoll = epoll,
                                 .connection = {.fd = -1, .page_fd = -1, .counters_fd = -1},
                                 .watch = {.fd = -1, .ready = on_answer, .arg = link},
                                 .changed = changed,
                                 .completed = completed,
                                 .arg = arg};
}

bool engine_link_try(struct engine_link *link)
{
    if (link->connection.fd >= 0)
        return true;
    if (query_begin(&link->connection, link->path, link->token))
        return false;
    link->asks = QUERY_HELLO;
    link->generation = 0;
    link->watch.fd = link->connection.fd;
    if (watch_begin(link->epoll, &link->watch))
        engine_link_close(link);
    return link->connection.fd >= 0;
}
