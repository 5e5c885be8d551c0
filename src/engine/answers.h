/*
 * The engine's answers to other roles (query/query.h). Each connection has one question at a time; one question of each
 * is answered before the next of any. A connection that does not take its answer is closed.
 */
#pragma once

#include "query/query.h"
#include "route/routing.h"

#define ANSWERS_CONNECTIONS_MAX 4600 /* more than there may be sessions */

struct answers;

struct answers_config {
    const uint8_t *token; /* QUERY_TOKEN_BYTES, borrowed while the answers live */
    struct routing *routing;
    int page_fd, counters_fd;  /* handed out; borrowed */
    int epoll;                 /* connections are watched there, with their struct watch as data.ptr */
    void (*reload)(void *arg); /* somebody asks for the configuration to be read anew; answers_reloaded() follows */
    void *arg;
};

struct answers *answers_new(const struct answers_config *config); /* NULL: no memory */
struct answers *answers_free(struct answers *answers);            /* takes NULL, returns NULL */

/* Somebody connects: call when `listener` is readable. */
void answers_accept(struct answers *answers, int listener);

/* The end of a reload: `errors` is what is wrong, a line for each error; empty if nothing is. */
void answers_reloaded(struct answers *answers, const char *errors);

/* Call when no struct watch of an ended connection can be among events any more. */
void answers_sweep(struct answers *answers);

/* How many questions were answered, and how many connections were refused or closed by us. */
uint64_t answers_given(const struct answers *answers);
uint64_t answers_refused(const struct answers *answers);
