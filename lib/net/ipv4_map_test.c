#include "net/ipv4_map.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed = 31;

static uint32_t draw(void)
{
    return draw_u32(&seed);
}

/* The naive reference: an array, sorted by (address, length). */
#define MANY 3000
static struct ipv4_prefix keys[MANY];
static uintptr_t values[MANY];
static size_t count;

/* The values are addresses in here. */
static char tokens[2 * MANY + 1];

static uintptr_t number_of(const void *value)
{
    return value ? (uintptr_t)((const char *)value - tokens) : 0;
}

static size_t place(struct ipv4_prefix prefix)
{
    size_t at = 0;

    while (at < count && (keys[at].addr < prefix.addr || (keys[at].addr == prefix.addr && keys[at].len < prefix.len)))
        at++;
    return at;
}

static bool is_at(size_t at, struct ipv4_prefix prefix)
{
    return at < count && keys[at].addr == prefix.addr && keys[at].len == prefix.len;
}

static void put(struct ipv4_map *map, struct ipv4_prefix prefix, uintptr_t value)
{
    size_t at = place(prefix);

    if (!is_at(at, prefix)) {
        memmove(keys + at + 1, keys + at, (count - at) * sizeof(*keys));
        memmove(values + at + 1, values + at, (count - at) * sizeof(*values));
        count++;
    }
    keys[at] = prefix;
    values[at] = value;
    assert_int_equal(ipv4_map_put(map, prefix, tokens + value), 0);
}

static void take_out(struct ipv4_map *map, struct ipv4_prefix prefix)
{
    size_t at = place(prefix);
    uintptr_t expected = 0;

    if (is_at(at, prefix)) {
        expected = values[at];
        memmove(keys + at, keys + at + 1, (count - at - 1) * sizeof(*keys));
        memmove(values + at, values + at + 1, (count - at - 1) * sizeof(*values));
        count--;
    }
    assert_int_equal(number_of(ipv4_map_remove(map, prefix)), expected);
}

static struct ipv4_prefix random_prefix(void)
{
    uint32_t addr = draw() % 4 ? IPV4(10, 0, 0, 0) | (draw() & 0x3ff) : draw();

    return ipv4_prefix_network((struct ipv4_prefix){.addr = addr, .len = (uint8_t)(draw() % 33)});
}

static void check(const struct ipv4_map *map)
{
    assert_int_equal(map->count, count);
    struct ipv4_prefix at, all = {0};
    size_t i = 0;
    for (void *value = ipv4_map_first(map, all, &at); value; value = ipv4_map_next(map, all, &at), i++) {
        assert_true(is_at(i, at));
        assert_int_equal(number_of(value), values[i]);
    }
    assert_int_equal(i, count);

    for (unsigned n = 0; n < 20; n++) {
        struct ipv4_prefix within = random_prefix();
        size_t next = 0;
        for (void *value = ipv4_map_first(map, within, &at); value; value = ipv4_map_next(map, within, &at), next++) {
            while (next < count && !ipv4_prefix_covers(within, keys[next]))
                next++;
            assert_true(is_at(next, at));
        }
        while (next < count)
            assert_false(ipv4_prefix_covers(within, keys[next++]));

        uint32_t addr = random_prefix().addr ^ (draw() & 3);
        unsigned max = draw() % 33;
        size_t best = count;
        for (size_t k = 0; k < count; k++)
            if (keys[k].len <= max && ipv4_prefix_contains(keys[k], addr) &&
                (best == count || keys[k].len > keys[best].len))
                best = k;
        void *found = ipv4_map_cover(map, addr, max, &at);
        assert_int_equal(number_of(found), best < count ? values[best] : 0);
        if (found)
            assert_true(is_at(best, at));

        within = random_prefix();
        assert_int_equal(number_of(ipv4_map_get(map, within)),
                         is_at(place(within), within) ? values[place(within)] : 0);
    }
}

static void equals_a_sorted_array(void **state)
{
    (void)state;
    struct ipv4_map map = {0};
    print_message("# seed %llu\n", (unsigned long long)seed);
    for (unsigned i = 0; i < 6000; i++) {
        if (draw() % 9 < (i < 3000 ? 6 : 3) && count < MANY)
            put(&map, random_prefix(), i + 1);
        else
            take_out(&map, count && draw() % 2 ? keys[draw() % count] : random_prefix());
        if (i % 50 == 0)
            check(&map);
    }
    while (count)
        take_out(&map, keys[draw() % count]);
    check(&map);
    assert_null(map.root);
}

static void a_walk_survives_changes(void **state)
{
    (void)state;
    struct ipv4_map map = {0};
    struct ipv4_prefix at, all = {0};
    unsigned seen = 0;
    for (uint32_t i = 0; i < 256; i++)
        put(&map, (struct ipv4_prefix){.addr = i << 24, .len = 8}, i + 1);
    for (void *value = ipv4_map_first(&map, all, &at); value; value = ipv4_map_next(&map, all, &at)) {
        assert_int_equal(number_of(value), seen + 1);
        seen++;
        take_out(&map, at);
    }
    assert_int_equal(seen, 256);
    assert_int_equal(map.count, 0);
    assert_null(map.root);
}

static void clearing_forgets_everything(void **state)
{
    (void)state;
    struct ipv4_map map = {0};
    for (unsigned i = 0; i < 100; i++)
        put(&map, random_prefix(), 1);
    count = 0;
    ipv4_map_clear(&map);
    check(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_a_sorted_array),
        cmocka_unit_test(a_walk_survives_changes),
        cmocka_unit_test(clearing_forgets_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
