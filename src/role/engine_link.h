/*
 * A role's connection to the engine: it brings the addresses and ports of the system, again at each change, and the
 * sockets for the ports that want some. Nothing waits for the engine; while it is restarted, what it gave goes on.
 */
#pragma once

#include "query/link.h"

struct engine_link_config {
    const char *name;     /* of the role, for the log */
    const char *path;     /* of the engine's socket; borrowed, like the token */
    const uint8_t *token; /* QUERY_TOKEN_BYTES */
    int epoll;
    enum query_kind sockets; /* the question that sockets are the answer to */
    /* What still needs sockets, by a number of the role's own, and as what the engine knows it. False: nothing does. */
    bool (*next_without)(void *arg, unsigned *number, uint32_t *ifindex);
    /* Sockets for it, which are the role's from now on; or none, and why. */
    void (*take_sockets)(void *arg, unsigned number, const struct query_answer *answer, const int *fds, unsigned count);
    /* Addresses are others. 0; -errno. */
    int (*take_addresses)(void *arg, const struct query_address *addresses, size_t count);
    /* Every port that is there has its sockets, for the first time; or NULL. */
    void (*completed)(void *arg);
    void *arg;
};

struct engine_link {
    struct engine_link_config config;
    struct query_link link;
    uint64_t generation; /* of the addresses that are known; 0: none */
    unsigned number;     /* for what sockets are asked */
    bool complete;       /* every port that is there has had its sockets, once */
};

/* Nothing is open yet. */
void engine_link_init(struct engine_link *engine, const struct engine_link_config *config);

/* Connect, if there is no connection. False: nobody is there; try again in a moment. */
bool engine_link_try(struct engine_link *engine);

void engine_link_close(struct engine_link *engine); /* of zeros: nothing */
