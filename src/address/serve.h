/*
 * Serving: datagrams in, leases to the store, replies out.
 *
 * Replies that change nothing leave at once. The others gather, with their changes, while those before them are on
 * their way to stable storage; each gathering is one transaction, and its replies leave when that is done. If it cannot
 * be stored, it is undone, and so is what has gathered behind it: no reply that promises anything leaves.
 */
#pragma once

#include "address/events.h"
#include "address/flush.h"
#include "address/forecast.h"
#include "address/lease_clock.h"
#include "address/probe.h"
#include "address/sockets.h"
#include "address/subnets.h"
#include "dhcp/server.h"

#define SERVE_BATCH 4096 /* replies that gather at most; then nothing more is received */

struct serve_counts {
    uint64_t outcomes[DHCP_OUTCOME_COUNT];
    uint64_t conflicts;                      /* addresses that somebody had who was not known */
    uint64_t transactions, stored, unstored; /* unstored: changes undone because they could not be stored */
};

/* How many new clients had come, and how many had taken what they were offered, at a time. */
struct serve_look {
    int64_t at_ms;
    uint64_t came, took;
};

/* A reply, its changes, and where the question came from. */
struct serve_pending {
    unsigned port;
    uint8_t sender[ETH_ADDR_SIZE];
    struct dhcp_result result;
};

/* Replies that wait, and their changes. */
struct serve_batch {
    struct serve_pending *pending; /* room for SERVE_BATCH */
    unsigned count;
    uint64_t number; /* from 1 on, in the order in which they gather */
    bool has_reservation;
    struct store_reservation reservation; /* that somebody makes or takes away */
};

struct serve {
    struct lease_clock clock;
    bool clock_changed; /* it is to be stored */
    struct flush flush;
    struct store_reader *reader; /* of the history; NULL: there is none */
    struct dhcp_server *server;
    const struct conf *conf; /* in force; NULL: none yet */
    struct subnets *subnets; /* that the server has now; NULL: none yet */
    struct kept_reservations kept;
    bool guarded[SOCKETS_PORTS], any_guarded; /* by port number: source guard is on there */
    uint32_t history_s;                       /* how long the history goes back; UINT32_MAX: for ever */
    struct sockets *sockets;
    struct probes *probes;
    struct serve_offer *offers;    /* that wait for an answer, by its number; room for PROBE_MAX */
    struct dhcp_message again;     /* a question that is handled once more */
    struct serve_batch batches[2]; /* one gathers, the other is being stored */
    struct serve_batch *gathers;
    struct serve_batch *untold; /* it is stored, and its replies wait until the engine lets its hosts speak; NULL */
    uint64_t untold_event;      /* the last event that the engine has to know for that */
    int64_t untold_until_ms;    /* they wait no longer */
    bool followed;              /* the engine is there, and keeps up */
    uint64_t done;              /* the number of the last batch that is stored, or was undone */
    uint64_t undone_from, undone_to;  /* numbers of batches that were undone together, lately */
    const struct dhcp_lease **leases; /* that are being stored; room for all changes of a batch */
    int64_t gathers_since_ms;         /* since when, if there is anything */
    bool busy;                        /* so many come that it is worth waiting for more */
    bool failing;                     /* the store fails, which has been logged */
    struct serve_counts counts;
    struct serve_look look; /* the last one */
    struct events events;
    struct forecasts forecasts;
    uint64_t started_s; /* by the clock of leases */
};

/* The leases come from the store, which is the serve's until serve_close(). 0; -errno, logged. */
int serve_open(struct serve *serve, struct store *store, struct sockets *sockets, int epoll);
/* What has gathered is stored, and answered. */
void serve_close(struct serve *serve);

/* Configuration or addresses are others now; the configuration stays valid until the next call. 0; -errno, logged, and
 * what was in force stays. */
int serve_configure(struct serve *serve, const struct conf *conf);

/* A message has come in. False: it cannot be taken now. */
bool serve_receive(struct serve *serve, const struct udp_datagram *datagram, const struct dhcp_message *message);

/* Room in the batch that gathers for one more; NULL: there is none now. Behind it, if it has changes, or a reservation
 * has been put into the batch, serve_join(). */
struct serve_pending *serve_room(struct serve *serve);
void serve_join(struct serve *serve);

/* Whether source guard is on where an address is. */
bool serve_is_guarded(const struct serve *serve, uint32_t addr);

/* The engine has done what follows from all events up to this one. */
void serve_followed(struct serve *serve, uint64_t event);

/* Whether what a batch brought is on stable storage. 0: it is; -EAGAIN: not yet; -EIO: it never will be. */
int serve_is_stored(const struct serve *serve, uint64_t batch);

/* The end of a turn of the loop: what can leave leaves, and what has gathered is stored when it is time. */
void serve_turn(struct serve *serve);

/* How long the loop may wait for something to happen, in milliseconds; at most `most`. */
int serve_wait_ms(const struct serve *serve, int most);
