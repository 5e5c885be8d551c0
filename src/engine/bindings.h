/*
 * Who has which address at a port: by a lease, by a reservation, by the configuration. Two things follow. The front
 * door lets nobody else speak where source guard is on (bpf/guard.h); and the kernel knows hosts as neighbours before
 * they have been asked for.
 *
 * Neighbours are a help and never in the way: what the kernel has found out itself stays, except that whoever has just
 * got a lease is where it says; and they are told to the kernel so many at a time.
 */
#pragma once

#include "engine/ports.h"
#include "query/query.h"

enum binding_source { BINDING_LEASE, BINDING_RESERVATION, BINDING_HOST, BINDING_SOURCE_COUNT };

struct bindings {
    struct door *door;
    struct routing *routing;
    struct ipv4_map by_addr; /* /32 -> the first struct binding */
    size_t count, neighbours;
    uint32_t rounds[BINDING_SOURCE_COUNT];
    uint32_t guarded[DOOR_PORTS]; /* by port number: the interface at which source guard is on; 0 */
    bool left;                    /* the door may have those of an engine before this one still */
    bool known;                   /* leases and reservations have been told as a whole */
    bool full;                    /* there are more than the door has room for, which has been logged */
    const struct conf *conf;      /* hosts are of this one */
    uint64_t seen_changes;        /* and of the ports as they were then */
    unsigned budget;              /* neighbours that may be told now */
    struct ipv4_prefix at;        /* as far as the last look at neighbours came */
    bool started;
};

/* Somebody has an address, or may have it. Of one address there is one lease at most, and the last one counts. */
void bindings_put(struct bindings *bindings, enum binding_source source, const struct neighbour_host *host);

/* Nobody has a lease of it. */
void bindings_end_lease(struct bindings *bindings, uint32_t addr);

/* All of a source are named anew between these two; what was not named is gone. */
void bindings_round_begin(struct bindings *bindings, enum binding_source source);
void bindings_round_end(struct bindings *bindings, enum binding_source source);

/* Leases and reservations are known as a whole (there may be none): what an engine before this one told the kernel is
 * taken back where nobody has it any more. */
void bindings_are_known(struct bindings *bindings);

/* Bring hosts and source guards in line with the configuration and the ports. True: port->guarded of one is another. */
bool bindings_follow(struct bindings *bindings, struct ports *ports, const struct conf *conf);

/* Tell the kernel of neighbours that it does not know. Call four times a second. */
void bindings_tick(struct bindings *bindings);

void bindings_clear(struct bindings *bindings);
