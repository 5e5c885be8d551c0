/*
 * The pool of a forwarding table, handed out in pieces of a few bytes. A piece that readers may still be in is handed
 * out again only after they have left, and that is waited for only when nothing else fits. Internal to lib/fib.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIB_SPACE_UNIT 8u  /* bytes; pieces begin at multiples of it */
#define FIB_SPACE_MAX  72u /* units of the largest piece */

struct fib_space_piece {
    uint32_t at, units;
};

/* Free stretches, found by their size, and joined with their neighbours when they become free. */
struct fib_space {
    uint8_t *pool; /* a free stretch holds the links of its list */
    uint32_t units;
    uint32_t used, free, retired; /* units */
    uint16_t *stretch;            /* at the first and the last unit of a free stretch: its units; 0 there otherwise */
    uint32_t lists[FIB_SPACE_MAX + 2];
    uint64_t not_empty[2]; /* bit i: list i has something */
    struct fib_space_piece *waiting;
    size_t waiting_count, waiting_max;
    void (*wait_for_readers)(void *arg); /* NULL: there are none */
    void *arg;
};

/* For `bytes` of pool (a multiple of FIB_SPACE_UNIT, at least two), borrowed until fib_space_close(). The first unit is
 * the caller's. 0; -ENOMEM. */
int fib_space_open(struct fib_space *space, uint8_t *pool, uint32_t bytes, void (*wait_for_readers)(void *arg),
                   void *arg);
void fib_space_close(struct fib_space *space);

/* A piece of 1 to FIB_SPACE_MAX units: its first byte in the pool. False: nothing fits, not even after a wait. */
bool fib_space_take(struct fib_space *space, uint32_t units, uint32_t *at_bytes);

/* The two ways in which a piece ends. */
typedef void fib_space_end(struct fib_space *space, uint32_t at_bytes, uint32_t units);
fib_space_end fib_space_give;   /* no reader has seen it */
fib_space_end fib_space_retire; /* no reader finds it any more */

/* Units of the largest free stretch, retired pieces aside. Looks at all of the large ones. */
uint32_t fib_space_largest(const struct fib_space *space);

/* Bytes beside the pool. */
size_t fib_space_bytes(const struct fib_space *space);
