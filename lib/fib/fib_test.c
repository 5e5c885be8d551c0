/*
 * The table against the reference trie, at both edges of every prefix: that is at every address where an answer can
 * change. Every lookup is made in all the ways that there are.
 */
#include "fib/fib.h"

#include "fib/lookup.h"
#include "fib/table.h"
#include "fib/trie.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUNT 77 /* what blocks without room answer, where that was asked for */

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

static void make_table(struct fixture *f, uint32_t pool_bytes, uint16_t no_room_next_hop)
{
    struct fib_table_config config = {.memory = f->memory,
                                      .pool_bytes = pool_bytes,
                                      .no_room_next_hop = no_room_next_hop,
                                      .wait_for_readers = wait_for_readers,
                                      .arg = f};
    assert_int_equal(fib_table_new(&config, &f->table), 0);
}

static void begin(struct fixture *f, uint64_t seed, uint32_t pool_bytes, uint16_t no_room_next_hop)
{
    print_message("# seed %llu\n", (unsigned long long)seed);
    *f = (struct fixture){.random = seed, .memory = fib_memory_new(pool_bytes), .trie = fib_trie_new()};
    assert_non_null(f->memory);
    assert_non_null(f->trie);
    make_table(f, pool_bytes, no_room_next_hop);
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

/* Remember that a prefix is in the table now. */
static void note(struct fixture *f, struct ipv4_prefix prefix, uint16_t next_hop)
{
    if (!fib_trie_remove(f->trie, prefix)) {
        assert_int_equal(fib_trie_set(f->trie, prefix, next_hop), 0);
        return;
    }
    if (f->count == f->capacity) {
        f->capacity = f->capacity ? f->capacity * 2 : 64;
        f->set = realloc(f->set, f->capacity * sizeof(*f->set));
        assert_non_null(f->set);
    }
    f->set[f->count++] = prefix;
    assert_int_equal(fib_trie_set(f->trie, prefix, next_hop), 0);
}

static void set(struct fixture *f, struct ipv4_prefix prefix, uint16_t next_hop)
{
    assert_int_equal(fib_table_set(f->table, prefix, next_hop), 0);
    note(f, prefix, next_hop);
}

static void take_out(struct fixture *f, size_t at)
{
    assert_int_equal(fib_table_remove(f->table, f->set[at]), 0);
    assert_int_equal(fib_trie_remove(f->trie, f->set[at]), 0);
    f->set[at] = f->set[--f->count];
}

/* Whether the table answers PUNT, for want of room, instead of what the trie says; anything else wrong fails. */
static bool check_answer(struct fixture *f, uint32_t addr, uint32_t got, const char *way)
{
    uint32_t want = fib_trie_lookup(f->trie, addr);

    if (got != want && !(got == PUNT && fib_table_stats(f->table).without_room))
        fail_msg("0x%08x: the table answers %u (%s), the trie %u", addr, got, way, want);
    return got != want;
}

/* How often the answer was PUNT, at both edges of every prefix and beside them. */
static unsigned check(struct fixture *f)
{
    size_t count = f->count * 4, ways;
    const struct fib_lookup_way *way = fib_lookup_ways(&ways);
    uint32_t *addrs = calloc(count + 1, sizeof(*addrs)), *got = calloc(count + 1, sizeof(*got));
    unsigned punts = 0;

    assert_non_null(addrs);
    assert_non_null(got);
    for (size_t i = 0; i < f->count; i++) {
        uint32_t first = ipv4_prefix_first(f->set[i]), last = ipv4_prefix_last(f->set[i]);
        memcpy(&addrs[4 * i], (uint32_t[]){first - 1, first, last, last + 1}, 4 * sizeof(*addrs));
    }
    for (size_t i = 0; i < count; i++)
        punts += check_answer(f, addrs[i], fib_lookup(f->memory, addrs[i]), "alone");
    for (size_t w = 0; w < ways; w++) {
        if (!way[w].works_here())
            continue;
        way[w].lookup(f->memory, addrs, got, count);
        for (size_t i = 0; i < count; i++)
            check_answer(f, addrs[i], got[i], way[w].name);
    }
    assert_int_equal(fib_table_stats(f->table).prefixes, f->count);
    free(addrs);
    free(got);
    return punts;
}

/* A table without prefixes holds on to nothing but the answer for want of room, if it has one. */
static void empty(struct fixture *f)
{
    while (f->count)
        take_out(f, draw(f) % f->count);
    struct fib_table_stats stats = fib_table_stats(f->table);
    assert_int_equal(stats.prefixes, 0);
    assert_int_equal(stats.blocks + stats.slash24_more + stats.without_room, 0);
    assert_in_range(stats.used_bytes, 0, 8);
    for (uint32_t block = 0; block < FIB_ROOT_ENTRIES; block++)
        assert_int_equal(fib_lookup(f->memory, block << FIB_BLOCK_BITS), FIB_NO_ROUTE);
}

static void empty_table_knows_no_route(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 1, 4096, FIB_NO_ROUTE);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(fib_lookup(f.memory, draw(&f)), FIB_NO_ROUTE);
    assert_int_equal(fib_lookup(f.memory, 0), FIB_NO_ROUTE);
    assert_int_equal(fib_lookup(f.memory, UINT32_MAX), FIB_NO_ROUTE);
    end(&f);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 1, 4096, FIB_NO_ROUTE);
    struct ipv4_prefix host_bits = {.addr = IPV4(10, 0, 0, 1), .len = 8}, too_long = {.addr = 0, .len = 33};
    assert_int_equal(fib_table_set(f.table, host_bits, 1), -EINVAL);
    assert_int_equal(fib_table_set(f.table, too_long, 1), -EINVAL);
    assert_int_equal(fib_table_set(f.table, prefix_of(0, 0), FIB_NO_ROUTE), -EINVAL);
    assert_int_equal(fib_table_remove(f.table, prefix_of(0, 0)), -ENOENT);
    assert_int_equal(fib_table_remove(f.table, too_long), -ENOENT);
    struct fib_change changes[] = {{.prefix = host_bits, .next_hop = 1},
                                   {.prefix = too_long, .next_hop = 1},
                                   {.prefix = prefix_of(IPV4(10, 0, 0, 0), 24), .next_hop = 1}};
    assert_int_equal(fib_table_update(f.table, changes, 3), 2);
    assert_int_equal(changes[0].error, -EINVAL);
    assert_int_equal(changes[1].error, -EINVAL);
    assert_int_equal(changes[2].error, 0);

    struct fib_table *table = NULL;
    struct fib_table_config config = {.memory = f.memory, .pool_bytes = FIB_POOL_BYTES + 8};
    assert_int_equal(fib_table_new(&config, &table), -EINVAL);
    config.pool_bytes = FIB_TABLE_POOL_MIN - 8;
    assert_int_equal(fib_table_new(&config, &table), -EINVAL);
    config.pool_bytes = FIB_TABLE_POOL_MIN + 4;
    assert_int_equal(fib_table_new(&config, &table), -EINVAL);
    assert_null(table);
    assert_null(fib_memory_new(FIB_POOL_BYTES + 8));
    assert_null(fib_memory_new(FIB_TABLE_POOL_MIN - 8));
    assert_null(fib_memory_new(FIB_TABLE_POOL_MIN + 4));
    end(&f);
}

