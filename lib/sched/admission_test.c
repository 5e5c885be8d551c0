#include "sched/admission.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <math.h>
#include <string.h>

#define SEED      1
#define CONTRACTS 300
#define BUCKET    2048

static const struct admission_config port = {.rate = 12500000,
                                             .blocking = 1250 + 1538,
                                             .bucket_ns = BUCKET,
                                             .delay_max_ns = 100000000,
                                             .packets = 20000,
                                             .contracts = CONTRACTS};

/* 2 Mbit/s of voice in 5 ms. */
static const struct contract voice = {.rate = 250000,
                                      .burst = 3000,
                                      .packet_min = 84,
                                      .packet_max = 300,
                                      .delay_ns = 5000000,
                                      .treatment = CONTRACT_DROP};

static double draw_log(uint64_t *seed, double least, double most)
{
    return least * pow(most / least, draw_u32(seed) / 0x1p32);
}

static struct contract draw_contract(uint64_t *seed)
{
    struct contract contract = {.rate = (uint64_t)draw_log(seed, 2000, 600000),
                                .packet_min = 84,
                                .packet_max = 84 + draw_u32(seed) % 1455,
                                .delay_ns = (int64_t)draw_log(seed, 4e5, 5e7),
                                .wait_ns = draw_u32(seed) % 10000000,
                                .treatment = draw_u32(seed) % CONTRACT_TREATMENT_COUNT};

    contract.burst = contract.packet_max * (1 + draw_u32(seed) % 4);
    if (draw_u32(seed) % 3 == 0)
        contract.jitter_ns = (int64_t)draw_log(seed, 4e5, (double)contract.delay_ns + 5e5);
    if (draw_u32(seed) % 3 == 0) {
        contract.peak_rate = contract.rate * (1 + draw_u32(seed) % 20);
        contract.peak_burst = contract.packet_max + draw_u32(seed) % (contract.burst - contract.packet_max + 1);
    }
    return contract;
}

/* What conforms in a time, as RFC 2212 has it: min(M + pT, b + rT). */
static double comes(const struct contract *contract, double ns)
{
    double bytes = contract->burst + (double)contract->rate * ns / 1e9;

    return contract->peak_rate ? fmin(bytes, contract->peak_burst + (double)contract->peak_rate * ns / 1e9) : bytes;
}

static double within_ns(const struct contract *contract)
{
    double within = (double)contract->delay_ns;

    if (contract->jitter_ns)
        within = fmin(within, (double)contract->jitter_ns);
    return within - BUCKET;
}

/* The worst there is over all times, of a set: bytes by which what has to be sent goes beyond what can be. Reckoned
 * from the definition, at all deadlines and where a burst has come. */
static double worst_excess(const struct contract *contracts, const bool *has, const struct contract *more)
{
    double worst = -INFINITY;

    for (unsigned i = 0; i <= CONTRACTS; i++) {
        const struct contract *at = i < CONTRACTS ? &contracts[i] : more;
        if (i < CONTRACTS && !has[i])
            continue;
        for (unsigned bend = 0; bend < 2; bend++) {
            double ns = within_ns(at);
            if (bend && (!at->peak_rate || at->peak_rate == at->rate))
                continue;
            if (bend)
                ns += (at->burst - at->peak_burst) * 1e9 / (double)(at->peak_rate - at->rate);
            if (ns < within_ns(more))
                continue;
            double needed = (double)port.blocking - (double)port.rate * ns / 1e9;
            for (unsigned j = 0; j <= CONTRACTS; j++) {
                const struct contract *of = j < CONTRACTS ? &contracts[j] : more;
                if ((j == CONTRACTS || has[j]) && within_ns(of) <= ns)
                    needed += comes(of, ns - within_ns(of));
            }
            worst = fmax(worst, needed);
        }
    }
    return worst;
}

