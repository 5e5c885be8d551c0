#include "route/id_table.h"

#include "tests/unit.h"

struct thing {
    struct id_node node;
    unsigned value;
};

static void named_things_are_found_and_removed(void **state)
{
    (void)state;
    struct id_table table = {0};
    /* Ids that share a bucket, and one that does not. */
    const uint32_t ids[] = {1, 1 + ID_TABLE_BUCKETS, 1 + 2 * ID_TABLE_BUCKETS, 7};

    for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
        assert_null(id_table_find(&table, ids[i]));
        struct thing *thing = id_table_name(&table, ids[i], sizeof(*thing));
        assert_non_null(thing);
        assert_int_equal(thing->value, 0);
        thing->value = i + 100;
        assert_ptr_equal(id_table_name(&table, ids[i], sizeof(*thing)), thing);
    }
    assert_true(id_table_remove(&table, ids[1]));
    assert_false(id_table_remove(&table, ids[1]));
    assert_null(id_table_find(&table, ids[1]));
    assert_int_equal(((struct thing *)id_table_find(&table, ids[0]))->value, 100);
    assert_int_equal(((struct thing *)id_table_find(&table, ids[2]))->value, 102);
    assert_int_equal(((struct thing *)id_table_find(&table, ids[3]))->value, 103);
    id_table_clear(&table);
    assert_null(id_table_next(&table, NULL));
}

static void a_walk_meets_each_once(void **state)
{
    (void)state;
    struct id_table table = {0};
    const struct thing *at = NULL;
    unsigned met[3000] = {0}, count = 0;

    for (uint32_t id = 0; id < ARRAY_SIZE(met); id++)
        assert_non_null(id_table_name(&table, id, sizeof(struct thing)));
    while ((at = id_table_next(&table, at)) && count++ < ARRAY_SIZE(met))
        met[at->node.id]++;
    assert_int_equal(count, ARRAY_SIZE(met));
    for (uint32_t id = 0; id < ARRAY_SIZE(met); id++)
        assert_int_equal(met[id], 1);
    id_table_clear(&table);
}

static void what_a_round_does_not_name_is_gone(void **state)
{
    (void)state;
    struct id_table table = {0};

    for (uint32_t id = 0; id < 3000; id++)
        id_table_name(&table, id, sizeof(struct thing));
    id_table_round_begin(&table);
    for (uint32_t id = 0; id < 3000; id += 3)
        id_table_name(&table, id, sizeof(struct thing));
    id_table_round_end(&table);
    for (uint32_t id = 0; id < 3000; id++)
        assert_int_equal(id_table_find(&table, id) != NULL, id % 3 == 0);
    id_table_clear(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_things_are_found_and_removed),
        cmocka_unit_test(a_walk_meets_each_once),
        cmocka_unit_test(what_a_round_does_not_name_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
