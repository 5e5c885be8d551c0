/*
 * The table against the reference trie, at both edges of every prefix: that is at every address where an answer can
 * change.
 */
#include "fib/fib.h"

#include "fib/table.h"
#include "fib/trie.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PUNT 77 /* what a /24 without a group answers */

struct fixture {
    struct fib_memory *memory;
    struct fib_table *table;
    struct fib_trie *trie;
    struct ipv4_prefix *set; /* what is in the table now */
    size_t count, capacity;
    unsigned waits;
    uint64_t random;
};

static uint32_t draw(struct fixture *f)
{
    return draw_u32(&f->random);
}

static void wait_for_readers(void *arg)
{
    ((struct fixture *)arg)->waits++;
}

static struct fixture begin(uint64_t seed)
{
    struct fixture f = {.random = seed};

    f.memory = calloc(1, sizeof(*f.memory));
    f.trie = fib_trie_new();
    assert_non_null(f.memory);
    assert_non_null(f.trie);
    return f;
}

static void make_table(struct fixture *f, uint32_t groups)
{
    struct fib_table_config config = {.memory = f->memory,
                                      .groups = groups,
                                      .no_group_next_hop = PUNT,
                                      .wait_for_readers = wait_for_readers,
                                      .arg = f};
    assert_int_equal(fib_table_new(&config, &f->table), 0);
}

static void end(struct fixture *f)
{
    f->table = fib_table_free(f->table);
    f->trie = fib_trie_free(f->trie);
    free(f->memory);
    free(f->set);
}

static struct ipv4_prefix prefix_of(uint32_t addr, unsigned len)
{
    return ipv4_prefix_network((struct ipv4_prefix){.addr = addr, .len = (uint8_t)len});
}

static void set(struct fixture *f, struct ipv4_prefix prefix, uint16_t next_hop)
{
    uint16_t old;

    if (fib_table_get(f->table, prefix, &old) == -ENOENT) {
        if (f->count == f->capacity) {
            f->capacity = f->capacity ? f->capacity * 2 : 64;
            f->set = realloc(f->set, f->capacity * sizeof(*f->set));
            assert_non_null(f->set);
        }
        f->set[f->count++] = prefix;
    }
    assert_int_equal(fib_table_set(f->table, prefix, next_hop), 0);
    assert_int_equal(fib_trie_set(f->trie, prefix, next_hop), 0);
}

static void take_out(struct fixture *f, size_t at)
{
    assert_int_equal(fib_table_remove(f->table, f->set[at]), 0);
    assert_int_equal(fib_trie_remove(f->trie, f->set[at]), 0);
    f->set[at] = f->set[--f->count];
}

/* How many /24s with longer prefixes answered PUNT instead of what the trie says; anything else wrong fails. */
static unsigned check_at(struct fixture *f, uint32_t addr)
{
    uint32_t got = fib_lookup(f->memory, addr);
    uint32_t want = fib_trie_lookup(f->trie, addr);

    if (got != want && got == PUNT && fib_table_stats(f->table).without_group)
        return 1;
    if (got != want)
        fail_msg("0x%08x: the table answers %u, the trie %u", addr, got, want);
    return 0;
}

static unsigned check(struct fixture *f)
{
    unsigned punts = 0;

    for (size_t i = 0; i < f->count; i++) {
        uint32_t first = ipv4_prefix_first(f->set[i]);
        uint32_t last = ipv4_prefix_last(f->set[i]);
        punts += check_at(f, first - 1) + check_at(f, first) + check_at(f, last) + check_at(f, last + 1);
    }
    assert_int_equal(fib_table_stats(f->table).prefixes, f->count);
    return punts;
}

