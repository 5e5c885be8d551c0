/*
 * The loop: the engine's news, frames, answers to probes, questions. Of the engine one thing is asked at a time:
 * sockets as long as ports are without, then news, which come when there are any.
 */
#include "measure/measure.h"

#include "base/clock.h"
#include "log/log.h"
#include "measure/reflect.h"
#include "measure/senders.h"
#include "query/link.h"
#include "role/role.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TURN_MS      1000 /* how often the clock is looked at when nothing happens */
#define RECONNECT_MS 100  /* to an engine that is not there */

struct measure {
    struct role loop;
    struct senders senders;
    struct reflect reflect;
    struct query_link engine;
    uint64_t generation; /* of the addresses that are known; 0: none */
    unsigned number;     /* QUERY_REFLECTOR_SOCKETS: of which port */
};

/* --- the engine -------------------------------------------------------------------------------------------------- */

static void ask_next(struct measure *measure)
{
    uint32_t ifindex;

    if (measure->generation && reflect_next_without_sockets(&measure->reflect, &measure->number, &ifindex))
        query_link_ask(&measure->engine, &(struct query){.kind = QUERY_REFLECTOR_SOCKETS, .ifindex = ifindex}, 0);
    else
        query_link_ask(&measure->engine, &(struct query){.kind = QUERY_ADDRESSES, .generation = measure->generation},
                       sizeof(struct query_address));
}

static void take_addresses(struct measure *measure, union query_buffer *buffer)
{
    int error = buffer->answer.error;

    if (!error)
        error = reflect_take_addresses(&measure->reflect, query_records(buffer), buffer->answer.count);
    if (error)
        log_error("delay measurement: the system's addresses are not known: %s", strerror(-error));
    measure->generation = buffer->answer.generation;
}

static void on_answer(void *arg, struct query_link *link, const int *fds, unsigned fd_count)
{
    struct measure *measure = arg;

    if (link->asked.kind == QUERY_HELLO)
        measure->generation = 0;
    if (link->asked.kind == QUERY_REFLECTOR_SOCKETS) {
        reflect_take_sockets(&measure->reflect, measure->number, link->buffer.answer.error,
                             (unsigned)link->buffer.answer.generation, fds, fd_count);
    } else {
        while (fd_count > 0) /* of the greeting */
            close(fds[--fd_count]);
    }
    if (link->asked.kind == QUERY_ADDRESSES)
        take_addresses(measure, &link->buffer);
    ask_next(measure);
}

/* --- others ------------------------------------------------------------------------------------------------------ */

/* A query_service_config's `answer`. */
static void answer(void *arg, const struct query *query, union query_buffer *buffer, struct query_made *made)
{
    struct measure *measure = arg;

    if (query->kind == QUERY_PROBES)
        made->record_bytes = senders_list(&measure->senders, &query->range, buffer);
    else if (query->kind == QUERY_REFLECTORS)
        made->record_bytes = reflect_list(&measure->reflect, &query->range, buffer);
    else if (query->kind != QUERY_HELLO)
        buffer->answer.error = -EOPNOTSUPP;
}

/* A role's `configure`. */
static int configure(void *arg, const struct conf *conf)
{
    struct measure *measure = arg;
    int error = senders_configure(&measure->senders, conf);

    return error ? error : reflect_configure(&measure->reflect, conf);
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static int open_measure(struct measure *measure, const struct measure_config *config)
{
    int error = role_open(&measure->loop, &(struct role_config){.name = "delay measurement",
                                                                .conf = config->conf,
                                                                .token = config->token,
                                                                .control = config->control,
                                                                .listener = config->listener,
                                                                .answer = answer,
                                                                .answer_arg = measure,
                                                                .configure = configure,
                                                                .arg = measure});

    senders_open(&measure->senders, measure->loop.epoll);
    int failed = reflect_open(&measure->reflect, measure->loop.epoll);
    measure->engine = (struct query_link){.path = config->engine_path,
                                          .token = config->token,
                                          .epoll = measure->loop.epoll,
                                          .answered = on_answer,
                                          .arg = measure};
    query_link_init(&measure->engine);
    if (!error && !failed)
        failed = configure(measure, config->conf);
    if (failed)
        log_error("delay measurement could not be set up: %s", strerror(-failed));
    return error ? error : failed;
}

static int run(struct measure *measure)
{
    while (!measure->loop.stop) {
        int wait_ms = query_link_try(&measure->engine) ? TURN_MS : RECONNECT_MS;
        int64_t now_ns = clock_now_ns();
        wait_ms = senders_turn(&measure->senders, now_ns, wait_ms);
        wait_ms = reflect_turn(&measure->reflect, now_ns, wait_ms);
        int error = role_turn(&measure->loop, wait_ms);
        if (error)
            return error;
    }
    return 0;
}

int measure_run(const struct measure_config *config)
{
    struct measure *measure = calloc(1, sizeof(*measure));

    if (!measure)
        return -ENOMEM;
    config->drop_privileges();
    int error = open_measure(measure, config);
    if (!error)
        error = run(measure);
    query_link_close(&measure->engine);
    reflect_close(&measure->reflect);
    senders_close(&measure->senders);
    role_close(&measure->loop);
    free(measure);
    return error;
}
