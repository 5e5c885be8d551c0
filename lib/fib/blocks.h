/*
 * The blocks of a forwarding table, made from its prefixes: drafted, which may fail and changes nothing that readers
 * see, then published. Internal to lib/fib; the writer's.
 */
#pragma once

#include "fib/prefixes.h"
#include "fib/space.h"

/* A next hop that is the answer of whole blocks has its answers in the pool once, for all of them. */
struct fib_uniform {
    uint32_t at_bytes;
    uint32_t blocks; /* how many there are, drafts included; 0: nothing is in the pool */
};

struct fib_blocks {
    struct fib_memory *memory;
    const struct fib_prefixes *prefixes;
    struct fib_space space;
    struct fib_uniform *uniform; /* FIB_NEXT_HOP_MAX + 1 */
    uint32_t nodes[3];           /* those that blocks have for themselves, by width, drafts included */
    uint32_t more;               /* nodes behind FIB_MORE, drafts included */
};

/* What a block will be. */
struct fib_draft {
    uint64_t node;
    uint32_t block;
    uint8_t first, last; /* the /24s whose nodes behind FIB_MORE are new, as those of the old block there go */
};

/* Borrows both until fib_blocks_close(); clears the memory's root. 0; -ENOMEM. */
int fib_blocks_open(struct fib_blocks *blocks, struct fib_memory *memory, uint32_t pool_bytes,
                    const struct fib_prefixes *prefixes, void (*wait_for_readers)(void *arg), void *arg);
void fib_blocks_close(struct fib_blocks *blocks);

/* Bytes beside the memory. */
size_t fib_blocks_bytes(const struct fib_blocks *blocks);

/*
 * A block as the prefixes want it now, where it may be different within `changed` only: a prefix of FIB_SHORT to 24
 * bits in the block. False: there is no room.
 */
bool fib_blocks_draft(struct fib_blocks *blocks, struct ipv4_prefix changed, struct fib_draft *draft);

/* A block that answers one next hop everywhere. */
bool fib_blocks_draft_uniform(struct fib_blocks *blocks, uint32_t block, uint16_t next_hop, struct fib_draft *draft);

/* Readers see the draft from now on. */
void fib_blocks_publish(struct fib_blocks *blocks, const struct fib_draft *draft);
void fib_blocks_drop(struct fib_blocks *blocks, const struct fib_draft *draft);

/* Fetch what a draft of this block begins with, once its node is there. */
static force_inline void fib_blocks_prefetch(const struct fib_blocks *blocks, uint32_t block)
{
    const uint8_t *at = &blocks->memory->pool[fib_node_at_bytes(blocks->memory->root[block])];

    __builtin_prefetch(at);
    __builtin_prefetch(at + 64);
}
