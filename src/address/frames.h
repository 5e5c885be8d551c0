/*
 * Frames of DHCP, in and out: net/udp_mux.h over packet sockets, two a port. On one arrives what asks for an address
 * for the first time, on the other all else, so that new clients keep nobody else waiting: in a flood of them that
 * socket is left alone for most of the time, and the kernel drops what does not fit into it.
 */
#pragma once

#include "address/flood.h"
#include "loop/watch.h"
#include "net/udp_mux.h"
#include "role/packet_batch.h"

#define FRAMES_PORTS UDP_MUX_PORTS
#define FRAMES_BATCH PACKET_BATCH

enum frames_kind { FRAMES_OTHERS, FRAMES_DISCOVERS, FRAMES_KINDS };

/* A packet socket, and how much is taken from it. */
struct frames_intake {
    struct watch watch; /* fd -1: none */
    struct flood flood;
    bool rests;       /* it is not looked at for a moment, so that a flood is taken in lumps */
    bool told;        /* the log says that there is a flood */
    int64_t told_ns;  /* when it said so last; 0: never */
    const char *name; /* of its port; borrowed */
    unsigned port;
    enum frames_kind kind;
};

struct frames {
    struct udp_mux *mux;
    int epoll;
    struct frames_intake ports[FRAMES_PORTS][FRAMES_KINDS]; /* by number, from 1 */
    struct packet_batch *batch;                             /* that frames are received into */
    struct frames_buffers *buffers;                         /* that they wait in to be sent */
    unsigned queued, queued_port;                           /* frames that wait, all for one port */
    bool held;                                              /* nothing is received */
    bool resting;                                           /* some sockets rest */
    int64_t rest_until_ms;                                  /* they do */
    bool pressed;    /* there are many new clients, and most do not take what they are offered */
    bool known_only; /* what is handed over now is of a flood, and only who is known is to be served */
    bool failing;    /* sending fails, which has been logged */
    uint64_t unsent; /* frames that were lost then */
};

/* 0; -ENOMEM. Close it in any case. */
int frames_open(struct frames *frames, int epoll);
void frames_close(struct frames *frames);

/* Take over the sockets of a port, by kind (port/packet.h); its name stays the caller's, and valid. 0; -errno, with
 * none. */
int frames_take(struct frames *frames, unsigned port, const char *name, const int fds[static FRAMES_KINDS]);
/* Close them. Nothing happens if there are none. */
void frames_drop(struct frames *frames, unsigned port);
bool frames_has(const struct frames *frames, unsigned port);

/* Nothing is received for now: what arrives waits in the sockets. */
void frames_hold(struct frames *frames, bool held);

/* The end of a turn of the loop: frames that were sent through the mux leave now at the latest. And how long it may
 * wait for something to happen, at most `most` milliseconds. */
void frames_turn(struct frames *frames);
int frames_wait_ms(const struct frames *frames, int most);
