/*
 * One writer and two readers at full speed, in a pool so small that memory is used again all the time.
 *
 * Whatever is true of an address at every moment of the writer's work must be true of every answer: prefixes within one
 * /16 have only next hops of its own, and each /16 has one itself, so an answer of another /16, or none, is torn or
 * comes from memory that was used again too early.
 */
#include "fib/lookup.h"
#include "fib/table.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <pthread.h>
#include <stdlib.h>

#define NETS    64 /* /16s */
#define OWN     1000
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

static uint32_t net_of(uint32_t addr)
{
    return addr >> 16 & (NETS - 1);
}

static bool is_right(uint32_t addr, uint32_t next_hop)
{
    return next_hop > net_of(addr) * OWN && next_hop <= (net_of(addr) + 1) * OWN;
}

static uint32_t draw_addr(uint64_t *random)
{
    return IPV4(10, 0, 0, 0) | (draw_u32(random) & (NETS * 65536 - 1));
}

static void *read_all_the_time(void *arg)
{
    struct reader *reader = arg;
    uint64_t random = reader->number + 1;
    uint32_t addrs[BATCH], next_hops[BATCH];

    while (!__atomic_load_n(&reader->race->stop, __ATOMIC_ACQUIRE)) {
        for (unsigned i = 0; i < BATCH; i++)
            addrs[i] = draw_addr(&random);
        fib_lookup_batch(reader->race->memory, addrs, next_hops, BATCH);
        for (unsigned i = 0; i < BATCH; i++)
            reader->wrong +=
                !is_right(addrs[i], next_hops[i]) + !is_right(addrs[i], fib_lookup(reader->race->memory, addrs[i]));
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

static uint16_t draw_next_hop(uint64_t *random, uint32_t addr)
{
    return (uint16_t)(net_of(addr) * OWN + 1 + draw_u32(random) % OWN);
}

static struct fib_change draw_change(uint64_t *random)
{
    uint32_t addr = draw_addr(random);
    struct ipv4_prefix prefix = {.addr = addr, .len = (uint8_t)(16 + draw_u32(random) % 17)};
    struct fib_change change = {.prefix = ipv4_prefix_network(prefix), .next_hop = draw_next_hop(random, addr)};

    if (change.prefix.len > 16 && draw_u32(random) % 5 < 2)
        change.next_hop = FIB_NO_ROUTE;
    return change;
}

static void readers_see_before_or_after(void **state)
{
    (void)state;
    struct race *race = aligned_alloc(128, sizeof(*race));
    struct fib_table *table;
    uint64_t random = 7, refused = 0, lookups = 0;
    struct fib_change changes[100];

    assert_non_null(race);
    *race = (struct race){.memory = calloc(1, sizeof(*race->memory))};
    assert_non_null(race->memory);
    struct fib_table_config config = {
        .memory = race->memory, .pool_bytes = 160 * 1024, .wait_for_readers = wait_for_readers, .arg = race};
    assert_int_equal(fib_table_new(&config, &table), 0);
    for (uint32_t net = 0; net < NETS; net++) {
        struct ipv4_prefix prefix = {.addr = IPV4(10, 0, 0, 0) + (net << 16), .len = 16};
        assert_int_equal(fib_table_set(table, prefix, draw_next_hop(&random, prefix.addr)), 0);
    }
    for (unsigned i = 0; i < READERS; i++) {
        race->readers[i] = (struct reader){.race = race, .number = i};
        assert_int_equal(pthread_create(&race->readers[i].thread, NULL, read_all_the_time, &race->readers[i]), 0);
    }
    for (unsigned done = 0; done < CHANGES; done += ARRAY_SIZE(changes)) {
        for (unsigned i = 0; i < ARRAY_SIZE(changes); i++)
            changes[i] = draw_change(&random);
        refused += fib_table_update(table, changes, ARRAY_SIZE(changes));
    }
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
