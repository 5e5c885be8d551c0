/*
 * Nodes of a forwarding table (fib/fib.h), taken apart into the answers of all their parts and put together again.
 * Internal to lib/fib; the writer's.
 */
#pragma once

#include "fib/fib.h"

#define FIB_NODE_ANSWERS_MAX (FIB_SLOTS << FIB_HOST_SHIFT)

/* How a node's answers are to be stored. */
struct fib_node_form {
    uint32_t bitmap;
    unsigned slots; /* stored ones: 1 to FIB_SLOTS */
    unsigned width;
    unsigned shift;
};

static inline uint32_t fib_node_form_bytes(struct fib_node_form form)
{
    return form.slots << form.shift << form.width;
}

/* The form of a node of the table. */
static inline struct fib_node_form fib_node_form_of(uint64_t node, unsigned shift)
{
    return (struct fib_node_form){.bitmap = fib_node_bitmap(node),
                                  .slots = fib_popcount(fib_node_bitmap(node)) + 1,
                                  .width = fib_node_width(node),
                                  .shift = shift};
}

/* The smallest form for FIB_SLOTS << shift answers: next hops, or FIB_MORE and a place. */
struct fib_node_form fib_node_form_for(const uint32_t *answers, unsigned shift);

/* Store them at at_bytes (a multiple of 8) of the pool, where there are fib_node_form_bytes() that no reader looks at,
 * and return the node. */
uint64_t fib_node_write(struct fib_memory *memory, uint32_t at_bytes, struct fib_node_form form,
                        const uint32_t *answers);

/* All FIB_SLOTS << shift answers of a node. */
void fib_node_read(const struct fib_memory *memory, uint64_t node, unsigned shift, uint32_t *answers);
