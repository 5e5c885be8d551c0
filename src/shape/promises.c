#include "shape/promises.h"

#include <stdlib.h>

#define SECOND_NS INT64_C(1000000000)

/* What has left of a contract. */
struct kept {
    struct histogram *delays; /* NULL: there never was one of this number */
    uint64_t bytes, late, late_stalled;
    int64_t least_ns;
    uint64_t stalls_before; /* of all there were */
    /* How fast: in a time of a second at least, from a packet to a packet, and what has come since. */
    uint64_t rate, rate_bytes;
    int64_t rate_ns; /* since then; 0: nothing has left yet */
};

struct promises {
    struct classifier *classifier; /* NULL: no packet has a contract */
    struct kept *kept;             /* by number */
    uint32_t contracts;
    unsigned bucket_log;
    int64_t latest_ns; /* of the packet that came last */
    bool stalled;      /* there was a stall, and packets of contracts wait since */
    int64_t allowance_ns;
    uint64_t stalls;
    struct histogram late; /* looks */
};

struct promises *promises_new(uint32_t contracts, unsigned bucket_log, int64_t allowance_ns)
{
    struct promises *promises = calloc(1, sizeof(*promises));

    if (!promises)
        return NULL;
    promises->bucket_log = bucket_log;
    promises->allowance_ns = allowance_ns;
    promises->contracts = contracts;
    promises->kept = calloc(contracts, sizeof(*promises->kept));
    return promises->kept ? promises : promises_free(promises);
}

struct promises *promises_free(struct promises *promises)
{
    if (promises) {
        classifier_free(promises->classifier);
        for (uint32_t i = 0; promises->kept && i < promises->contracts; i++)
            free(promises->kept[i].delays);
        free(promises->kept);
    }
    free(promises);
    return NULL;
}

struct classifier *promises_classify(struct promises *promises, struct classifier *classifier)
{
    struct classifier *before = promises->classifier;

    promises->classifier = classifier;
    return before;
}

struct histogram *promises_begin(struct promises *promises, uint32_t number, struct histogram *delays)
{
    struct histogram *before = promises->kept[number].delays;

    promises->kept[number] = (struct kept){.delays = delays, .least_ns = INT64_MAX, .stalls_before = promises->stalls};
    return before;
}

void promises_find(struct promises *promises, struct packet *packet, const struct flow *flow, uint8_t in,
                   int64_t now_ns)
{
    if (packet->arrived_ns <= 0 || packet->arrived_ns > now_ns)
        packet->arrived_ns = now_ns;
    if (packet->arrived_ns < promises->latest_ns)
        packet->arrived_ns = promises->latest_ns;
    promises->latest_ns = packet->arrived_ns;
    uint32_t number = promises->classifier ? classifier_find(promises->classifier, flow, in) : CLASSIFIER_NONE;
    if (number == CLASSIFIER_NONE)
        return;
    packet->class |= SCHED_CONTRACT;
    packet->contract = number;
}

void promises_look(struct promises *promises, int64_t first_ns, int64_t due_ns, int64_t now_ns)
{
    int64_t late_ns = now_ns - (first_ns < due_ns ? first_ns : due_ns);

    if (late_ns <= 0)
        return;
    histogram_add(&promises->late, late_ns);
    if (late_ns <= promises->allowance_ns)
        return;
    promises->stalls++;
    promises->stalled = true;
}

void promises_blocked(struct promises *promises)
{
    promises->stalled = true;
}

static void count_rate(struct kept *kept, uint32_t bytes, int64_t left_ns)
{
    int64_t passed_ns = left_ns - kept->rate_ns;

    if (passed_ns >= SECOND_NS) {
        if (kept->rate_ns)
            kept->rate = (uint64_t)((double)kept->rate_bytes * 1e9 / (double)passed_ns);
        kept->rate_bytes = 0;
        kept->rate_ns = left_ns;
    }
    kept->rate_bytes += bytes;
}

void promises_left(struct promises *promises, const struct packet *packet, int64_t left_ns)
{
    struct kept *kept = &promises->kept[packet->contract];
    int64_t delay_ns = left_ns - packet->arrived_ns;

    if (delay_ns < kept->least_ns)
        kept->least_ns = delay_ns;
    kept->bytes += packet->len;
    histogram_add(kept->delays, delay_ns);
    count_rate(kept, packet->len, left_ns);
    if (!edf_is_late(packet->deadline, left_ns, promises->bucket_log))
        return;
    if (promises->stalled)
        kept->late_stalled++;
    else
        kept->late++;
}

void promises_settled(struct promises *promises)
{
    promises->stalled = false;
}

/* While less comes than a packet in two seconds, what has come by now. */
static uint64_t rate_now(const struct kept *kept, int64_t now_ns)
{
    int64_t passed_ns = now_ns - kept->rate_ns;

    if (!kept->rate_ns || passed_ns <= 0)
        return kept->rate;
    return kept->rate && passed_ns < 2 * SECOND_NS ? kept->rate
                                                   : (uint64_t)((double)kept->rate_bytes * 1e9 / (double)passed_ns);
}

struct query_kept promises_kept(const struct promises *promises, uint32_t number, int64_t now_ns)
{
    const struct kept *kept = &promises->kept[number];

    if (!kept->delays)
        return (struct query_kept){.packets = 0};
    const struct histogram_summary delay = histogram_summary(kept->delays);
    return (struct query_kept){.packets = delay.count,
                               .bytes = kept->bytes,
                               .rate = rate_now(kept, now_ns),
                               .late = kept->late,
                               .late_stalled = kept->late_stalled,
                               .delay = delay,
                               .least_ns = delay.count ? kept->least_ns : 0};
}

uint64_t promises_stalls(const struct promises *promises, uint32_t number)
{
    return promises->stalls - promises->kept[number].stalls_before;
}

const struct histogram *promises_delays(const struct promises *promises, uint32_t number)
{
    return promises->kept[number].delays;
}

struct queues_looks promises_looks(const struct promises *promises)
{
    return (struct queues_looks){
        .allowance_ns = promises->allowance_ns, .stalls = promises->stalls, .late = histogram_summary(&promises->late)};
}
