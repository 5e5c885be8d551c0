/*
 * The engine's answers to other roles (query/query.h).
 */
#pragma once

#include "engine/contracts.h"
#include "engine/traces.h"
#include "query/service.h"

struct answers;

struct answers_config {
    const uint8_t *token; /* QUERY_TOKEN_BYTES, borrowed while the answers live */
    struct routing *routing;
    const struct ports *ports;
    struct contracts *contracts;
    struct traces *traces;
    const struct conf *(*conf)(void *arg); /* the one in force */
    int page_fd, counters_fd;              /* handed out; borrowed */
    int epoll;                             /* connections are watched there, with their struct watch as data.ptr */
    void (*reload)(void *arg); /* somebody asks for the configuration to be read anew; answers_reloaded() follows */
    void *arg;
};

struct answers *answers_new(const struct answers_config *config); /* NULL: no memory */
struct answers *answers_free(struct answers *answers);            /* takes NULL, returns NULL */

/* For accepting, sweeping and counting. */
struct query_service *answers_service(struct answers *answers);

/* The end of a reload: `errors` is what is wrong, a line for each error; empty if nothing is. */
void answers_reloaded(struct answers *answers, const char *errors);

/* Tell those who wait for it of addresses and ports, if there is news. */
void answers_tell_addresses(struct answers *answers);
