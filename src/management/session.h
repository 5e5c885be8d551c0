/*
 * One session: what a child of the listener does, from the first request to the end of the connection.
 */
#pragma once

#include "management/management.h"
#include "management/table.h"
#include "query/page.h"
#include "query/query.h"
#include "wire/wire.h"

#include <stdbool.h>

#define SESSION_IDLE_MS   600000 /* without a request, and the session ends */
#define SESSION_SEND_MS   30000  /* an answer that nobody takes ends it too */
#define SESSION_QUIET_MS  30000  /* while it watches, after which it shows that it is there */
#define SESSION_ENGINE_MS 5000   /* how long the engine may take for one question */

struct session {
    const struct management_config *config;
    struct table *table;
    struct table_session *self;
    bool may_change;
    struct wire wire;
    struct query_connection engine; /* greeted, or (engine_pending) not yet */
    bool engine_pending;
    struct query_connection dhcp, measure, planner; /* to these roles */
    bool watches;                                   /* and it owes an answer to session_watch() */
    struct page_reader reader;                      /* of the engine's shared memory */
    int engine_alive; /* a descriptor of our own that hangs up when that engine ends; -1 */
    struct page page; /* a copy, by session_page() */
    union query_buffer buffer;
};

/* Until the other side ends, is idle, or takes no answer. */
void session_run(struct session *session);

/* For the commands. Send one line of an answer, whose result is taken: 0; -errno. */
int session_answer(struct session *session, const json_t *id, enum wire_code code, json_t *result);
int session_fail(struct session *session, const json_t *id, enum wire_code code, const char *text);
/* With what stands in the object `more` beside the text, as a list of `errors`; taken, NULL for nothing. */
int session_fail_with(struct session *session, const json_t *id, enum wire_code code, const char *text, json_t *more);

/* Bring session->reader and session->page up to date, of the engine that is there now if it can be had at once,
 * otherwise of the last one. False: there never was one. */
bool session_page(struct session *session);

/* Whether the engine behind session->reader is there. */
bool session_engine_alive(const struct session *session);

/* Ask the role that answers questions of this kind; the answer is in session->buffer. 0; or the code to fail with. */
int session_ask(struct session *session, const struct query *query, size_t record_bytes);

/* The same, but the answer may take as long as it takes. WIRE_OK: the other side of the session has said something, or
 * ended; WIRE_MORE: nothing has happened for SESSION_QUIET_MS; 0, or a code to fail with, as above. */
int session_watch(struct session *session, const struct query *query, size_t record_bytes);

/* Whether the other side says something, or ends, within that time. */
bool session_is_spoken_to(const struct session *session, int timeout_ms);

#define SESSION_ARGUMENTS_MAX 4

struct session_command {
    const char *name;
    const char *arguments[SESSION_ARGUMENTS_MAX]; /* that it knows; NULL: no more */
    bool changes;
    /* Answers; 0, or -errno if the answer was not taken. `arguments` is an object or NULL. */
    int (*run)(struct session *session, const json_t *id, const json_t *arguments);
};

extern const struct session_command session_commands[];
extern const unsigned session_command_count;
