/*
 * Packets in the order in which they came, and how much that is.
 */
#pragma once

#include "queue/packets.h"

struct fifo {
    uint32_t first, last; /* valid while count is not 0 */
    uint32_t count;
    uint64_t bytes;
};

static inline void fifo_put(struct fifo *fifo, struct packets *packets, uint32_t number)
{
    if (fifo->count++)
        packets->all[fifo->last].next = number;
    else
        fifo->first = number;
    fifo->last = number;
    fifo->bytes += packets->all[number].len;
}

/* PACKET_NONE: there are none. */
static inline uint32_t fifo_get(struct fifo *fifo, const struct packets *packets)
{
    uint32_t number = fifo->first;

    if (!fifo->count)
        return PACKET_NONE;
    fifo->count--;
    fifo->first = packets->all[number].next;
    fifo->bytes -= packets->all[number].len;
    return number;
}

/* All of them go back to the pool. */
static inline void fifo_clear(struct fifo *fifo, struct packets *packets)
{
    uint32_t number;

    while ((number = fifo_get(fifo, packets)) != PACKET_NONE)
        packets_give_back(packets, number);
}
