/* A reader of a forwarding table in the kernel, for races with the writer: src/port/fib_kernel_race_test.c */
#include "tests/fib_race.h"

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct race_kernel race;

/* Lookups, and round them others of which each is in two parts: the nodes of some addresses are loaded before, their
 * answers afterwards. So this reader is under way long enough to find what is used again too early. */
SEC("tc")
int fib_reader(struct __sk_buff *skb)
{
    uint64_t random = race.random, wrong = 0, nodes[RACE_IN_PARTS];
    uint32_t addrs[RACE_IN_PARTS];

    (void)skb;
    for (unsigned i = 0; i < RACE_IN_PARTS; i++) {
        addrs[i] = race_draw_addr(&random);
        nodes[i] = fib_load_node(&race.fib.root[addrs[i] >> FIB_BLOCK_BITS]);
    }
    for (unsigned i = 0; i < RACE_BETWEEN; i++) {
        uint32_t addr = race_draw_addr(&random);
        if (!race_is_right(addr, fib_lookup(&race.fib, addr)))
            wrong++;
    }
    for (unsigned i = 0; i < RACE_IN_PARTS; i++) {
        uint32_t addr = addrs[i];
        uint32_t answer = fib_node_answer(&race.fib, nodes[i], addr >> 10 & 31, addr >> 8 & 3, FIB_BLOCK_SHIFT);
        if (answer & FIB_MORE)
            answer = fib_lookup_more(&race.fib, answer, addr);
        if (!race_is_right(addr, answer))
            wrong++;
    }
    race.random = random;
    race.wrong += wrong;
    race.lookups += RACE_IN_PARTS + RACE_BETWEEN;
    return 0;
}

const char reader_license[] SEC("license") = "Dual BSD/GPL";
