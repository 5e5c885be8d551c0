/*
 * Whether the table answers as the reference trie does, everywhere and after every change:
 * exact NEXT_HOPS SEED CHURNS CHANGES < TABLE
 *
 * Every address is asked before the first churn and after the last one; after each churn, the edges of every prefix
 * that ever was in the table, and the addresses beside them. One lookup at a time, and batches in all ways that run
 * here. Prints "fact NAME VALUE"; the first wrong answer ends it.
 */
#include "benchmarks/fib/bench.h"
#include "fib/lookup.h"
#include "fib/trie.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK   4096 /* addresses asked at once */
#define AT_ONCE 64

struct exact {
    struct bench bench;
    struct fib_trie *trie;
    struct ipv4_prefix *known; /* every prefix that ever was in the table; the first ones in order */
    size_t known_count;
    struct ipv4_prefix *out; /* those taken out, and not put back yet */
    size_t out_count;
    uint64_t *more; /* a bit for each /24 that ever had a longer prefix */
    uint32_t addrs[CHUNK], want[CHUNK], got[CHUNK];
    size_t asked; /* addresses waiting in addrs */
    uint64_t checked;
    const struct fib_lookup_way *ways;
    size_t ways_count;
};

/* --- asking ------------------------------------------------------------------------------------------------------ */

static void flush(struct exact *exact)
{
    const struct fib_memory *memory = exact->bench.memory;

    for (size_t i = 0; i < exact->asked; i++) {
        exact->want[i] = fib_trie_lookup(exact->trie, exact->addrs[i]);
        uint32_t got = fib_lookup(memory, exact->addrs[i]);
        if (got != exact->want[i])
            bench_fail("0x%08x: the table answers %u, the trie %u", exact->addrs[i], got, exact->want[i]);
    }
    for (size_t way = 0; way < exact->ways_count; way++) {
        if (!exact->ways[way].works_here())
            continue;
        exact->ways[way].lookup(memory, exact->addrs, exact->got, exact->asked);
        for (size_t i = 0; i < exact->asked; i++)
            if (exact->got[i] != exact->want[i])
                bench_fail("0x%08x: the table answers %u (%s), the trie %u", exact->addrs[i], exact->got[i],
                           exact->ways[way].name, exact->want[i]);
    }
    exact->checked += exact->asked;
    exact->asked = 0;
}

static void ask(struct exact *exact, uint32_t addr)
{
    exact->addrs[exact->asked++] = addr;
    if (exact->asked == CHUNK)
        flush(exact);
}

/* Within a /24 without longer prefixes all addresses have one answer: asked are its edges and one between them. */
static void ask_everywhere(struct exact *exact)
{
    for (uint32_t slash24 = 0; slash24 < 1u << 24; slash24++) {
        uint32_t addr = slash24 << 8;
        if (exact->more[slash24 / 64] >> (slash24 % 64) & 1) {
            for (unsigned i = 0; i < 256; i++)
                ask(exact, addr | i);
            continue;
        }
        ask(exact, addr);
        ask(exact, addr | (1 + bench_draw(&exact->bench, 254)));
        ask(exact, addr | 255);
    }
    flush(exact);
}

static void ask_edges(struct exact *exact)
{
    for (size_t i = 0; i < exact->known_count; i++) {
        uint32_t first = ipv4_prefix_first(exact->known[i]), last = ipv4_prefix_last(exact->known[i]);
        ask(exact, first - 1);
        ask(exact, first);
        ask(exact, last);
        ask(exact, last + 1);
    }
    flush(exact);
}

/* --- changing ---------------------------------------------------------------------------------------------------- */

static void know(struct exact *exact, struct ipv4_prefix prefix)
{
    exact->known[exact->known_count++] = prefix;
    if (prefix.len > 24)
        exact->more[prefix.addr >> 14] |= (uint64_t)1 << (prefix.addr >> 8 & 63);
}

/* One that a known prefix holds, or that holds it. It may be known already. */
static struct ipv4_prefix draw_prefix(struct exact *exact)
{
    struct bench *bench = &exact->bench;
    struct ipv4_prefix prefix = exact->known[bench_draw(bench, (uint32_t)exact->known_count)];

    if (bench_draw(bench, 4) == 0) {
        unsigned shorter = 1 + bench_draw(bench, 4);
        prefix.len -= (uint8_t)(prefix.len < shorter ? prefix.len : shorter);
    } else {
        uint32_t inside = bench_draw(bench, UINT32_MAX) & ~ipv4_mask(prefix.len);
        unsigned longer = 1 + bench_draw(bench, 9);
        prefix.addr |= inside;
        prefix.len += (uint8_t)(32u - prefix.len < longer ? 32u - prefix.len : longer);
    }
    return ipv4_prefix_network(prefix);
}

/* A third gives a prefix another next hop, a third takes one out, a third puts one back or brings a new one. Prefixes
 * may be out already when they are to go. */