static void it_is_exact(void **state)
{
    static struct contract contracts[CONTRACTS];
    static bool has[CONTRACTS];
    struct admission *admission = admission_new(&port);
    struct admission_refusal refusal;
    uint64_t seed = SEED, rates = 0;
    unsigned causes[ADMISSION_CAUSE_COUNT] = {0}, close = 0, decided = 0;

    (void)state;
    assert_non_null(admission);
    for (unsigned i = 0; i < 6000; i++) {
        uint32_t number = draw_u32(&seed) % CONTRACTS;
        if (has[number] && draw_u32(&seed) % 2) {
            admission_remove(admission, number);
            assert_null(admission_contract(admission, number));
            has[number] = false;
            continue;
        }
        struct contract contract = draw_contract(&seed);
        if (contract_check(&contract, BUCKET))
            continue;
        bool admitted = admission_test(admission, &contract, &refusal);
        causes[refusal.cause]++;
        double excess = worst_excess(contracts, has, &contract);
        double rounded = 3.0 * (admission_count(admission) + 1); /* bytes */
        close += fabs(excess) < rounded;
        decided += fabs(excess) >= rounded;
        if (excess > rounded)
            assert_false(admitted);
        if (excess < -rounded)
            assert_true(admitted || refusal.cause == ADMISSION_RATE || refusal.cause == ADMISSION_MEMORY);
        if (refusal.cause == ADMISSION_OTHER)
            assert_non_null(admission_contract(admission, refusal.other));
        assert_true(admitted || refusal.needed > refusal.room);
        if (!admitted || has[number])
            continue;
        assert_true(admission_add(admission, number, &contract, NULL));
        assert_memory_equal(admission_contract(admission, number), &contract, sizeof(contract));
        contracts[number] = contract;
        has[number] = true;
    }
    uint64_t packets = 0, count = 0;
    for (unsigned i = 0; i < CONTRACTS; i++)
        if (has[i]) {
            count++;
            packets += contract_packets(&contracts[i]);
            rates += contracts[i].rate;
        }
    assert_int_equal(admission_count(admission), count);
    assert_int_equal(admission_packets(admission), packets);
    assert_true(admission_rate(admission) >= rates && admission_rate(admission) <= rates + 2 * count);
    assert_true(causes[ADMISSION_NONE] > 500 && causes[ADMISSION_DELAY] > 100 && causes[ADMISSION_OTHER] > 100);
    assert_true(decided > 5 * close);
    for (uint32_t i = 0; i < CONTRACTS; i++)
        if (has[i])
            admission_remove(admission, i);
    assert_int_equal(admission_rate(admission), 0);
    assert_int_equal(admission_packets(admission), 0);
    admission_free(admission);
}

/* As many as fit; the last number. */
static uint32_t fill(struct admission *admission, const struct contract *contract)
{
    uint32_t number = 0;

    while (admission_add(admission, number, contract, NULL))
        number++;
    return number;
}

static void an_offer_is_admitted_and_the_best_there_is(void **state)
{
    uint64_t seed = SEED;
    unsigned delays = 0, rates = 0, bursts = 0, none = 0;

    (void)state;
    for (unsigned round = 0; round < 30; round++) {
        struct admission *admission = admission_new(&port);
        assert_non_null(admission);
        uint32_t number = 0;
        for (unsigned i = 0; i < 400 && number < CONTRACTS; i++) {
            struct contract contract = draw_contract(&seed), other;
            if (contract_check(&contract, BUCKET) || admission_test(admission, &contract, NULL)) {
                if (!contract_check(&contract, BUCKET))
                    admission_add(admission, number++, &contract, NULL);
                continue;
            }
            struct admission_offer offer = admission_offer(admission, &contract);
            none += !offer.delay_ns && !offer.rate && !offer.burst;
            if (offer.delay_ns) {
                delays++;
                other = contract;
                other.delay_ns = offer.delay_ns;
                other.jitter_ns = offer.jitter_ns;
                assert_true(offer.delay_ns >= contract.delay_ns && offer.jitter_ns >= contract.jitter_ns);
                assert_true(admission_test(admission, &other, NULL));
                int64_t within = contract_within_ns(&other) - 1; /* a nanosecond less does not fit */
                other.delay_ns = other.jitter_ns ? other.delay_ns : within;
                other.jitter_ns = other.jitter_ns ? within : 0;
                assert_false(admission_test(admission, &other, NULL));
            }
            if (offer.rate) {
                rates++;
                other = contract;
                other.rate = offer.rate;
                assert_true(offer.rate < contract.rate && admission_test(admission, &other, NULL));
                other.rate = offer.rate + 1;
                assert_false(admission_test(admission, &other, NULL));
            }
            if (offer.burst) {
                bursts++;
                other = contract;
                other.burst = offer.burst;
                if (other.peak_burst > other.burst)
                    other.peak_burst = other.burst;
                assert_true(offer.burst < contract.burst && offer.burst >= contract.packet_max);
                assert_int_equal(contract_check(&other, BUCKET), CONTRACT_SOUND);
                assert_true(admission_test(admission, &other, NULL));
                other.burst++;
                if (other.peak_burst < contract.peak_burst)
                    other.peak_burst++;
                assert_false(admission_test(admission, &other, NULL));
            }
        }
        admission_free(admission);
    }
    assert_true(delays > 500 && rates > 100 && bursts > 100 && none > 10);
}

