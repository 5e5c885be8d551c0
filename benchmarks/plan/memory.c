/*
 * The address plan in memory: memory NODES SEED
 *
 * NODES blocks of /28 to /31 are allocated, each in a random one of 4,000 blocks and by a random strategy; then freed
 * in another order. Prints lines "fact NAME VALUE" (benchmarks/common/command.py): rates a second, bytes a node.
 */
#include "base/clock.h"
#include "base/random.h"
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTAINERS    4000
#define CONTAINER_LEN 20
#define NAME_SIZE     24

struct bench {
    uint32_t containers[CONTAINERS];
    uint32_t *nodes;
    char (*names)[NAME_SIZE];
    unsigned count;
    uint64_t seed;
};

__attribute__((noreturn)) static void fail(const char *what)
{
    fprintf(stderr, "memory: %s\n", what);
    exit(EXIT_FAILURE);
}

static const struct plan_by me = {.now_s = 1};

static struct plan *begin(struct bench *bench)
{
    static const uint8_t hash_key[SIPHASH_KEY_SIZE] = {1};
    struct plan *plan = plan_new(hash_key);
    struct plan_entry all = {.range = {10u << 24, (11u << 24) - 1}, .kind = PLAN_BLOCK};
    uint32_t top;

    if (!plan || plan_add(plan, &all, &me, &top, NULL))
        fail("no plan");
    struct plan_request request = {.within = top, .len = CONTAINER_LEN, .entry = {.kind = PLAN_BLOCK}};
    for (unsigned i = 0; i < CONTAINERS; i++)
        if (plan_allocate(plan, &request, &me, &bench->containers[i], NULL))
            fail("no block");
    return plan;
}

static unsigned draw(struct bench *bench, unsigned below)
{
    return (unsigned)((random_u64(&bench->seed) >> 32) % below);
}

/* Allocations a second. */
static double allocate(struct bench *bench, struct plan *plan, bool named)
{
    static const char *const owners[] = {"acme", "initech", "umbrella", "hooli"};
    int64_t began = clock_now_ns();

    for (unsigned i = 0; i < bench->count; i++) {
        unsigned which = draw(bench, CONTAINERS);
        struct plan_request request = {.within = bench->containers[which],
                                       .len = (uint8_t)(28 + draw(bench, 4)),
                                       .strategy = (uint8_t)draw(bench, PLAN_STRATEGY_COUNT),
                                       .entry = {.kind = PLAN_SUBNET, .status = PLAN_ASSIGNED}};
        if (named) {
            request.entry.name = bench->names[i];
            request.entry.owner = owners[which % 4];
        }
        if (plan_allocate(plan, &request, &me, &bench->nodes[i], NULL))
            fail("a block is full");
    }
    return bench->count / ((double)(clock_now_ns() - began) / 1e9);
}

static double release(struct bench *bench, struct plan *plan)
{
    for (unsigned i = bench->count; i > 1; i--) {
        unsigned other = draw(bench, i);
        uint32_t node = bench->nodes[other];
        bench->nodes[other] = bench->nodes[i - 1];
        bench->nodes[i - 1] = node;
    }
    int64_t began = clock_now_ns();
    for (unsigned i = 0; i < bench->count; i++)
        if (plan_release(plan, bench->nodes[i], false, 0, &me, NULL))
            fail("a node is not there");
    return bench->count / ((double)(clock_now_ns() - began) / 1e9);
}

int main(int argc, char **argv)
{
    struct bench bench = {.count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0,
                          .seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0};

    if (!bench.count || !bench.seed) {
        fputs("usage: memory NODES SEED\n", stderr);
        return 2;
    }
    bench.nodes = calloc(bench.count, sizeof(*bench.nodes));
    bench.names = calloc(bench.count, sizeof(*bench.names));
    if (!bench.nodes || !bench.names)
        fail("no memory");
    for (unsigned i = 0; i < bench.count; i++)
        snprintf(bench.names[i], sizeof(bench.names[i]), "site%u/lan%u", i % CONTAINERS, i);
    for (unsigned named = 0; named < 2; named++) {
        const char *what = named ? "named_" : "";
        struct plan *plan = begin(&bench);
        printf("fact %sallocate_per_s %.0f\n", what, allocate(&bench, plan, named));
        printf("fact %sbytes_per_node %.1f\n", what, (double)plan_bytes(plan) / plan_count(plan));
        printf("fact %sfree_per_s %.0f\n", what, release(&bench, plan));
        plan_free(plan);
    }
    free(bench.nodes);
    free(bench.names);
    return 0;
}
