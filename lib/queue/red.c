#include "queue/red.h"

/* Adaptive RED: its section 4. */
#define ADAPT_NS      INT64_C(500000000)
#define ADAPT_LOW     0.4 /* of the range between the thresholds: the target, from */
#define ADAPT_HIGH    0.6 /* to */
#define ADAPT_MORE    0.01
#define ADAPT_LESS    0.9
#define ADAPT_P_LEAST 0.01
#define ADAPT_P_MOST  0.5

void red_open(struct red *red, const struct red_config *config, int64_t now_ns)
{
    *red = (struct red){.average.empty_since_ns = now_ns,
                        .decay = red_decay(config),
                        .max_p = config->profiles[0].max_p,
                        .adapt_ns = now_ns + ADAPT_NS};
    for (unsigned i = 0; i < RED_PROFILES; i++)
        red->counts[i] = -1;
}

static void adapt(struct red *red, const struct red_config *config, int64_t now_ns)
{
    const struct red_profile *profile = &config->profiles[0];
    double avg = red->average.avg, range = profile->max - profile->min;

    if (now_ns < red->adapt_ns)
        return;
    red->adapt_ns = now_ns + ADAPT_NS;
    if (avg > profile->min + ADAPT_HIGH * range && red->max_p < ADAPT_P_MOST)
        red->max_p += fmin(ADAPT_MORE, red->max_p / 4);
    else if (avg < profile->min + ADAPT_LOW * range && red->max_p > ADAPT_P_LEAST)
        red->max_p *= ADAPT_LESS;
}

/* p_b: before it is spread. */
static double probability(const struct red_config *config, const struct red_profile *profile, double avg, uint32_t len)
{
    double p = avg < profile->max ? profile->max_p * (avg - profile->min) / (profile->max - profile->min)
                                  : profile->max_p + (1 - profile->max_p) * (avg - profile->max) / profile->max;

    return config->mean_len > 0 ? p * len / config->mean_len : p;
}

enum red_verdict red_judge(const struct red_config *config, const struct red_profile *profile, double avg,
                           int32_t *count, uint32_t len, uint32_t random)
{
    if (avg >= (config->gentle ? 2 * profile->max : profile->max)) {
        *count = 0;
        return RED_FORCED;
    }
    ++*count;
    double p = probability(config, profile, avg, len), spread = 1 - *count * p;
    /* p / spread; where nothing of the interval is left, it is certain. */
    if (spread > 0 && random * 0x1p-32 * spread >= p)
        return RED_PASS;
    *count = 0;
    return RED_EARLY;
}

enum red_verdict red_arrive(struct red *red, const struct red_config *config, unsigned number, double queue,
                            uint32_t len, int64_t now_ns, uint32_t random)
{
    struct red_profile profile = config->profiles[number];
    int32_t *count = &red->counts[number];

    red_average(&red->average, config->weight, red->decay, queue, now_ns);
    if (config->adaptive) {
        adapt(red, config, now_ns);
        profile.max_p = red->max_p;
    }
    if (red->average.avg < profile.min) {
        *count = -1;
        return RED_PASS;
    }
    return red_judge(config, &profile, red->average.avg, count, len, random);
}
