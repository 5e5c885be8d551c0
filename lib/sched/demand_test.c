#include "sched/demand.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <string.h>

#define SEED   1
#define OWNERS 400
#define BYTE   ((__int128)1000000000)

/* The same, reckoned from the definition. */
struct naive {
    uint64_t rate, blocking;
    struct demand_curve curves[OWNERS];
    bool has[OWNERS];
};

static __int128 curve_at(const struct demand_curve *curve, int64_t at_ns)
{
    __int128 sum = 0;

    for (unsigned i = 0; i < curve->count; i++)
        if (curve->bends[i].at_ns <= at_ns)
            sum += curve->bends[i].jump * BYTE + (__int128)curve->bends[i].slope * (at_ns - curve->bends[i].at_ns);
    return sum;
}

/* What is needed at a time less what the link sends. */
static __int128 excess_at(const struct naive *naive, const struct demand_curve *curve, int64_t at_ns)
{
    __int128 sum = naive->blocking * BYTE + curve_at(curve, at_ns) - (__int128)naive->rate * at_ns;

    for (unsigned i = 0; i < OWNERS; i++)
        if (naive->has[i])
            sum += curve_at(&naive->curves[i], at_ns);
    return sum;
}

/* The first time of those asked for that does not fit; 0: all do. */
static int64_t first_excess(const struct naive *naive, const struct demand_curve *curve)
{
    int64_t first_ns = 0;

    for (unsigned i = 0; i < curve->count; i++)
        if (excess_at(naive, curve, curve->bends[i].at_ns) > 0)
            return curve->bends[i].at_ns;
    for (unsigned i = 0; i < OWNERS; i++)
        for (unsigned j = 0; naive->has[i] && j < naive->curves[i].count; j++) {
            int64_t at_ns = naive->curves[i].bends[j].at_ns;
            if ((!first_ns || at_ns < first_ns) && excess_at(naive, curve, at_ns) > 0)
                first_ns = at_ns;
        }
    return first_ns;
}

/* Of a size such that a few hundred of them fill the link. `coarse`: times that often coincide. */
static struct demand_curve draw_curve(uint64_t *seed, uint64_t rate, bool coarse)
{
    int64_t at_ns = coarse ? (int64_t)(1 + draw_below(seed, 50)) * 1000000 : (int64_t)(1 + draw_below(seed, 50000000));
    struct demand_curve curve = {.count = 1,
                                 .bends = {{.at_ns = at_ns,
                                            .jump = 84 + draw_below(seed, 3000),
                                            .slope = (int64_t)(1 + draw_below(seed, rate / 300))}}};

    if (draw_u32(seed) % 3 == 0) {
        curve.bends[1] = (struct demand_bend){.at_ns = at_ns + 1 + (int64_t)draw_below(seed, 5000000),
                                              .slope = -(int64_t)draw_below(seed, rate)};
        curve.bends[0].slope -= curve.bends[1].slope;
        curve.count = 2;
    }
    return curve;
}

static bool bends_there(const struct naive *naive, uint32_t owner, int64_t at_ns)
{
    for (unsigned i = 0; i < naive->curves[owner].count; i++)
        if (naive->has[owner] && naive->curves[owner].bends[i].at_ns == at_ns)
            return true;
    return false;
}

