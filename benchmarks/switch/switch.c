/*
 * A switch in slotted time: switch KIND PORTS LOAD SLOTS SEED. A line of JSON says what passed, and how long it waited.
 *
 * KIND: fifo     a queue an input; who sends to an output is drawn among those whose first cell is for it
 *       islip-K  a queue for each output at every input, matched by iSLIP in K iterations
 *       output   queues at the outputs, which take as many cells in a slot as come
 *
 * In every slot a cell comes to each input with probability LOAD, for an output drawn uniformly; a cell may leave in
 * the slot in which it comes, and has then waited 0 slots. The first tenth of the slots does not count. With load 1
 * inputs are never without a cell; then queues of inputs are not kept longer than QUEUE_MAX.
 */
#include "sched/islip.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORTS_MAX 16
#define QUEUE_MAX (1u << 22) /* cells; a power of two */

/* Slots in which cells came. */
struct queue {
    uint32_t *came;
    uint32_t first, count, room; /* room: a power of two */
};

struct results {
    unsigned long long passed, waited, lost;
};

struct model {
    unsigned ports;
    struct queue queues[PORTS_MAX][PORTS_MAX]; /* [input][output]; FIFO: [input][0]; output queues: [0][output] */
    struct islip islip;
    uint64_t random[4];
    struct results results;
};

/* --- random numbers: xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64 ------------------------------- */

static uint64_t rotated(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

static uint64_t draw(struct model *model)
{
    uint64_t *s = model->random, result = rotated(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotated(s[3], 45);
    return result;
}

static unsigned draw_below(struct model *model, unsigned limit)
{
    return (unsigned)(((draw(model) >> 32) * limit) >> 32);
}

static void seed(struct model *model, uint64_t x)
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t z = (x += UINT64_C(0x9e3779b97f4a7c15));
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        model->random[i] = z ^ z >> 31;
    }
}

/* --- queues ------------------------------------------------------------------------------------------------------ */

