/* How time is shared in a flood, in virtual time. */
#include "address/flood.h"

#include "tests/unit.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)

/* Serving a batch takes so long, of known clients alone or of all. */
#define ALL_NS   (500 * US)
#define KNOWN_NS (60 * US)

static int64_t now_ns;

/* Batches that come every `every_ns` at least, for so long: how much of the time went to those with new clients. */
static double new_ones_part(struct flood *flood, int64_t every_ns, int64_t for_ns)
{
    int64_t spent_ns = 0, start_ns = now_ns;

    while (now_ns - start_ns < for_ns) {
        int64_t began_ns = now_ns;
        bool allowed = flood_allows(flood, began_ns);
        now_ns += allowed ? ALL_NS : KNOWN_NS;
        spent_ns += allowed ? ALL_NS : 0;
        if (allowed)
            flood_spend(flood, ALL_NS, now_ns);
        if (now_ns < began_ns + every_ns)
            now_ns = began_ns + every_ns;
    }
    return (double)spent_ns / (double)(now_ns - start_ns);
}

static void without_a_flood_nothing_is_kept_back(void **state)
{
    struct flood flood = {.on = false};

    (void)state;
    assert_true(flood_allows(&flood, 10 * MS));
    assert_false(flood_spend(&flood, 10 * MS, 20 * MS));
    assert_true(new_ones_part(&flood, 0, 1000 * MS) > 0.99);
    assert_true(flood_press(&flood, now_ns));
    assert_false(flood_press(&flood, now_ns)); /* it is known */
}

static void new_ones_get_a_part_of_the_time(void **state)
{
    struct flood flood = {.on = false};

    (void)state;
    flood_press(&flood, now_ns);
    assert_false(flood_allows(&flood, now_ns));
    for (unsigned i = 0; i < 10; i++) {
        double part = new_ones_part(&flood, 0, 1000 * MS);
        assert_true(part > 0.98 / FLOOD_SHARE && part < 1.02 / FLOOD_SHARE);
        assert_true(flood.on);
    }
}

static void a_quiet_while_is_not_saved_up(void **state)
{
    struct flood flood = {.on = false};

    (void)state;
    flood_press(&flood, now_ns);
    now_ns += 900 * MS;
    assert_true(new_ones_part(&flood, 0, 20 * MS) < 0.6);
}

static void it_ends_when_that_part_is_enough(void **state)
{
    struct flood flood = {.on = false};

    (void)state;
    flood_press(&flood, now_ns);
    new_ones_part(&flood, 0, 3000 * MS);
    new_ones_part(&flood, INT64_C(2) * FLOOD_SHARE * ALL_NS, 900 * MS);
    assert_true(flood.on);
    new_ones_part(&flood, INT64_C(2) * FLOOD_SHARE * ALL_NS, 200 * MS);
    assert_false(flood.on);
    assert_true(flood_allows(&flood, now_ns));
}

static void it_goes_on_while_somebody_says_so(void **state)
{
    struct flood flood = {.on = false};

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        flood_press(&flood, now_ns);
        new_ones_part(&flood, INT64_C(2) * FLOOD_SHARE * ALL_NS, 500 * MS);
        assert_true(flood.on);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_flood_nothing_is_kept_back), cmocka_unit_test(new_ones_get_a_part_of_the_time),
        cmocka_unit_test(a_quiet_while_is_not_saved_up),        cmocka_unit_test(it_ends_when_that_part_is_enough),
        cmocka_unit_test(it_goes_on_while_somebody_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