static void each_refusal_says_why(void **state)
{
    struct admission *admission = admission_new(&port);
    struct admission_refusal refusal;
    struct contract contract = voice;

    (void)state;
    assert_non_null(admission);
    contract.delay_ns = 90000000;
    contract.treatment = CONTRACT_SHAPE;
    contract.wait_ns = 20000000;
    assert_false(admission_test(admission, &contract, &refusal));
    assert_int_equal(refusal.cause, ADMISSION_RANGE);
    assert_int_equal(refusal.needed, 110000000);
    assert_int_equal(refusal.room, 100000000);

    contract = voice;
    contract.rate = 12500001;
    assert_false(admission_test(admission, &contract, &refusal));
    assert_int_equal(refusal.cause, ADMISSION_RATE);
    assert_int_equal(refusal.room, 12500000);

    contract = voice;
    contract.delay_ns = 200000; /* 2,500 bytes: less than what may be under way */
    assert_false(admission_test(admission, &contract, &refusal));
    assert_int_equal(refusal.cause, ADMISSION_DELAY);
    assert_int_equal(refusal.within_ns, 200000 - BUCKET);
    assert_int_equal(refusal.needed, 1250 + 1538 + gcra_burst(gcra_law(250000, 3000)));

    contract = voice;
    contract.burst = 2000000;
    contract.delay_ns = 99000000;
    assert_false(admission_test(admission, &contract, &refusal));
    assert_int_equal(refusal.cause, ADMISSION_MEMORY);
    assert_int_equal(refusal.needed, contract_packets(&contract));
    assert_int_equal(refusal.room, 20000);

    /* Nineteen fit into 5 ms: 62,500 bytes less a bucket, of which 2,788 may be under way. */
    uint32_t number = fill(admission, &voice);
    assert_int_equal(number, 19);
    assert_false(admission_test(admission, &voice, &refusal));
    assert_int_equal(refusal.cause, ADMISSION_DELAY);
    contract = voice;
    contract.delay_ns = 1000000; /* there would be time for it, but then not for them */
    assert_false(admission_test(admission, &contract, &refusal));
    assert_int_equal(refusal.cause, ADMISSION_OTHER);
    assert_true(refusal.other < number && refusal.within_ns == 5000000 - BUCKET);
    contract.burst = 400;
    assert_true(admission_test(admission, &contract, &refusal));
    assert_int_equal(refusal.cause, ADMISSION_NONE);

    /* What is removed leaves its share. */
    admission_remove(admission, 7);
    assert_true(admission_add(admission, 7, &voice, NULL));
    assert_false(admission_add(admission, number, &voice, NULL));
    assert_null(admission_contract(admission, number));
    assert_string_equal(admission_cause_name(ADMISSION_OTHER), "other");
    assert_string_equal(admission_cause_name(99), "unknown");
    admission_free(admission);
}

static void another_rate_of_the_port_holds_them_or_not(void **state)
{
    struct admission *admission = admission_new(&port);
    struct admission_refusal refusal;

    (void)state;
    assert_non_null(admission);
    assert_true(admission_fits_port(admission, GCRA_RATE_MIN, port.blocking, &refusal));
    fill(admission, &voice);
    assert_true(admission_fits_port(admission, port.rate, port.blocking, &refusal));
    assert_int_equal(refusal.cause, ADMISSION_NONE);
    assert_false(admission_fits_port(admission, 4000000, port.blocking, &refusal));
    assert_int_equal(refusal.cause, ADMISSION_RATE);
    assert_false(admission_fits_port(admission, 10000000, port.blocking, &refusal));
    assert_int_equal(refusal.cause, ADMISSION_OTHER);
    assert_non_null(admission_contract(admission, refusal.other));
    assert_false(admission_fits_port(admission, port.rate, port.blocking + 9000, &refusal));
    admission_free(admission);
}

/* What promises nothing is always admitted, and takes nothing: not of the rate, nor of time, nor of memory. */
static void best_effort_takes_nothing(void **state)
{
    const struct contract best_effort = {.rate = GCRA_RATE_MAX,
                                         .burst = UINT32_MAX,
                                         .packet_min = 84,
                                         .packet_max = 1538,
                                         .treatment = CONTRACT_DROP,
                                         .best_effort = true};
    struct admission *admission = admission_new(&port);
    struct admission_refusal refusal;

    (void)state;
    assert_non_null(admission);
    fill(admission, &voice);
    uint64_t rate = admission_rate(admission), packets = admission_packets(admission);
    uint32_t number = admission_count(admission);
    assert_false(admission_test(admission, &voice, NULL));
    assert_true(admission_add(admission, number, &best_effort, &refusal));
    assert_int_equal(refusal.cause, ADMISSION_NONE);
    assert_int_equal(admission_rate(admission), rate);
    assert_int_equal(admission_packets(admission), packets);
    assert_non_null(admission_contract(admission, number));
    admission_remove(admission, number);
    assert_null(admission_contract(admission, number));
    assert_int_equal(admission_rate(admission), rate);
    assert_int_equal(admission_packets(admission), packets);
    admission_free(admission);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_exact),
        cmocka_unit_test(an_offer_is_admitted_and_the_best_there_is),
        cmocka_unit_test(each_refusal_says_why),
        cmocka_unit_test(another_rate_of_the_port_holds_them_or_not),
        cmocka_unit_test(best_effort_takes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
