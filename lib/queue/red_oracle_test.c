/*
 * Random early detection beside others': the averages of DPDK's rte_red one by one, and how long the queue is and how
 * many are dropped under an open load with Linux's sch_red and ns-3 (tests/oracle/README.md).
 */
#include "queue/queue.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *vectors(const char *name)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    return file;
}

/* --- averages ----------------------------------------------------------------------------------------------------- */

/* rte_red's averages have ten binary places and the weight's; its decay has four binary
 * places of an exponent, which it has from a logarithm with ten. */
#define AVERAGE_OFF 0.002
#define DECAY_RATIO 0.08

static void averages_are_those_of_rte_red(void **state)
{
    FILE *file = vectors("rte-red.txt");
    struct red_config config = {.packet_ns = 1};
    struct red_average average = {.empty_since_ns = 0};
    char line[128];
    unsigned arrivals = 0, idle = 0, log2_weight;
    int64_t now_ns;
    double queue, expected;

    (void)state;
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "w %u", &log2_weight) == 1) {
            config.weight = 1.0 / (double)(1u << log2_weight);
            average = (struct red_average){.empty_since_ns = 0};
        } else if (sscanf(line, "e %" SCNd64, &now_ns) == 1) {
            average.empty_since_ns = now_ns;
        } else {
            assert_int_equal(sscanf(line, "a %" SCNd64 " %lf | %lf", &now_ns, &queue, &expected), 3);
            bool was_empty = average.empty_since_ns >= 0;
            red_average(&average, config.weight, red_decay(&config), queue, now_ns);
            if (fabs(average.avg - expected) > AVERAGE_OFF + (was_empty ? DECAY_RATIO * expected : 0))
                fail_msg("%s: it is %f", line, average.avg);
            average.avg = expected; /* each step by itself: the peer's errors do not add up */
            arrivals++;
            idle += was_empty;
        }
    }
    assert_true(arrivals > 2000 && idle > 20);
    fclose(file);
}

/* --- an open load ------------------------------------------------------------------------------------------------- */

#define LEN        1000
#define SERVICE_NS INT64_C(4000000)
#define WARM_UP    1000
#define ENOUGH     200000 /* packets, of several runs together if one has fewer */
#define POOL       2000

struct run {
    struct packets packets;
    struct queue *queue;
    uint64_t draws;
    uint64_t counted, dropped, backlog; /* packets, after the first ones; the sum of backlogs when they had come */
};

/* What of the queue has left by now, one each SERVICE_NS, the first at once if the line was free. */
static void serve(struct run *run, int64_t *free_ns, int64_t now_ns)
{
    while (*free_ns <= now_ns) {
        uint32_t number = queue_get(run->queue, *free_ns);
        if (number == PACKET_NONE)
            return;
        packets_give_back(&run->packets, number);
        *free_ns += SERVICE_NS;
    }
}

/* The same arrivals each time, other draws of the discipline. */
static void load(struct run *run, const struct queue_config *config, unsigned thousandths, unsigned count)
{
    uint64_t seed = 1;
    int64_t now_ns = 0, free_ns = 0, mean_ns = SERVICE_NS * 1000 / thousandths;

    assert_int_equal(packets_open(&run->packets, POOL), 0);
    run->queue = queue_new(config, &run->packets, (struct queue_random){draw_of, &run->draws}, 0);
    for (unsigned i = 0; i < count; i++) {
        serve(run, &free_ns, now_ns);
        uint32_t number = packets_take(&run->packets);
        run->packets.all[number] = (struct packet){.len = LEN};
        uint32_t before = queue_packets(run->queue);
        queue_put(run->queue, number, now_ns);
        if (i >= WARM_UP) {
            run->counted++;
            run->dropped += queue_packets(run->queue) == before;
            run->backlog += queue_packets(run->queue);
        }
        if (free_ns < now_ns)
            free_ns = now_ns;
        serve(run, &free_ns, now_ns);
        now_ns += draw_u32(&seed) % (2 * (uint32_t)mean_ns);
    }
    queue_free(run->queue);
    assert_int_equal(run->packets.free_count, POOL);
    packets_close(&run->packets);
}

/* In packets as ns-3 has it, in bytes as Linux; all are of one length. */
static void open_load(void **state)
{
    FILE *file = vectors("red-open-load.txt");
    const char *whose = *state;
    bool in_bytes = strcmp(whose, "sch_red") == 0;
    double unit = in_bytes ? LEN : 1;
    /* Linux's were taken in real time, and once: with what it loses, its queue is as long as ours to 3 %. */
    double lost_off = in_bytes ? 0.01 : 0.002, backlog_ratio = in_bytes ? 0.06 : 0.02;
    char line[128], who[16];
    unsigned lines = 0;

    while (fgets(line, sizeof(line), file)) {
        int gentle;
        unsigned log2_weight, thousandths, count;
        double lost, backlog;
        struct run run = {.draws = 2};
        if (sscanf(line, "%15s %d %u %u %u | %lf %lf", who, &gentle, &log2_weight, &thousandths, &count, &lost,
                   &backlog) != 7 ||
            strcmp(who, whose) != 0)
            continue;
        const struct queue_config config = {
            .kind = QUEUE_RED,
            .limit_packets = 1000,
            .limit_bytes = UINT64_MAX,
            .red = {.in_bytes = in_bytes,
                    .law = {.weight = 1.0 / (double)(1u << log2_weight),
                            .gentle = gentle,
                            .packet_ns = (double)SERVICE_NS,
                            .profiles = {{.min = 20 * unit, .max = 60 * unit, .max_p = 0.1}}}}};
        while (run.counted < ENOUGH)
            load(&run, &config, thousandths, count);
        double our_lost = (double)run.dropped / (double)run.counted;
        double our_backlog = (double)run.backlog / (double)run.counted;
        if (fabs(our_lost - lost) > lost_off || fabs(our_backlog - backlog) > backlog_ratio * backlog)
            fail_msg("%s: ours loses %.4f and has %.2f", line, our_lost, our_backlog);
        lines++;
    }
    assert_true(lines >= 4);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(averages_are_those_of_rte_red),
        {"open_load_as_in_ns3", open_load, NULL, NULL, (void *)"ns-3"},
        {"open_load_as_in_sch_red", open_load, NULL, NULL, (void *)"sch_red"},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
