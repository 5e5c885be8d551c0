/* Names in the comments are those of RFC 9332, appendix A. */
#include "queue/dualpi2.h"

#include <math.h>
#include <stdlib.h>

struct lane {
    struct fifo fifo;
    double count; /* what the probabilities of its packets add up to; a signal takes 1 off */
};

struct dualpi2 {
    const struct dualpi2_config *config;
    struct packets *packets;
    struct queue_stats *stats;
    struct lane low, classic;
    double base;     /* p' */
    int64_t prev_ns; /* the delay at the last update */
    int64_t next_update_ns;
    int64_t credit; /* whose turn it is while both wait: below or at 0 the low-latency lane's */
};

struct dualpi2 *dualpi2_new(const struct dualpi2_config *config, struct packets *packets, struct queue_stats *stats,
                            int64_t now_ns)
{
    struct dualpi2 *dual = calloc(1, sizeof(*dual));

    if (!dual)
        return NULL;
    dual->config = config;
    dual->packets = packets;
    dual->stats = stats;
    dual->next_update_ns = now_ns + config->update_ns;
    return dual;
}

struct dualpi2 *dualpi2_free(struct dualpi2 *dual)
{
    if (dual) {
        fifo_clear(&dual->low.fifo, dual->packets);
        fifo_clear(&dual->classic.fifo, dual->packets);
    }
    free(dual);
    return NULL;
}

void dualpi2_gains(struct dualpi2_config *config, int64_t rtt_max_ns)
{
    double rtt_max = (double)rtt_max_ns / 1e9;

    config->update_ns = config->target_ns < rtt_max_ns / 3 ? config->target_ns : rtt_max_ns / 3;
    config->alpha = 0.1 * ((double)config->update_ns / 1e9) / (rtt_max * rtt_max);
    config->beta = 0.3 / rtt_max;
}

double dualpi2_probability(const struct dualpi2 *dual)
{
    return dual->base;
}

uint32_t dualpi2_packets(const struct dualpi2 *dual)
{
    return dual->low.fifo.count + dual->classic.fifo.count;
}

uint64_t dualpi2_bytes(const struct dualpi2 *dual)
{
    return dual->low.fifo.bytes + dual->classic.fifo.bytes;
}

/* --- the control law --------------------------------------------------------------------------------------------- */

/* How long the first one has waited. */
static int64_t delay_ns(const struct dualpi2 *dual, const struct lane *lane, int64_t now_ns)
{
    return lane->fifo.count ? now_ns - dual->packets->all[lane->fifo.first].arrived_ns : 0;
}

/* dualpi2_update(): PI on the classic queue's delay, on the other's where that is longer. */
static void update(struct dualpi2 *dual, int64_t now_ns)
{
    const struct dualpi2_config *config = dual->config;
    int64_t classic_ns = delay_ns(dual, &dual->classic, now_ns), low_ns = delay_ns(dual, &dual->low, now_ns);
    int64_t cur_ns = classic_ns > low_ns ? classic_ns : low_ns;

    dual->base += config->alpha * (double)(cur_ns - config->target_ns) / 1e9 +
                  config->beta * (double)(cur_ns - dual->prev_ns) / 1e9;
    dual->base = fmin(fmax(dual->base, 0), 1);
    dual->prev_ns = cur_ns;
}

/* Updates come when they are due, also when nobody asked in between: after a long quiet time one is as good as many. */
static void keep_time(struct dualpi2 *dual, int64_t now_ns)
{
    const int64_t step = dual->config->update_ns;

    if (now_ns < dual->next_update_ns)
        return;
    update(dual, now_ns);
    dual->next_update_ns += ((now_ns - dual->next_update_ns) / step + 1) * step;
}

/* recur(): of packets with this likelihood, evenly. */
static bool recurs(struct lane *lane, double likelihood)
{
    lane->count += likelihood;
    if (lane->count <= 1)
        return false;
    lane->count -= 1;
    return true;
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

void dualpi2_put(struct dualpi2 *dual, uint32_t number, int64_t now_ns)
{
    const struct packet *packet = &dual->packets->all[number];
    bool low = packet->ecn & PACKET_ECT_1; /* or CE (RFC 9331 5.1) */

    keep_time(dual, now_ns);
    if (dualpi2_bytes(dual) + packet->len > dual->config->limit_bytes)
        queue_drop(dual->packets, dual->stats, number, QUEUE_DROP_LIMIT);
    else
        fifo_put(low ? &dual->low.fifo : &dual->classic.fifo, dual->packets, number);
}

/* --- out --------------------------------------------------------------------------------------------------------- */

/* Weighted round robin by bytes; nobody saves up turns while he is alone. */
static struct lane *whose_turn(struct dualpi2 *dual)
{
    bool both = dual->low.fifo.count && dual->classic.fifo.count;
    struct lane *lane = dual->low.fifo.count && (!both || dual->credit <= 0) ? &dual->low : &dual->classic;
    const int64_t percent = dual->config->low_latency_percent;

    if (!both) {
        dual->credit = 0;
        return lane;
    }
    const int64_t len = dual->packets->all[lane->fifo.first].len;
    dual->credit += lane == &dual->low ? (100 - percent) * len : -percent * len;
    return lane;
}

/* laqm(): the probability by the low-latency queue's own delay. */
static double native(const struct dualpi2_config *config, int64_t waited_ns)
{
    if (waited_ns >= config->low_min_ns + config->low_range_ns)
        return waited_ns > config->low_min_ns;
    return waited_ns > config->low_min_ns ? (double)(waited_ns - config->low_min_ns) / (double)config->low_range_ns : 0;
}

/* Whether it leaves; it may have been marked. */
static bool pass_low(struct dualpi2 *dual, uint32_t number, bool alone, int64_t now_ns)
{
    const struct dualpi2_config *config = dual->config;
    double coupled = config->coupling * dual->base;                                          /* p_CL */
    double own = alone ? 0 : native(config, now_ns - dual->packets->all[number].arrived_ns); /* p'_L */

    if (coupled >= 1) { /* marks are at their end: A.2, overload */
        if (recurs(&dual->low, dual->base * dual->base)) {
            queue_drop(dual->packets, dual->stats, number, QUEUE_DROP_COUPLED);
            return false;
        }
        queue_mark(dual->packets, dual->stats, number, QUEUE_MARK_COUPLED);
        return true;
    }
    if (recurs(&dual->low, fmax(own, coupled)))
        queue_mark(dual->packets, dual->stats, number, own > coupled ? QUEUE_MARK_STEP : QUEUE_MARK_COUPLED);
    return true;
}

static bool pass_classic(struct dualpi2 *dual, uint32_t number)
{
    bool overload = dual->config->coupling * dual->base >= 1;

    if (!recurs(&dual->classic, dual->base * dual->base))
        return true;
    if (!overload && queue_mark(dual->packets, dual->stats, number, QUEUE_MARK_COUPLED))
        return true;
    queue_drop(dual->packets, dual->stats, number, QUEUE_DROP_COUPLED);
    return false;
}

uint32_t dualpi2_get(struct dualpi2 *dual, int64_t now_ns)
{
    keep_time(dual, now_ns);
    while (dualpi2_packets(dual)) {
        struct lane *lane = whose_turn(dual);
        uint32_t number = fifo_get(&lane->fifo, dual->packets);
        if (lane == &dual->low ? pass_low(dual, number, !lane->fifo.count, now_ns) : pass_classic(dual, number))
            return number;
    }
    return PACKET_NONE;
}