static void empty_table_knows_no_route(void **state)
{
    (void)state;
    struct fixture f = begin(1);
    make_table(&f, 16);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(fib_lookup(f.memory, draw(&f)), FIB_NO_ROUTE);
    assert_int_equal(fib_lookup(f.memory, 0), FIB_NO_ROUTE);
    assert_int_equal(fib_lookup(f.memory, UINT32_MAX), FIB_NO_ROUTE);
    end(&f);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    struct fixture f = begin(1);
    make_table(&f, 16);
    struct ipv4_prefix host_bits = {.addr = IPV4(10, 0, 0, 1), .len = 8}, too_long = {.addr = 0, .len = 33};
    assert_int_equal(fib_table_set(f.table, host_bits, 1), -EINVAL);
    assert_int_equal(fib_table_set(f.table, too_long, 1), -EINVAL);
    assert_int_equal(fib_table_set(f.table, prefix_of(0, 0), FIB_NO_ROUTE), -EINVAL);
    assert_int_equal(fib_table_set(f.table, prefix_of(0, 0), FIB_NEXT_HOP_MAX + 1), -EINVAL);
    assert_int_equal(fib_table_remove(f.table, prefix_of(0, 0)), -ENOENT);
    assert_int_equal(fib_table_remove(f.table, too_long), -ENOENT);

    struct fib_table *table = NULL;
    struct fib_table_config config = {.memory = f.memory, .groups = FIB_GROUPS + 1};
    assert_int_equal(fib_table_new(&config, &table), -EINVAL);
    config.groups = 0;
    assert_int_equal(fib_table_new(&config, &table), -EINVAL);
    assert_null(table);
    end(&f);
}

static void every_length_nested(void **state)
{
    (void)state;
    struct fixture f = begin(1);
    make_table(&f, 16);
    uint32_t addr = IPV4(193, 32, 216, 9);
    for (unsigned len = 0; len <= 32; len++) {
        set(&f, prefix_of(addr, len), (uint16_t)(len + 1));
        assert_int_equal(fib_lookup(f.memory, addr), len + 1);
    }
    check(&f);
    for (unsigned len = 33; len-- > 0;) { /* and out again, the longest first */
        assert_int_equal(fib_lookup(f.memory, addr), len + 1);
        take_out(&f, len);
        check(&f);
    }
    for (unsigned len = 33; len-- > 0;) /* in by falling length: a shorter prefix takes nothing from a longer one */
        set(&f, prefix_of(addr, len), (uint16_t)(len + 1));
    check(&f);
    assert_int_equal(fib_lookup(f.memory, addr), 33);
    assert_int_equal(fib_table_stats(f.table).groups_used, 1);
    end(&f);
}

static void default_route_answers_everywhere(void **state)
{
    (void)state;
    struct fixture f = begin(7);
    make_table(&f, 16);
    set(&f, prefix_of(0, 0), FIB_NEXT_HOP_MAX);
    set(&f, prefix_of(IPV4(255, 255, 255, 255), 32), 2);
    set(&f, prefix_of(0, 32), 3);
    check(&f);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(fib_lookup(f.memory, draw(&f) | 0x100), FIB_NEXT_HOP_MAX);
    end(&f);
}

/* Random prefixes, many of them inside one another, go in, change and go out. */
static void churn(uint64_t seed, uint32_t groups, unsigned rounds, unsigned operations)
{
    struct fixture f = begin(seed);
    make_table(&f, groups);
    unsigned punts = 0;
    print_message("# seed %llu\n", (unsigned long long)seed);
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < operations; i++) {
            uint32_t what = draw(&f) % 8;
            if (what < 3 && f.count) {
                take_out(&f, draw(&f) % f.count);
                continue;
            }
            uint32_t addr = draw(&f);
            unsigned len = draw(&f) % 100 ? 14 + draw(&f) % 19 : draw(&f) % 14;
            if (what >= 5 && f.count) /* inside or around one that is there, or the same again */
                addr = f.set[draw(&f) % f.count].addr ^ (draw(&f) & 0x3ff);
            set(&f, prefix_of(addr, len), (uint16_t)(1 + draw(&f) % FIB_NEXT_HOP_MAX));
        }
        punts += check(&f);
    }
    assert_int_equal(punts != 0, groups < 1000);
    while (f.count)
        take_out(&f, draw(&f) % f.count);
    assert_int_equal(fib_table_stats(f.table).groups_used, 0);
    assert_int_equal(fib_table_stats(f.table).without_group, 0);
    for (uint32_t slot = 0; slot < FIB_ROOT_ENTRIES; slot++)
        assert_int_equal(f.memory->root[slot], FIB_NO_ROUTE);
    end(&f);
}

