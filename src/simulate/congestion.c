#include "simulate/congestion.h"

#include "base/compiler.h"

#include <math.h>
#include <string.h>

#define WINDOW_BEGIN 10 /* RFC 6928 */
#define WINDOW_MIN   2
#define SECOND       1e9

static const char *const names[] = {
#define X(enumerator, name, help) name,
    CONGESTIONS(X)
#undef X
};

static const char *const helps[] = {
#define X(enumerator, name, help) help,
    CONGESTIONS(X)
#undef X
};

const char *congestion_name(unsigned kind)
{
    return kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

const char *congestion_help(unsigned kind)
{
    return kind < ARRAY_SIZE(helps) ? helps[kind] : "unknown";
}

/* --- Reno -------------------------------------------------------------------------------------------------------- */

/* True: it is still slow start, and the window has grown. */
static bool slow_start(struct congestion *congestion, unsigned packets)
{
    if (congestion->window >= congestion->threshold)
        return false;
    congestion->window = fmin(congestion->window + packets, fmax(congestion->threshold, WINDOW_MIN));
    return true;
}

static void grow_reno(struct congestion *congestion, unsigned packets)
{
    if (!slow_start(congestion, packets))
        congestion->window += packets / congestion->window;
}

/* --- CUBIC (RFC 9438) -------------------------------------------------------------------------------------------- */

#define CUBIC_C    0.4
#define CUBIC_BETA 0.7

static void grow_cubic(struct congestion *congestion, unsigned packets, int64_t now_ns)
{
    if (slow_start(congestion, packets))
        return;
    if (!congestion->cubic.begun_ns) { /* 4.2: where it is, if that is above the top */
        congestion->cubic.begun_ns = now_ns;
        congestion->cubic.top = fmax(congestion->cubic.top, congestion->window);
        congestion->cubic.k = cbrt((congestion->cubic.top - congestion->window) / CUBIC_C);
        congestion->cubic.reno = congestion->window;
    }
    double t = (double)(now_ns - congestion->cubic.begun_ns + congestion->srtt_ns) / SECOND - congestion->cubic.k;
    double target = CUBIC_C * t * t * t + congestion->cubic.top;
    target = fmin(fmax(target, congestion->window), 1.5 * congestion->window);
    /* 4.3: where Reno would have more, as Reno. */
    double alpha = congestion->cubic.reno < congestion->cubic.top ? 3 * (1 - CUBIC_BETA) / (1 + CUBIC_BETA) : 1;
    congestion->cubic.reno += alpha * packets / congestion->window;
    congestion->window += (target - congestion->window) / congestion->window * packets;
    congestion->window = fmax(congestion->window, congestion->cubic.reno);
}

static void shrink_cubic(struct congestion *congestion)
{
    double window = congestion->window;

    /* 4.7: whose top falls makes room. */
    congestion->cubic.top = window < congestion->cubic.top ? window * (1 + CUBIC_BETA) / 2 : window;
    congestion->cubic.begun_ns = 0;
    congestion->threshold = fmax(window * CUBIC_BETA, WINDOW_MIN);
}

/* --- scalable (RFC 8257 3.3, RFC 9331) --------------------------------------------------------------------------- */

#define SCALABLE_GAIN (1.0 / 16)

static void grow_scalable(struct congestion *congestion, const struct congestion_ack *ack, int64_t now_ns)
{
    congestion->scalable.packets += ack->packets;
    congestion->scalable.marked += ack->marked;
    if (ack->marked && congestion->window < congestion->threshold)
        congestion->threshold = congestion->window; /* slow start ends with the first mark */
    if (now_ns >= congestion->scalable.round_ns && congestion->scalable.packets > 0) {
        double share = congestion->scalable.marked / congestion->scalable.packets;
        congestion->scalable.alpha += SCALABLE_GAIN * (share - congestion->scalable.alpha);
        if (share > 0) {
            congestion->window = fmax(congestion->window * (1 - congestion->scalable.alpha / 2), WINDOW_MIN);
            congestion->threshold = congestion->window;
        }
        congestion->scalable.packets = congestion->scalable.marked = 0;
        congestion->scalable.round_ns = now_ns + congestion->srtt_ns;
    }
    if (!ack->marked)
        grow_reno(congestion, ack->packets);
}

/* In slow start twice what the window says, later a little more (as Linux paces). */
static void pace(struct congestion *congestion)
{
    double gain = congestion->window < congestion->threshold ? 2 : 1.2;

    congestion->packet_ns = (double)congestion->srtt_ns / congestion->window / gain;
}

/* --- BBR (Cardwell and others, "BBR: congestion-based congestion control", 2016) --------------------------------- */

#define BBR_HIGH     2.885
#define BBR_LEAST_NS INT64_C(10000000000) /* so long the least round-trip time is believed */
#define BBR_SLOW_NS  INT64_C(200000000)   /* so long it is then looked for */
#define BBR_PHASES   8

static double bbr_rate(const struct congestion *congestion)
{
    double most = 0;

    for (unsigned i = 0; i < CONGESTION_ROUNDS; i++)
        most = fmax(most, congestion->bbr.rates[i]);
    return most;
}

/* Whether the pipe is full: the rate has not grown by a quarter in three round trips. */
static void begin_round(struct congestion *congestion, double rate, int64_t now_ns)
{
    congestion->bbr.round_ns = now_ns + congestion->srtt_ns;
    congestion->bbr.round = (congestion->bbr.round + 1) % CONGESTION_ROUNDS;
    congestion->bbr.rates[congestion->bbr.round] = 0;
    if (congestion->bbr.started)
        return;
    if (rate > congestion->bbr.full * 1.25) {
        congestion->bbr.full = rate;
        congestion->bbr.flat = 0;
    } else if (++congestion->bbr.flat >= 3) {
        congestion->bbr.started = congestion->bbr.draining = true;
    }
}

static double bbr_gain(struct congestion *congestion, double in_flight, double pipe, int64_t now_ns)
{
    static const double gains[BBR_PHASES] = {1.25, 0.75, 1, 1, 1, 1, 1, 1};

    if (!congestion->bbr.started)
        return BBR_HIGH;
    if (congestion->bbr.draining && in_flight > pipe)
        return 1 / BBR_HIGH;
    congestion->bbr.draining = false;
    if (now_ns >= congestion->bbr.phase_ns) {
        congestion->bbr.phase = (congestion->bbr.phase + 1) % BBR_PHASES;
        congestion->bbr.phase_ns = now_ns + congestion->least_ns;
    }
    return gains[congestion->bbr.phase];
}

static void grow_bbr(struct congestion *congestion, const struct congestion_ack *ack, int64_t now_ns)
{
    double *most = &congestion->bbr.rates[congestion->bbr.round];

    *most = fmax(*most, ack->rate);
    double rate = bbr_rate(congestion);
    if (now_ns >= congestion->bbr.round_ns)
        begin_round(congestion, rate, now_ns);
    if (ack->rtt_ns <= congestion->least_ns)
        congestion->bbr.least_at_ns = now_ns;
    if (now_ns - congestion->bbr.least_at_ns > BBR_LEAST_NS) {
        congestion->bbr.least_at_ns = now_ns;
        congestion->bbr.slow_until_ns = now_ns + BBR_SLOW_NS;
        congestion->least_ns = INT64_MAX; /* what comes is taken */
    }
    if (congestion->least_ns == INT64_MAX)
        congestion->least_ns = ack->rtt_ns;
    double pipe = rate * (double)congestion->least_ns;
    double gain = bbr_gain(congestion, ack->in_flight, pipe, now_ns);
    if (rate > 0) {
        congestion->packet_ns = 1 / (rate * gain);
        congestion->window = fmax((congestion->bbr.started ? 2 : BBR_HIGH) * pipe, 4);
    }
    if (now_ns < congestion->bbr.slow_until_ns)
        congestion->window = 4;
}

/* --- all of them ------------------------------------------------------------------------------------------------- */

void congestion_open(struct congestion *congestion, enum congestion_kind kind)
{
    *congestion = (struct congestion){.kind = kind, .window = WINDOW_BEGIN, .threshold = INFINITY};
}

void congestion_timed(struct congestion *congestion, int64_t rtt_ns)
{
    congestion->srtt_ns = congestion->srtt_ns ? congestion->srtt_ns + (rtt_ns - congestion->srtt_ns) / 8 : rtt_ns;
    if (!congestion->least_ns || rtt_ns < congestion->least_ns)
        congestion->least_ns = rtt_ns;
}

void congestion_acked(struct congestion *congestion, const struct congestion_ack *ack, int64_t now_ns)
{
    congestion_timed(congestion, ack->rtt_ns);
    if (congestion->kind == CONGESTION_BBR)
        grow_bbr(congestion, ack, now_ns);
    else if (congestion->kind == CONGESTION_SCALABLE)
        grow_scalable(congestion, ack, now_ns);
    else if (ack->recovering)
        return;
    else if (congestion->kind == CONGESTION_CUBIC)
        grow_cubic(congestion, ack->packets, now_ns);
    else
        grow_reno(congestion, ack->packets);
    if (congestion->kind == CONGESTION_SCALABLE)
        pace(congestion);
}

void congestion_lost(struct congestion *congestion)
{
    switch (congestion->kind) {
    case CONGESTION_BBR: /* it goes by what it measures */
        return;
    case CONGESTION_CUBIC:
        shrink_cubic(congestion);
        break;
    default:
        congestion->threshold = fmax(congestion->window / 2, WINDOW_MIN);
        break;
    }
    congestion->window = congestion->threshold;
}

void congestion_timed_out(struct congestion *congestion)
{
    congestion_lost(congestion);
    if (congestion->kind != CONGESTION_BBR)
        congestion->window = 1;
}
