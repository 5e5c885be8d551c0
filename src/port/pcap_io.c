#include "port/pcap_io.h"

#include "base/compiler.h"

#include <errno.h>
#include <limits.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS   INT64_C(1000000000)
#define SNAP_LENGTH 65535

struct pcap_io {
    struct frame_io io;
    pcap_t *in, *format; /* the second one says in what form is written */
    pcap_dumper_t *out;
    const struct pcap_pkthdr *header; /* of the next frame; NULL: there are no more */
    const u_char *data;
    int64_t next_ns, now_ns;
    bool read_failed;
    struct frame_io_losses losses;
};

static struct pcap_io *of(const struct frame_io *io)
{
    return CONTAINER_OF(io, struct pcap_io, io);
}

/* The next frame of the capture. Frames do not come before those before them. */
static void read_next(struct pcap_io *pcap)
{
    struct pcap_pkthdr *header;
    int rc = pcap_next_ex(pcap->in, &header, &pcap->data);

    pcap->header = rc == 1 ? header : NULL;
    pcap->read_failed = rc == PCAP_ERROR;
    int64_t at_ns = rc == 1 ? header->ts.tv_sec * SECOND_NS + header->ts.tv_usec : INT64_MAX; /* ns, as was asked for */
    pcap->next_ns = at_ns > pcap->next_ns ? at_ns : pcap->next_ns;
}

static unsigned receive(struct frame_io *io, uint32_t *numbers, unsigned room)
{
    struct pcap_io *pcap = of(io);
    struct frame_pool *frames = io->frames;
    unsigned count = 0;

    for (; pcap->header && pcap->next_ns <= pcap->now_ns && count < room; read_next(pcap)) {
        uint32_t len = pcap->header->len, there = pcap->header->caplen;
        if (len == 0 || len > frame_pool_bytes(frames) - FRAME_HEADROOM || there > len) {
            pcap->losses.other++;
            continue;
        }
        uint32_t number = packets_take(&frames->packets);
        if (number == PACKET_NONE) {
            pcap->losses.no_frame++;
            continue;
        }
        frames->extents[number] = (struct frame_extent){FRAME_HEADROOM, (uint16_t)len};
        uint8_t *at = frame_pool_data(frames, number);
        memcpy(at, pcap->data, there);
        memset(at + there, 0, len - there);
        frames->packets.all[number].arrived_ns = pcap->next_ns;
        numbers[count++] = number;
    }
    return count;
}

static unsigned room_of(struct frame_io *io)
{
    (void)io;
    return FRAME_IO_BATCH; /* a file takes what there is */
}

static void send_frames(struct frame_io *io, const uint32_t *numbers, unsigned count)
{
    struct pcap_io *pcap = of(io);
    struct frame_pool *frames = io->frames;

    for (unsigned i = 0; i < count; i++) {
        const struct pcap_pkthdr header = {.ts = {.tv_sec = pcap->now_ns / SECOND_NS,
                                                  .tv_usec = pcap->now_ns % SECOND_NS},
                                           .caplen = frames->extents[numbers[i]].len,
                                           .len = frames->extents[numbers[i]].len};
        pcap_dump((u_char *)pcap->out, &header, frame_pool_data(frames, numbers[i]));
        packets_give_back(&frames->packets, numbers[i]);
    }
}

static bool push(struct frame_io *io)
{
    (void)io;
    return true;
}

static uint32_t held(const struct frame_io *io)
{
    (void)io;
    return 0;
}

static void tell_losses(const struct frame_io *io, struct frame_io_losses *losses)
{
    *losses = of(io)->losses;
}

static void close_pcap(struct frame_io *io)
{
    struct pcap_io *pcap = of(io);

    if (pcap->out)
        pcap_dump_close(pcap->out);
    if (pcap->format)
        pcap_close(pcap->format);
    if (pcap->in)
        pcap_close(pcap->in);
    free(pcap);
}

static const struct frame_io_ops ops = {.receive = receive,
                                        .room = room_of,
                                        .send = send_frames,
                                        .push = push,
                                        .held = held,
                                        .losses = tell_losses,
                                        .close = close_pcap};

static int open_files(struct pcap_io *pcap, const char *in, const char *out, char *error, size_t error_bytes)
{
    char why[PCAP_ERRBUF_SIZE];

    pcap->in = pcap_open_offline_with_tstamp_precision(in, PCAP_TSTAMP_PRECISION_NANO, why);
    if (!pcap->in) {
        snprintf(error, error_bytes, "%s", why); /* which names the file, or is about its content */
        return -EINVAL;
    }
    if (pcap_datalink(pcap->in) != DLT_EN10MB) {
        snprintf(error, error_bytes, "%s: frames of %s: expected a capture of Ethernet", in,
                 pcap_datalink_val_to_description_or_dlt(pcap_datalink(pcap->in)));
        return -EINVAL;
    }
    pcap->format = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAP_LENGTH, PCAP_TSTAMP_PRECISION_NANO);
    if (!pcap->format)
        return -ENOMEM;
    pcap->out = pcap_dump_open(pcap->format, out);
    if (!pcap->out) {
        snprintf(error, error_bytes, "%s", pcap_geterr(pcap->format));
        return -EINVAL;
    }
    return 0;
}

int pcap_io_open(const char *in, const char *out, struct frame_pool *frames, char *error, size_t error_bytes,
                 struct frame_io **io)
{
    struct pcap_io *pcap = calloc(1, sizeof(*pcap));

    if (!pcap)
        return -ENOMEM;
    pcap->io = (struct frame_io){.ops = &ops, .frames = frames, .fd = -1};
    int rc = open_files(pcap, in, out, error, error_bytes);
    if (rc) {
        close_pcap(&pcap->io);
        return rc;
    }
    read_next(pcap);
    *io = &pcap->io;
    return 0;
}

int64_t pcap_io_next_ns(const struct frame_io *io)
{
    return of(io)->header ? of(io)->next_ns : INT64_MAX;
}

void pcap_io_set_time(struct frame_io *io, int64_t now_ns)
{
    of(io)->now_ns = now_ns;
}

bool pcap_io_failed(struct frame_io *io, char *error, size_t error_bytes)
{
    struct pcap_io *pcap = of(io);

    if (pcap->read_failed)
        snprintf(error, error_bytes, "%s", pcap_geterr(pcap->in));
    else if (pcap_dump_flush(pcap->out) != 0 || ferror(pcap_dump_file(pcap->out)))
        snprintf(error, error_bytes, "what leaves could not be written: %s", strerror(errno));
    else
        return false;
    return true;
}
