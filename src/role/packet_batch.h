/*
 * Frames from packet sockets (port/packet.h), many at once.
 */
#pragma once

#include "role/packet_note.h"

#include <stddef.h>
#include <stdint.h>

#define PACKET_BATCH 64 /* frames at once */

struct packet_batch;

/* For frames of so many bytes; what longer ones have behind is lost. NULL: no memory. */
struct packet_batch *packet_batch_new(size_t frame_bytes);
struct packet_batch *packet_batch_free(struct packet_batch *batch); /* takes NULL, returns NULL */

/* What has arrived, PACKET_BATCH at most. How many; -1: errno. */
int packet_batch_receive(struct packet_batch *batch, int fd);

/* One of these; valid until the next ones are received. */
const uint8_t *packet_batch_frame(const struct packet_batch *batch, int number, size_t *len, struct packet_note *note);
