/*
 * The rows: DPDK's rte_fib and rte_lpm with all calls that they have, a plain DIR-24-8, and ours.
 *
 * They are function pointers without an argument for the table, so that no row pays for being generic; hence the
 * globals.
 */
#include "benchmarks/fib/bench.h"
#include "fib/lookup.h"

#include <rte_eal.h>
#include <rte_fib.h>
#include <rte_lpm.h>
#include <rte_memory.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static struct rte_fib *fib_scalar, *fib_vector;
static struct rte_lpm *lpm;
static const struct dir24 *dir24;
static const struct bench *measured; /* its memory moves */
static const struct fib_lookup_way *ways;

#define NOINLINE static __attribute__((noinline))

NOINLINE void rte_fib_bulk(const uint32_t *keys, void *answers)
{
    rte_fib_lookup_bulk(fib_scalar, (uint32_t *)(uintptr_t)keys, answers, BATCH);
}

NOINLINE void rte_fib_vector(const uint32_t *keys, void *answers)
{
    rte_fib_lookup_bulk(fib_vector, (uint32_t *)(uintptr_t)keys, answers, BATCH);
}

NOINLINE uint64_t rte_fib_one(const uint32_t *keys)
{
    uint64_t answer, sum = 0;

    for (unsigned i = 0; i < BATCH; i++) {
        rte_fib_lookup_bulk(fib_scalar, (uint32_t *)(uintptr_t)keys + i, &answer, 1);
        sum += answer;
    }
    return sum;
}

NOINLINE void rte_lpm_bulk(const uint32_t *keys, void *answers)
{
    uint32_t *to = answers;

    rte_lpm_lookup_bulk(lpm, keys, to, BATCH);
    for (unsigned i = 0; i < BATCH; i++) /* without the flags of the entry; no route is 0 in ours */
        to[i] &= 0x00ffffff;
}

NOINLINE void rte_lpm_x4(const uint32_t *keys, void *answers)
{
    for (unsigned i = 0; i < BATCH; i += 4)
        rte_lpm_lookupx4(lpm, _mm_loadu_si128((const void *)(keys + i)), (uint32_t *)answers + i, 0);
}

NOINLINE uint64_t rte_lpm_one(const uint32_t *keys)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < BATCH; i++) {
        uint32_t answer = 0;
        rte_lpm_lookup(lpm, keys[i], &answer);
        sum += answer;
    }
    return sum;
}

NOINLINE void dir24_plain(const uint32_t *keys, void *answers)
{
    for (unsigned i = 0; i < BATCH; i++)
        ((uint32_t *)answers)[i] = dir24_lookup(dir24, keys[i]);
}

NOINLINE void dir24_prefetch(const uint32_t *keys, void *answers)
{
    for (unsigned i = 0; i < BATCH; i++)
        __builtin_prefetch(&dir24->root[keys[i] >> 8]);
    dir24_plain(keys, answers);
}

NOINLINE uint64_t dir24_one(const uint32_t *keys)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < BATCH; i++)
        sum += dir24_lookup(dir24, keys[i]);
    return sum;
}

NOINLINE void fairlead_batch(const uint32_t *keys, void *answers)
{
    fib_lookup_batch(measured->memory, keys, answers, BATCH);
}

#define WAY(n)                                                          \
    NOINLINE void fairlead_way_##n(const uint32_t *keys, void *answers) \
    {                                                                   \
        ways[n].lookup(measured->memory, keys, answers, BATCH);         \
    }
WAY(0)
WAY(1)
WAY(2)

NOINLINE uint64_t fairlead_one(const uint32_t *keys)
{
    const struct fib_memory *memory = measured->memory;
    uint64_t sum = 0;

    for (unsigned i = 0; i < BATCH; i++)
        sum += fib_lookup(memory, keys[i]);
    return sum;
}

static int huge_pages(const struct rte_memseg_list *list, void *arg)
{
    (void)arg;
    madvise(list->base_va, list->len, MADV_HUGEPAGE);
    return 0;
}

static void open_dpdk(void)
{
    static const char *const words[] = {"fib",         "--no-huge",         "--no-pci",
                                        "--no-shconf", "--no-telemetry",    "-m",
                                        "4096",        "--log-level=error", "--force-max-simd-bitwidth=512"};
    char *arguments[ARRAY_SIZE(words)];

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        arguments[i] = strdup(words[i]);
    if (rte_eal_init(ARRAY_SIZE(words), arguments) < 0)
        bench_fail("DPDK's environment does not start");
    rte_memseg_list_walk(huge_pages, NULL); /* what others get of it should not cost them misses that we do not have */
}

static struct rte_fib *make_fib(const struct bench *bench, const char *name)
{
    struct rte_fib_conf conf = {.type = RTE_FIB_DIR24_8,
                                .max_routes = (int)bench->count + 1,
                                .dir24_8 = {.nh_sz = bench->next_hops > 32767 ? RTE_FIB_DIR24_8_4B : RTE_FIB_DIR24_8_2B,
                                            .num_tbl8 = 32767}};
    struct rte_fib *fib = rte_fib_create(name, -1, &conf);

