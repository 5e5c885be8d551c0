/*
 * What the scheduler passes with many contracts: port -> regulator of each -> earliest deadline first, in virtual time
 * at 10 Gbit/s, packets of 64 bytes, each of a contract drawn at random, so that many come earlier than they conform
 * and have to wait for that. Prints the packets a second of each round, out and in, and fails if one was lost, or was
 * late.
 */
#include "benchmarks/queue/load.h"

#include "sched/sched.h"

#include <inttypes.h>

#define LINK_RATE  UINT64_C(1250000000) /* bytes a second */
#define USED       0.8                  /* of all contracts' rates */
#define BURST      (4 * LOAD_LINK_BYTES)
#define BUCKET_LOG 14
#define PACKETS    262144u /* that wait, with a quarter of as many contracts or more; otherwise one a contract */
#define SECOND     INT64_C(1000000000)

struct bench {
    struct load load;
    struct packets packets;
    struct sched *sched;
    uint32_t target;
    uint64_t in, out, late, bytes;
};

/* Virtual time: when the bytes that came so far would have come at the link's rate. */
static int64_t now_of(const struct bench *bench)
{
    return SECOND + (int64_t)((unsigned __int128)bench->bytes * SECOND / LINK_RATE);
}

/* One batch in, and as much out. */
static void step(void *arg, int64_t real_ns)
{
    struct bench *bench = arg;
    uint32_t numbers[LOAD_BATCH_MAX];
    unsigned batch = bench->load.batch;

    (void)real_ns;
    bench->bytes += (uint64_t)batch * LOAD_LINK_BYTES;
    int64_t now_ns = now_of(bench);
    for (unsigned i = 0; i < batch; i++) {
        numbers[i] = packets_take(&bench->packets);
        bench->packets.all[numbers[i]] = (struct packet){
            .len = LOAD_LINK_BYTES, .contract = load_draw(&bench->load), .class = SCHED_CONTRACT, .arrived_ns = now_ns};
    }
    sched_put(bench->sched, numbers, batch, now_ns);
    bench->in += batch;
    uint32_t waits = sched_packets(bench->sched);
    if (waits <= bench->target)
        return;
    unsigned count =
        sched_get(bench->sched, numbers, waits - bench->target < batch ? waits - bench->target : batch, now_ns);
    for (unsigned i = 0; i < count; i++) {
        bench->late += edf_is_late(bench->packets.all[numbers[i]].deadline, now_ns, BUCKET_LOG);
        packets_give_back(&bench->packets, numbers[i]);
    }
    bench->out += count;
}

/* Delays of all sizes, as long as what waits on purpose lets them be. */
static void set_contracts(struct bench *bench)
{
    const struct load *load = &bench->load;
    int64_t backlog_ns = (int64_t)((uint64_t)bench->target * LOAD_LINK_BYTES * 1000000000 / LINK_RATE);

    for (uint32_t i = 0; i < load->queues; i++) {
        struct contract contract = {.rate = (uint64_t)((double)LINK_RATE / USED / load->queues),
                                    .delay_ns = 3 * backlog_ns + (int64_t)(i % 1024) * 100000,
                                    .wait_ns = 400000000,
                                    .burst = BURST,
                                    .packet_min = LOAD_LINK_BYTES,
                                    .packet_max = LOAD_LINK_BYTES,
                                    .treatment = CONTRACT_SHAPE};
        edf_set(sched_edf(bench->sched), i, &contract);
    }
}

/* Everything that came in is out, or dropped, or waits; and the pool is whole again afterwards. */
static int accounts(struct bench *bench)
{
    uint64_t conforming = 0, shaped = 0, dropped = 0;

    for (uint32_t i = 0; i < bench->load.queues; i++) {
        struct edf_counts counts = edf_counts(sched_edf(bench->sched), i);
        conforming += counts.conforming;
        shaped += counts.shaped;
        dropped += counts.dropped;
    }
    bool whole = conforming + shaped + dropped == bench->in &&
                 bench->in == bench->out + dropped + sched_packets(bench->sched) && !bench->late;
    bench->sched = sched_free(bench->sched);
    whole = whole && bench->packets.free_count == bench->packets.count;
    fprintf(stderr, "in %" PRIu64 " out %" PRIu64 " had to wait %" PRIu64 " dropped %" PRIu64 " late %" PRIu64 "%s\n",
            bench->in, bench->out, shaped, dropped, bench->late, whole ? "" : ": SOME WERE LOST, OR LATE");
    return whole ? 0 : 1;
}

static uint32_t draw(void *state)
{
    return load_random(state);
}

int main(int argc, char **argv)
{
    static struct sched_config config;
    struct bench bench = {.load = load_of(argc, argv)};
    const struct load *load = &bench.load;
    uint64_t seed = 1;

    bench.target = load->queues < PACKETS ? load->queues : PACKETS;
    uint32_t packets = bench.target + 2 * load->queues + 262144;
    config = (struct sched_config){.rate = shaper_rate(LINK_RATE, SCHED_BURST_NS),
                                   .edf = {.contracts = load->queues, .packets = packets, .bucket_log = BUCKET_LOG},
                                   .class_count = 1};
    config.classes[0] = (struct sched_class){
        .quantum = SCHED_QUANTUM, .queue = {.kind = QUEUE_DROP_TAIL, .limit_packets = 1, .limit_bytes = UINT64_MAX}};
    if (packets_open(&bench.packets, packets) < 0)
        return 1;
    bench.sched = sched_new(&config, &bench.packets, (struct queue_random){draw, &seed}, 0);
    if (!bench.sched)
        return 1;
    set_contracts(&bench);
    while (sched_packets(bench.sched) < bench.target)
        step(&bench, 0);
    load_run(load, step, &bench, &bench.out, &bench.in);
    return accounts(&bench);
}
