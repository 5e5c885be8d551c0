#include "shape/sizing.h"

#include "net/eth.h"
#include "sizing/busy.h"
#include "sizing/flow_count.h"
#include "sizing/limit.h"
#include "sizing/rtt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MEASURE_NS INT64_C(1000000000) /* between two looks at round-trip times */
#define FILLS      512 /* bytes of a frame: smaller ones acknowledge, ask, or speak, and fill no buffer */

/* Sums of what left, and of what was dropped for the limit. */
struct sums {
    uint64_t class_bytes, port_bytes, drops;
};

struct sizing_class {
    struct limit_config law;
    struct limit limit;
    struct flow_count flows;
    struct busy busy;
    int64_t measure_ns;    /* when round-trip times are looked at next */
    int64_t window_ns;     /* when the window ends in which flows are counted */
    int64_t slice_ns;      /* when the slice of a busy period began */
    struct sums slice;     /* what there was then */
    uint64_t *limit_bytes; /* where it holds; NULL: it does not size itself */
};

struct sizing {
    struct rtt_table *times;
    const struct door_samples *samples;
    uint64_t heard; /* samples */
    double rate;
    unsigned class_count;
    struct sizing_class classes[SCHED_CLASSES];
};

/* --- beginning and end ------------------------------------------------------------------------------------------- */

/* Packets that a class lets out between two looks. */
static uint32_t batch_of(const struct sizing_config *config, double rate)
{
    double packets = rate * SCHED_BURST_NS / 1e9 / config->packet;

    return packets < 1 ? 1 : packets > config->batch_max ? config->batch_max : (uint32_t)packets;
}

static void begin_class(struct sizing_class *class, const struct sizing_config *config, unsigned number, int64_t now_ns)
{
    struct queue_config *queue = &config->queues->classes[number].queue;
    double rate = (double)config->rates[number];

    if (queue->automatic.factor == 0)
        return;
    class->law = (struct limit_config){.rate = rate,
                                       .factor = queue->automatic.factor,
                                       .min = queue->automatic.min_bytes,
                                       .max = queue->automatic.max_bytes,
                                       .packet = config->packet,
                                       .batch = batch_of(config, rate)};
    class->limit_bytes = &queue->limit_bytes;
    limit_open(&class->limit, &class->law);
    *class->limit_bytes = class->limit.bytes;
    class->slice_ns = now_ns;
    class->measure_ns = now_ns + MEASURE_NS;
    class->window_ns = now_ns + limit_window_ns(&class->limit, &class->law);
}

int sizing_new(const struct sizing_config *config, int64_t now_ns, struct sizing **result)
{
    struct sizing *sizing = calloc(1, sizeof(*sizing));

    if (!sizing || !(sizing->times = rtt_new(config->key))) {
        sizing_free(sizing);
        return -ENOMEM;
    }
    sizing->samples = config->samples;
    if (config->samples)
        sizing->heard = READ_ONCE(config->samples->count); /* those before are not of our time */
    sizing->rate = (double)config->rate;
    sizing->class_count = config->queues->class_count;
    for (unsigned i = 0; i < sizing->class_count; i++)
        begin_class(&sizing->classes[i], config, i, now_ns);
    *result = sizing;
    return 0;
}

struct sizing *sizing_free(struct sizing *sizing)
{
    if (sizing)
        rtt_free(sizing->times);
    free(sizing);
    return NULL;
}

/* --- what passes by ---------------------------------------------------------------------------------------------- */

void sizing_left(struct sizing *sizing, const struct packet *packet, const uint8_t *frame, size_t len, int64_t now_ns)
{
    const struct eth_hdr *eth = (const void *)frame;
    struct tcp_segment segment;
    bool fills = len >= FILLS;

    if (!sizing->classes[packet->class].limit_bytes)
        return;
    if (fills)
        flow_count_packet(&sizing->classes[packet->class].flows, packet->hash);
    if (len >= ETH_HDR_SIZE && eth->type_be == cpu_to_be16(ETH_TYPE_IPV4) &&
        tcp_read((const void *)(eth + 1), frame + len, &segment))
        rtt_left(sizing->times, &segment, packet->class, fills, packet->arrived_ns, now_ns);
}

static void hear(struct sizing *sizing)
{
    struct door_sample sample;

    while (sizing->samples && door_sample_get(sizing->samples, &sizing->heard, &sample))
        rtt_came(sizing->times, &sample.segment, (int64_t)sample.now_ns);
}

/* --- what follows ------------------------------------------------------------------------------------------------ */

static struct sums sums_of(const struct sizing *sizing, const struct sched *sched, unsigned number)
{
    const struct queue_stats *stats = sched_class_stats(sched, number);
    struct sums sums = {.class_bytes = stats->left_bytes, .drops = stats->drops[QUEUE_DROP_LIMIT]};

    for (unsigned i = 0; i < sizing->class_count; i++)
        sums.port_bytes += sched_class_stats(sched, i)->left_bytes;
    return sums;
}

/* A class has not enough if neither it nor the port with all others is busy. */
static void end_slice(const struct sizing *sizing, struct sizing_class *class, const struct sched *sched,
                      unsigned number, int64_t now_ns)
{
    struct sums now = sums_of(sizing, sched, number), then = class->slice;
    int64_t ns = now_ns - class->slice_ns;
    double seconds = (double)ns / 1e9;
    double of_class = (double)(now.class_bytes - then.class_bytes) / (class->law.rate * seconds);
    double of_port = (double)(now.port_bytes - then.port_bytes) / (sizing->rate * seconds);

    double utilisation =
        busy_slice(&class->busy, LIMIT_JUDGE_NS, ns, of_class > of_port ? of_class : of_port, now.drops - then.drops);
    if (utilisation >= 0)
        limit_guard(&class->limit, &class->law, utilisation);
    class->slice = now;
    class->slice_ns = now_ns;
}

static void measure(struct sizing *sizing, struct sizing_class *class, unsigned number, int64_t now_ns)
{
    unsigned measured;

    limit_learn_rtt(&class->limit, &class->law, rtt_take(sizing->times, number, &measured));
    class->measure_ns = now_ns + MEASURE_NS;
}

static void end_window(struct sizing_class *class, int64_t now_ns)
{
    limit_learn_flows(&class->limit, &class->law, flow_count_take(&class->flows));
    class->window_ns = now_ns + limit_window_ns(&class->limit, &class->law);
}

void sizing_turn(struct sizing *sizing, const struct sched *sched, int64_t now_ns)
{
    hear(sizing);
    for (unsigned i = 0; i < sizing->class_count; i++) {
        struct sizing_class *class = &sizing->classes[i];
        if (!class->limit_bytes)
            continue;
        if (now_ns - class->slice_ns >= BUSY_SLICE_NS && now_ns - class->slice_ns >= class->limit.rtt_ns)
            end_slice(sizing, class, sched, i, now_ns);
        if (now_ns >= class->measure_ns)
            measure(sizing, class, i, now_ns);
        if (now_ns >= class->window_ns)
            end_window(class, now_ns);
        *class->limit_bytes = class->limit.bytes;
    }
}

void sizing_describe(const struct sizing *sizing, unsigned number, struct queues_class *what)
{
    const struct sizing_class *class = &sizing->classes[number];

    if (!class->limit_bytes)
        return;
    what->limit_auto = true;
    what->rtt_ns = class->limit.rtt_ns;
    what->flows_thousandths = (uint64_t)(class->limit.flows * 1000);
    what->guard_thousandths = (uint64_t)(class->limit.guard * 1000);
}