static void every_length_nested(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 1, 65536, FIB_NO_ROUTE);
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
    assert_int_equal(fib_table_stats(f.table).slash24_more, 1);
    empty(&f);
    end(&f);
}

static void default_route_answers_everywhere(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 7, FIB_POOL_BYTES, FIB_NO_ROUTE);
    set(&f, prefix_of(0, 0), FIB_NEXT_HOP_MAX);
    set(&f, prefix_of(IPV4(255, 255, 255, 255), 32), 2);
    set(&f, prefix_of(0, 32), 3);
    check(&f);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(fib_lookup(f.memory, draw(&f) | 0x100), FIB_NEXT_HOP_MAX);
    empty(&f);
    end(&f);
}

/* A prefix to change, often inside or around one that is there. */
static struct ipv4_prefix draw_prefix(struct fixture *f)
{
    uint32_t addr = draw(f);
    unsigned len = draw(f) % 100 ? 14 + draw(f) % 19 : draw(f) % 14;

    if (draw(f) % 2 && f->count)
        addr = f->set[draw(f) % f->count].addr ^ (draw(f) & 0x3ff);
    return prefix_of(addr, len);
}

/* Mostly small, so that nodes of all widths come up. */
static uint16_t draw_next_hop(struct fixture *f)
{
    return (uint16_t)(1 + draw(f) % (draw(f) % 16 ? 255 : FIB_NEXT_HOP_MAX));
}

