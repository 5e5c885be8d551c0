#include "port/xdp_io.h"

#include "base/compiler.h"
#include "bpf/door.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

#define RECEIVE_RING 2048u
#define KICKS_MAX    16 /* each sends 32 frames at most in copy mode */

/*
 * Both sockets have the frames registered for themselves (XDP_UMEM_REG), and do not share a registration: those that
 * share one are both zero-copy or both not, and a lift's far end never is.
 */
struct xdp_io {
    struct frame_io io;
    struct xsk_umem *in_memory, *out_memory;
    struct xsk_socket *in, *out;
    struct xsk_ring_prod fill, send;
    struct xsk_ring_cons received, left;
    /* What each registration has beside. Of the first a zero-copy driver receives by itself, and nobody else; of the
     * second nothing ever comes. */
    struct xsk_ring_prod out_fill;
    struct xsk_ring_cons in_left;
    uint32_t filled;    /* frames that wait to be received into */
    uint32_t sent;      /* frames that are on their way out */
    uint32_t card_fill; /* frames that a zero-copy driver has for what it receives itself */
};

static struct xdp_io *of(const struct frame_io *io)
{
    return CONTAINER_OF(io, struct xdp_io, io);
}

static uint64_t address_of(const struct frame_pool *frames, uint32_t number)
{
    return (uint64_t)number << frames->shift;
}

static uint32_t number_of(const struct frame_pool *frames, uint64_t address)
{
    return (uint32_t)(address >> frames->shift);
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

/* Put frames of the pool where they can be received into; at most so many are there. How many were put. */
static uint32_t fill(struct xsk_ring_prod *ring, struct frame_pool *frames, uint32_t wanted)
{
    uint32_t count = wanted < frames->packets.free_count ? wanted : frames->packets.free_count, at;

    if (!count || xsk_ring_prod__reserve(ring, count, &at) != count)
        return 0;
    for (uint32_t i = 0; i < count; i++)
        *xsk_ring_prod__fill_addr(ring, at + i) = address_of(frames, packets_take(&frames->packets));
    xsk_ring_prod__submit(ring, count);
    return count;
}

static unsigned receive(struct frame_io *io, uint32_t *numbers, unsigned room)
{
    struct xdp_io *xdp = of(io);
    struct frame_pool *frames = io->frames;
    uint32_t at, count = xsk_ring_cons__peek(&xdp->received, room, &at);

    for (uint32_t i = 0; i < count; i++) {
        const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&xdp->received, at + i);
        numbers[i] = number_of(frames, desc->addr);
        frames->extents[numbers[i]] =
            (struct frame_extent){(uint16_t)(desc->addr - address_of(frames, numbers[i])), (uint16_t)desc->len};
        memcpy(&frames->packets.all[numbers[i]].arrived_ns, frame_pool_data(frames, numbers[i]) - DOOR_STAMP_BYTES,
               DOOR_STAMP_BYTES);
    }
    xsk_ring_cons__release(&xdp->received, count);
    xdp->filled -= count;
    xdp->filled += fill(&xdp->fill, frames, XDP_IO_FILL - xdp->filled);
    return count;
}

/* --- out --------------------------------------------------------------------------------------------------------- */

static unsigned room(struct frame_io *io)
{
    return XDP_IO_SEND - of(io)->sent;
}

static void send_frames(struct frame_io *io, const uint32_t *numbers, unsigned count)
{
    struct xdp_io *xdp = of(io);
    const struct frame_pool *frames = io->frames;
    uint32_t at;

    if (!count || xsk_ring_prod__reserve(&xdp->send, count, &at) != count)
        return; /* the ring has as many places as there may be frames on their way */
    for (uint32_t i = 0; i < count; i++) {
        const struct frame_extent *extent = &frames->extents[numbers[i]];
        *xsk_ring_prod__tx_desc(&xdp->send, at + i) =
            (struct xdp_desc){.addr = address_of(frames, numbers[i]) + extent->at, .len = extent->len};
        io->under_way += extent->len;
    }
    xsk_ring_prod__submit(&xdp->send, count);
    xdp->sent += count;
}

/* Frames that the kernel has not looked at yet. */
static uint32_t unseen(struct xdp_io *xdp)
{
    return XDP_IO_SEND - xsk_prod_nb_free(&xdp->send, XDP_IO_SEND);
}

static void collect(struct xdp_io *xdp)
{
    struct frame_pool *frames = xdp->io.frames;
    uint32_t at, count;

    while ((count = xsk_ring_cons__peek(&xdp->left, FRAME_IO_BATCH, &at)) > 0) {
        for (uint32_t i = 0; i < count; i++) {
            uint32_t number = number_of(frames, *xsk_ring_cons__comp_addr(&xdp->left, at + i));
            xdp->io.under_way -= frames->extents[number].len;
            packets_give_back(&frames->packets, number);
        }
        xsk_ring_cons__release(&xdp->left, count);
        xdp->sent -= count;
    }
}

