/*
 * What DPDK's rte_red makes of the average, as vectors: queues that grow and shrink at random, and idle times.
 *   cc -O2 -o rte_red rte_red.c $(pkg-config --cflags --libs libdpdk) && ./rte_red >vectors/rte-red.txt
 *
 * A line "w LOG2" begins a queue whose weight is 2^-LOG2; "e TIME": it becomes empty; "a TIME QUEUE | AVERAGE": a
 * packet comes while QUEUE wait, and this is the average then. An idle time decays it once for each unit of time, of
 * which rte_red counts RTE_RED_S.
 */
#include <inttypes.h>
#include <rte_eal.h>
#include <rte_red.h>
#include <stdio.h>
#include <string.h>

#define STEPS 1500

/* tests/draw.h */
static uint32_t draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 32);
}

static void run(uint16_t weight_log2, uint64_t *state)
{
    struct rte_red_config config;
    struct rte_red red;
    uint64_t now = 1000;
    unsigned queue = 0;

    rte_red_rt_data_init(&red);
    rte_red_config_init(&config, weight_log2, 20, 60, 10);
    rte_red_mark_queue_empty(&red, now * RTE_RED_S);
    printf("w %u\ne %" PRIu64 "\n", weight_log2, now);
    for (unsigned i = 0; i < STEPS; i++) {
        now += 1 + draw(state) % 3;
        if (draw(state) % 100 < (i / 300 % 2 ? 44 : 56)) {
            rte_red_enqueue(&config, &red, queue, now * RTE_RED_S);
            printf("a %" PRIu64 " %u | %.6f\n", now, queue, (double)red.avg / (double)(1 << (10 + weight_log2)));
            queue++;
        } else if (queue && --queue == 0) {
            rte_red_mark_queue_empty(&red, now * RTE_RED_S);
            printf("e %" PRIu64 "\n", now);
            now += draw(state) % (2u << weight_log2);
        }
    }
}

int main(void)
{
    char *arguments[] = {strdup("rte_red"),     strdup("--no-huge"),        strdup("--no-pci"),
                         strdup("--no-shconf"), strdup("--no-telemetry"),   strdup("-m"),
                         strdup("64"),          strdup("--log-level=error")};
    uint64_t state = 1;

    if (rte_eal_init(sizeof(arguments) / sizeof(*arguments), arguments) < 0)
        return 1;
    run(5, &state);
    run(7, &state);
    run(9, &state);
    return 0;
}
