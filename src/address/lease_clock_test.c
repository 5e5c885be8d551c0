#include "address/lease_clock.h"
#include "tests/unit.h"

#include <string.h>

#define WALL 1700000000
#define HOUR INT64_C(3600)

/* The clock's time at a reading. */
static int64_t at(const struct lease_clock *clock, const struct lease_clock_reading *reading)
{
    return reading->since_boot_s + clock->state.offset_s;
}

static void it_begins_with_the_systems(void **state)
{
    const struct lease_clock_reading reading = {"a", 100, WALL};
    const struct store_clock nothing = {.boot = ""};
    struct lease_clock clock;

    (void)state;
    lease_clock_open(&clock, &nothing, 0, &reading);
    assert_true(at(&clock, &reading) == WALL && clock.state.skew_s == 0);
    assert_string_equal(clock.state.boot, "a");
    lease_clock_open(&clock, &nothing, WALL + 7, &reading); /* never behind what was written down */
    assert_true(at(&clock, &reading) == WALL + 7 && clock.state.skew_s == -7);
    assert_int_equal(lease_clock_to_system_s(&clock, WALL + 7), WALL);
    assert_int_equal(lease_clock_of_system_s(&clock, WALL), WALL + 7);
    clock.state.skew_s = 7;
    assert_int_equal(lease_clock_of_system_s(&clock, WALL), WALL - 7);
    assert_int_equal(lease_clock_of_system_s(&clock, 6), 0); /* before it began */
    assert_true(lease_clock_to_system_s(&clock, DHCP_NEVER) == DHCP_NEVER);
}

/* The system's clock is set, by an hour in either direction, then the daemon is started again. */
static void a_clock_that_is_set_does_not_move_it(void **state)
{
    (void)state;
    for (int64_t step = -HOUR; step <= HOUR; step += 2 * HOUR) {
        const struct store_clock nothing = {.boot = ""};
        struct lease_clock clock, again;
        lease_clock_open(&clock, &nothing, 0, &(struct lease_clock_reading){"a", 100, WALL});
        assert_false(lease_clock_look(&clock, &(struct lease_clock_reading){"a", 110, WALL + 11}));
        const struct lease_clock_reading set = {"a", 120, WALL + 20 + step};
        assert_true(lease_clock_look(&clock, &set));
        assert_false(lease_clock_look(&clock, &set));
        assert_true(at(&clock, &set) == WALL + 20);
        assert_int_equal(lease_clock_to_system_s(&clock, WALL + 20), WALL + 20 + step);
        /* The same boot: the time since boot counts, even if the clock is set once more while the daemon is down. */
        const struct lease_clock_reading later = {"a", 150, WALL + 50 - step};
        lease_clock_open(&again, &clock.state, WALL + 20, &later);
        assert_true(at(&again, &later) == WALL + 50);
        /* Another boot: what the system's clock was ahead by. */
        const struct lease_clock_reading rebooted = {"b", 3, WALL + 500 + step};
        lease_clock_open(&again, &clock.state, WALL + 20, &rebooted);
        assert_true(at(&again, &rebooted) == WALL + 500 && again.state.skew_s == step);
    }
}

/* No battery: the system comes up in 1970, and learns the time later. */
static void a_system_without_a_clock_ends_no_lease(void **state)
{
    const struct store_clock stored = {.boot = "a", .offset_s = WALL};
    const struct lease_clock_reading up = {"b", 5, 5}, told = {"b", 65, WALL + HOUR};
    struct lease_clock clock;

    (void)state;
    lease_clock_open(&clock, &stored, WALL + 100, &up);
    assert_true(at(&clock, &up) == WALL + 100);
    assert_true(lease_clock_look(&clock, &told));
    assert_true(at(&clock, &told) == WALL + 160);
}

static void a_boot_that_is_not_known_is_another(void **state)
{
    const struct store_clock stored = {.boot = "", .offset_s = 5, .skew_s = 10};
    const struct lease_clock_reading reading = {"", 100, WALL};
    struct lease_clock clock;

    (void)state;
    lease_clock_open(&clock, &stored, 0, &reading);
    assert_true(at(&clock, &reading) == WALL - 10);
}

static void it_goes_on(void **state)
{
    const struct store_clock nothing = {.boot = ""};
    struct lease_clock_reading reading;
    struct lease_clock clock;

    (void)state;
    lease_clock_read(&reading);
    assert_true(strlen(reading.boot) == 36 || reading.boot[0] == '\0');
    lease_clock_open(&clock, &nothing, 0, &reading);
    uint64_t now_s = lease_clock_now_s(&clock);
    assert_in_range(now_s, (uint64_t)reading.system_s, (uint64_t)reading.system_s + 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_with_the_systems),
        cmocka_unit_test(a_clock_that_is_set_does_not_move_it),
        cmocka_unit_test(a_system_without_a_clock_ends_no_lease),
        cmocka_unit_test(a_boot_that_is_not_known_is_another),
        cmocka_unit_test(it_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