    if (!fib)
        bench_fail("rte_fib_create() refuses");
    double began = bench_now();
    for (size_t i = 0; i < bench->count; i++)
        if (rte_fib_add(fib, bench->routes[i].prefix.addr, bench->routes[i].prefix.len, bench->routes[i].next_hop))
            bench_fail("rte_fib_add() refuses prefix %zu", i);
    printf("fact rte_fib_load_s %.4f\n", bench_now() - began);
    return fib;
}

/* As rte_lpm_add() would have left its tables; that takes time in proportion to the square of the prefixes. Whether the
 * answers are right is checked as for every row. */
static void fill_lpm(const struct bench *bench, uint32_t groups_max)
{
    struct rte_lpm_tbl_entry *root = (struct rte_lpm_tbl_entry *)(uintptr_t)lpm->tbl24, *groups = lpm->tbl8;
    uint32_t used = 0;

    for (uint32_t slot = 0; slot < 1u << 24; slot++) {
        uint16_t entry = bench->dir24->root[slot];
        if (entry != DIR24_LONG) {
            root[slot] = (struct rte_lpm_tbl_entry){.next_hop = entry, .valid = entry != 0, .depth = 24};
            continue;
        }
        if (used == groups_max)
            bench_fail("rte_lpm has too few groups");
        for (unsigned i = 0; i < 256; i++) {
            uint32_t next_hop = bench->dir24->groups[bench->dir24->group[slot] * 256 + i];
            groups[used * 256 + i] =
                (struct rte_lpm_tbl_entry){.next_hop = next_hop, .valid = next_hop != 0, .valid_group = 1, .depth = 32};
        }
        root[slot] = (struct rte_lpm_tbl_entry){.next_hop = used++, .valid = 1, .valid_group = 1, .depth = 24};
    }
}

static void make_lpm(const struct bench *bench)
{
    struct rte_lpm_config config = {.max_rules = (uint32_t)bench->count + 1, .number_tbl8s = 32768};

    lpm = rte_lpm_create("lpm", -1, &config);
    if (!lpm)
        bench_fail("rte_lpm_create() refuses");
    if (!bench->lpm_add) {
        fill_lpm(bench, config.number_tbl8s);
        return;
    }
    double began = bench_now();
    for (size_t i = 0; i < bench->count; i++)
        if (rte_lpm_add(lpm, bench->routes[i].prefix.addr, bench->routes[i].prefix.len, bench->routes[i].next_hop))
            bench_fail("rte_lpm_add() refuses prefix %zu", i);
    printf("fact rte_lpm_load_s %.1f\n", bench_now() - began);
}

const struct row *rows_make(struct bench *bench, size_t *count)
{
    static struct row rows[16];
    static void (*const way_rows[])(const uint32_t *keys, void *answers) = {fairlead_way_0, fairlead_way_1,
                                                                            fairlead_way_2};
    size_t n = 0, ways_count;

    dir24 = bench->dir24;
    measured = bench;
    open_dpdk();
    fib_scalar = make_fib(bench, "scalar");
    make_lpm(bench);
    rte_fib_select_lookup(fib_scalar, RTE_FIB_LOOKUP_DIR24_8_SCALAR_MACRO);
    rows[n++] = (struct row){.name = "rte_fib", .batch = rte_fib_bulk, .answer_bytes = 8};
    if (__builtin_cpu_supports("avx512f")) {
        fib_vector = make_fib(bench, "vector");
        if (rte_fib_select_lookup(fib_vector, RTE_FIB_LOOKUP_DIR24_8_VECTOR_AVX512) == 0)
            rows[n++] = (struct row){.name = "rte_fib_avx512", .batch = rte_fib_vector, .answer_bytes = 8};
    }
    rows[n++] = (struct row){.name = "rte_lpm", .batch = rte_lpm_bulk, .answer_bytes = 4};
    rows[n++] = (struct row){.name = "rte_lpm_x4", .batch = rte_lpm_x4, .answer_bytes = 4};
    rows[n++] = (struct row){.name = "dir24", .batch = dir24_plain, .answer_bytes = 4};
    rows[n++] = (struct row){.name = "dir24_prefetch", .batch = dir24_prefetch, .answer_bytes = 4};
    rows[n++] = (struct row){.name = "fairlead", .batch = fairlead_batch, .answer_bytes = 4};
    ways = fib_lookup_ways(&ways_count);
    static char names[ARRAY_SIZE(way_rows)][32];
    for (size_t i = 0; i < ways_count && i < ARRAY_SIZE(way_rows); i++)
        if (ways[i].works_here()) {
            snprintf(names[i], sizeof(names[i]), "fairlead_%s", ways[i].name);
            rows[n++] = (struct row){.name = names[i], .batch = way_rows[i], .answer_bytes = 4};
        }
    rows[n++] = (struct row){.name = "rte_fib_one", .single = true, .sum = rte_fib_one};
    rows[n++] = (struct row){.name = "rte_lpm_one", .single = true, .sum = rte_lpm_one};
    rows[n++] = (struct row){.name = "dir24_one", .single = true, .sum = dir24_one};
    rows[n++] = (struct row){.name = "fairlead_one", .single = true, .sum = fairlead_one};
    *count = n;
    return rows;
}
