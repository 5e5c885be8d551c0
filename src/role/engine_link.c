/*
 * One question at a time: for sockets as long as ports are without, then for news, which come when there are any. When
 * other ports are to be served there are: the engine learns of it too, and says so.
 */
#include "address/engine_link.h"

#include "log/log.h"

#include <string.h>
#include <unistd.h>

void engine_link_close(struct engine_link *engine)
{
    query_link_close(&engine->link);
}

/* Sockets as long as some are missing, then news. */
static void ask_next(struct engine_link *engine)
{
    uint32_t ifindex;

    if (engine->generation && sockets_next_without_socket(engine->sockets, &engine->number, &ifindex)) {
        query_link_ask(&engine->link, &(struct query){.kind = QUERY_SOCKETS, .ifindex = ifindex}, 0);
        return;
    }
    query_link_ask(&engine->link, &(struct query){.kind = QUERY_ADDRESSES, .generation = engine->generation},
                   sizeof(struct query_address));
    if (engine->generation && !engine->complete) {
        engine->complete = true;
        engine->completed(engine->arg);
    }
}

static void take_addresses(struct engine_link *engine)
{
    union query_buffer *buffer = &engine->link.buffer;
    int error = buffer->answer.error;

    if (!error)
        error = sockets_take_addresses(engine->sockets, query_records(buffer), buffer->answer.count);
    if (error)
        log_error("DHCP: the system's addresses are not known: %s", strerror(-error));
    engine->generation = buffer->answer.generation;
}

static void on_answer(void *arg, struct query_link *link, const int *fds, unsigned fd_count)
{
    struct engine_link *engine = arg;

    if (link->asked.kind == QUERY_HELLO)
        engine->generation = 0;
    if (link->asked.kind == QUERY_SOCKETS) {
        sockets_take_sockets(engine->sockets, engine->number, link->buffer.answer.error, fds, fd_count);
    } else {
        while (fd_count > 0) /* of the greeting */
            close(fds[--fd_count]);
    }
    if (link->asked.kind == QUERY_ADDRESSES) {
        take_addresses(engine);
        engine->changed(engine->arg);
    }
    ask_next(engine);
}

void engine_link_init(struct engine_link *engine, const char *path, const uint8_t *token, struct sockets *sockets,
                      int epoll, void (*changed)(void *arg), void (*completed)(void *arg), void *arg)
{
    *engine = (struct engine_link){
        .sockets = sockets,
        .link = {.path = path, .token = token, .epoll = epoll, .answered = on_answer, .arg = engine},
        .changed = changed,
        .completed = completed,
        .arg = arg};
    query_link_init(&engine->link);
}

bool engine_link_try(struct engine_link *engine)
{
    return query_link_try(&engine->link);
}