static void *need(void *memory)
{
    if (!memory) {
        fputs("switch: no memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

static void grow(struct queue *queue)
{
    uint32_t room = queue->room ? 2 * queue->room : 64;
    uint32_t *came = need(malloc(room * sizeof(*came)));

    for (uint32_t i = 0; i < queue->count; i++)
        came[i] = queue->came[(queue->first + i) & (queue->room - 1)];
    free(queue->came);
    *queue = (struct queue){.came = came, .count = queue->count, .room = room};
}

/* False: it is as long as it may be. */
static bool put(struct queue *queue, uint32_t slot)
{
    if (queue->count == QUEUE_MAX)
        return false;
    if (queue->count == queue->room)
        grow(queue);
    queue->came[(queue->first + queue->count++) & (queue->room - 1)] = slot;
    return true;
}

static void get(struct model *model, struct queue *queue, uint32_t slot, uint32_t begin)
{
    uint32_t came = queue->came[queue->first++ & (queue->room - 1)];

    queue->count--;
    if (slot < begin)
        return;
    model->results.passed++;
    model->results.waited += slot - came;
}

/* --- the three kinds --------------------------------------------------------------------------------------------- */

/* The first cell of each input alone can leave. Where cells go is drawn when they become first: nobody asks before. */
static void pass_fifo(struct model *model, uint8_t *first_to, uint32_t slot, uint32_t begin)
{
    unsigned chosen[PORTS_MAX] = {0}, contenders[PORTS_MAX] = {0};

    for (unsigned i = 0; i < model->ports; i++) {
        if (!model->queues[i][0].count)
            continue;
        if (first_to[i] == ISLIP_NONE)
            first_to[i] = (uint8_t)draw_below(model, model->ports);
        unsigned output = first_to[i];
        if (draw_below(model, ++contenders[output]) == 0) /* each with the same probability */
            chosen[output] = i;
    }
    for (unsigned output = 0; output < model->ports; output++) {
        if (!contenders[output])
            continue;
        get(model, &model->queues[chosen[output]][0], slot, begin);
        first_to[chosen[output]] = ISLIP_NONE;
    }
}

static void pass_islip(struct model *model, uint32_t slot, uint32_t begin)
{
    uint64_t requests[PORTS_MAX] = {0};
    uint8_t to[PORTS_MAX];

    for (unsigned i = 0; i < model->ports; i++)
        for (unsigned j = 0; j < model->ports; j++)
            requests[i] |= (uint64_t)(model->queues[i][j].count > 0) << j;
    islip_match(&model->islip, requests, to);
    for (unsigned i = 0; i < model->ports; i++)
        if (to[i] != ISLIP_NONE)
            get(model, &model->queues[i][to[i]], slot, begin);
}

static void pass_output(struct model *model, uint32_t slot, uint32_t begin)
{
    for (unsigned j = 0; j < model->ports; j++)
        if (model->queues[0][j].count)
            get(model, &model->queues[0][j], slot, begin);
}

/* --- a run ------------------------------------------------------------------------------------------------------- */

struct settings {
    bool fifo, output;
    unsigned iterations; /* of iSLIP, which it is if it is neither of those */
    unsigned ports;
    double load;
    uint32_t slots;
    uint64_t seed;
};

static bool read_settings(char **argv, struct settings *settings)
{
    const char *kind = argv[1];

    *settings = (struct settings){.fifo = strcmp(kind, "fifo") == 0,
                                  .output = strcmp(kind, "output") == 0,
                                  .iterations = strncmp(kind, "islip-", 6) ? 1 : (unsigned)strtoul(kind + 6, NULL, 10),
                                  .ports = (unsigned)strtoul(argv[2], NULL, 10),
                                  .load = strtod(argv[3], NULL),
                                  .slots = (uint32_t)strtoul(argv[4], NULL, 10),
                                  .seed = strtoull(argv[5], NULL, 10)};
    return (settings->fifo || settings->output || strncmp(kind, "islip-", 6) == 0) && settings->iterations > 0 &&
           settings->ports > 0 && settings->ports <= PORTS_MAX && settings->load > 0 && settings->load <= 1 &&
           settings->slots >= 10;
}

static void come(struct model *model, const struct settings *settings, uint32_t slot, uint32_t begin)
{
    uint64_t threshold = settings->load < 1 ? (uint64_t)(settings->load * 0x1p64) : UINT64_MAX;

    for (unsigned i = 0; i < model->ports; i++) {
        if (settings->load < 1 && draw(model) >= threshold)
            continue;
        unsigned to = settings->fifo ? 0 : draw_below(model, model->ports);
        bool kept = put(&model->queues[settings->output ? 0 : i][to], slot);
        model->results.lost += slot >= begin && !kept;
    }
}

static void run(struct model *model, const struct settings *settings, uint32_t begin)
{
    uint8_t first_to[PORTS_MAX];

    seed(model, settings->seed);
    model->ports = settings->ports;
    islip_begin(&model->islip, settings->ports, settings->iterations);
    memset(first_to, ISLIP_NONE, sizeof(first_to));
    for (uint32_t slot = 0; slot < settings->slots; slot++) {
        come(model, settings, slot, begin);
        if (settings->fifo)
            pass_fifo(model, first_to, slot, begin);
        else if (settings->output)
            pass_output(model, slot, begin);
        else
            pass_islip(model, slot, begin);
    }
}

int main(int argc, char **argv)
{
    static struct model model;
    struct settings settings;

    if (argc != 6 || !read_settings(argv, &settings)) {
        fprintf(
            stderr,
            "usage: switch fifo|islip-K|output PORTS LOAD SLOTS SEED; 1 to %d ports, a load above 0 and up to 1, at "
            "least 10 slots\n",
            PORTS_MAX);
        return 2;
    }
    uint32_t begin = settings.slots / 10;
    run(&model, &settings, begin);
    const struct results *results = &model.results;
    printf(
        "{\"kind\": \"%s\", \"ports\": %u, \"load\": %g, \"throughput\": %.6f, \"wait_slots\": %.4f, \"lost\": %llu}\n",
        argv[1], settings.ports, settings.load, (double)results->passed / settings.ports / (settings.slots - begin),
        results->passed ? (double)results->waited / (double)results->passed : 0.0, results->lost);
    for (unsigned i = 0; i < PORTS_MAX; i++)
        for (unsigned j = 0; j < PORTS_MAX; j++)
            free(model.queues[i][j].came);
    return 0;
}
