/*
 * Within lib/dhcp: one message while it is handled: who sent it, from where, and what its sender is to the server.
 */
#pragma once

#include "dhcp/scopes.h"
#include "dhcp/server.h"

struct exchange {
    struct dhcp_server *server;
    const struct dhcp_arrival *arrival;
    const struct dhcp_message *message;
    struct dhcp_result *result;
    uint64_t now_s;
    uint32_t network;
    const struct dhcp_subnet *selected; /* the subnet that the client is in, as far as can be told */
    struct dhcp_lease client;           /* who it is, and what it said of itself; no address yet */
    struct dhcp_identity identity;
    const struct dhcp_reservation *reservation; /* NULL: nothing is reserved for it */
    uint64_t classes;                           /* a bit each */
    struct dhcp_scopes scopes;                  /* the subnet's is the last, of that which was asked about last */
    unsigned narrow_count;                      /* those in front of it */
    uint32_t ciaddr, requested;                 /* 0: not given */
    bool has_server_id, ours;                   /* `ours`: the server identifier is one of ours */
};

/* Find out about a request, of which all from `server` to now_s is filled in. False: there is nobody to talk to, and
 * why. */
bool exchange_begin(struct exchange *exchange, enum dhcp_outcome *why);

/* The scopes of the client with an address of this subnet; valid until the next call. */
const struct dhcp_scopes *exchange_scopes(struct exchange *exchange, const struct dhcp_subnet *subnet);

/* The subnet of the client's network that an address is in; NULL. */
const struct dhcp_subnet *exchange_subnet(const struct exchange *exchange, uint32_t addr);
