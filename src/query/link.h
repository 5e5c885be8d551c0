/*
 * Asking another role from a loop, without ever waiting for it: one question at a time, and its answer is an event. A
 * role that is not there is tried again; what follows from its coming and going is the user's.
 */
#pragma once

#include "base/local_socket.h"
#include "loop/watch.h"
#include "query/query.h"

struct query_link {
    const char *path;     /* of the role's socket; borrowed, like the token */
    const uint8_t *token; /* QUERY_TOKEN_BYTES */
    int epoll;
    /* The answer to `asked` is in the buffer, whole, with descriptors that are the user's from now on. The greeting is
     * the first one: asked.kind is QUERY_HELLO. */
    void (*answered)(void *arg, struct query_link *link, const int *fds, unsigned fd_count);
    void *arg;
    /* Its own: */
    struct query_connection connection;
    struct watch watch;
    struct query asked;
    size_t record_bytes; /* of the answer's records */
    union query_buffer buffer;
};

/* From `path` to `arg` is filled in. Nothing is open yet. */
void query_link_init(struct query_link *link);

/* Connect, if there is no connection. False: nobody is there; try again in a moment. */
bool query_link_try(struct query_link *link);

/* Ask; the connection is closed if that cannot be. */
void query_link_ask(struct query_link *link, const struct query *query, size_t record_bytes);

void query_link_close(struct query_link *link);

static inline bool query_link_is_open(const struct query_link *link)
{
    return link->connection.fd >= 0;
}
