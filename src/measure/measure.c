/* The loop: the engine's news, frames, answers to probes, questions. */
#include "measure/measure.h"

#include "base/clock.h"
#include "log/log.h"
#include "measure/reflect.h"
#include "measure/senders.h"
#include "role/engine_link.h"
#include "role/role.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TURN_MS      1000 /* how often the clock is looked at when nothing happens */
#define RECONNECT_MS 100  /* to an engine that is not there */

struct measure {
    struct role loop;
    struct senders senders;
    struct reflect reflect;
    struct engine_link engine;
};

/* --- the engine -------------------------------------------------------------------------------------------------- */

/* The next three: what an engine_link_config asks for. */
static bool next_without_sockets(void *arg, unsigned *number, uint32_t *ifindex)
{
    const struct measure *measure = arg;

    return reflect_next_without_sockets(&measure->reflect, number, ifindex);
}

static void take_sockets(void *arg, unsigned number, const struct query_answer *answer, const int *fds, unsigned count)
{
    struct measure *measure = arg;

    reflect_take_sockets(&measure->reflect, number, answer->error, (unsigned)answer->generation, fds, count);
}

static int take_addresses(void *arg, const struct query_address *addresses, size_t count)
{
    struct measure *measure = arg;

    return reflect_take_addresses(&measure->reflect, addresses, count);
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
    static const char name[] = "delay measurement";
    int error = role_open(&measure->loop, &(struct role_config){.name = name,
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
    engine_link_init(&measure->engine, &(struct engine_link_config){.name = name,
                                                                    .path = config->engine_path,
                                                                    .token = config->token,
                                                                    .epoll = measure->loop.epoll,
                                                                    .sockets = QUERY_REFLECTOR_SOCKETS,
                                                                    .next_without = next_without_sockets,
                                                                    .take_sockets = take_sockets,
                                                                    .take_addresses = take_addresses,
                                                                    .arg = measure});
    if (!error && !failed)
        failed = configure(measure, config->conf);
    if (failed)
        log_error("%s could not be set up: %s", name, strerror(-failed));
    return error ? error : failed;
}

static int run(struct measure *measure)
{
    while (!measure->loop.stop) {
        int wait_ms = engine_link_try(&measure->engine) ? TURN_MS : RECONNECT_MS;
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
    engine_link_close(&measure->engine);
    reflect_close(&measure->reflect);
    senders_close(&measure->senders);
    role_close(&measure->loop);
    free(measure);
    return error;
}
