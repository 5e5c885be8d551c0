/* The space against arrays of addresses: a set of 256 of them, and everywhere. */
#include "plan/space.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <string.h>

#define BASE IPV4(10, 1, 2, 0)
#define SIZE 256u

/* The naive reference: prefixes in any order. */
static struct ipv4_prefix kept[4 * SIZE];
static unsigned kept_count;
static uint64_t seed = 18;

static uint32_t draw(uint32_t below)
{
    return (uint32_t)draw_below(&seed, below);
}

static unsigned index_of(struct ipv4_prefix prefix)
{
    unsigned i = 0;

    while (i < kept_count && !ipv4_prefix_equal(kept[i], prefix))
        i++;
    return i;
}

/* Whether a block has no address of what lies directly or deeper in a prefix of the set. */
static bool is_free_in(struct ipv4_prefix outer, struct ipv4_prefix inner)
{
    for (unsigned i = 0; i < kept_count; i++)
        if (!ipv4_prefix_equal(kept[i], outer) && ipv4_prefix_covers(outer, kept[i]) &&
            (ipv4_prefix_covers(kept[i], inner) || ipv4_prefix_covers(inner, kept[i])))
            return false;
    return true;
}

/* Free, and in no larger free block. */
static bool is_gap(struct ipv4_prefix outer, struct ipv4_prefix block)
{
    struct ipv4_prefix wider = {.addr = block.addr & ipv4_mask(block.len - 1u), .len = (uint8_t)(block.len - 1)};

    return is_free_in(outer, block) && (block.len == outer.len || !is_free_in(outer, wider));
}

struct seen {
    struct ipv4_prefix gaps[SIZE], taken[SIZE];
    unsigned gap_count, taken_count;
    uint64_t next; /* address: what is seen is seen in order, and nothing is left out */
};

static void see_gap(void *arg, struct ipv4_prefix gap)
{
    struct seen *seen = arg;

    assert_true(gap.addr == seen->next);
    seen->next += ipv4_prefix_size(gap);
    seen->gaps[seen->gap_count++] = gap;
}

static void see_taken(void *arg, struct ipv4_prefix prefix, uint32_t number)
{
    struct seen *seen = arg;

    assert_true(prefix.addr == seen->next);
    seen->next += ipv4_prefix_size(prefix);
    assert_int_equal(number, prefix.addr - BASE + 1000u * prefix.len);
    seen->taken[seen->taken_count++] = prefix;
}

static void check_place(const struct plan_space *space, struct ipv4_prefix outer)
{
    uint32_t at = plan_space_cover(space, outer);
    const struct plan_place *place = plan_space_place(space, at);
    struct seen seen = {.next = outer.addr};
    uint64_t free = 0;

    assert_true(ipv4_prefix_equal(plan_place_prefix(place), outer));
    plan_space_look(space, at, &(struct plan_space_see){.gap = see_gap, .taken = see_taken, .arg = &seen});
    assert_true(seen.next == outer.addr + ipv4_prefix_size(outer));
    assert_int_equal(place->count, seen.taken_count);
    for (unsigned i = 0; i < seen.gap_count; i++) {
        assert_true(is_gap(outer, seen.gaps[i]));
        free |= UINT64_C(1) << seen.gaps[i].len;
    }
    assert_true(place->free == free);
    for (unsigned len = outer.len; len <= 32; len++) {
        struct ipv4_prefix found = {0};
        unsigned i = 0;
        while (i < seen.gap_count && seen.gaps[i].len > len)
            i++;
        bool there = plan_space_find(space, at, (UINT64_C(2) << len) - 1, &found);
        assert_int_equal(there, i < seen.gap_count);
        if (there)
            assert_true(ipv4_prefix_equal(found, seen.gaps[i]));
    }
    struct ipv4_prefix sparse;
    assert_int_equal(plan_space_sparse(space, at, &sparse), seen.gap_count > 0);
    if (seen.gap_count) {
        assert_true(is_gap(outer, sparse));
        assert_int_equal(sparse.len, __builtin_ctzll(free));
    }
}

static void check_walk(const struct plan_space *space, struct ipv4_prefix within)
{
    struct ipv4_prefix at, last = {0};
    struct plan_walk walk;
    uint32_t number;
    unsigned count = 0, expected = 0;

    for (unsigned i = 0; i < kept_count; i++)
        expected += ipv4_prefix_covers(within, kept[i]);
    plan_walk_begin(&walk, space, within);
    while (plan_walk_next(&walk, &at, &number)) {
        assert_true(ipv4_prefix_covers(within, at));
        assert_true(!count++ || ipv4_prefix_compare(last, at) < 0);
        assert_true(index_of(at) < kept_count);
        last = at;
    }
    assert_int_equal(count, expected);
}

/* Behind a prefix, whether it is there or not, comes what comes behind it. */
static void check_walk_behind(const struct plan_space *space, struct ipv4_prefix within, struct ipv4_prefix behind)
{
    struct ipv4_prefix at, from = {0};
    struct plan_walk all, rest;
    uint32_t number, other;

    plan_walk_begin(&all, space, within);
    plan_walk_begin_behind(&rest, space, within, behind);
    while (plan_walk_next(&all, &at, &number)) {
        if (ipv4_prefix_compare(at, behind) <= 0)
            continue;
        assert_true(plan_walk_next(&rest, &from, &other));
        assert_true(ipv4_prefix_equal(at, from));
        assert_int_equal(number, other);
    }
    assert_false(plan_walk_next(&rest, &from, &other));
}