/* Random prefixes, many of them inside one another, go in, change and go out. */
static void churn(uint64_t seed, uint32_t pool_bytes, uint16_t no_room_next_hop, unsigned rounds, unsigned operations)
{
    struct fixture f;
    begin(&f, seed, pool_bytes, no_room_next_hop);
    unsigned punts = 0;
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < operations; i++)
            if (draw(&f) % 8 < 3 && f.count)
                take_out(&f, draw(&f) % f.count);
            else
                set(&f, draw_prefix(&f), draw_next_hop(&f));
        punts += check(&f);
    }
    assert_int_equal(punts != 0, no_room_next_hop != FIB_NO_ROUTE);
    empty(&f);
    end(&f);
}

static void random_churn_equals_the_trie(void **state)
{
    (void)state;
    churn(20261125, FIB_POOL_BYTES, FIB_NO_ROUTE, 20, 1000);
    churn(4711, 1 << 20, FIB_NO_ROUTE, 20, 1000);
}

static void without_room_the_answer_is_the_chosen_one(void **state)
{
    (void)state;
    churn(99, 8192, PUNT, 10, 400);
    churn(100, FIB_TABLE_POOL_MIN, PUNT, 10, 100);
}

/* Many at once, some of them twice, some for prefixes that are not there: as if they had been made in turn. */
static void updates(uint64_t seed, size_t size, unsigned rounds)
{
    struct fixture f;
    begin(&f, seed, FIB_POOL_BYTES, FIB_NO_ROUTE);
    struct fib_change *changes = calloc(size, sizeof(*changes));
    assert_non_null(changes);
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < size; i++) {
            struct ipv4_prefix prefix = draw(&f) % 8 < 3 && f.count ? f.set[draw(&f) % f.count] : draw_prefix(&f);
            if (i && draw(&f) % 16 == 0)
                prefix = changes[draw(&f) % i].prefix;
            changes[i].prefix = prefix;
            changes[i].next_hop = draw(&f) % 4 ? draw_next_hop(&f) : FIB_NO_ROUTE;
        }
        assert_int_equal(fib_table_update(f.table, changes, size), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(changes[i].error, 0);
            if (changes[i].next_hop != FIB_NO_ROUTE) {
                note(&f, changes[i].prefix, changes[i].next_hop);
                continue;
            }
            for (size_t at = 0; at < f.count; at++)
                if (ipv4_prefix_equal(f.set[at], changes[i].prefix)) {
                    assert_int_equal(fib_trie_remove(f.trie, f.set[at]), 0);
                    f.set[at] = f.set[--f.count];
                    break;
                }
        }
        check(&f);
    }
    empty(&f);
    free(changes);
    end(&f);
}

static void many_changes_at_once_equal_the_trie(void **state)
{
    (void)state;
    updates(1, 100, 20);
    updates(2, 6000, 4); /* enough to be sorted */
}

