#include "sizing/limit.h"

#include <math.h>

#define GUARD_UP   1.2        /* a step */
#define GUARD_DOWN 0.9        /* a step */
#define GUARD_ROOM 0.005      /* so much busier, and the guard steps down */
#define GUARD_MAX  8.0        /* in all */
#define HYSTERESIS (1.0 / 32) /* so little is no change */

static double within(double value, double low, double high)
{
    return fmin(fmax(value, low), high);
}

/* RTT x C, in bytes. */
static double pipe_of(const struct limit *limit, const struct limit_config *config)
{
    return config->rate * (double)(limit->rtt_ns ? limit->rtt_ns : LIMIT_RTT_NS) / 1e9;
}

/* With a factor for what the guard has found. */
static double wanted(const struct limit *limit, const struct limit_config *config, double guard)
{
    double law = config->factor * guard * pipe_of(limit, config) / sqrt(fmax(limit->flows, 1));
    double least = (double)config->packet * (LIMIT_PACKETS + config->batch);

    return within(fmax(law, least), (double)config->min, (double)config->max);
}

/* How busy the law says that the link is, at least, with the limit that it gives (the paper's section 3.2). */
static double promise(const struct limit *limit, const struct limit_config *config)
{
    double bytes = wanted(limit, config, 1), window = (pipe_of(limit, config) + bytes) / sqrt(limit->flows);

    return limit->flows < LIMIT_MANY ? LIMIT_BUSY : fmin(erf(3 * sqrt(3) / (2 * sqrt(2)) * bytes / window), LIMIT_BUSY);
}

void limit_open(struct limit *limit, const struct limit_config *config)
{
    *limit = (struct limit){.guard = 1};
    limit->bytes = (uint64_t)wanted(limit, config, 1);
}

static void follow(struct limit *limit, const struct limit_config *config)
{
    double now = (double)limit->bytes, then = wanted(limit, config, limit->guard);

    if (fabs(then - now) > now * HYSTERESIS)
        limit->bytes = (uint64_t)then;
}

void limit_learn_rtt(struct limit *limit, const struct limit_config *config, int64_t rtt_ns)
{
    if (!rtt_ns)
        return;
    limit->rtt_ns = rtt_ns;
    follow(limit, config);
}

void limit_learn_flows(struct limit *limit, const struct limit_config *config, double flows)
{
    if (flows < 0.5)
        return;
    limit->flows = limit->last_flows > 0 ? fmin(flows, limit->last_flows) : flows;
    limit->last_flows = flows;
    follow(limit, config);
}

void limit_guard(struct limit *limit, const struct limit_config *config, double utilisation)
{
    double promised = promise(limit, config);
    double step = utilisation < promised ? GUARD_UP : utilisation > promised + GUARD_ROOM ? GUARD_DOWN : 1;

    limit->guard = within(limit->guard * step, 1, GUARD_MAX);
    follow(limit, config);
}

int64_t limit_window_ns(const struct limit *limit, const struct limit_config *config)
{
    double full_ns = (double)LIMIT_WINDOW_FULL * config->packet / config->rate * 1e9;
    double least_ns = fmax((double)LIMIT_WINDOW_NS, 4 * (double)limit->rtt_ns);

    return (int64_t)fmin(fmax(least_ns, full_ns), fmax(least_ns, (double)LIMIT_WINDOW_MAX));
}
