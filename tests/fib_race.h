/*
 * What races of a forwarding table's writer with its readers share. Whatever is true of an address at every moment of
 * the writer's work must be true of every answer: prefixes within one /16 have only next hops of its own, and each /16
 * has one itself, so an answer of another /16, or none, is torn or comes from memory that was used again too early.
 *
 * Shared with BPF.
 */
#pragma once

#include "fib/fib.h"
#include "tests/draw.h"

#define RACE_NETS 64   /* /16s */
#define RACE_OWN  1000 /* next hops of each */

static force_inline uint32_t race_net(uint32_t addr)
{
    return addr >> 16 & (RACE_NETS - 1);
}

static force_inline bool race_is_right(uint32_t addr, uint32_t next_hop)
{
    return next_hop > race_net(addr) * RACE_OWN && next_hop <= (race_net(addr) + 1) * RACE_OWN;
}

static force_inline uint32_t race_draw_addr(uint64_t *random)
{
    return 10u << 24 | (draw_u32(random) & (RACE_NETS * 65536 - 1));
}

/* What a reader in the kernel and the program that runs it share. */
#define RACE_IN_PARTS 32 /* lookups a run, and those between their parts */
#define RACE_BETWEEN  500

struct race_kernel {
    struct fib_memory fib;
    uint64_t random, wrong, lookups;
};

#ifndef __bpf__
#include "fib/table.h"

#include <stdlib.h>

static inline uint16_t race_draw_next_hop(uint64_t *random, uint32_t addr)
{
    return (uint16_t)(race_net(addr) * RACE_OWN + 1 + draw_u32(random) % RACE_OWN);
}

static inline struct fib_change race_draw_change(uint64_t *random)
{
    uint32_t addr = race_draw_addr(random);
    struct ipv4_prefix prefix = {.addr = addr, .len = (uint8_t)(16 + draw_u32(random) % 17)};
    struct fib_change change = {.prefix = ipv4_prefix_network(prefix), .next_hop = race_draw_next_hop(random, addr)};

    if (change.prefix.len > 16 && draw_u32(random) % 5 < 2)
        change.next_hop = FIB_NO_ROUTE;
    return change;
}

/* Each /16 gets a next hop: from now on there is an answer everywhere. 0 or an error of fib_table_set(). */
static inline int race_fill(struct fib_table *table, uint64_t *random)
{
    int error = 0;

    for (uint32_t net = 0; net < RACE_NETS && !error; net++) {
        struct ipv4_prefix prefix = {.addr = IPV4(10, 0, 0, 0) + (net << 16), .len = 16};
        error = fib_table_set(table, prefix, race_draw_next_hop(random, prefix.addr));
    }
    return error;
}

/* So many changes, a hundred together. How many were refused for want of room. */
static inline uint64_t race_change(struct fib_table *table, uint64_t *random, unsigned count)
{
    struct fib_change changes[100];
    uint64_t refused = 0;

    for (unsigned done = 0; done < count; done += ARRAY_SIZE(changes)) {
        for (unsigned i = 0; i < ARRAY_SIZE(changes); i++)
            changes[i] = race_draw_change(random);
        refused += fib_table_update(table, changes, ARRAY_SIZE(changes));
    }
    return refused;
}
#endif
