/*
 * Packets that wait: a descriptor each, known by its number. The bytes are elsewhere, in a frame of the same number:
 * queues link descriptors, and never look at frames.
 *
 * Whoever brings packets takes free ones and fills them in; a queue that drops one gives it back here.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define PACKET_NONE  UINT32_MAX
#define PACKET_DSCPS 64

/* Explicit congestion notification, as in the IPv4 header (RFC 3168 5, RFC 9331 4.1). */
enum packet_ecn { PACKET_NOT_ECT, PACKET_ECT_1, PACKET_ECT_0, PACKET_CE };

struct packet {
    int64_t arrived_ns; /* when it came to its queue; set by the queue, or with a contract by whoever brings it */
    union {
        uint32_t next;     /* the one behind it in its queue */
        uint32_t contract; /* of one that has one (sched/edf.h), until it is in a queue of best effort */
    };
    uint32_t len;  /* bytes that it takes on the link: what the link adds is included */
    uint32_t hash; /* of its flow */
    union {
        uint32_t leaf;     /* among the queues of its class, where that has many (sched/drr.h) */
        uint32_t deadline; /* of one that has a contract, when it leaves (sched/edf.h) */
    };
    uint8_t class; /* among the classes of its port */
    uint8_t dscp;  /* of the IP header (RFC 2474): 0 to PACKET_DSCPS - 1 */
    uint8_t ecn;   /* enum packet_ecn; a queue that marks sets PACKET_CE */
    bool marked;   /* a queue has set it, and the frame is to follow */
};

struct packets {
    struct packet *all;
    uint32_t *free; /* a stack: what was used last is used first, as it is in the cache */
    uint32_t count, free_count;
    uint32_t reserved, held; /* what only packets of contracts may use (sched/edf.h), and how much of it they do */
};

/* 0; -ENOMEM. */
int packets_open(struct packets *packets, uint32_t count);
void packets_close(struct packets *packets);

/* PACKET_NONE: there are none left. */
static inline uint32_t packets_take(struct packets *packets)
{
    return packets->free_count ? packets->free[--packets->free_count] : PACKET_NONE;
}

/* How many are free for everybody. */
static inline uint32_t packets_shared(const struct packets *packets)
{
    uint32_t unused = packets->reserved > packets->held ? packets->reserved - packets->held : 0;

    return packets->free_count > unused ? packets->free_count - unused : 0;
}

static inline void packets_give_back(struct packets *packets, uint32_t number)
{
    assert(packets->free_count < packets->count);
    packets->free[packets->free_count++] = number;
}
