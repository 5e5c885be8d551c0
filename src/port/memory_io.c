#include "port/memory_io.h"

#include "base/compiler.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of frames, first in, first out. */
struct row {
    uint32_t *numbers;
    unsigned first, count;
};

struct memory_io {
    struct frame_io io;
    unsigned room; /* of a row */
    struct row in, out;
    uint32_t taken; /* the frame that its user looks at; PACKET_NONE: none */
    struct frame_io_losses losses;
};

static struct memory_io *of(const struct frame_io *io)
{
    return CONTAINER_OF(io, struct memory_io, io);
}

static void append(const struct memory_io *memory, struct row *row, uint32_t number)
{
    row->numbers[(row->first + row->count++) % memory->room] = number;
}

static uint32_t shift(const struct memory_io *memory, struct row *row)
{
    uint32_t number = row->numbers[row->first];

    row->first = (row->first + 1) % memory->room;
    row->count--;
    return number;
}

static void let_go(struct memory_io *memory)
{
    if (memory->taken != PACKET_NONE)
        packets_give_back(&memory->io.frames->packets, memory->taken);
    memory->taken = PACKET_NONE;
}

static unsigned receive(struct frame_io *io, uint32_t *numbers, unsigned room)
{
    struct memory_io *memory = of(io);
    unsigned count = 0;

    while (memory->in.count && count < room) {
        numbers[count] = shift(memory, &memory->in);
        io->frames->packets.all[numbers[count++]].arrived_ns = 0;
    }
    return count;
}

static unsigned room_of(struct frame_io *io)
{
    return of(io)->room - of(io)->out.count;
}

static void send_frames(struct frame_io *io, const uint32_t *numbers, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        append(of(io), &of(io)->out, numbers[i]);
}

static bool push(struct frame_io *io)
{
    let_go(of(io));
    return true;
}

static uint32_t held(const struct frame_io *io)
{
    const struct memory_io *memory = of(io);

    return memory->in.count + memory->out.count + (memory->taken != PACKET_NONE);
}

static void tell_losses(const struct frame_io *io, struct frame_io_losses *losses)
{
    *losses = of(io)->losses;
}

static void close_memory(struct frame_io *io)
{
    struct memory_io *memory = of(io);

    free(memory->in.numbers);
    free(memory->out.numbers);
    free(memory);
}

static const struct frame_io_ops ops = {.receive = receive,
                                        .room = room_of,
                                        .send = send_frames,
                                        .push = push,
                                        .held = held,
                                        .losses = tell_losses,
                                        .close = close_memory};

int memory_io_open(struct frame_pool *frames, unsigned room, struct frame_io **io)
{
    struct memory_io *memory = calloc(1, sizeof(*memory));

    if (!memory)
        return -ENOMEM;
    *memory = (struct memory_io){.io = {.ops = &ops, .frames = frames, .fd = -1},
                                 .room = room,
                                 .in.numbers = calloc(room, sizeof(uint32_t)),
                                 .out.numbers = calloc(room, sizeof(uint32_t)),
                                 .taken = PACKET_NONE};
    if (!memory->in.numbers || !memory->out.numbers) {
        close_memory(&memory->io);
        return -ENOMEM;
    }
    *io = &memory->io;
    return 0;
}

bool memory_io_put(struct frame_io *io, const void *frame, size_t len)
{
    struct memory_io *memory = of(io);
    struct frame_pool *frames = io->frames;

    let_go(memory);
    uint64_t *loss = len > frame_pool_bytes(frames) - FRAME_HEADROOM ? &memory->losses.other
                     : memory->in.count == memory->room              ? &memory->losses.full
                     : frames->packets.free_count == 0               ? &memory->losses.no_frame
                                                                     : NULL;
    if (loss) {
        ++*loss;
        return false;
    }
    uint32_t number = packets_take(&frames->packets);
    frames->extents[number] = (struct frame_extent){FRAME_HEADROOM, (uint16_t)len};
    memcpy(frame_pool_data(frames, number), frame, len);
    append(memory, &memory->in, number);
    return true;
}

const uint8_t *memory_io_take(struct frame_io *io, size_t *len)
{
    struct memory_io *memory = of(io);

    let_go(memory);
    if (!memory->out.count)
        return NULL;
    memory->taken = shift(memory, &memory->out);
    *len = io->frames->extents[memory->taken].len;
    return frame_pool_data(io->frames, memory->taken);
}

unsigned memory_io_sent(const struct frame_io *io)
{
    return of(io)->out.count;
}
