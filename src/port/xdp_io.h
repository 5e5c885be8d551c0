/*
 * AF_XDP sockets of a shaped port: one at its lift's far end, which receives, one at the port itself, which sends to
 * its driver past everything that the kernel has in front of it. Both work on the same frames.
 *
 * The sending one is zero-copy if the driver can, and if wanted.
 */
#pragma once

#include "port/frame_io.h"

#define XDP_IO_FILL 1024u /* frames that wait to be received into */
#define XDP_IO_SEND 256u  /* frames that are on their way out, at most */

struct xdp_io_config {
    const char *in, *out; /* interfaces */
    bool zero_copy;       /* to be tried: there is an XDP program in the driver of `out` */
};

/* The frames are borrowed until it is closed, and at least XDP_IO_FILL + XDP_IO_SEND. 0; -errno. */
int xdp_io_open(const struct xdp_io_config *config, struct frame_pool *frames, struct frame_io **io);

/* Of the receiving end, for the program in front of it; it stays open. */
int xdp_io_socket(const struct frame_io *io);
