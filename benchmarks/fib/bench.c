/*
 * Lookups a second, of Fairlead's table and of others: fib NEXT_HOPS SEED ROUNDS KEYS [lpm-add] < TABLE
 *
 * The table is lines of ADDRESS/LENGTH; what follows on a line is ignored. Prints "fact NAME VALUE" and, for each round
 * of each row, "rate ROUND KEYS ROW MILLIONS".
 */
#include "benchmarks/fib/bench.h"

#include "base/random.h"
#include "fib/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sets of keys: uniform over all addresses; uniform over the table's prefixes, then over the addresses of each; and the
 * prefixes in random order drawn by Zipf's law with exponent 1. */
enum key_set { KEYS_RANDOM, KEYS_TABLE, KEYS_ZIPF, KEY_SETS };

static const char *const key_set_names[KEY_SETS] = {"random", "table", "zipf"};

static uint32_t *zipf(struct bench *bench, size_t count)
{
    uint32_t *ranks = bench_memory(count * sizeof(*ranks));
    double *sums = bench_memory(bench->count * sizeof(*sums)), sum = 0;

    for (size_t i = 0; i < bench->count; i++)
        sums[i] = sum += 1.0 / (double)(i + 1);
    for (size_t i = 0; i < count; i++) {
        double wanted = (double)(random_u64(&bench->random) >> 11) * 0x1p-53 * sum;
        size_t low = 0, high = bench->count - 1;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (sums[middle] < wanted)
                low = middle + 1;
            else
                high = middle;
        }
        ranks[i] = (uint32_t)low;
    }
    return ranks;
}

static uint32_t *keys_make(struct bench *bench, enum key_set set, size_t count)
{
    uint32_t *keys = bench_memory(count * sizeof(*keys));
    uint32_t *ranks = set == KEYS_ZIPF ? zipf(bench, count) : NULL; /* the routes are in random order */

    for (size_t i = 0; i < count; i++) {
        uint32_t any = (uint32_t)(random_u64(&bench->random) >> 32);
        if (set == KEYS_RANDOM) {
            keys[i] = any;
            continue;
        }
        struct ipv4_prefix prefix = bench->routes[ranks ? ranks[i] : bench_draw(bench, (uint32_t)bench->count)].prefix;
        keys[i] = prefix.addr | (any & ~ipv4_mask(prefix.len));
    }
    return keys;
}

/* --- our table -------------------------------------------------------------------------------------------------- */

static void load(struct bench *bench, uint32_t pool_bytes)
{
    struct fib_table_config config = {.memory = bench->memory, .pool_bytes = pool_bytes};

    bench->table = fib_table_free(bench->table);
    if (fib_table_new(&config, &bench->table))
        bench_fail("no memory for the table");
    double began = bench_now();
    size_t failed = fib_table_update(bench->table, bench->routes, bench->count);
    printf("fact load_s %.4f\n", bench_now() - began);
    if (failed)
        bench_fail("%zu of %zu prefixes did not fit", failed, bench->count);
}

/* As much pool as the table needs and half as much again for changes. */
static void make_table(struct bench *bench)
{
    const size_t step = 65536;

    bench->memory = bench_memory(sizeof(*bench->memory));
    load(bench, FIB_POOL_BYTES);
    size_t wanted = fib_table_stats(bench->table).used_bytes * 3 / 2;
    bench->pool_bytes = (uint32_t)((wanted + step - 1) / step * step);
    for (unsigned i = 0; i < 5; i++)
        load(bench, bench->pool_bytes < FIB_POOL_BYTES ? bench->pool_bytes : FIB_POOL_BYTES);
    struct fib_table_stats stats = fib_table_stats(bench->table);
    printf("fact prefixes %u\nfact memory_bytes %zu\nfact used_bytes %zu\nfact writer_bytes %zu\n", stats.prefixes,
           stats.root_bytes + stats.pool_bytes, stats.root_bytes + stats.used_bytes, stats.writer_bytes);
    printf("fact blocks %u\nfact blocks_wide %u\nfact slash24_more %u\n", stats.blocks, stats.blocks_wide,
           stats.slash24_more);
}

/* Which pages the table gets from the system decides how well it fits into a cache, by tens of percent and for the
 * whole life of a small table. So every round has other pages. */
