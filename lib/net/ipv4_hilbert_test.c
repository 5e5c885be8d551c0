/* The map: every address once, neighbours side by side, prefixes as rectangles of all that is theirs. */
#include "net/ipv4_hilbert.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <stdlib.h>

static bool same(struct ipv4_rect a, struct ipv4_rect b)
{
    return a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height;
}

static bool covers(struct ipv4_rect outer, struct ipv4_rect inner)
{
    return outer.x <= inner.x && outer.y <= inner.y &&
           (uint64_t)inner.x + inner.width <= (uint64_t)outer.x + outer.width &&
           (uint64_t)inner.y + inner.height <= (uint64_t)outer.y + outer.height;
}

static void addresses_follow_a_curve(void **state)
{
    (void)state;
    for (uint8_t len = 16; len <= 32; len++) {
        struct ipv4_prefix map = {.addr = 0x0a0b0000, .len = len};
        struct ipv4_rect whole = ipv4_hilbert(map, map), before = {0, 0, 0, 0};
        size_t count = (size_t)1 << (32 - len);
        unsigned char *seen = calloc(count, 1);
        assert_non_null(seen);
        assert_true(whole.x == 0 && whole.y == 0 && (size_t)whole.width * whole.height == count);
        assert_true(whole.width == whole.height || whole.width == 2 * whole.height);
        for (uint32_t i = 0; i < count; i++) {
            struct ipv4_rect rect = ipv4_hilbert(map, (struct ipv4_prefix){.addr = map.addr + i, .len = 32});
            assert_true(rect.width == 1 && rect.height == 1 && rect.x < whole.width && rect.y < whole.height);
            assert_int_equal(seen[(size_t)rect.y * whole.width + rect.x]++, 0);
            assert_true(i ? abs((int)rect.x - (int)before.x) + abs((int)rect.y - (int)before.y) == 1
                          : rect.x == 0 && rect.y == 0);
            before = rect;
        }
        free(seen);
    }
}

static void prefixes_are_rectangles(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        struct ipv4_prefix map = {.addr = draw_u32(&seed), .len = (uint8_t)draw_below(&seed, 33)};
        map = ipv4_prefix_network(map);
        struct ipv4_prefix prefix = {
            .addr = map.addr + (map.len ? draw_u32(&seed) & (uint32_t)(ipv4_prefix_size(map) - 1) : draw_u32(&seed)),
            .len = (uint8_t)(map.len + draw_below(&seed, 33U - map.len))};
        prefix = ipv4_prefix_network(prefix);
        struct ipv4_rect rect = ipv4_hilbert(map, prefix);
        assert_int_equal((uint64_t)rect.width * rect.height, ipv4_prefix_size(prefix));
        assert_true(rect.width == rect.height || rect.width == 2 * rect.height || rect.height == 2 * rect.width);
        assert_true(covers(ipv4_hilbert(map, map), rect));
        /* All of it, and what is beside it is not in it. */
        struct ipv4_prefix part = {.addr = prefix.addr + (uint32_t)draw_below(&seed, ipv4_prefix_size(prefix)),
                                   .len = 32};
        assert_true(covers(rect, ipv4_hilbert(map, part)));
        if (prefix.len > map.len)
            assert_false(same(rect, ipv4_hilbert(map, ipv4_prefix_sibling(prefix))));
    }
}

static void the_whole_internet_begins_at_the_top(void **state)
{
    const struct ipv4_prefix all = {0, 0};

    (void)state;
    assert_true(same(ipv4_hilbert(all, all), (struct ipv4_rect){0, 0, 65536, 65536}));
    assert_true(same(ipv4_hilbert(all, (struct ipv4_prefix){0, 2}), (struct ipv4_rect){0, 0, 32768, 32768}));
    assert_true(
        same(ipv4_hilbert(all, (struct ipv4_prefix){0x40000000, 2}), (struct ipv4_rect){32768, 0, 32768, 32768}));
    assert_true(
        same(ipv4_hilbert(all, (struct ipv4_prefix){0x80000000, 1}), (struct ipv4_rect){0, 32768, 65536, 32768}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_follow_a_curve),
        cmocka_unit_test(prefixes_are_rectangles),
        cmocka_unit_test(the_whole_internet_begins_at_the_top),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
