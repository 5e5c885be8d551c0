#include "role/packet_batch.h"

#include <stdlib.h>

struct packet_batch {
    struct mmsghdr messages[PACKET_BATCH];
    struct iovec parts[PACKET_BATCH];
    union packet_note_buffer notes[PACKET_BATCH];
    uint8_t frames[]; /* one behind the other */
};

struct packet_batch *packet_batch_new(size_t frame_bytes)
{
    struct packet_batch *batch = calloc(1, sizeof(*batch) + PACKET_BATCH * frame_bytes);

    if (!batch)
        return NULL;
    for (size_t i = 0; i < PACKET_BATCH; i++) {
        batch->parts[i] = (struct iovec){batch->frames + i * frame_bytes, frame_bytes};
        batch->messages[i].msg_hdr =
            (struct msghdr){.msg_iov = &batch->parts[i], .msg_iovlen = 1, .msg_control = batch->notes[i].bytes};
    }
    return batch;
}

struct packet_batch *packet_batch_free(struct packet_batch *batch)
{
    free(batch);
    return NULL;
}

int packet_batch_receive(struct packet_batch *batch, int fd)
{
    for (size_t i = 0; i < PACKET_BATCH; i++)
        batch->messages[i].msg_hdr.msg_controllen = sizeof(batch->notes[i].bytes);
    return recvmmsg(fd, batch->messages, PACKET_BATCH, MSG_DONTWAIT, NULL);
}

const uint8_t *packet_batch_frame(const struct packet_batch *batch, int number, size_t *len, struct packet_note *note)
{
    *len = batch->messages[number].msg_len;
    *note = packet_note_read(&batch->messages[number].msg_hdr);
    return batch->parts[number].iov_base;
}
