/*
 * What has become of leases, the latest of it: the engine and people follow them by it. Events are numbered from 1; who
 * knows up to which number he has heard asks for those behind it.
 */
#pragma once

#include "dhcp/server.h"
#include "query/query.h"

#define EVENTS_KEPT 65536 /* older ones are forgotten */

struct event {
    uint64_t at_s; /* by the clock of leases */
    uint32_t addr;
    uint8_t kind; /* enum query_event */
    uint8_t htype, hlen;
    uint8_t chaddr[DHCP_CHADDR_SIZE]; /* whose lease it is, or was */
};

struct events {
    struct event *kept; /* room for EVENTS_KEPT; number n stands at n modulo that */
    uint64_t last;      /* the number of the last one; there always is one */
    uint64_t anew;      /* the number of the last EVENT_ANEW */
};

int events_open(struct events *events); /* 0; -ENOMEM */
void events_close(struct events *events);

/* A change has been stored. */
void events_add_change(struct events *events, const struct dhcp_change *change, uint64_t now_s);

/* A lease has ended by itself. */
void events_add_end(struct events *events, const struct dhcp_lease *lease, uint64_t now_s);

/* What leases mean for the engine is another now: subnets, ports, reservations. */
void events_add_anew(struct events *events, uint64_t now_s);

/* The event of a number behind `after`; NULL: there is none, or it is forgotten. */
const struct event *events_get(const struct events *events, uint64_t number);

/* The number of the first one that is kept, less 1. */
uint64_t events_forgotten(const struct events *events);
