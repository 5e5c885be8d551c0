/*
 * The frames of a shaped port: for each packet (queue/packets.h) a piece of memory under the same number, in which the
 * kernel writes what comes and from which it sends.
 */
#pragma once

#include "queue/packets.h"

#include <stdint.h>

#define FRAME_HEADROOM 256u /* bytes that the kernel keeps for itself in front (XDP_PACKET_HEADROOM) */
#define FRAME_TAGS     8u   /* bytes of VLAN tags that a frame may have beyond the MTU */

/* Where in its piece a frame is. */
struct frame_extent {
    uint16_t at, len; /* bytes */
};

struct frame_pool {
    uint8_t *memory; /* packets.count pieces of `bytes`, on page boundaries */
    unsigned shift;  /* a piece has 2 to that bytes: 2048 or 4096 */
    struct frame_extent *extents;
    struct packets packets;
};

/* For frames of at most `longest` bytes, up to 4096 - FRAME_HEADROOM. 0; -ENOMEM; -EMSGSIZE. */
int frame_pool_open(struct frame_pool *frames, uint32_t count, uint32_t longest);
void frame_pool_close(struct frame_pool *frames);

static inline uint32_t frame_pool_bytes(const struct frame_pool *frames)
{
    return 1u << frames->shift;
}

static inline uint8_t *frame_pool_data(const struct frame_pool *frames, uint32_t number)
{
    return frames->memory + ((uint64_t)number << frames->shift) + frames->extents[number].at;
}
