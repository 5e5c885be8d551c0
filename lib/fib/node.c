/*
 * Inner loops are written once and compiled for each number of answers in a slot, and for each width.
 */
#include "fib/node.h"

#include <string.h>

static force_inline uint32_t bitmap_of(const uint32_t *answers, unsigned shift)
{
    uint32_t bitmap = 0;

    for (unsigned slot = 1; slot < FIB_SLOTS; slot++) {
        const uint32_t *own = &answers[slot << shift], *before = own - (1u << shift);
        uint32_t differs = 0;
        for (unsigned i = 0; i < 1u << shift; i++)
            differs |= own[i] ^ before[i];
        bitmap |= (uint32_t)(differs != 0) << slot;
    }
    return bitmap;
}

struct fib_node_form fib_node_form_for(const uint32_t *answers, unsigned shift)
{
    struct fib_node_form form = {.shift = shift};
    uint32_t all = 0; /* bits that any answer has */

    for (unsigned i = 0; i < FIB_SLOTS << shift; i++)
        all |= answers[i];
    form.bitmap = shift == FIB_BLOCK_SHIFT ? bitmap_of(answers, FIB_BLOCK_SHIFT) : bitmap_of(answers, FIB_HOST_SHIFT);
    form.slots = fib_popcount(form.bitmap) + 1;
    form.width = all > UINT16_MAX ? 2 : all > UINT8_MAX ? 1 : 0;
    return form;
}

static force_inline void write_slots(void *at, uint32_t bitmap, size_t count, unsigned width, const uint32_t *answers)
{
    uint8_t *bytes = at;
    uint16_t *halves = at;
    uint32_t *words = at;

    for (uint32_t slots = bitmap | 1; slots; slots &= slots - 1) {
        const uint32_t *own = &answers[(size_t)__builtin_ctz(slots) * count];
        for (size_t i = 0; i < count; i++)
            if (width == 0)
                *bytes++ = (uint8_t)own[i];
            else if (width == 1)
                *halves++ = (uint16_t)own[i];
            else
                *words++ = own[i];
    }
}

static force_inline void read_slots(const void *at, uint32_t bitmap, size_t count, unsigned width, uint32_t *answers)
{
    const uint8_t *bytes = at;
    const uint16_t *halves = at;
    const uint32_t *words = at;
    size_t which = 0;

    for (size_t slot = 0; slot < FIB_SLOTS; slot++) {
        which += slot ? bitmap >> slot & 1 : 0;
        for (size_t i = 0; i < count; i++)
            answers[slot * count + i] = width == 0   ? bytes[which * count + i]
                                        : width == 1 ? halves[which * count + i]
                                                     : words[which * count + i];
    }
}

/* X(shift, width): the nodes that there are. */
#define NODES(X)          \
    X(FIB_BLOCK_SHIFT, 0) \
    X(FIB_BLOCK_SHIFT, 1) \
    X(FIB_BLOCK_SHIFT, 2) \
    X(FIB_HOST_SHIFT, 0)  \
    X(FIB_HOST_SHIFT, 1)

uint64_t fib_node_write(struct fib_memory *memory, uint32_t at_bytes, struct fib_node_form form,
                        const uint32_t *answers)
{
#define X(s, w)                                 \
    if (form.shift == (s) && form.width == (w)) \
        write_slots(memory->pool + at_bytes, form.bitmap, 1u << (s), (w), answers);
    NODES(X)
#undef X
    return fib_node(form.bitmap, at_bytes, form.width);
}

void fib_node_read(const struct fib_memory *memory, uint64_t node, unsigned shift, uint32_t *answers)
{
    const void *at = memory->pool + fib_node_at_bytes(node);
    unsigned width = fib_node_width(node);

#define X(s, w)                       \
    if (shift == (s) && width == (w)) \
        read_slots(at, fib_node_bitmap(node), 1u << (s), (w), answers);
    NODES(X)
#undef X
}
