/*
 * What the files of the table share. Internal to lib/fib.
 */
#pragma once

#include "base/bit_tree.h"
#include "fib/blocks.h"

struct fib_table {
    struct fib_table_config config;
    struct fib_prefixes prefixes;
    struct fib_blocks blocks;
    struct bit_tree changed;      /* blocks to be brought in line by fib_table_flush() */
    struct bit_tree without_room; /* blocks */
    bool defers;                  /* what changes is left to fib_table_flush() */
    uint32_t cursor;              /* where the next block without room is looked for */
    uint32_t room_at_last;        /* what was free or retired after a block last found no room, in units */
};

static inline bool fib_is_prefix(struct ipv4_prefix prefix)
{
    return prefix.len <= 32 && prefix.addr == ipv4_prefix_first(prefix);
}

static inline struct ipv4_prefix fib_block_prefix(uint32_t block)
{
    return (struct ipv4_prefix){.addr = block << FIB_BLOCK_BITS, .len = FIB_SHORT};
}

/* Set a prefix or, with FIB_NO_ROUTE, take it out: 0; -EINVAL for what is no prefix; -ENOENT if what is to go is not
 * there; -ENOMEM or -ENOSPC with nothing changed. */
int fib_table_change(struct fib_table *table, struct ipv4_prefix prefix, uint16_t next_hop);

/* The prefixes have changed within this one: show it to readers, or have it shown by fib_table_flush(). 0; -ENOMEM or
 * -ENOSPC with nothing shown. */
int fib_table_show(struct fib_table *table, struct ipv4_prefix changed);

/* After a change: blocks without room may find some now. */
void fib_table_serve_waiting(struct fib_table *table);
