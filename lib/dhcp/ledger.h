/*
 * Within lib/dhcp: whose addresses are. What is durable is in `leases`, what is promised for a moment in `offers`; the
 * pools follow from both: ledger_settle() brings one address's state in its pool in line, after every change and in any
 * order.
 */
#pragma once

#include "dhcp/catalog.h"
#include "dhcp/leases.h"
#include "dhcp/offers.h"
#include "dhcp/pool.h"
#include "dhcp/server.h"
#include "dhcp/tally.h"

/* Of what an address that somebody has is one of several: hashes; 0: of nothing. */
struct ledger_groups {
    uint64_t circuit, mac;
};

struct pool {
    struct dhcp_pool addrs;
    const struct dhcp_subnet *subnet;
    uint64_t classes;             /* whose clients alone get its addresses; 0: everybody does */
    struct ledger_groups *groups; /* as which its addresses have been counted; NULL: there are no limits */
};

struct dhcp_server {
    uint8_t key[DHCP_KEY_SIZE];
    struct dhcp_leases *leases;
    struct dhcp_offers *offers;
    const struct dhcp_subnets *subnets;
    struct dhcp_catalog *catalog; /* of them */
    struct pool *pools;           /* in the order of their addresses */
    size_t pool_count;
    void (*ended)(void *arg, uint32_t addr); /* NULL: nobody wants to know */
    void *arg;
    struct rush *rush;        /* who has been heard while only those who are known are served */
    struct dhcp_tally *tally; /* how many addresses of pools a group has; NULL: there are no limits */
};

/* Of what a client's address in a network is one of several. */
struct ledger_groups ledger_groups_of(const struct dhcp_server *server, uint32_t network,
                                      const struct dhcp_lease *client);

/* The lease of an address, if that is not to be given to others. False: it is. */
bool ledger_find_active(const struct dhcp_server *server, uint32_t addr, uint64_t now_s,
                        struct dhcp_lease_summary *lease);

/* The pool of an address; NULL. */
struct pool *ledger_pool(const struct dhcp_server *server, uint32_t addr);

/* The first pool that ends at an address, or behind it; pool_count: none does. */
size_t ledger_pool_from(const struct dhcp_server *server, uint32_t addr);

/* What follows from lease and offer of an address. */
void ledger_settle(struct dhcp_server *server, uint32_t addr, uint64_t now_s);

/* An offer is out no longer. */
void ledger_withdraw(struct dhcp_server *server, const struct dhcp_offer *offer, uint64_t now_s);

/* Nothing is answered yet, and nothing changed; what has ended by now has ended. */
void ledger_begin(struct dhcp_server *server, uint64_t now_s, struct dhcp_result *result);

/* A lease becomes what `after` says, and the result says so. 0; -ENOMEM with nothing changed. */
int ledger_change(struct dhcp_server *server, const struct dhcp_lease *after, uint64_t now_s,
                  struct dhcp_result *result);