/* Tables that are hard on the structure. Next hops of neighbours differ wherever they can. */
static void adversarial_tables_equal_the_trie(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 5, FIB_POOL_BYTES, FIB_NO_ROUTE);
    for (uint32_t i = 0; i < 8192; i++) /* every /24 of a /12 split */
        set(&f, prefix_of(IPV4(16, 0, 0, 0) + (i << 7), 25), (uint16_t)(1 + i % 2));
    check(&f);
    empty(&f);
    for (uint32_t i = 0; i < 16384; i++) /* all /32 of a /18 */
        set(&f, prefix_of(IPV4(20, 0, 0, 0) + i, 32), (uint16_t)(1 + i % 50000));
    check(&f);
    empty(&f);
    for (unsigned chain = 0; chain < 64; chain++) { /* nested from /8 to /32, in both directions */
        uint32_t addr = draw(&f);
        for (unsigned i = 8; i <= 32; i++) {
            unsigned len = chain % 2 ? i : 40 - i;
            set(&f, prefix_of(addr, len), (uint16_t)(1 + (chain * 1021 + len) % FIB_NEXT_HOP_MAX));
        }
    }
    check(&f);
    empty(&f);
    for (uint32_t i = 0; i < 4096; i++) /* alternating /24s of a /12, of one byte and of two */
        set(&f, prefix_of(IPV4(32, 0, 0, 0) + (i << 8), 24), (uint16_t)(i % 2 ? 1 : i % 4 ? 255 : 60000));
    check(&f);
    empty(&f);
    end(&f);
}

/* The pool is filled until a change is refused. Whatever is refused changes nothing. */
static void full_pool_refuses(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 11, 32768, FIB_NO_ROUTE);
    unsigned refused = 0;
    for (unsigned i = 0; i < 4000; i++) {
        struct ipv4_prefix prefix = draw_prefix(&f);
        uint16_t next_hop = draw_next_hop(&f);
        int error = fib_table_set(f.table, prefix, next_hop);
        if (!error) {
            note(&f, prefix, next_hop);
        } else {
            assert_int_equal(error, -ENOSPC);
            if (refused++ % 64 == 0)
                check(&f);
        }
    }
    assert_int_not_equal(refused, 0);
    check(&f);
    struct fib_change changes[] = {{.prefix = prefix_of(IPV4(10, 1, 0, 0), 20), .next_hop = 1},
                                   {.prefix = prefix_of(IPV4(10, 1, 16, 0), 20), .next_hop = 2},
                                   {.prefix = prefix_of(IPV4(10, 1, 32, 0), 20), .next_hop = 3},
                                   {.prefix = prefix_of(IPV4(10, 1, 48, 0), 20), .next_hop = 4}};
    for (unsigned i = 0; i < 4; i++)
        if (fib_table_update(f.table, &changes[i], 1) == 0)
            note(&f, changes[i].prefix, changes[i].next_hop);
    check(&f);
    while (f.count) { /* to take one out needs room too */
        size_t at = draw(&f) % f.count;
        int error = fib_table_remove(f.table, f.set[at]);
        if (error) {
            assert_int_equal(error, -ENOSPC);
            check(&f);
            continue;
        }
        assert_int_equal(fib_trie_remove(f.trie, f.set[at]), 0);
        f.set[at] = f.set[--f.count];
    }
    empty(&f);
    end(&f);
}

/* Blocks that fill the pool by half: a default route would have to write them all anew, beside what is there. */
static void short_prefix_comes_wholly_or_not_at_all(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 3, 16384, FIB_NO_ROUTE);
    for (uint32_t i = 0; fib_table_stats(f.table).used_bytes < 9000; i++)
        for (uint32_t j = 0; j < 32; j += 2)
            set(&f, prefix_of(i * 0x20000 + j * 1024, 22), (uint16_t)(1 + (i + j) % 200));
    assert_int_equal(fib_table_set(f.table, prefix_of(0, 0), 201), -ENOSPC);
    check(&f);
    assert_int_equal(fib_lookup(f.memory, UINT32_MAX), FIB_NO_ROUTE);
    while (fib_table_stats(f.table).used_bytes > 5000)
        take_out(&f, f.count - 1);
    set(&f, prefix_of(0, 0), 201);
    check(&f);
    empty(&f);
    end(&f);
}

