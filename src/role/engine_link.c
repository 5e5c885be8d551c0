/*
 * One question at a time: for sockets as long as ports are without, then for news, which come when there are any. When
 * other ports are to be served there are: the engine learns of it too, and says so.
 */
#include "role/engine_link.h"

#include "log/log.h"

#include <string.h>
#include <unistd.h>

void engine_link_close(struct engine_link *engine)
{
    if (engine->config.path)
        query_link_close(&engine->link);
}

/* Sockets as long as some are missing, then news. */
static void ask_next(struct engine_link *engine)
{
    const struct engine_link_config *config = &engine->config;
    uint32_t ifindex;

    if (engine->generation && config->next_without(config->arg, &engine->number, &ifindex)) {
        query_link_ask(&engine->link, &(struct query){.kind = config->sockets, .ifindex = ifindex}, 0);
        return;
    }
    query_link_ask(&engine->link, &(struct query){.kind = QUERY_ADDRESSES, .generation = engine->generation},
                   sizeof(struct query_address));
    if (engine->generation && !engine->complete) {
        engine->complete = true;
        if (config->completed)
            config->completed(config->arg);
    }
}

static void take_addresses(struct engine_link *engine)
{
    union query_buffer *buffer = &engine->link.buffer;
    int error = buffer->answer.error;

    if (!error)
        error = engine->config.take_addresses(engine->config.arg, query_records(buffer), buffer->answer.count);
    if (error)
        log_error("%s: the system's addresses are not known: %s", engine->config.name, strerror(-error));
    engine->generation = buffer->answer.generation;
}

static void on_answer(void *arg, struct query_link *link, const int *fds, unsigned fd_count)
{
    struct engine_link *engine = arg;

    if (link->asked.kind == QUERY_HELLO)
        engine->generation = 0;
    if (link->asked.kind == engine->config.sockets) {
        engine->config.take_sockets(engine->config.arg, engine->number, &link->buffer.answer, fds, fd_count);
    } else {
        while (fd_count > 0) /* of the greeting */
            close(fds[--fd_count]);
    }
    if (link->asked.kind == QUERY_ADDRESSES)
        take_addresses(engine);
    ask_next(engine);
}

void engine_link_init(struct engine_link *engine, const struct engine_link_config *config)
{
    *engine = (struct engine_link){.config = *config,
                                   .link = {.path = config->path,
                                            .token = config->token,
                                            .epoll = config->epoll,
                                            .answered = on_answer,
                                            .arg = engine}};
    query_link_init(&engine->link);
}

bool engine_link_try(struct engine_link *engine)
{
    return query_link_try(&engine->link);
}
