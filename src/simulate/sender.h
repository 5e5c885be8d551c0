/*
 * A sender that always has something to send, and its receiver: packets by their numbers, acknowledgements, losses, a
 * window and a pace (simulate/congestion.h). Packets are never sent again under the same number (as in QUIC, RFC 9002);
 * a link keeps their order, so that three later ones tell of a loss.
 *
 * A deterministic core: it is told what happens and when, and says when it may send.
 */
#pragma once

#include "simulate/congestion.h"

#include <stddef.h>

#define SENDER_MS INT64_C(1000000)

/* A packet under way. */
struct flight {
    int64_t sent_ns, delivered_ns;
    uint32_t delivered; /* packets that had been, when it was sent */
    uint32_t echo;      /* of its timestamps */
    bool received, marked;
};

struct acknowledgement {
    uint32_t largest;
    uint32_t value, echo; /* its timestamps */
};

struct sender {
    struct congestion congestion;
    struct flight *flights; /* by number modulo room */
    uint32_t room;          /* a power of two */
    uint32_t next;          /* to be sent */
    uint32_t oldest;        /* that is neither known to have arrived nor lost */
    uint32_t seen;          /* up to here, not included, acknowledgements have been counted */
    uint32_t in_flight;
    uint32_t recover; /* losses of packets before it belong to one that is known */
    bool recovering;
    uint32_t recovered, sent_since, flight_size; /* for proportional rate reduction (RFC 6937) */
    unsigned timeouts;                           /* one after another */
    uint32_t delivered, lost, marks;
    int64_t delivered_ns;
    int64_t pace_ns;     /* not before it the next packet */
    int64_t progress_ns; /* when something was acknowledged, or the timer was started */
    uint32_t clock;      /* added to its timestamps */
    uint32_t echo;       /* of what it has heard last */
    /* The receiver's: */
    uint32_t expected, waiting; /* waiting: packets that it has not acknowledged */
    uint32_t first_value;       /* of the first of these */
};

/* False: there is no memory. So many packets can be under way at most; a power of two. */
bool sender_open(struct sender *sender, enum congestion_kind kind, uint32_t room, uint32_t clock);
void sender_close(struct sender *sender);

/* Of a packet under way. */
struct flight *sender_flight(const struct sender *sender, uint32_t number);

uint32_t sender_timestamp(const struct sender *sender, int64_t now_ns);

/* When it may send its next packet: now_ns or later; INT64_MAX: not before something is acknowledged. */
int64_t sender_next_ns(const struct sender *sender, int64_t now_ns);
/* It sends it: its number. */
uint32_t sender_send(struct sender *sender, int64_t now_ns);

/* A packet has arrived. True: and is acknowledged, now; false: not before another one, or some time. */
bool sender_received(struct sender *sender, uint32_t number, bool marked, int64_t now_ns, struct acknowledgement *ack);
/* So much later what is not acknowledged is. False: there is nothing. */
bool sender_acknowledge(struct sender *sender, int64_t now_ns, struct acknowledgement *ack);

/* An acknowledgement is back. */
void sender_acked(struct sender *sender, const struct acknowledgement *ack, int64_t now_ns);

/* When it gives up on what is under way, unless something is acknowledged before. */
int64_t sender_timeout_ns(const struct sender *sender);
void sender_timed_out(struct sender *sender, int64_t now_ns);