static void move_table(struct bench *bench)
{
    struct fib_memory *memory = bench_memory(sizeof(*memory));

    memcpy(memory, bench->memory, sizeof(memory->root) + bench->pool_bytes);
    bench->memory = memory;
}

/* At both edges of every prefix, and beside them: at every address where an answer can change. */
static void check_edges(const struct bench *bench)
{
    uint32_t got[4];

    for (size_t i = 0; i < bench->count; i++) {
        struct ipv4_prefix prefix = bench->routes[i].prefix;
        uint32_t first = ipv4_prefix_first(prefix), last = ipv4_prefix_last(prefix);
        uint32_t addrs[4] = {first - 1, first, last, last + 1};
        fib_lookup_batch(bench->memory, addrs, got, 4);
        for (unsigned j = 0; j < 4; j++)
            if (got[j] != dir24_lookup(bench->dir24, addrs[j]) || got[j] != fib_lookup(bench->memory, addrs[j]))
                bench_fail("wrong at 0x%08x: %u", addrs[j], got[j]);
    }
    printf("fact edges_checked %zu\n", 4 * bench->count);
}

/* --- timing ------------------------------------------------------------------------------------------------------ */

static uint64_t answer(const struct row *row, const void *answers, unsigned i)
{
    return row->answer_bytes == 8 ? ((const uint64_t *)answers)[i] : ((const uint32_t *)answers)[i];
}

/* Every answer, weighed by where it stands. */
static void check_row(const struct bench *bench, const struct row *row, const uint32_t *keys, size_t count)
{
    uint64_t answers[BATCH], got = 0, want = 0;

    for (size_t i = 0; i < count; i += BATCH) {
        if (row->single)
            got += row->sum(keys + i);
        else
            row->batch(keys + i, answers);
        for (unsigned j = 0; j < BATCH; j++) {
            uint64_t weight = row->single ? 1 : i + j + 1;
            want += dir24_lookup(bench->dir24, keys[i + j]) * weight;
            got += row->single ? 0 : answer(row, answers, j) * weight;
        }
    }
    if (got != want)
        bench_fail("%s gives wrong answers", row->name);
}

static double time_row(const struct row *row, const uint32_t *keys, size_t count)
{
    uint64_t answers[BATCH], sum = 0;

    for (size_t i = 0; i < count; i += BATCH) /* warm up */
        row->single ? (void)(sum += row->sum(keys + i)) : row->batch(keys + i, answers);
    double began = bench_now();
    for (size_t i = 0; i < count; i += BATCH)
        row->single ? (void)(sum += row->sum(keys + i)) : row->batch(keys + i, answers);
    double took = bench_now() - began;
    __asm__ volatile("" ::"r"(sum));
    return (double)count / took / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        bench_fail("usage: fib NEXT_HOPS SEED ROUNDS KEYS [lpm-add] < TABLE");
    struct bench bench = {.next_hops = (unsigned)bench_argument(argv[1], DIR24_LONG - 1),
                          .random = bench_argument(argv[2], UINT32_MAX),
                          .lpm_add = argc > 5 && !strcmp(argv[5], "lpm-add")};
    unsigned rounds = (unsigned)bench_argument(argv[3], 10000);
    size_t keys_count = bench_argument(argv[4], 1 << 26) / BATCH * BATCH, rows_count;
    uint32_t *keys[KEY_SETS];

    bench_read_table(&bench);
    bench.dir24 = dir24_make(&bench);
    make_table(&bench);
    check_edges(&bench);
    for (unsigned set = 0; set < KEY_SETS; set++)
        keys[set] = keys_make(&bench, set, keys_count);
    const struct row *rows = rows_make(&bench, &rows_count);
    for (unsigned set = 0; set < KEY_SETS; set++)
        for (size_t row = 0; row < rows_count; row++)
            check_row(&bench, &rows[row], keys[set], keys_count);
    for (unsigned round = 0; round < rounds; round++) {
        move_table(&bench);
        for (unsigned set = 0; set < KEY_SETS; set++)
            for (size_t row = 0; row < rows_count; row++)
                printf("rate %u %s %s %.2f\n", round, key_set_names[set], rows[row].name,
                       time_row(&rows[row], keys[set], keys_count));
    }
    change_measure(&bench, keys[KEYS_TABLE], keys_count);
    return 0;
}
