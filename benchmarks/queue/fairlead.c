/*
 * What our scheduler passes: port -> classes in turn -> many queues, each with a rate of its own, random early
 * detection, its share of the memory and its counters. Prints the packets a second of each round, in and out, and
 * fails if one was lost.
 */
#include "benchmarks/queue/load.h"

#include "sched/sched.h"

#include <inttypes.h>

static uint32_t draw(void *state)
{
    return load_random(state);
}

struct bench {
    struct load load;
    struct packets packets;
    struct sched *sched;
    uint32_t target;       /* packets that wait */
    unsigned of_class_log; /* queues a class: 2 to that */
    uint64_t in, out;
};

/* One batch in, and as much out. */
static void step(void *arg, int64_t now_ns)
{
    struct bench *bench = arg;
    uint32_t numbers[LOAD_BATCH_MAX];
    unsigned batch = bench->load.batch;

    for (unsigned i = 0; i < batch; i++) {
        uint32_t queue = load_draw(&bench->load), class = queue >> bench->of_class_log;
        numbers[i] = packets_take(&bench->packets);
        bench->packets.all[numbers[i]] = (struct packet){.len = LOAD_LINK_BYTES,
                                                         .leaf = queue & ((1u << bench->of_class_log) - 1),
                                                         .class = (uint8_t) class,
                                                         .hash = queue};
    }
    sched_put(bench->sched, numbers, batch, now_ns);
    bench->in += batch;
    uint32_t waits = sched_packets(bench->sched);
    if (waits <= bench->target)
        return;
    unsigned count =
        sched_get(bench->sched, numbers, waits - bench->target < batch ? waits - bench->target : batch, now_ns);
    for (unsigned i = 0; i < count; i++)
        packets_give_back(&bench->packets, numbers[i]);
    bench->out += count;
}

/* Everything that came in is out, or dropped, or waits; and the pool is whole again afterwards. */
static int accounts(struct bench *bench)
{
    uint64_t arrived = 0, drops = 0, left = 0;

    for (unsigned class = 0; class < bench->load.groups; class ++) {
        const struct queue_stats *stats = sched_class_stats(bench->sched, class);
        arrived += stats->arrived_packets;
        left += stats->left_packets;
        for (unsigned i = 0; i < QUEUE_DROP_COUNT; i++)
            drops += stats->drops[i];
    }
    bool whole = arrived == bench->in && left == bench->out && arrived == left + drops + sched_packets(bench->sched);
    bench->sched = sched_free(bench->sched);
    whole = whole && bench->packets.free_count == bench->packets.count;
    fprintf(stderr, "in %" PRIu64 " out %" PRIu64 " dropped %" PRIu64 "%s\n", arrived, left, drops,
            whole ? "" : ": SOME WERE LOST");
    return whole ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct sched_config config;
    struct bench bench = {.load = load_of(argc, argv)};
    const struct load *load = &bench.load;
    const struct drr_profile profile = {
        .quantum = LOAD_MTU,
        .limit_packets = LOAD_QUEUE_LIMIT,
        .rate = shaper_rate(LOAD_RATE, SCHED_BURST_NS),
        .red = true,
        .law = {.weight = 1.0 / (1 << LOAD_RED_WEIGHT),
                .gentle = false,
                .packet_ns = 100,
                .profiles = {{.min = LOAD_RED_MIN, .max = LOAD_RED_MAX, .max_p = 1.0 / LOAD_RED_P}}},
    };
    uint64_t seed = 1;

    bench.of_class_log = (unsigned)__builtin_ctz(load->queues / load->groups);
    bench.target = load->queues * LOAD_OCCUPANCY;
    config = (struct sched_config){.rate = shaper_rate(LOAD_RATE, SCHED_BURST_NS), .class_count = load->groups};
    for (unsigned i = 0; i < load->groups; i++)
        config.classes[i] = (struct sched_class){
            .quantum = LOAD_MTU,
            .many = true,
            .drr = {.queues = 1u << bench.of_class_log, .profile_count = 1, .profiles = &profile, .share_shift = 0}};
    if (packets_open(&bench.packets, 2 * bench.target) < 0)
        return 1;
    bench.sched = sched_new(&config, &bench.packets, (struct queue_random){draw, &seed}, clock_now_ns());
    if (!bench.sched)
        return 1;
    while (sched_packets(bench.sched) < bench.target)
        step(&bench, clock_now_ns());
    load_run(load, step, &bench, &bench.out, &bench.in);
    return accounts(&bench);
}
