#include "management/session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEXT_ENGINE_MS 20 /* where the last one's figures would do */

int session_answer(struct session *session, const json_t *id, enum wire_code code, json_t *result)
{
    json_t *line = json_object();
    int error = line ? 0 : -ENOMEM;

    if (!error && id)
        json_object_set(line, "id", (json_t *)id);
    if (!error && (json_object_set_new(line, "code", json_integer(code)) || json_object_set(line, "result", result)))
        error = -ENOMEM;
    if (!error)
        error = wire_send(&session->wire, line, SESSION_SEND_MS);
    json_decref(result);
    json_decref(line);
    return error;
}

int session_fail_with(struct session *session, const json_t *id, enum wire_code code, const char *text, json_t *more)
{
    json_t *line = json_pack("{s:i, s:s}", "code", (int)code, "error", text);

    if (!line) /* the text is not UTF-8: it echoes what was not */
        line = json_pack("{s:i, s:s}", "code", (int)code, "error", wire_meaning(code));
    if (id && line)
        json_object_set(line, "id", (json_t *)id);
    if (more && line)
        json_object_update(line, more);
    int error = line ? wire_send(&session->wire, line, SESSION_SEND_MS) : -ENOMEM;
    json_decref(more);
    json_decref(line);
    return error;
}

int session_fail(struct session *session, const json_t *id, enum wire_code code, const char *text)
{
    return session_fail_with(session, id, code, text, NULL);
}

/* --- the engine -------------------------------------------------------------------------------------------------- */

static bool has_ended(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLRDHUP};

    return fd < 0 || (poll(&poller, 1, 0) > 0 && (poller.revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)));
}

/* A connection that the engine has greeted. An engine that is being restarted greets when it is there: the connection
 * waits in the socket's queue until then, and may be given up for now. */
static int connect_engine(struct session *session, int timeout_ms)
{
    int error = 0;

    if (session->engine.fd >= 0 && has_ended(session->engine.fd)) {
        query_disconnect(&session->engine);
        session->engine_pending = false;
    }
    if (session->engine.fd < 0) {
        error = query_begin(&session->engine, session->config->engine_path, session->config->token);
        session->engine_pending = !error;
    }
    if (!error && session->engine_pending) {
        error = query_finish(&session->engine, timeout_ms);
        session->engine_pending = error == -ETIMEDOUT;
    }
    if (error || session->engine.page_fd < 0)
        return error;
    /* Freshly greeted: its memory came along. */
    if (page_reader_take(&session->reader, session->engine.page_fd, session->engine.counters_fd) == 0) {
        session->engine.counters_fd = -1;
        if (session->engine_alive >= 0)
            close(session->engine_alive);
        session->engine_alive = dup(session->engine.fd);
    } else {
        close(session->engine.counters_fd);
    }
    close(session->engine.page_fd);
    session->engine.page_fd = session->engine.counters_fd = -1;
    return 0;
}

bool session_engine_alive(const struct session *session)
{
    return !has_ended(session->engine_alive);
}

bool session_page(struct session *session)
{
    if (!session->reader.memory || !session_engine_alive(session))
        connect_engine(session, session->reader.memory ? NEXT_ENGINE_MS : SESSION_ENGINE_MS);
    return page_read(&session->reader, &session->page);
}

static int connect_role(const struct session *session, struct query_connection *role, const char *path)
{
    if (role->fd >= 0 && has_ended(role->fd))
        query_disconnect(role);
    if (role->fd >= 0)
        return 0;
    return query_connect(role, path, session->config->token, SESSION_ENGINE_MS);
}

int session_ask(struct session *session, const struct query *query, size_t record_bytes)
{
    const struct management_config *config = session->config;
    struct query_connection *role = query->kind >= QUERY_PLAN_DO  ? &session->planner
                                    : query->kind >= QUERY_PROBES ? &session->measure
                                    : query->kind >= QUERY_LEASES ? &session->dhcp
                                                                  : &session->engine;
    const char *path = role == &session->planner   ? config->planner_path
                       : role == &session->measure ? config->measure_path
                                                   : config->dhcp_path;

    if (role != &session->engine && !path)
        return WIRE_NOT_SERVED;
    /* The role may end while it is asked: then once more with the next, but for orders: those may be carried out. */
    for (unsigned tries = 0; tries < 2; tries++) {
        int error =
            role == &session->engine ? connect_engine(session, SESSION_ENGINE_MS) : connect_role(session, role, path);
        bool asked = !error;
        if (!error)
            error = query_ask(role, query, record_bytes, SESSION_ENGINE_MS, &session->buffer);
        if (!error)
            return 0;
        if (error == -ETIMEDOUT)
            return WIRE_TIMEOUT;
        if (asked && query->kind == QUERY_PLAN_DO)
            break;
    }
    return WIRE_UNAVAILABLE;
}

