/*
 * Changes a second, alone and beside a reader at full speed, and what the reader loses by them.
 *
 * A stream of changes to the table: a third gives a prefix another next hop, a third takes one out, a third puts one
 * back.
 */
#include "benchmarks/fib/bench.h"
#include "fib/lookup.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#define CHANGES 1000000
#define AT_ONCE 64

struct reader {
    const struct fib_memory *memory;
    const uint32_t *keys;
    size_t count;
    uint64_t batches; /* behind it */
    bool stop;
    bool writing; /* there is a writer to be waited for */
} __attribute__((aligned(128)));

static struct reader reader;

static void pin(unsigned from_the_last)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((unsigned)((cpus - 1 - (long)from_the_last % cpus + cpus) % cpus), &set);
    sched_setaffinity(0, sizeof(set), &set);
}

static void *read_all_the_time(void *arg)
{
    uint32_t answers[BATCH];

    (void)arg;
    pin(0);
    for (size_t i = 0; !__atomic_load_n(&reader.stop, __ATOMIC_ACQUIRE);) {
        fib_lookup_batch(reader.memory, reader.keys + i, answers, BATCH);
        i = i + BATCH < reader.count ? i + BATCH : 0;
        __atomic_store_n(&reader.batches, reader.batches + 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static uint64_t batches(void)
{
    return __atomic_load_n(&reader.batches, __ATOMIC_ACQUIRE);
}

/* The reader has come to the end of the batch that it is in. */
static void wait_for_readers(void *arg)
{
    (void)arg;
    if (!reader.writing)
        return;
    for (uint64_t now = batches(); batches() == now;)
        ;
}

static struct fib_change *make_changes(struct bench *bench)
{
    struct fib_change *changes = bench_memory(CHANGES * sizeof(*changes));
    bool *out = bench_memory(bench->count * sizeof(*out));
    uint32_t *gone = bench_memory(CHANGES * sizeof(*gone)), gone_count = 0;

    for (size_t i = 0; i < CHANGES; i++) {
        uint32_t which = bench_draw(bench, (uint32_t)bench->count);
        unsigned what = i % 3;
        uint16_t next_hop = (uint16_t)(1 + bench_draw(bench, bench->next_hops));
        while (what != 2 && out[which])
            which = bench_draw(bench, (uint32_t)bench->count);
        if (what == 1) {
            out[which] = true;
            gone[gone_count++] = which;
            next_hop = FIB_NO_ROUTE;
        } else if (what == 2 && gone_count) {
            which = gone[--gone_count];
            out[which] = false;
        }
        changes[i] = (struct fib_change){.prefix = bench->routes[which].prefix, .next_hop = next_hop};
    }
    return changes;
}

static double change(struct bench *bench, struct fib_change *changes, size_t at_once)
{
    size_t failed = 0;

    double began = bench_now();
    if (at_once == 1) {
        for (size_t i = 0; i < CHANGES; i++)
            failed += (changes[i].next_hop == FIB_NO_ROUTE
                           ? fib_table_remove(bench->table, changes[i].prefix)
                           : fib_table_set(bench->table, changes[i].prefix, changes[i].next_hop)) != 0;
    } else {
        for (size_t i = 0; i + at_once <= CHANGES; i += at_once)
            failed += fib_table_update(bench->table, changes + i, at_once);
    }
    double took = bench_now() - began;
    if (failed)
        bench_fail("%zu of %u changes were refused", failed, CHANGES);
    return took;
}

/* Back to the table as it was read, with the readers that there are. */
static void reload(struct bench *bench)
{
    struct fib_table_config config = {
        .memory = bench->memory, .pool_bytes = bench->pool_bytes, .wait_for_readers = wait_for_readers};

    bench->table = fib_table_free(bench->table);
    if (fib_table_new(&config, &bench->table) || fib_table_update(bench->table, bench->routes, bench->count))
        bench_fail("the table could not be loaded again");
}

static double reader_rate(double seconds)
{
    uint64_t before = batches();
    double began = bench_now();

    usleep((useconds_t)(seconds * 1e6));
    return (double)(batches() - before) * BATCH / (bench_now() - began) / 1e6;
}

void change_measure(struct bench *bench, const uint32_t *keys, size_t count)
{
    struct fib_change *changes = make_changes(bench);
    static const size_t sizes[] = {1, AT_ONCE};
    pthread_t thread;

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        reload(bench);
        printf("fact updates_alone_%zu %.0f\n", sizes[i], CHANGES / change(bench, changes, sizes[i]));
    }
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
        return;
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        reload(bench);
        reader = (struct reader){.memory = bench->memory, .keys = keys, .count = count};
        pin(1);
        if (pthread_create(&thread, NULL, read_all_the_time, NULL))
            bench_fail("no thread");
        reader_rate(0.2);
        double alone = reader_rate(0.5);
        reader.writing = true;
        uint64_t before = batches();
        double took = change(bench, changes, sizes[i]);
        double beside = (double)(batches() - before) * BATCH / took / 1e6;
        __atomic_store_n(&reader.stop, true, __ATOMIC_RELEASE);
        pthread_join(thread, NULL);
        reader.writing = false;
        printf("fact updates_beside_%zu %.0f\nfact reader_alone_%zu %.1f\nfact reader_beside_%zu %.1f\n", sizes[i],
               CHANGES / took, sizes[i], alone, sizes[i], beside);
    }
}
