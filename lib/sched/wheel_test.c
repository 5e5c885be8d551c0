#include "sched/wheel.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <stdbool.h>
#include <string.h>

#define SEED    1
#define MEMBERS 300

static struct wheel wheel;
static int64_t wanted_ns[MEMBERS]; /* -1: not on the wheel */

/* Whether one that is on it should have come up long ago, as of now. */
static bool one_is_late(int64_t now_ns)
{
    for (unsigned i = 0; i < MEMBERS; i++)
        if (wanted_ns[i] >= 0 && wanted_ns[i] + WHEEL_SLOT_NS <= now_ns && now_ns >= WHEEL_SLOT_NS)
            return true;
    return false;
}

static void nobody_early_nobody_late(void **state)
{
    uint64_t seed = SEED;
    int64_t now_ns = 12345678901, reach_ns = (WHEEL_SLOTS - 1) * WHEEL_SLOT_NS;
    unsigned taken = 0, far = 0;

    (void)state;
    assert_int_equal(wheel_open(&wheel, MEMBERS, now_ns), 0);
    memset(wanted_ns, -1, sizeof(wanted_ns));
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t member = draw_u32(&seed) % MEMBERS;
        if (wanted_ns[member] < 0) {
            uint32_t ahead_ns = draw_u32(&seed) % (draw_u32(&seed) % 8 ? 2000000 : 100000000);
            wanted_ns[member] = now_ns + ahead_ns - 1000;
            far += ahead_ns > reach_ns;
            wheel_put(&wheel, member, wanted_ns[member]);
        }
        now_ns += draw_u32(&seed) % (draw_u32(&seed) % 1000 ? 30000 : 90000000);
        int64_t next_ns = wheel_next_ns(&wheel);
        uint32_t up = wheel_take(&wheel, now_ns);
        assert_true((up != WHEEL_NONE) == (next_ns <= now_ns));
        for (; up != WHEEL_NONE; up = wheel_take(&wheel, now_ns)) {
            assert_true(wanted_ns[up] >= 0);
            assert_true(wanted_ns[up] <= now_ns || wanted_ns[up] > now_ns + reach_ns - 100000000);
            wanted_ns[up] = -1;
            taken++;
        }
        assert_false(one_is_late(now_ns));
    }
    assert_true(taken > 50000 && far > 100);
    wheel_close(&wheel);
}

static void an_empty_one_has_nothing_ever(void **state)
{
    (void)state;
    assert_int_equal(wheel_open(&wheel, 1, 0), 0);
    assert_int_equal(wheel_next_ns(&wheel), INT64_MAX);
    assert_int_equal(wheel_take(&wheel, INT64_C(1) << 60), WHEEL_NONE);
    wheel_put(&wheel, 0, (INT64_C(1) << 60) + 5 * WHEEL_SLOT_NS);
    assert_int_equal(wheel_take(&wheel, (INT64_C(1) << 60) + 5 * WHEEL_SLOT_NS), WHEEL_NONE);
    assert_int_equal(wheel_take(&wheel, (INT64_C(1) << 60) + 6 * WHEEL_SLOT_NS), 0);
    wheel_close(&wheel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_early_nobody_late),
        cmocka_unit_test(an_empty_one_has_nothing_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
