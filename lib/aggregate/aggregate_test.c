/*
 * Summaries hold exactly what they were made of, and minimal tables answer every address as before: both at the edges
 * of all prefixes. That no smaller table would do is held against a search of all of them in a small world.
 */
#include "aggregate/ortc.h"
#include "aggregate/summary.h"
#include "net/ipv4_map.h"
#include "net/ipv4_range.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <limits.h>
#include <stdlib.h>

#define P(a, b, c, d, length)                             \
    {                                                     \
        .addr = IPV4((a), (b), (c), (d)), .len = (length) \
    }

static void prefixes_are_summarised(void **state)
{
    (void)state;
    static const struct {
        struct ipv4_prefix in[4], out[4];
        size_t in_count, out_count;
    } cases[] = {
        {.in_count = 0, .out_count = 0},
        {.in = {P(10, 0, 1, 0, 24), P(10, 0, 0, 0, 24)}, .in_count = 2, .out = {P(10, 0, 0, 0, 23)}, .out_count = 1},
        {.in = {P(10, 0, 1, 0, 24), P(10, 0, 2, 0, 24)},
         .in_count = 2,
         .out = {P(10, 0, 1, 0, 24), P(10, 0, 2, 0, 24)},
         .out_count = 2},
        {.in = {P(10, 0, 0, 0, 25), P(10, 0, 0, 0, 8), P(10, 0, 0, 0, 8), P(10, 255, 255, 255, 32)},
         .in_count = 4,
         .out = {P(10, 0, 0, 0, 8)},
         .out_count = 1},
        {.in = {P(128, 0, 0, 0, 1), P(64, 0, 0, 0, 2), P(0, 0, 0, 0, 3), P(32, 0, 0, 0, 3)},
         .in_count = 4,
         .out = {P(0, 0, 0, 0, 0)},
         .out_count = 1},
        {.in = {P(0, 0, 0, 0, 0), P(0, 0, 0, 0, 0)}, .in_count = 2, .out = {P(0, 0, 0, 0, 0)}, .out_count = 1},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ipv4_prefix prefixes[4];
        for (size_t j = 0; j < 4; j++)
            prefixes[j] = cases[i].in[j];
        assert_int_equal(summary_of_prefixes(prefixes, cases[i].in_count), cases[i].out_count);
        for (size_t j = 0; j < cases[i].out_count; j++)
            assert_true(ipv4_prefix_equal(prefixes[j], cases[i].out[j]));
    }
}

static size_t blocks_of(struct ipv4_range range, struct ipv4_prefix out[static IPV4_BLOCKS_MAX])
{
    struct ipv4_blocks blocks = ipv4_blocks_of(range);
    struct ipv4_prefix prefix;
    size_t count = 0;

    while (ipv4_blocks_next(&blocks, &prefix)) {
        assert_true(count < IPV4_BLOCKS_MAX);
        out[count++] = prefix;
    }
    return count;
}

static void ranges_are_summarised(void **state)
{
    (void)state;
    uint64_t seed = 3;
    struct ipv4_prefix out[IPV4_BLOCKS_MAX] = {{0}};

    assert_int_equal(blocks_of((struct ipv4_range){1, UINT32_MAX - 1}, out), IPV4_BLOCKS_MAX);
    assert_int_equal(blocks_of((struct ipv4_range){0, UINT32_MAX}, out), 1);
    assert_int_equal(out[0].len, 0);
    for (unsigned i = 0; i < 10000; i++) {
        uint32_t a = draw_u32(&seed) >> draw_below(&seed, 32), b = draw_u32(&seed) >> draw_below(&seed, 32);
        struct ipv4_range range = {a < b ? a : b, a < b ? b : a};
        size_t count = blocks_of(range, out);
        uint64_t at = range.first;
        for (size_t j = 0; j < count; j++) {
            assert_true(at == out[j].addr && ipv4_prefix_first(out[j]) == at);
            at += ipv4_prefix_size(out[j]);
        }
        assert_true(at == (uint64_t)range.last + 1);
        assert_int_equal(summary_of_prefixes(out, count), count); /* and fewer would not do */
    }
}

/* --- tables that answer alike ------------------------------------------------------------------------------------- */

/* The values are routes. */
static struct ipv4_map map_of(const struct ortc_route *routes, size_t count)
{
    struct ipv4_map map = {0};

    for (size_t i = 0; i < count; i++)
        assert_int_equal(ipv4_map_put(&map, routes[i].prefix, (void *)&routes[i]), 0);
    return map;
}

/* No route is the same as one of ORTC_NONE. */
static uint32_t answer(const struct ipv4_map *map, uint32_t addr)
{
    const struct ortc_route *route = ipv4_map_cover(map, addr, 32, NULL);

    return route ? route->next_hop : ORTC_NONE;
}

/* Answers change at edges only. */
static void assert_alike(const struct ortc_route *a, size_t a_count, const struct ortc_route *b, size_t b_count)
{
    struct ipv4_map one = map_of(a, a_count), other = map_of(b, b_count);

    for (size_t i = 0; i < a_count + b_count; i++) {
        struct ipv4_prefix prefix = i < a_count ? a[i].prefix : b[i - a_count].prefix;
        uint32_t first = ipv4_prefix_first(prefix), last = ipv4_prefix_last(prefix);
        const uint32_t edges[] = {first, last, first - 1, last + 1};
        for (size_t j = 0; j < ARRAY_SIZE(edges); j++)
            assert_int_equal(answer(&one, edges[j]), answer(&other, edges[j]));
    }
    assert_int_equal(answer(&one, 0), answer(&other, 0));
    assert_int_equal(answer(&one, UINT32_MAX), answer(&other, UINT32_MAX));
    ipv4_map_clear(&one);
    ipv4_map_clear(&other);
}