static void answers_are_those_of_the_definition(void **state)
{
    static struct naive naive;
    uint64_t seed = SEED;
    unsigned refused = 0, by_others = 0, admitted = 0;

    (void)state;
    for (unsigned round = 0; round < 6; round++) {
        memset(&naive, 0, sizeof(naive));
        naive.rate = round % 2 ? 6250000 : 125000000;
        naive.blocking = 1538 + draw_u32(&seed) % 5000;
        struct demand *demand = demand_new(naive.rate, naive.blocking, OWNERS);
        assert_non_null(demand);
        for (unsigned i = 0; i < 3000; i++) {
            uint32_t owner = draw_u32(&seed) % OWNERS;
            if (naive.has[owner] && draw_u32(&seed) % 2) {
                demand_remove(demand, owner, &naive.curves[owner]);
                naive.has[owner] = false;
                continue;
            }
            struct demand_curve curve = draw_curve(&seed, naive.rate, round % 3 == 0);
            struct demand_excess excess;
            int64_t first_ns = first_excess(&naive, &curve);
            bool fits = demand_fits(demand, &curve, &excess);
            assert_int_equal(fits, first_ns == 0);
            if (!fits) {
                refused++;
                by_others += excess.owner != DEMAND_NEW;
                assert_int_equal(excess.at_ns, first_ns);
                __int128 more = excess_at(&naive, &curve, first_ns), room = (__int128)naive.rate * first_ns;
                assert_true(excess.bytes == (uint64_t)((more + room + BYTE - 1) / BYTE));
                assert_true(excess.room_bytes == (uint64_t)(room / BYTE));
                assert_true(excess.owner == DEMAND_NEW || bends_there(&naive, excess.owner, first_ns));
            } else if (!naive.has[owner]) {
                demand_add(demand, owner, &curve);
                naive.curves[owner] = curve;
                naive.has[owner] = true;
                admitted++;
            }
        }
        uint64_t slope = 0;
        for (unsigned i = 0; i < OWNERS; i++)
            for (unsigned j = 0; naive.has[i] && j < naive.curves[i].count; j++)
                slope += (uint64_t)naive.curves[i].bends[j].slope;
        assert_true(demand_slope(demand) == slope);
        demand_free(demand);
    }
    assert_true(refused > 500 && by_others > 100 && admitted > 1000);
}

/* Another link: it fits exactly where the definition says so. */
static void another_link_fits_or_not(void **state)
{
    static struct naive naive;
    const struct demand_curve nothing = {0};
    uint64_t seed = SEED;
    unsigned yes = 0, no = 0;

    (void)state;
    memset(&naive, 0, sizeof(naive));
    naive.rate = 12500000;
    naive.blocking = 3000;
    struct demand *demand = demand_new(naive.rate, naive.blocking, OWNERS);
    assert_non_null(demand);
    assert_true(demand_fits_link(demand, 1, 0, NULL)); /* nothing is late where nothing has come */
    for (unsigned i = 0; i < OWNERS; i++) {
        struct demand_curve curve = draw_curve(&seed, naive.rate, false);
        if (!demand_fits(demand, &curve, NULL))
            continue;
        demand_add(demand, i, &curve);
        naive.curves[i] = curve;
        naive.has[i] = true;
        for (unsigned j = 0; j < 20; j++) {
            struct naive other = naive;
            struct demand_excess excess;
            other.rate = naive.rate / 2 + draw_below(&seed, naive.rate);
            other.blocking = draw_below(&seed, 6000);
            int64_t first_ns = first_excess(&other, &nothing);
            bool fits = demand_fits_link(demand, other.rate, other.blocking, &excess);
            assert_int_equal(fits, first_ns == 0);
            if (!fits)
                assert_int_equal(excess.at_ns, first_ns);
            yes += fits;
            no += !fits;
        }
    }
    assert_true(yes > 100 && no > 100);
    demand_free(demand);
}

/* The largest of everything: nothing overflows. */
static void the_largest_of_everything_fits_the_numbers(void **state)
{
    struct demand *demand = demand_new(UINT64_C(50000000000), UINT64_C(1) << 40, OWNERS);
    struct demand_curve large = {.count = 2,
                                 .bends = {{.at_ns = 4000000000, .jump = UINT32_MAX, .slope = INT64_C(50000000000)},
                                           {.at_ns = INT64_C(1) << 50, .slope = -INT64_C(49999999875)}}};
    struct demand_excess excess;

    (void)state;
    assert_non_null(demand);
    for (unsigned i = 0; i < OWNERS; i++) {
        large.bends[1].at_ns--;
        demand_add(demand, i, &large);
    }
    assert_false(demand_fits(demand, &large, &excess));
    assert_true(excess.bytes > excess.room_bytes);
    assert_false(demand_fits_link(demand, UINT64_C(50000000000), 0, &excess));
    demand_free(demand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_those_of_the_definition),
        cmocka_unit_test(another_link_fits_or_not),
        cmocka_unit_test(the_largest_of_everything_fits_the_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