static bool push(struct frame_io *io)
{
    struct xdp_io *xdp = of(io);
    uint32_t waiting = xdp->sent ? unseen(xdp) : 0;

    for (unsigned kicks = 0; waiting && kicks < KICKS_MAX && xsk_ring_prod__needs_wakeup(&xdp->send); kicks++) {
        if (sendto(xsk_socket__fd(xdp->out), NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN && errno != EBUSY &&
            errno != ENOBUFS)
            break; /* it is switched off, or gone */
        uint32_t before = waiting;
        waiting = unseen(xdp);
        if (waiting == before)
            break; /* it takes no more for now */
    }
    if (xdp->sent)
        collect(xdp);
    return !waiting;
}

/* --- seen -------------------------------------------------------------------------------------------------------- */

static uint32_t held(const struct frame_io *io)
{
    const struct xdp_io *xdp = of(io);

    return xdp->filled + xdp->sent + xdp->card_fill;
}

static void losses(const struct frame_io *io, struct frame_io_losses *losses)
{
    struct xdp_statistics stats = {0};
    socklen_t bytes = sizeof(stats);

    getsockopt(xsk_socket__fd(of(io)->in), SOL_XDP, XDP_STATISTICS, &stats, &bytes);
    /* The kernel counts among those that were dropped also those for which there was no frame. */
    uint64_t no_frame = stats.rx_fill_ring_empty_descs, dropped = stats.rx_dropped;
    *losses = (struct frame_io_losses){
        .no_frame = no_frame, .full = stats.rx_ring_full, .other = dropped > no_frame ? dropped - no_frame : 0};
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static void close_xdp(struct frame_io *io)
{
    struct xdp_io *xdp = of(io);

    if (xdp->in)
        xsk_socket__delete(xdp->in);
    if (xdp->out)
        xsk_socket__delete(xdp->out);
    if (xdp->in_memory)
        xsk_umem__delete(xdp->in_memory);
    if (xdp->out_memory)
        xsk_umem__delete(xdp->out_memory);
    free(xdp);
}

static int open_memory(const struct frame_pool *frames, uint32_t fill_ring, uint32_t left_ring,
                       struct xsk_ring_prod *fill, struct xsk_ring_cons *left, struct xsk_umem **memory)
{
    const struct xsk_umem_config config = {
        .fill_size = fill_ring, .comp_size = left_ring, .frame_size = frame_pool_bytes(frames)};

    return xsk_umem__create(memory, frames->memory, (uint64_t)frames->packets.count << frames->shift, fill, left,
                            &config);
}

static int open_in(struct xdp_io *xdp, const char *name)
{
    const struct xsk_socket_config config = {.rx_size = RECEIVE_RING,
                                             .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
                                             .bind_flags = XDP_COPY | XDP_USE_NEED_WAKEUP};
    int error = open_memory(xdp->io.frames, XDP_IO_FILL, 64, &xdp->fill, &xdp->in_left, &xdp->in_memory);

    return error ? error : xsk_socket__create(&xdp->in, name, 0, xdp->in_memory, &xdp->received, NULL, &config);
}

static int open_out(struct xdp_io *xdp, const char *name, bool zero_copy)
{
    const struct xsk_socket_config config = {.tx_size = XDP_IO_SEND,
                                             .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
                                             .bind_flags = (uint16_t)((zero_copy ? XDP_ZEROCOPY : XDP_COPY) |
                                                                      XDP_USE_NEED_WAKEUP)};
    int error = open_memory(xdp->io.frames, XDP_IO_FILL, XDP_IO_SEND, &xdp->out_fill, &xdp->left, &xdp->out_memory);

    if (!error)
        error = xsk_socket__create(&xdp->out, name, 0, xdp->out_memory, NULL, &xdp->send, &config);
    if (error && xdp->out_memory) {
        xsk_umem__delete(xdp->out_memory);
        xdp->out_memory = NULL;
    }
    return error;
}

static const struct frame_io_ops ops = {.receive = receive,
                                        .room = room,
                                        .send = send_frames,
                                        .push = push,
                                        .held = held,
                                        .losses = losses,
                                        .close = close_xdp};

int xdp_io_open(const struct xdp_io_config *config, struct frame_pool *frames, struct frame_io **result)
{
    struct xdp_io *xdp = calloc(1, sizeof(*xdp));

    if (!xdp)
        return -ENOMEM;
    xdp->io = (struct frame_io){.ops = &ops, .frames = frames};
    int error = open_in(xdp, config->in);
    if (!error && config->zero_copy)
        xdp->io.zero_copy = open_out(xdp, config->out, true) == 0;
    if (!error && !xdp->io.zero_copy)
        error = open_out(xdp, config->out, false);
    if (error) {
        close_xdp(&xdp->io);
        return error;
    }
    if (xdp->io.zero_copy) /* the queue of the card that sends for us receives as well */
        xdp->card_fill = fill(&xdp->out_fill, frames, XDP_IO_FILL);
    xdp->filled = fill(&xdp->fill, frames, XDP_IO_FILL);
    xdp->io.fd = xsk_socket__fd(xdp->in);
    *result = &xdp->io;
    return 0;
}

int xdp_io_socket(const struct frame_io *io)
{
    return xsk_socket__fd(of(io)->in);
}
