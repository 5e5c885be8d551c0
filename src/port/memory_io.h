/*
 * Frames from memory, and back into it: for whoever brings and takes them by himself, as tests do.
 */
#pragma once

#include "port/frame_io.h"

#include <stddef.h>

/* At most so many frames wait to be received, and as many to be taken. The frames are borrowed until it is closed. 0;
 * -ENOMEM. */
int memory_io_open(struct frame_pool *frames, unsigned room, struct frame_io **io);

/* A frame comes; it is copied. False: there is no place for it, which is counted. */
bool memory_io_put(struct frame_io *io, const void *frame, size_t len);

/* The first frame that was sent and not taken yet, and its length; valid until the next call of anything. NULL: there
 * is none. */
const uint8_t *memory_io_take(struct frame_io *io, size_t *len);

/* How many were sent and not taken yet. */
unsigned memory_io_sent(const struct frame_io *io);
