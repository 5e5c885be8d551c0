/*
 * What DPDK's rte_sched passes, with rte_red: port -> subports -> pipes -> 16 queues each. It shapes pipes and subports
 * and counts for each queue, as it always does. A packet that has left becomes the next one that comes, so that taking
 * from the pool and giving back is not in its time. Prints the packets a second of each round, in and out, and fails if
 * one was lost.
 */
#include "benchmarks/queue/load.h"

#include <inttypes.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_sched.h>
#include <string.h>
#include <sys/mman.h>

#define QUEUES_A_PIPE RTE_SCHED_QUEUES_PER_PIPE
#define HUGE_PAGE     ((size_t)2 << 20)
#define HEAP_BYTES    ((size_t)2 << 30)
#define HEAP          "bench"

struct bench {
    struct load load;
    struct rte_sched_port *port;
    struct rte_mempool *pool;
    struct rte_mbuf *spare[2 * LOAD_BATCH_MAX]; /* that have left */
    unsigned spare_count;
    uint32_t pipes; /* a subport */
    uint32_t apart; /* from a queue that is used to the next */
    uint64_t in, taken, out;
    uint32_t target;
};

static void check(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "rte_sched: %s: %s\n", what, rte_strerror(rte_errno));
    exit(1);
}

/* Without huge pages that are set aside: the environment's own heap is of small ones, so here is one of large ones. */
static int open_heap(void)
{
    char *memory = mmap(NULL, HEAP_BYTES + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    check(memory != MAP_FAILED, "no memory");
    memory = (char *)(((uintptr_t)memory + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1));
    madvise(memory, HEAP_BYTES, MADV_HUGEPAGE);
    memset(memory, 0, HEAP_BYTES);
    check(!rte_malloc_heap_create(HEAP), "heap");
    check(!rte_malloc_heap_memory_add(HEAP, memory, HEAP_BYTES, NULL, HEAP_BYTES / HUGE_PAGE, HUGE_PAGE), "heap");
    return rte_malloc_heap_get_socket(HEAP);
}

static void open_port(struct bench *bench, int socket)
{
    static struct rte_sched_cman_params red = {.cman_mode = RTE_SCHED_CMAN_RED};
    struct rte_sched_pipe_params pipe = {
        .tb_rate = LOAD_RATE, .tb_size = 1000000, .tc_period = 10, .wrr_weights = {1, 1, 1, 1}, .tc_ov_weight = 1};
    struct rte_sched_subport_profile_params profile = {.tb_rate = LOAD_RATE, .tb_size = 1000000, .tc_period = 10};
    struct rte_sched_subport_params subport = {.n_pipes_per_subport_enabled = bench->pipes,
                                               .pipe_profiles = &pipe,
                                               .n_pipe_profiles = 1,
                                               .n_max_pipe_profiles = 1,
                                               .cman_params = &red};
    struct rte_sched_port_params params = {.name = "port",
                                           .socket = socket,
                                           .rate = LOAD_RATE,
                                           .mtu = LOAD_MTU,
                                           .frame_overhead = LOAD_LINK_BYTES - LOAD_FRAME_BYTES,
                                           .n_subports_per_port = bench->load.groups,
                                           .subport_profiles = &profile,
                                           .n_subport_profiles = 1,
                                           .n_max_subport_profiles = 1,
                                           .n_pipes_per_subport = bench->pipes};

    for (unsigned class = 0; class < RTE_SCHED_TRAFFIC_CLASSES_PER_PIPE; class ++) {
        pipe.tc_rate[class] = LOAD_RATE;
        profile.tc_rate[class] = LOAD_RATE;
        subport.qsize[class] = LOAD_QUEUE_LIMIT;
        for (unsigned color = 0; color < RTE_COLORS; color++)
            red.red_params[class][color] = (struct rte_red_params){
                .min_th = LOAD_RED_MIN, .max_th = LOAD_RED_MAX, .maxp_inv = LOAD_RED_P, .wq_log2 = LOAD_RED_WEIGHT};
    }
    bench->port = rte_sched_port_config(&params);
    check(bench->port, "port");
    for (unsigned i = 0; i < bench->load.groups; i++) {
        check(!rte_sched_subport_config(bench->port, i, &subport, 0), "subport");
        for (uint32_t j = 0; j < bench->pipes; j++)
            check(!rte_sched_pipe_config(bench->port, i, j, 0), "pipe");
    }
}

/* One batch in, and as much out. */
static void step(void *arg, int64_t now_ns)
{
    struct bench *bench = arg;
    struct rte_mbuf *packets[LOAD_BATCH_MAX];
    unsigned batch = bench->load.batch;

    (void)now_ns; /* it has a clock of its own */
    for (unsigned i = 0; i < batch; i++) {
        uint32_t queue = load_draw(&bench->load) * bench->apart, of_pipe = queue % QUEUES_A_PIPE;
        packets[i] = bench->spare_count ? bench->spare[--bench->spare_count] : rte_pktmbuf_alloc(bench->pool);
        packets[i]->pkt_len = packets[i]->data_len = LOAD_FRAME_BYTES;
        /* As rte_sched_port_pkt_write does it, which has to compute the number of the queue first. */
        rte_mbuf_sched_set(packets[i], queue,
                           of_pipe < RTE_SCHED_TRAFFIC_CLASS_BE ? of_pipe : RTE_SCHED_TRAFFIC_CLASS_BE,
                           RTE_COLOR_GREEN);
    }
    bench->taken += (unsigned)rte_sched_port_enqueue(bench->port, packets, batch);
    bench->in += batch;
    uint64_t waits = bench->taken - bench->out;
    if (waits <= bench->target)
        return;
    unsigned room = waits - bench->target < batch ? (unsigned)(waits - bench->target) : batch;
    unsigned count = (unsigned)rte_sched_port_dequeue(bench->port, packets, room);
    for (unsigned i = 0; i < count; i++)
        bench->spare[bench->spare_count++] = packets[i];
    bench->out += count;
}

int main(int argc, char **argv)
{
    static const char *const environment[] = {"rte_sched",      "--no-huge", "--no-pci", "--no-shconf",
                                              "--no-telemetry", "-m",        "64",       "--log-level=error"};
    char *arguments[sizeof(environment) / sizeof(*environment)];
    struct bench bench = {.load = load_of(argc, argv)};

    /* With PIPES=1 in the environment QUEUES are pipes, each with one queue that is used. */
    bench.apart = getenv("PIPES") ? QUEUES_A_PIPE : 1;
    bench.pipes = bench.load.queues * bench.apart / QUEUES_A_PIPE / bench.load.groups;
    bench.target = bench.load.queues * LOAD_OCCUPANCY;
    for (unsigned i = 0; i < sizeof(environment) / sizeof(*environment); i++)
        arguments[i] = strdup(environment[i]);
    check(rte_eal_init((int)(sizeof(arguments) / sizeof(*arguments)), arguments) >= 0, "environment");
    int socket = open_heap();
    bench.pool = rte_pktmbuf_pool_create("packets", 2 * bench.target, 256, 0, RTE_PKTMBUF_HEADROOM, socket);
    check(bench.pool, "packets");
    open_port(&bench, socket);
    while (bench.taken - bench.out < bench.target)
        step(&bench, 0);
    load_run(&bench.load, step, &bench, &bench.out, &bench.in);
    uint64_t waits = bench.taken - bench.out;
    bool whole = rte_mempool_in_use_count(bench.pool) == waits + bench.spare_count;
    fprintf(stderr, "in %" PRIu64 " out %" PRIu64 " dropped %" PRIu64 "%s\n", bench.in, bench.out,
            bench.in - bench.taken, whole ? "" : ": SOME WERE LOST");
    return whole ? 0 : 1;
}
