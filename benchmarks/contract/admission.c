/*
 * What an answer costs to somebody who asks for a contract, on a port of 10 Gbit/s that has many: whether it is
 * admitted, and if not what would be. Contracts are of all sizes, and the port is filled until it is nearly full.
 * Prints, in microseconds, a row a kind: how often, mean, worst of 99 %, worst.
 */
#include "base/clock.h"
#include "sched/capacity.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define RATE    UINT64_C(1250000000) /* bytes a second */
#define LARGEST 1538u
#define PACKETS 100000000u
#define ASKED   20000u

struct kind {
    const char *name;
    double us[ASKED];
    size_t count;
};

static uint64_t state = 1;

static double draw(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) / 9007199254740992.0;
}

static double draw_log(double from, double to)
{
    return from * pow(to / from, draw());
}

static struct contract draw_contract(uint32_t contracts)
{
    double fair = (double)RATE / contracts;
    struct contract contract = {.rate = (uint64_t)draw_log(fair / 10, fair * 3),
                                .delay_ns = (int64_t)draw_log(2e6, 250e6),
                                .packet_min = 84,
                                .packet_max = LARGEST,
                                .treatment = CONTRACT_DROP};

    if (contract.rate < GCRA_RATE_MIN)
        contract.rate = GCRA_RATE_MIN;
    contract.burst = LARGEST + (uint32_t)(draw() * 10 * LARGEST);
    return contract;
}

static int compare(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;

    return a < b ? -1 : a > b;
}

static void note(struct kind *kind, int64_t begin_ns)
{
    kind->us[kind->count++] = (double)(clock_now_ns() - begin_ns) / 1e3;
}

static void print(struct kind *kind)
{
    double sum = 0;

    qsort(kind->us, kind->count, sizeof(*kind->us), compare);
    for (size_t i = 0; i < kind->count; i++)
        sum += kind->us[i];
    printf("%s %zu %.2f %.2f %.2f\n", kind->name, kind->count, kind->count ? sum / (double)kind->count : 0,
           kind->count ? kind->us[kind->count * 99 / 100] : 0, kind->count ? kind->us[kind->count - 1] : 0);
}

int main(int argc, char **argv)
{
    static struct kind admitted = {.name = "admitted"}, refused = {.name = "refused"};
    struct capacity capacity = capacity_of(shaper_rate(RATE, 100000), LARGEST, PACKETS);
    uint32_t contracts = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0, number = 0;

    if (!contracts)
        return 2;
    capacity.admission.contracts = contracts + 1;
    struct admission *admission = admission_new(&capacity.admission);
    if (!admission)
        return 1;
    for (uint32_t tries = 0; number < contracts && tries < 100 * contracts; tries++) {
        const struct contract contract = draw_contract(contracts);
        number += admission_add(admission, number, &contract, NULL);
    }
    if (number < contracts) {
        fprintf(stderr, "only %" PRIu32 " are admitted\n", number);
        return 1;
    }
    for (uint32_t i = 0; i < ASKED; i++) {
        struct contract contract = draw_contract(contracts);
        if (i % 2) /* some ask for much */
            contract.burst *= 1 + (uint32_t)draw_log(1, 2000);
        int64_t begin_ns = clock_now_ns();
        if (admission_add(admission, number, &contract, NULL)) {
            note(&admitted, begin_ns);
            admission_remove(admission, number);
        } else {
            struct admission_offer offer = admission_offer(admission, &contract);
            note(&refused, begin_ns);
            if (offer.delay_ns) {
                contract.delay_ns = offer.delay_ns;
                if (!admission_test(admission, &contract, NULL)) {
                    fprintf(stderr, "what was offered is not admitted\n");
                    return 1;
                }
            }
        }
    }
    print(&admitted);
    print(&refused);
    printf("load %.3f 0 0 0\n", (double)admission_rate(admission) / (double)RATE);
    admission_free(admission);
    return 0;
}