static void random_churn_equals_the_trie(void **state)
{
    (void)state;
    churn(20261125, FIB_GROUPS, 20, 1000);
    churn(4711, FIB_GROUPS, 20, 1000);
}

static void without_groups_the_answer_is_the_chosen_one(void **state)
{
    (void)state;
    churn(99, 8, 10, 300);
}

static void waiting_slots_get_groups_that_become_free(void **state)
{
    (void)state;
    struct fixture f = begin(1);
    make_table(&f, 2);
    for (uint32_t i = 0; i < 6; i++)
        set(&f, prefix_of(IPV4(10, 0, i, 1), 32), (uint16_t)(i + 1));
    struct fib_table_stats stats = fib_table_stats(f.table);
    assert_int_equal(stats.groups_used, 2);
    assert_int_equal(stats.without_group, 4);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(fib_lookup(f.memory, IPV4(10, 0, i, 1)), i < 2 ? i + 1 : PUNT);
    set(&f, prefix_of(0, 0), 500); /* does not show through where the answer is not known */
    assert_int_equal(fib_lookup(f.memory, IPV4(10, 0, 5, 9)), PUNT);

    assert_int_equal(f.waits, 0);
    take_out(&f, 0);
    assert_int_equal(f.waits, 1); /* the group went to a waiting /24, but not under its readers' feet */
    assert_int_equal(fib_table_stats(f.table).without_group, 3);
    assert_int_equal(fib_lookup(f.memory, IPV4(10, 0, 0, 1)), 500);
    unsigned waiting = 0;
    for (uint32_t i = 1; i < 6; i++)
        waiting += fib_lookup(f.memory, IPV4(10, 0, i, 1)) == PUNT;
    assert_int_equal(waiting, 3);
    end(&f);
}

static void groups_are_reused_only_after_readers_have_left(void **state)
{
    (void)state;
    struct fixture f = begin(1);
    make_table(&f, 3);
    for (uint32_t i = 0; i < 9; i++) {
        set(&f, prefix_of(IPV4(10, 0, i, 1), 32), 1);
        take_out(&f, 0);
        assert_int_equal(f.waits, i / 3); /* one wait for three groups */
    }
    end(&f);
}

static void a_table_clears_the_memory_that_it_gets(void **state)
{
    (void)state;
    struct fixture f = begin(1);
    make_table(&f, 4);
    set(&f, prefix_of(IPV4(10, 0, 0, 0), 8), 5);
    set(&f, prefix_of(IPV4(10, 0, 0, 1), 32), 6);
    f.table = fib_table_free(f.table);
    assert_int_equal(fib_lookup(f.memory, IPV4(10, 0, 0, 1)), 6); /* the readers' table outlives the writer */
    make_table(&f, 4);
    assert_int_equal(fib_lookup(f.memory, IPV4(10, 0, 0, 1)), FIB_NO_ROUTE);
    assert_int_equal(fib_lookup(f.memory, IPV4(10, 1, 0, 1)), FIB_NO_ROUTE);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_table_knows_no_route),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(every_length_nested),
        cmocka_unit_test(default_route_answers_everywhere),
        cmocka_unit_test(random_churn_equals_the_trie),
        cmocka_unit_test(without_groups_the_answer_is_the_chosen_one),
        cmocka_unit_test(waiting_slots_get_groups_that_become_free),
        cmocka_unit_test(groups_are_reused_only_after_readers_have_left),
        cmocka_unit_test(a_table_clears_the_memory_that_it_gets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
