#include "benchmarks/contract/sets.h"

#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t set_draw(uint64_t *state, uint64_t below)
{
    return (random_u64(state) >> 11) % below;
}

double set_draw_log(uint64_t *state, double least, double most)
{
    return least * pow(most / least, (double)(random_u64(state) >> 11) / 0x1p53);
}

static struct port port_of(uint64_t *state)
{
    static const uint64_t rates[] = {2500000, 6250000, 12500000, 125000000, 312500000, 1250000000};
    struct port port = {.rate = rates[set_draw(state, sizeof(rates) / sizeof(rates[0]))],
                        .poll_ns = (int64_t)set_draw_log(state, 5000, 200000),
                        .packet_max = set_draw(state, 4) ? 1538 : 9038,
                        .bucket_log = EDF_BUCKET_LOG_MIN + (unsigned)set_draw(state, 4)};

    port.ring_bytes = (port.rate * (uint64_t)port.poll_ns + 999999999) / 1000000000 + 1;
    return port;
}

/* Somewhere between hopeless and modest, as people ask; `many` share the port. */
static struct contract contract_of(const struct set *set, uint64_t *state, double many)
{
    const struct port *port = &set->port;
    double blocked_ns = (double)set->config.blocking * 1e9 / (double)port->rate,
           longest_ns = fmin((double)set->config.delay_max_ns / 3, set->longest_bytes * 1e9 / (double)port->rate);
    struct contract contract = {
        .packet_min = SETS_PACKET_SMALLEST,
        .packet_max =
            (uint32_t)set_draw_log(state, 2.0 * SETS_PACKET_SMALLEST, set_draw(state, 2) ? port->packet_max : 400),
        .rate = (uint64_t)fmin(fmax(set_draw_log(state, 0.1, 2) * (double)port->rate / many, (double)GCRA_RATE_MIN),
                               (double)port->rate),
        .delay_ns = (int64_t)set_draw_log(state, fmin(blocked_ns * 1.2 + 5e4, longest_ns / 2), longest_ns),
        .treatment = (enum contract_treatment)set_draw(state, CONTRACT_TREATMENT_COUNT),
        .wait_ns = (int64_t)set_draw_log(state, 1e4, longest_ns)};

    contract.burst = (uint32_t)(contract.packet_max * set_draw_log(state, 1, 12));
    if (set_draw(state, 3) == 0)
        contract.jitter_ns = (int64_t)set_draw_log(state, fmin(blocked_ns * 1.2 + 5e4, (double)contract.delay_ns),
                                                   (double)contract.delay_ns);
    if (contract.jitter_ns && contract.jitter_ns <= INT64_C(2) << port->bucket_log)
        contract.jitter_ns = 0;
    if (set_draw(state, 4) == 0) {
        contract.peak_rate =
            (uint64_t)fmin(set_draw_log(state, 1, 30) * (double)contract.rate, 2.0 * (double)port->rate);
        contract.peak_rate = contract.peak_rate < contract.rate ? contract.rate : contract.peak_rate;
        contract.peak_burst = contract.packet_max + (uint32_t)set_draw(state, contract.burst - contract.packet_max + 1);
    }
    return contract;
}

/* What is offered instead of a contract that is refused, of the kinds of offer one; false: nothing is. */
static bool take_offer(const struct set *set, struct contract *contract, unsigned kind)
{
    struct admission_offer offer = admission_offer(set->admission, contract);

    if (kind == 0 && offer.delay_ns) {
        contract->delay_ns = offer.delay_ns;
        contract->jitter_ns = offer.jitter_ns;
    } else if (kind == 1 && offer.rate) {
        contract->rate = offer.rate;
    } else if (kind == 2 && offer.burst) {
        contract->burst = offer.burst;
        if (contract->peak_burst > offer.burst)
            contract->peak_burst = offer.burst;
    } else {
        return false;
    }
    return true;
}

static void ask(struct set *set, struct contract contract, unsigned kind)
{
    int64_t bucket_ns = INT64_C(1) << set->port.bucket_log;
    enum contract_fault fault = contract_check(&contract, bucket_ns);

    if (fault) {
        fprintf(stderr, "seed %llu: the bench has made up an unsound contract: %s\n", (unsigned long long)set->seed,
                contract_fault_field(fault));
        exit(1);
    }
    set->asked++;
    if (!admission_test(set->admission, &contract, NULL)) {
        set->refused++;
        if (!take_offer(set, &contract, kind))
            return;
        set->offers++;
        if (contract_check(&contract, bucket_ns) != CONTRACT_SOUND ||
            !admission_test(set->admission, &contract, NULL)) {
            fprintf(stderr, "seed %llu: an offer is refused\n", (unsigned long long)set->seed);
            exit(1);
        }
    }
    if (admission_add(set->admission, set->count, &contract, NULL))
        set->contracts[set->count++] = contract;
}

void set_make(struct set *set, uint64_t seed)
{
    uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

    for (unsigned i = 0; i < 8; i++)
        random_u64(&state);
    *set = (struct set){.seed = seed, .port = port_of(&state)};
    const struct port *port = &set->port;
    struct shaper_rate shaped = shaper_rate(port->rate, (uint32_t)port->poll_ns);
    set->config = (struct admission_config){.rate = (UINT64_C(1000000000) << 16) / shaped.byte_16,
                                            .blocking = port->ring_bytes + port->packet_max,
                                            .bucket_ns = INT64_C(1) << port->bucket_log,
                                            .delay_max_ns = EDF_DELAY_MAX_NS(port->bucket_log),
                                            .packets = UINT32_MAX,
                                            .contracts = SETS_CONTRACTS_MAX};
    set->admission = admission_new(&set->config);
    if (!set->admission) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
    set->longest_bytes = (double)set->config.blocking * 4 + set_draw_log(&state, 3e4, 4e6);
    uint32_t wanted = (uint32_t)set_draw_log(&state, 2, SETS_CONTRACTS_MAX + 0.999);
    for (unsigned i = 0; i < 2 * wanted + 10 && set->count + 2 < wanted; i++)
        ask(set, contract_of(set, &state, wanted), (unsigned)set_draw(&state, 3));
    /* The last ones take all that is left: as large a burst as there is room for, and the smallest delay. */
    for (unsigned i = 0; i < 20 && set->count < wanted; i++) {
        struct contract greedy = contract_of(set, &state, wanted);
        uint64_t left = set->config.rate - admission_rate(set->admission);
        if (left / 2 < GCRA_RATE_MIN)
            break;
        greedy.rate = left / 2;
        greedy.peak_rate = 0;
        greedy.treatment = CONTRACT_DROP;
        greedy.burst = (uint32_t)fmin((double)port->rate * (double)greedy.delay_ns / 1e9 + 2 * port->packet_max, 1e9);
        ask(set, greedy, 2 - 2 * (i & 1));
    }
}

void set_free(struct set *set)
{
    set->admission = admission_free(set->admission);
}
