/*
 * Where the frames of a shaped port come from and go to, behind one interface: AF_XDP sockets (port/xdp_io.h), memory
 * (port/memory_io.h), captures (port/pcap_io.h).
 *
 * Frames are known by their numbers (port/frame_pool.h). Who receives one owns it; who sends one has given it away, and
 * it is back in the pool once it has left. Nothing ever waits: what there is no room for stays with the caller.
 */
#pragma once

#include "port/frame_pool.h"

#include <stdbool.h>

#define FRAME_IO_BATCH 64u /* frames at once, at most */

struct frame_io;

/* What was lost on the way in, for reasons of ours: packets. */
struct frame_io_losses {
    uint64_t no_frame; /* every frame was in use, and the pool empty */
    uint64_t full;     /* more came at once than was looked at in time */
    uint64_t other;    /* too long, above all */
};

struct frame_io_ops {
    /* Frames that have come: their numbers and extents, and when each came, as its packet's arrived_ns
     * (CLOCK_MONOTONIC; 0: that is not known). How many. */
    unsigned (*receive)(struct frame_io *io, uint32_t *numbers, unsigned room);
    /* How many frames can be sent now. */
    unsigned (*room)(struct frame_io *io);
    /* No more than there is room for. */
    void (*send)(struct frame_io *io, const uint32_t *numbers, unsigned count);
    /* Get what was sent on its way, and what has left back into the pool. False: something could not go yet, and is
     * to be tried again soon. */
    bool (*push)(struct frame_io *io);
    /* Frames that are neither in the pool nor the caller's. */
    uint32_t (*held)(const struct frame_io *io);
    void (*losses)(const struct frame_io *io, struct frame_io_losses *losses);
    void (*close)(struct frame_io *io);
};

struct frame_io {
    const struct frame_io_ops *ops;
    struct frame_pool *frames; /* borrowed */
    int fd;                    /* readable when frames have come; -1: nothing to wait on */
    bool zero_copy;            /* frames are sent from where they are */
    uint64_t under_way;        /* bytes of frames that were sent and have not left yet */
};