static void waiting_blocks_get_room_that_becomes_free(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 1, FIB_TABLE_POOL_MIN, PUNT);
    for (uint32_t i = 0; i < 64; i++)
        set(&f, prefix_of(IPV4(10, i, 0, 1), 32), (uint16_t)(i + 1));
    unsigned without_room = fib_table_stats(f.table).without_room;
    assert_in_range(without_room, 1, 63);
    unsigned punts = 0;
    for (uint32_t i = 0; i < 64; i++)
        punts += fib_lookup(f.memory, IPV4(10, i, 0, 1)) == PUNT;
    assert_int_equal(punts, without_room);
    set(&f, prefix_of(0, 0), 500); /* does not show through where the answer is not known */
    assert_int_equal(fib_lookup(f.memory, IPV4(10, 63, 0, 1)), PUNT);
    check(&f);
    while (fib_table_stats(f.table).without_room) {
        assert_int_not_equal(f.count, 0);
        take_out(&f, 0);
        check(&f);
    }
    assert_int_not_equal(f.count, 0);
    empty(&f);
    end(&f);
}

/* Pieces that readers may still be in are used again only after a wait, and there is one only when nothing else is
 * free. */
static void room_is_used_again_only_after_readers_have_left(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 1, 8192, FIB_NO_ROUTE);
    unsigned waits_before = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        struct fib_table_stats before = fib_table_stats(f.table);
        size_t largest_bytes = fib_table_largest_bytes(f.table);
        set(&f, prefix_of(IPV4(10, 0, i % 128, 0), 24), (uint16_t)(1 + i % 7));
        if (f.waits > waits_before)
            assert_true(largest_bytes < 128 + 8); /* the largest node of a byte an answer */
        else
            assert_true(fib_table_stats(f.table).waiting_bytes >= before.waiting_bytes);
        waits_before = f.waits;
    }
    assert_in_range(f.waits, 10, 200);
    check(&f);
    end(&f);
}

static void a_table_clears_the_memory_that_it_gets(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 1, 4096, FIB_NO_ROUTE);
    set(&f, prefix_of(IPV4(10, 0, 0, 0), 8), 5);
    set(&f, prefix_of(IPV4(10, 0, 0, 1), 32), 6);
    f.table = fib_table_free(f.table);
    assert_int_equal(fib_lookup(f.memory, IPV4(10, 0, 0, 1)), 6); /* the readers' table outlives the writer */
    make_table(&f, 4096, FIB_NO_ROUTE);
    assert_int_equal(fib_lookup(f.memory, IPV4(10, 0, 0, 1)), FIB_NO_ROUTE);
    assert_int_equal(fib_lookup(f.memory, IPV4(10, 1, 0, 1)), FIB_NO_ROUTE);
    end(&f);
}

static int compare(const void *a, const void *b)
{
    return ipv4_prefix_compare(*(const struct ipv4_prefix *)a, *(const struct ipv4_prefix *)b);
}

/* Readers see nothing of what waits, and all of it after the flush; whoever asks the table sees it at once. */
static void deferred_changes_are_seen_after_the_flush(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 12, FIB_POOL_BYTES, FIB_NO_ROUTE);
    assert_int_equal(fib_table_defer(f.table), -EINVAL); /* this one may have to refuse changes */
    end(&f);
    begin(&f, 12, FIB_POOL_BYTES, PUNT);
    assert_int_equal(fib_table_defer(f.table), 0);
    for (unsigned round = 0; round < 20; round++) {
        uint32_t before[500], addrs[500];
        for (unsigned i = 0; i < ARRAY_SIZE(addrs); i++) {
            addrs[i] = f.count && i % 2 ? f.set[draw(&f) % f.count].addr : draw(&f);
            before[i] = fib_lookup(f.memory, addrs[i]);
        }
        for (unsigned i = 0; i < 300; i++)
            if (draw(&f) % 8 < 3 && f.count)
                take_out(&f, draw(&f) % f.count);
            else
                set(&f, draw_prefix(&f), draw_next_hop(&f));
        for (unsigned i = 0; i < ARRAY_SIZE(addrs); i++)
            assert_int_equal(fib_lookup(f.memory, addrs[i]), before[i]);
        fib_table_flush(f.table);
        assert_int_equal(check(&f), 0);
    }
    while (f.count)
        take_out(&f, draw(&f) % f.count);
    fib_table_flush(f.table);
    empty(&f);
    end(&f);
}

