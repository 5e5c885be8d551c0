/*
 * Serving: datagrams in, leases to the store, replies out.
 *
 * What arrives together is handled together: replies that change nothing leave at once, the others after all changes of
 * the batch are on stable storage in one transaction. If they cannot be stored, they are undone, and no reply that
 * promises anything leaves.
 */
#pragma once

#include "address/lease_clock.h"
#include "address/sockets.h"
#include "address/subnets.h"
#include "dhcp/server.h"
#include "store/store.h"

#define SERVE_BATCH 256 /* replies and changes that wait for one flush, at most */

struct serve_counts {
    uint64_t outcomes[DHCP_OUTCOME_COUNT];
    uint64_t faults[DHCP_FAULT_COUNT];
    uint64_t transactions, stored, unstored; /* unstored: changes undone because they could not be stored */
};

struct serve {
    struct lease_clock clock;
    struct store *store;
    struct dhcp_server *server;
    struct subnets *subnets; /* that the server has now; NULL: none yet */
    struct sockets *sockets;
    struct dhcp_message message; /* the one that is handled */
    struct serve_pending *pending;
    unsigned pending_count;
    bool failing; /* the store fails, which has been logged */
    struct serve_counts counts;
};

/* The leases come from the store, which is the caller's. 0; -errno, logged. */
int serve_open(struct serve *serve, struct store *store, struct sockets *sockets);
void serve_close(struct serve *serve);

/* Configuration or addresses are others now; the configuration stays valid until the next call. 0; -errno, logged, and
 * what was in force stays. */
int serve_configure(struct serve *serve, const struct conf *conf);

/* A datagram for DHCP: a udp_receive. */
bool serve_receive(void *arg, const struct udp_datagram *datagram);

/* Store and send what is pending. */
void serve_flush(struct serve *serve);
