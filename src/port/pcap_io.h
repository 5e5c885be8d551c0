/*
 * Frames from one capture into another, in the time of the first: what queues would have made of it.
 *
 * Reads pcap and pcapng, of Ethernet; writes pcap with nanoseconds. A frame that was cut when it was captured is filled
 * up with zeros.
 */
#pragma once

#include "port/frame_io.h"

#include <stddef.h>

/* The frames are borrowed until it is closed. 0; -EINVAL: one of the files cannot be used, and why is in `error`. */
int pcap_io_open(const char *in, const char *out, struct frame_pool *frames, char *error, size_t error_bytes,
                 struct frame_io **io);

/* When the next frame comes, since 1970; INT64_MAX: there are no more. */
int64_t pcap_io_next_ns(const struct frame_io *io);

/* It is that time: what has come until then can be received, and what is sent leaves now. Never back. */
void pcap_io_set_time(struct frame_io *io, int64_t now_ns);

/* Whether something of the files could not be read or written; what, in `error`. */
bool pcap_io_failed(struct frame_io *io, char *error, size_t error_bytes);
