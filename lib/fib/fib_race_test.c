/*
 * One writer and two readers at full speed, in a pool so small that memory is used again all the time.
 */
#include "fib/lookup.h"
#include "tests/fib_race.h"
#include "tests/unit.h"

#include <pthread.h>

#define READERS 2
#define BATCH   64
#define CHANGES 60000

struct reader {
    struct race *race;
    pthread_t thread;
    uint64_t passes; /* batches that it has behind it */
    uint64_t wrong, lookups;
    unsigned number;
} __attribute__((aligned(128)));

struct race {
    struct reader readers[READERS];
    struct fib_memory *memory;
    uint64_t waits;
    bool stop;
};

static void *read_all_the_time(void *arg)
{
    struct reader *reader = arg;
    uint64_t random = reader->number + 1;
    uint32_t addrs[BATCH], next_hops[BATCH];

    while (!__atomic_load_n(&reader->race->stop, __ATOMIC_ACQUIRE)) {
        for (unsigned i = 0; i < BATCH; i++)
            addrs[i] = race_draw_addr(&random);
        fib_lookup_batch(reader->race->memory, addrs, next_hops, BATCH);
        for (unsigned i = 0; i < BATCH; i++)
            reader->wrong += !race_is_right(addrs[i], next_hops[i]) +
                             !race_is_right(addrs[i], fib_lookup(reader->race->memory, addrs[i]));
        reader->lookups += BATCH;
        __atomic_store_n(&reader->passes, reader->passes + 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

/* Every reader has come to the end of the batch that it was in. */
static void wait_for_readers(void *arg)
{
    struct race *race = arg;

    race->waits++;
    for (unsigned i = 0; i < READERS; i++) {
        uint64_t now = __atomic_load_n(&race->readers[i].passes, __ATOMIC_ACQUIRE);
        while (__atomic_load_n(&race->readers[i].passes, __ATOMIC_ACQUIRE) == now)
            sched_yield();
    }
}

static void readers_see_before_or_after(void **state)
{
    (void)state;
    struct race *race = aligned_alloc(128, sizeof(*race));
    struct fib_table *table;
    uint64_t random = 7, lookups = 0;

    assert_non_null(race);
    *race = (struct race){.memory = calloc(1, sizeof(*race->memory))};
    assert_non_null(race->memory);
    struct fib_table_config config = {
        .memory = race->memory, .pool_bytes = 160 * 1024, .wait_for_readers = wait_for_readers, .arg = race};
    assert_int_equal(fib_table_new(&config, &table), 0);
    assert_int_equal(race_fill(table, &random), 0);
    for (unsigned i = 0; i < READERS; i++) {
        race->readers[i] = (struct reader){.race = race, .number = i};
        assert_int_equal(pthread_create(&race->readers[i].thread, NULL, read_all_the_time, &race->readers[i]), 0);
    }
    uint64_t refused = race_change(table, &random, CHANGES);
    __atomic_store_n(&race->stop, true, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < READERS; i++) {
        pthread_join(race->readers[i].thread, NULL);
        assert_int_equal(race->readers[i].wrong, 0);
        lookups += race->readers[i].lookups;
    }
    print_message("# %u changes, %llu refused for want of room, %llu waits, %llu lookups meanwhile\n", CHANGES,
                  (unsigned long long)refused, (unsigned long long)race->waits, (unsigned long long)lookups);
    assert_in_range(race->waits, 10, CHANGES);
    assert_int_not_equal(lookups, 0);
    fib_table_free(table);
    free(race->memory);
    free(race);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(readers_see_before_or_after)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