/* 0: the role has answered; otherwise as session_watch(). */
static int wait_for_both(struct session *session)
{
    struct pollfd pollers[] = {{.fd = session->dhcp.fd, .events = POLLIN}, {.fd = session->wire.fd, .events = POLLIN}};
    int ready;

    while ((ready = poll(pollers, 2, SESSION_QUIET_MS)) < 0 && errno == EINTR)
        ;
    return ready == 0 ? WIRE_MORE : pollers[0].revents ? 0 : WIRE_OK;
}

int session_watch(struct session *session, const struct query *query, size_t record_bytes)
{
    if (!session->config->dhcp_path)
        return WIRE_NOT_SERVED;
    if (connect_role(session, &session->dhcp, session->config->dhcp_path))
        return WIRE_UNAVAILABLE;
    int error = session->watches ? 0 : query_send(&session->dhcp, query);
    session->watches = !error;
    int code = error ? WIRE_UNAVAILABLE : wait_for_both(session);
    if (code == WIRE_MORE)
        return code;
    session->watches = false;
    if (code == WIRE_OK || query_receive(&session->dhcp, record_bytes, SESSION_ENGINE_MS, &session->buffer)) {
        query_disconnect(&session->dhcp); /* what comes late must not be taken for another answer */
        return code == WIRE_OK ? WIRE_OK : WIRE_UNAVAILABLE;
    }
    return 0;
}

bool session_is_spoken_to(const struct session *session, int timeout_ms)
{
    struct pollfd poller = {.fd = session->wire.fd, .events = POLLIN | POLLRDHUP};

    return poll(&poller, 1, timeout_ms) > 0;
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

static const struct session_command *find(const char *name)
{
    for (unsigned i = 0; i < session_command_count; i++)
        if (strcmp(session_commands[i].name, name) == 0)
            return &session_commands[i];
    return NULL;
}

/* An argument that the command does not know; NULL if there is none. */
static const char *find_unknown(const json_t *arguments, const char *const known[static SESSION_ARGUMENTS_MAX])
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)arguments, key, value)
    {
        bool is_known = false;
        for (unsigned i = 0; i < SESSION_ARGUMENTS_MAX && known[i]; i++)
            is_known |= strcmp(key, known[i]) == 0;
        if (!is_known)
            return key;
    }
    return NULL;
}

static int serve(struct session *session, const json_t *request)
{
    const json_t *id = json_object_get(request, "id"), *arguments = json_object_get(request, "arguments");
    const char *name = json_string_value(json_object_get(request, "command")), *key;
    json_t *value;
    char text[128];

    json_object_foreach((json_t *)request, key, value)
    {
        if (strcmp(key, "id") != 0 && strcmp(key, "command") != 0 && strcmp(key, "arguments") != 0) {
            snprintf(text, sizeof(text), "'%.40s' is not known: expected id, command or arguments", key);
            return session_fail(session, id, WIRE_BAD_REQUEST, text);
        }
    }
    if (id && !json_is_string(id) && !json_is_integer(id))
        return session_fail(session, NULL, WIRE_BAD_REQUEST, "id: expected a string or an integer");
    if (!name)
        return session_fail(session, id, WIRE_BAD_REQUEST, "command: expected a string");
    if (arguments && !json_is_object(arguments))
        return session_fail(session, id, WIRE_BAD_REQUEST, "arguments: expected an object");
    const struct session_command *command = find(name);
    if (!command) {
        snprintf(text, sizeof(text), "there is no command '%.40s'", name);
        return session_fail(session, id, WIRE_UNKNOWN, text);
    }
    const char *unknown = find_unknown(arguments, command->arguments);
    if (unknown) {
        const char *const *known = command->arguments;
        int len = snprintf(text, sizeof(text), "argument '%.40s' is not known: expected %s", unknown,
                           known[0] ? known[0] : "none");
        for (unsigned i = 1; i < SESSION_ARGUMENTS_MAX && known[i] && len < (int)sizeof(text); i++)
            len += snprintf(text + len, sizeof(text) - (size_t)len, "%s%s",
                            i + 1 < SESSION_ARGUMENTS_MAX && known[i + 1] ? ", " : " or ", known[i]);
        return session_fail(session, id, WIRE_BAD_REQUEST, text);
    }
    if (command->changes && !session->may_change)
        return session_fail(session, id, WIRE_FORBIDDEN, wire_meaning(WIRE_FORBIDDEN));
    return command->run(session, id, arguments);
}

void session_run(struct session *session)
{
    int error = 0;

    while (!error) {
        json_t *request = NULL;
        error = wire_receive(&session->wire, SESSION_IDLE_MS, &request);
        __atomic_fetch_add(&session->self->requests, error == 0, __ATOMIC_RELAXED);
        if (error == -EBADMSG)
            error = session_fail(session, NULL, WIRE_BAD_REQUEST, session->wire.error);
        else if (error == -EMSGSIZE)
            session_fail(session, NULL, WIRE_TOO_LONG, wire_meaning(WIRE_TOO_LONG));
        else if (!error)
            error = serve(session, request);
        json_decref(request);
    }
}
