/*
 * The dhcp role's connection to the engine: it brings the addresses and ports of the system, again at each change, and
 * the sockets for the ports that want some. Nothing waits for the engine; while it is restarted, what it gave goes on.
 */
#pragma once

#include "address/sockets.h"
#include "query/link.h"

struct engine_link {
    struct sockets *sockets;
    struct query_link link;
    uint64_t generation;          /* of the addresses that are known; 0: none */
    unsigned number;              /* QUERY_SOCKETS: for what */
    bool complete;                /* every port that is there has had its sockets, once */
    void (*changed)(void *arg);   /* addresses are others */
    void (*completed)(void *arg); /* every port that is there has its sockets, for the first time */
    void *arg;
};

/* Nothing is open yet; path and token are borrowed. */
void engine_link_init(struct engine_link *engine, const char *path, const uint8_t *token, struct sockets *sockets,
                      int epoll, void (*changed)(void *arg), void (*completed)(void *arg), void *arg);

/* Connect, if there is no connection. False: nobody is there; try again in a moment. */
bool engine_link_try(struct engine_link *engine);

void engine_link_close(struct engine_link *engine);
