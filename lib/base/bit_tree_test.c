#include "base/bit_tree.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <string.h>

/* Against the plain array of flags. */
static void against_flags(uint32_t size, uint64_t seed)
{
    static bool flags[300000];
    struct bit_tree tree;
    uint64_t state = seed;
    uint32_t count = 0, found;

    memset(flags, 0, sizeof(flags));
    assert_int_equal(bit_tree_open(&tree, size), 0);
    for (unsigned round = 0; round < 4000; round++) {
        uint32_t number = draw_u32(&state) % size;
        bool add = draw_u32(&state) % 3 > (round > 2000);
        bool changed = add ? bit_tree_add(&tree, number) : bit_tree_remove(&tree, number);
        assert_int_equal(changed, flags[number] != add);
        count += changed ? add ? 1 : UINT32_MAX : 0;
        flags[number] = add;
        uint32_t from = draw_u32(&state) % size, expected = from;
        while (expected < size && !flags[expected])
            expected++;
        assert_int_equal(bit_tree_next(&tree, from, &found), expected < size);
        if (expected < size)
            assert_int_equal(found, expected);
        assert_int_equal(tree.count, count);
    }
    bit_tree_close(&tree);
}

static void members_are_found_as_by_looking_at_all(void **state)
{
    (void)state;
    against_flags(1, 1);
    against_flags(63, 2);
    against_flags(64, 3);
    against_flags(65, 4);
    against_flags(4096, 5);
    against_flags(4097, 6);
    against_flags(300000, 7);
}

static void the_last_free_one_of_many_is_found(void **state)
{
    struct bit_tree tree;
    uint32_t found;

    (void)state;
    assert_int_equal(bit_tree_open(&tree, 1 << 24), 0);
    assert_false(bit_tree_next(&tree, 0, &found));
    bit_tree_add(&tree, (1 << 24) - 1);
    assert_true(bit_tree_next(&tree, 0, &found));
    assert_int_equal(found, (1 << 24) - 1);
    assert_false(bit_tree_next(&tree, 1 << 24, &found));
    bit_tree_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_as_by_looking_at_all),
        cmocka_unit_test(the_last_free_one_of_many_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