static struct fib_change draw_change(struct exact *exact)
{
    struct bench *bench = &exact->bench;
    struct fib_change change = {.next_hop = (uint16_t)(1 + bench_draw(bench, bench->next_hops))};

    switch (bench_draw(bench, 3)) {
    case 0:
        change.prefix = exact->known[bench_draw(bench, (uint32_t)exact->known_count)];
        break;
    case 1:
        change.prefix = exact->known[bench_draw(bench, (uint32_t)exact->known_count)];
        change.next_hop = FIB_NO_ROUTE;
        exact->out[exact->out_count++] = change.prefix;
        break;
    default:
        if (exact->out_count && bench_draw(bench, 4)) {
            change.prefix = exact->out[--exact->out_count];
        } else {
            change.prefix = draw_prefix(exact);
            know(exact, change.prefix);
        }
    }
    return change;
}

static void apply_one(const struct exact *exact, const struct fib_change *change, int trie_error)
{
    int error = change->next_hop == FIB_NO_ROUTE ? fib_table_remove(exact->bench.table, change->prefix)
                                                 : fib_table_set(exact->bench.table, change->prefix, change->next_hop);
    if (error != trie_error)
        bench_fail("0x%08x/%u: the table's change ends with %d, the trie's with %d", change->prefix.addr,
                   change->prefix.len, error, trie_error);
}

/* As one by one, 64 together, or all together. */
static void churn(struct exact *exact, struct fib_change *changes, size_t count, size_t at_once)
{
    for (size_t i = 0; i < count; i++) {
        changes[i] = draw_change(exact);
        int error = changes[i].next_hop == FIB_NO_ROUTE
                        ? fib_trie_remove(exact->trie, changes[i].prefix)
                        : fib_trie_set(exact->trie, changes[i].prefix, changes[i].next_hop);
        if (at_once == 1)
            apply_one(exact, &changes[i], error);
    }
    for (size_t i = 0; i < count && at_once > 1; i += at_once) {
        size_t failed = fib_table_update(exact->bench.table, changes + i, count - i < at_once ? count - i : at_once);
        if (failed)
            bench_fail("%zu of %zu changes were refused", failed, count);
    }
}

/* --- the run ----------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return ipv4_prefix_compare(*(const struct ipv4_prefix *)a, *(const struct ipv4_prefix *)b);
}

static void start(struct exact *exact, size_t changes)
{
    struct bench *bench = &exact->bench;
    struct fib_table_config config = {.pool_bytes = FIB_POOL_BYTES, .no_room_next_hop = FIB_NEXT_HOP_MAX};

    config.memory = bench->memory = bench_memory(sizeof(*bench->memory));
    exact->trie = bench_trie(bench);
    exact->known = bench_memory((bench->count + changes) * sizeof(*exact->known));
    exact->out = bench_memory((changes + 1) * sizeof(*exact->out));
    exact->more = bench_memory((1 << 24) / 8);
    exact->ways = fib_lookup_ways(&exact->ways_count);
    if (fib_table_new(&config, &bench->table))
        bench_fail("no memory for the table");
    for (size_t i = 0; i < bench->count; i++)
        know(exact, bench->routes[i].prefix);
    qsort(exact->known, exact->known_count, sizeof(*exact->known), compare);
    if (fib_table_update(bench->table, bench->routes, bench->count))
        bench_fail("not all prefixes fit");
}

int main(int argc, char **argv)
{
    if (argc != 5)
        bench_fail("usage: exact NEXT_HOPS SEED CHURNS CHANGES < TABLE");
    struct exact *exact = bench_memory(sizeof(*exact));
    exact->bench.next_hops = (unsigned)bench_argument(argv[1], FIB_NEXT_HOP_MAX - 1);
    exact->bench.random = bench_argument(argv[2], UINT32_MAX);
    unsigned churns = (unsigned)bench_argument(argv[3], 100000);
    size_t count = bench_argument(argv[4], 1000000);
    const size_t sizes[] = {1, AT_ONCE, count};
    struct fib_change *changes = bench_memory(count * sizeof(*changes));

    bench_read_table(&exact->bench);
    start(exact, churns * count);
    ask_everywhere(exact);
    ask_edges(exact);
    for (unsigned i = 0; i < churns; i++) {
        /* The last third as the engine does it: changes wait, and are shown together. */
        if (i == churns - churns / 3 && fib_table_defer(exact->bench.table))
            bench_fail("the table does not defer");
        churn(exact, changes, count, sizes[i % ARRAY_SIZE(sizes)]);
        fib_table_flush(exact->bench.table);
        ask_edges(exact);
    }
    ask_everywhere(exact);
    struct fib_table_stats stats = fib_table_stats(exact->bench.table);
    printf("fact prefixes %zu\nfact prefixes_after %u\nfact changes %zu\nfact addresses_checked %llu\n",
           exact->bench.count, stats.prefixes, churns * count, (unsigned long long)exact->checked);
    printf("fact slash24_more %u\nfact used_bytes %zu\n", stats.slash24_more, stats.used_bytes);
    return 0;
}
