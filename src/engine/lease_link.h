/*
 * The engine's connection to the dhcp role: it brings who has which address, all of it first, then what changes.
 * Nothing waits for that role; while it is restarted, what it told stays in force.
 */
#pragma once

#include "engine/bindings.h"
#include "loop/watch.h"
#include "query/query.h"

struct lease_link {
    const char *path; /* of the role's socket; borrowed */
    const uint8_t *token;
    int epoll;
    struct bindings *bindings;
    struct query_connection connection;
    struct watch watch;
    struct query query;  /* that the connection waits for an answer to */
    uint64_t generation; /* of the leases that are known */
    union query_buffer buffer;
};

/* Nothing is open yet. */
void lease_link_init(struct lease_link *link, const char *path, const uint8_t *token, int epoll,
                     struct bindings *bindings);

/* Connect if there is no connection, as long as there is such a role; otherwise there are no leases. Call now and then.
 */
void lease_link_try(struct lease_link *link, bool wanted);

void lease_link_close(struct lease_link *link);
