#include "base/histogram.h"

static int64_t middle_ns(unsigned bucket)
{
    return (histogram_from_ns(bucket) + histogram_from_ns(bucket + 1)) / 2;
}

uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        sum += histogram->buckets[i];
    return sum;
}

int64_t histogram_quantile_ns(const struct histogram *histogram, unsigned thousandths)
{
    uint64_t count = histogram_count(histogram), wanted = count * thousandths / 1000, seen = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen > wanted || (seen && seen == count)) {
            int64_t ns = middle_ns(i);
            return ns < histogram->max_ns ? ns : histogram->max_ns;
        }
    }
    return 0;
}

struct histogram_summary histogram_summary(const struct histogram *histogram)
{
    return (struct histogram_summary){.count = histogram_count(histogram),
                                      .p50_ns = histogram_quantile_ns(histogram, 500),
                                      .p99_ns = histogram_quantile_ns(histogram, 990),
                                      .max_ns = histogram->max_ns};
}

struct histogram_summary histogram_since(const struct histogram *now, const struct histogram *before)
{
    struct histogram since = {.max_ns = INT64_MAX};

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        since.buckets[i] = now->buckets[i] - before->buckets[i];
    struct histogram_summary summary = histogram_summary(&since);
    summary.max_ns = histogram_quantile_ns(&since, 1000);
    return summary;
}
