#include "base/number_pool.h"

#include "tests/unit.h"

#include <stdlib.h>

static void wait_for_readers(void *arg)
{
    ++*(unsigned *)arg;
}

static void the_lowest_first_then_none(void **state)
{
    (void)state;
    struct number_pool pool = {0};
    uint32_t number = 0;

    assert_int_equal(number_pool_open(&pool, 5, 3, NULL, NULL), 0);
    for (uint32_t expected = 5; expected < 8; expected++) {
        assert_true(number_pool_take(&pool, &number));
        assert_int_equal(number, expected);
    }
    assert_int_equal(number_pool_in_use(&pool), 3);
    assert_false(number_pool_take(&pool, &number));
    assert_int_equal(number, 7);
    number_pool_close(&pool);
}

static void what_is_retired_comes_back_after_the_readers_have_left(void **state)
{
    (void)state;
    struct number_pool pool = {0};
    unsigned waits = 0;
    uint32_t number = 0;

    assert_int_equal(number_pool_open(&pool, 0, 4, wait_for_readers, &waits), 0);
    for (unsigned round = 0; round < 100; round++) {
        assert_true(number_pool_take(&pool, &number));
        assert_int_equal(waits, round / 4); /* one wait for all that are retired by then */
        number_pool_retire(&pool, number);
        assert_int_equal(number_pool_in_use(&pool), 0);
    }
    number_pool_close(&pool);
}

static void no_number_is_in_two_hands(void **state)
{
    (void)state;
    struct number_pool pool = {0};
    unsigned held[64] = {0}, waits = 0, seed = 20261125;
    uint32_t number = 0, in_use = 0;

    assert_int_equal(number_pool_open(&pool, 0, ARRAY_SIZE(held), wait_for_readers, &waits), 0);
    for (unsigned i = 0; i < 10000; i++) {
        uint32_t any = (uint32_t)rand_r(&seed) % ARRAY_SIZE(held);
        if (held[any]) {
            held[any] = 0;
            number_pool_retire(&pool, any);
            in_use--;
        } else if (number_pool_take(&pool, &number)) {
            assert_true(number < ARRAY_SIZE(held));
            assert_int_equal(held[number]++, 0);
            in_use++;
        }
        assert_int_equal(number_pool_in_use(&pool), in_use);
    }
    number_pool_close(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lowest_first_then_none),
        cmocka_unit_test(what_is_retired_comes_back_after_the_readers_have_left),
        cmocka_unit_test(no_number_is_in_two_hands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
