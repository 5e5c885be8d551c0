/*
 * The engine's connection to the dhcp role: it brings who has which address, all of it first, then what changes.
 * Nothing waits for that role; while it is restarted, what it told stays in force.
 */
#pragma once

#include "engine/bindings.h"
#include "query/link.h"

struct lease_link {
    struct bindings *bindings;
    struct query_link link;
    uint64_t generation; /* of the leases that are known */
};

/* Nothing is open yet. */
void lease_link_init(struct lease_link *leases, const char *path, const uint8_t *token, int epoll,
                     struct bindings *bindings);

/* Connect if there is no connection, as long as there is such a role; otherwise there are no leases. Call now and then.
 */
void lease_link_try(struct lease_link *leases, bool wanted);

void lease_link_close(struct lease_link *leases);