/* A prefix comes once, as in a table. */
static size_t draw_table(uint64_t *seed, struct ortc_route *routes, size_t count, unsigned shortest, unsigned longest,
                         uint32_t hops)
{
    size_t drawn = 0;

    for (size_t i = 0; i < count; i++) {
        uint8_t len = (uint8_t)(shortest + draw_below(seed, longest + 1 - shortest));
        struct ortc_route route = {{draw_u32(seed) & ipv4_mask(len), len}, 1 + (uint32_t)draw_below(seed, hops)};
        bool there = false;
        for (size_t j = 0; longest < 8 && j < drawn; j++)
            there |= ipv4_prefix_equal(routes[j].prefix, route.prefix);
        if (!there)
            routes[drawn++] = route;
    }
    return drawn;
}

/* --- the smallest of all, by search --------------------------------------------------------------------------------
 */

#define WORLD_BITS 4
#define WORLD_HOPS 3 /* besides none */

/* How many routes a table needs below a prefix at least, if it inherits this. */
static unsigned fewest(const struct ipv4_map *wanted, struct ipv4_prefix prefix, uint32_t inherited, bool discards)
{
    unsigned best = UINT_MAX;

    for (uint32_t hop = discards ? 0 : 1; hop <= WORLD_HOPS + 1; hop++) {
        bool none = hop == WORLD_HOPS + 1; /* no route here */
        uint32_t next_hop = none ? inherited : hop;
        unsigned cost = none ? 0 : 1;
        if (prefix.len == WORLD_BITS) {
            cost += next_hop == answer(wanted, prefix.addr) ? 0 : 1000;
        } else {
            struct ipv4_prefix half = {prefix.addr, (uint8_t)(prefix.len + 1)};
            cost += fewest(wanted, half, next_hop, discards);
            cost += fewest(wanted, ipv4_prefix_sibling(half), next_hop, discards);
        }
        best = cost < best ? cost : best;
    }
    return best;
}

static void no_smaller_table_would_do(void **state)
{
    (void)state;
    enum { MOST = 16 };
    uint64_t seed = 7;
    unsigned smaller_with_discards = 0;

    for (unsigned i = 0; i < 60; i++) {
        struct ortc_route routes[MOST], *result[2];
        size_t count = draw_table(&seed, routes, draw_below(&seed, MOST + 1), i % 5, WORLD_BITS, 1 + i % WORLD_HOPS),
               found[2];
        struct ipv4_map wanted = map_of(routes, count);
        for (unsigned discards = 0; discards < 2; discards++) {
            assert_int_equal(ortc_minimise(routes, count, discards, &result[discards], &found[discards]), 0);
            assert_int_equal(found[discards], fewest(&wanted, (struct ipv4_prefix){0}, ORTC_NONE, discards));
            assert_alike(routes, count, result[discards], found[discards]);
        }
        for (size_t j = 0; j < found[0]; j++)
            assert_int_not_equal(result[0][j].next_hop, ORTC_NONE);
        smaller_with_discards += found[1] < found[0];
        free(result[0]);
        free(result[1]);
        ipv4_map_clear(&wanted);
    }
    assert_in_range(smaller_with_discards, 1, 59);
}

static void tables_answer_as_before(void **state)
{
    (void)state;
    enum { ROUTES = 20000 };
    struct ortc_route *routes = calloc(ROUTES, sizeof(*routes)), *result, *again;
    uint64_t seed = 11;
    size_t found, found_again;

    assert_non_null(routes);
    for (unsigned i = 0; i < 12; i++) {
        size_t count =
            draw_table(&seed, routes, i == 0 ? 1 : ROUTES, 0, i % 2 ? 32 : 16, (uint32_t[]){1, 2, 16, 300}[i % 4]);
        bool discards = i % 3 == 0;
        assert_int_equal(ortc_minimise(routes, count, discards, &result, &found), 0);
        assert_alike(routes, count, result, found);
        for (size_t j = 1; j < found; j++)
            assert_true(ipv4_prefix_compare(result[j - 1].prefix, result[j].prefix) < 0);
        assert_int_equal(ortc_minimise(result, found, discards, &again, &found_again), 0);
        assert_int_equal(found_again, found);
        free(again);
        free(result);
    }
    assert_int_equal(ortc_minimise(NULL, 0, false, &result, &found), 0);
    assert_true(!result && !found);
    free(routes);
}

/* 0/2 and 128/2 to 2, 192/2 to 3, all else to 1: three routes do. */
static void a_worked_example_comes_out(void **state)
{
    (void)state;
    static const struct ortc_route routes[] = {
        {P(0, 0, 0, 0, 0), 1}, {P(0, 0, 0, 0, 2), 2}, {P(128, 0, 0, 0, 2), 2}, {P(192, 0, 0, 0, 2), 3}};
    struct ortc_route *result;
    size_t found;

    assert_int_equal(ortc_minimise(routes, ARRAY_SIZE(routes), false, &result, &found), 0);
    assert_int_equal(found, 3);
    assert_true(result[0].prefix.len == 0 && result[0].next_hop == 2);
    assert_true(result[1].prefix.addr == IPV4(64, 0, 0, 0) && result[1].prefix.len == 2 && result[1].next_hop == 1);
    assert_true(result[2].prefix.addr == IPV4(192, 0, 0, 0) && result[2].prefix.len == 2 && result[2].next_hop == 3);
    free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_are_summarised),    cmocka_unit_test(ranges_are_summarised),
        cmocka_unit_test(a_worked_example_comes_out), cmocka_unit_test(no_smaller_table_would_do),
        cmocka_unit_test(tables_answer_as_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