/* What a walk through `within` finds is what a look at every prefix finds. */
static void walk(struct fixture *f, struct ipv4_prefix within)
{
    size_t next = 0;
    struct fib_route at;

    for (bool more = fib_table_first(f->table, within, &at); more; more = fib_table_next(f->table, within, &at)) {
        while (next < f->count && !ipv4_prefix_covers(within, f->set[next]))
            next++;
        assert_true(next < f->count);
        assert_int_equal(ipv4_prefix_compare(at.prefix, f->set[next++]), 0);
        uint16_t next_hop = 0;
        assert_int_equal(fib_table_get(f->table, at.prefix, &next_hop), 0);
        assert_int_equal(at.next_hop, next_hop);
    }
    while (next < f->count)
        assert_false(ipv4_prefix_covers(within, f->set[next++]));
}

static void prefixes_are_found_in_order_and_by_what_they_cover(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 8, FIB_POOL_BYTES, FIB_NO_ROUTE);
    uint16_t next_hop = 42;
    for (unsigned i = 0; i < 3000; i++)
        set(&f, draw_prefix(&f), draw_next_hop(&f));
    set(&f, prefix_of(0, 0), 9);
    set(&f, prefix_of(UINT32_MAX, 32), 10);
    qsort(f.set, f.count, sizeof(*f.set), compare);
    walk(&f, prefix_of(0, 0));
    assert_int_equal(fib_table_get(f.table, prefix_of(IPV4(1, 2, 3, 4), 31), &next_hop), -ENOENT);
    assert_int_equal(next_hop, 42);
    for (unsigned i = 0; i < 300; i++) {
        struct ipv4_prefix within = draw_prefix(&f);
        walk(&f, within);
        uint32_t addr = within.addr | (draw(&f) & ~ipv4_mask(within.len));
        struct fib_route found = {.prefix.len = 33};
        for (size_t at = f.count; at-- > 0;) { /* in order, so the longest come first from behind */
            if (!ipv4_prefix_contains(f.set[at], addr))
                continue;
            assert_true(fib_table_cover(f.table, addr, found.prefix.len - 1u, &found));
            assert_int_equal(ipv4_prefix_compare(found.prefix, f.set[at]), 0);
        }
        assert_int_equal(found.prefix.len, 0);
    }
    struct fib_table_stats stats = fib_table_stats(f.table);
    size_t sum = 0;
    for (unsigned len = 0; len <= 32; len++)
        sum += stats.by_length[len];
    assert_int_equal(sum, f.count);
    end(&f);
}

static void batches_of_any_size(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 6, FIB_POOL_BYTES, FIB_NO_ROUTE);
    uint32_t addrs[300], got[301];
    for (unsigned i = 0; i < 500; i++)
        set(&f, draw_prefix(&f), draw_next_hop(&f));
    for (unsigned i = 0; i < ARRAY_SIZE(addrs); i++)
        addrs[i] = draw(&f) % 2 ? draw(&f) : f.set[draw(&f) % f.count].addr;
    for (size_t count = 0; count <= ARRAY_SIZE(addrs); count++) {
        got[count] = 0xabcdef;
        fib_lookup_batch(f.memory, addrs, got, count);
        assert_int_equal(got[count], 0xabcdef);
        for (size_t i = 0; i < count; i++)
            check_answer(&f, addrs[i], got[i], "batch");
    }
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
        cmocka_unit_test(without_room_the_answer_is_the_chosen_one),
        cmocka_unit_test(many_changes_at_once_equal_the_trie),
        cmocka_unit_test(adversarial_tables_equal_the_trie),
        cmocka_unit_test(full_pool_refuses),
        cmocka_unit_test(short_prefix_comes_wholly_or_not_at_all),
        cmocka_unit_test(waiting_blocks_get_room_that_becomes_free),
        cmocka_unit_test(room_is_used_again_only_after_readers_have_left),
        cmocka_unit_test(a_table_clears_the_memory_that_it_gets),
        cmocka_unit_test(deferred_changes_are_seen_after_the_flush),
        cmocka_unit_test(prefixes_are_found_in_order_and_by_what_they_cover),
        cmocka_unit_test(batches_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
