/* Quantiles of a histogram beside those of the sorted times themselves. */
#include "base/histogram.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <stdlib.h>

#define COUNT 10000

static int compare(const void *a, const void *b)
{
    const int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return one < other ? -1 : one > other;
}

static void quantiles_are_off_by_a_sixteenth_at_most(void **state)
{
    static int64_t times[COUNT];
    static const unsigned thousandths[] = {0, 10, 500, 900, 990, 999};
    struct histogram histogram = {0};
    uint64_t seed = 1;

    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned shift = draw_u32(&seed) % 20;
        times[i] = (int64_t)(draw_u32(&seed) % 10000 + 10000) << shift;
        histogram_add(&histogram, times[i]);
    }
    qsort(times, COUNT, sizeof(times[0]), compare);
    for (unsigned i = 0; i < ARRAY_SIZE(thousandths); i++) {
        unsigned at = COUNT * thousandths[i] / 1000;
        double exact = (double)times[at];
        double told = (double)histogram_quantile_ns(&histogram, thousandths[i]);
        assert_true(told > exact * (1 - 1.0 / 16) && told < exact * (1 + 1.0 / 16));
    }
    assert_int_equal(histogram.max_ns, times[COUNT - 1]);
    assert_true(histogram_quantile_ns(&histogram, 1000) <= histogram.max_ns);
}

static void what_is_out_of_range_counts_at_its_ends(void **state)
{
    struct histogram histogram = {0};

    (void)state;
    assert_int_equal(histogram_quantile_ns(&histogram, 500), 0);
    histogram_add(&histogram, -5);
    assert_int_equal(histogram_quantile_ns(&histogram, 500), 0);
    histogram_add(&histogram, INT64_C(1000000000000));
    histogram_add(&histogram, INT64_C(1000000000000));
    assert_int_equal(histogram_count(&histogram), 3);
    assert_int_equal(histogram.max_ns, INT64_C(1000000000000));
    assert_true(histogram_quantile_ns(&histogram, 500) > INT64_C(10000000000));
}

static void buckets_follow_each_other(void **state)
{
    unsigned last = 0;

    (void)state;
    for (int64_t ns = 0; ns < INT64_C(80000000000); ns += 512 + ns / 64) {
        unsigned bucket = histogram_bucket(ns);
        assert_true(bucket == last || bucket == last + 1);
        last = bucket;
    }
    assert_int_equal(last, HISTOGRAM_BUCKETS - 1);
}

static void what_came_since_is_told_apart(void **state)
{
    struct histogram before = {0}, now;

    (void)state;
    for (int i = 0; i < 100; i++)
        histogram_add(&before, 1000000000);
    now = before;
    for (int i = 0; i < 10; i++)
        histogram_add(&now, 1000000);
    const struct histogram_summary all = histogram_summary(&now), since = histogram_since(&now, &before);
    assert_true(all.count == 110 && all.max_ns == 1000000000 && all.p50_ns > 900000000);
    assert_true(since.count == 10 && since.max_ns > 900000 && since.max_ns < 1100000 && since.p99_ns == since.p50_ns);
    assert_int_equal(histogram_since(&now, &now).count, 0);
    assert_int_equal(histogram_since(&now, &now).max_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_off_by_a_sixteenth_at_most),
        cmocka_unit_test(what_is_out_of_range_counts_at_its_ends),
        cmocka_unit_test(buckets_follow_each_other),
        cmocka_unit_test(what_came_since_is_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