static void check_cover(const struct plan_space *space, struct ipv4_prefix prefix)
{
    const struct plan_place *place = plan_space_place(space, plan_space_cover(space, prefix));
    unsigned found = kept_count;

    for (unsigned i = 0; i < kept_count; i++)
        if (ipv4_prefix_covers(kept[i], prefix) && (found == kept_count || kept[found].len < kept[i].len))
            found = i;
    assert_true(found == kept_count ? !place->number : ipv4_prefix_equal(plan_place_prefix(place), kept[found]));
}

static void agrees_with_arrays(void **state)
{
    (void)state;
    struct plan_space space;

    assert_int_equal(plan_space_open(&space), 0);
    kept_count = 0;
    for (unsigned round = 0; round < 20000; round++) {
        unsigned len = 24 + draw(9);
        struct ipv4_prefix prefix = ipv4_prefix_network((struct ipv4_prefix){BASE + draw(SIZE), (uint8_t)len});
        unsigned i = index_of(prefix);
        assert_int_equal(plan_space_reserve(&space, 1), 0);
        if (draw(100) < (round / 2000 % 2 ? 35 : 65)) {
            assert_int_equal(plan_space_add(&space, PLAN_SPACE_ALL, prefix, prefix.addr - BASE + 1000u * prefix.len) ==
                                 0,
                             i < kept_count);
            if (i == kept_count)
                kept[kept_count++] = prefix;
        } else {
            assert_int_equal(plan_space_remove(&space, prefix) != 0, i < kept_count);
            if (i < kept_count)
                kept[i] = kept[--kept_count];
        }
        if (round % 40)
            continue;
        for (unsigned k = 0; k < kept_count; k++)
            check_place(&space, kept[k]);
        check_walk(&space, prefix);
        check_cover(&space, prefix);
        check_walk(&space, (struct ipv4_prefix){0, 0});
        for (unsigned k = 0; k < 8; k++) {
            struct ipv4_prefix behind =
                ipv4_prefix_network((struct ipv4_prefix){BASE - 8 + draw(SIZE + 16), (uint8_t)(20 + draw(13))});
            check_walk_behind(&space, (struct ipv4_prefix){0, 0}, behind);
            check_walk_behind(&space, prefix, behind);
        }
    }
    while (kept_count)
        assert_int_not_equal(plan_space_remove(&space, kept[--kept_count]), 0);
    /* Nothing is left but the place of everything. */
    assert_int_equal(space.used - space.spares, PLAN_SPACE_ALL + 1);
    assert_true(plan_space_place(&space, PLAN_SPACE_ALL)->free == 1);
    plan_space_close(&space);
}

/* RFC 3531 3.2, its order of the leftmost bits, for 16 blocks. */
static void sparse_counts_as_rfc_3531(void **state)
{
    (void)state;
    static const unsigned order[] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};
    struct ipv4_prefix all = {IPV4(10, 0, 0, 0), 8}, found;
    struct plan_space space;

    assert_int_equal(plan_space_open(&space), 0);
    assert_int_equal(plan_space_reserve(&space, 20), 0);
    plan_space_add(&space, PLAN_SPACE_ALL, all, 1);
    for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
        assert_true(plan_space_sparse(&space, plan_space_cover(&space, all), &found));
        assert_int_equal(found.addr, IPV4(10, order[i] << 4, 0, 0));
        plan_space_add(&space, PLAN_SPACE_ALL, (struct ipv4_prefix){found.addr, 12}, 2 + i);
    }
    assert_false(plan_space_sparse(&space, plan_space_cover(&space, all), &found));
    plan_space_close(&space);
}

/* All addresses, and the first and the last one, are as others. */
static void the_ends_of_everything(void **state)
{
    (void)state;
    static const struct ipv4_prefix all[] = {{0, 0}, {0, 32}, {UINT32_MAX, 32}, {1u << 31, 1}};
    struct ipv4_prefix found;
    struct plan_space space;

    assert_int_equal(plan_space_open(&space), 0);
    assert_int_equal(plan_space_reserve(&space, 4), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
        assert_int_not_equal(plan_space_add(&space, PLAN_SPACE_ALL, all[i], i + 1), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
        assert_int_equal(plan_space_get(&space, all[i]), i + 1);
    assert_int_equal(plan_space_place(&space, PLAN_SPACE_ALL)->count, 2);
    assert_true(plan_space_find(&space, PLAN_SPACE_ALL, UINT64_MAX, &found));
    assert_int_equal(found.addr, 1);
    assert_int_equal(found.len, 32);
    for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
        assert_int_equal(plan_space_remove(&space, all[i]), i + 1);
    assert_int_equal(plan_space_remove(&space, all[0]), 0);
    plan_space_close(&space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_arrays),
        cmocka_unit_test(sparse_counts_as_rfc_3531),
        cmocka_unit_test(the_ends_of_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
