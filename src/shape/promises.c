#include "shape/promises.h"

#include <stdlib.h>

struct promises {
    struct classifier *classifier; /* NULL: no packet has a contract */
    struct query_kept *kept;       /* by number */
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
    promises->kept = calloc(contracts, sizeof(*promises->kept));
    return promises->kept ? promises : promises_free(promises);
}

struct promises *promises_free(struct promises *promises)
{
    if (promises) {
        classifier_free(promises->classifier);
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

void promises_begin(struct promises *promises, uint32_t number)
{
    promises->kept[number] = (struct query_kept){.packets = 0};
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

void promises_left(struct promises *promises, const struct packet *packet, int64_t left_ns)
{
    struct query_kept *kept = &promises->kept[packet->contract];
    int64_t delay_ns = left_ns - packet->arrived_ns;

    kept->packets++;
    kept->bytes += packet->len;
    if (delay_ns > kept->worst_ns)
        kept->worst_ns = delay_ns;
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

struct query_kept promises_kept(const struct promises *promises, uint32_t number)
{
    return promises->kept[number];
}

struct queues_looks promises_looks(const struct promises *promises)
{
    return (struct queues_looks){
        .allowance_ns = promises->allowance_ns, .stalls = promises->stalls, .late = histogram_summary(&promises->late)};
}
