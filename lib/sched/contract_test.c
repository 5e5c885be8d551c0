#include "sched/contract.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <string.h>

#define SEED    1
#define PACKETS 30000
#define SECOND  INT64_C(1000000000)

static const uint64_t rates[] = {GCRA_RATE_MIN, 250000, 12345678, 1250000000, GCRA_RATE_MAX};

/* Who keeps to the contract as a token bucket without any rounding says always conforms, however long. */
static void who_keeps_to_it_conforms(void **state)
{
    uint64_t seed = SEED;

    (void)state;
    for (unsigned r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
        uint32_t burst = 1538 + draw_u32(&seed) % 60000;
        struct gcra_law law = gcra_law(rates[r], burst);
        struct gcra gcra = {0};
        __int128 credit = (__int128)burst * SECOND; /* 10^-9 bytes */
        int64_t now_ns = SECOND;
        for (unsigned i = 0; i < PACKETS; i++) {
            uint32_t len = 64 + draw_u32(&seed) % 1475;
            __int128 missing = (__int128)len * SECOND - credit;
            int64_t pass_ns = missing > 0 ? (int64_t)((missing + rates[r] - 1) / rates[r]) : 0;
            if (draw_u32(&seed) % 100 == 0)
                pass_ns += (int64_t)draw_below(&seed, burst * (uint64_t)SECOND / rates[r]);
            now_ns += pass_ns;
            credit += (__int128)rates[r] * pass_ns;
            if (credit > (__int128)burst * SECOND)
                credit = (__int128)burst * SECOND;
            assert_int_equal(gcra_conforms_ns(&gcra, law, len, now_ns), now_ns);
            gcra_pass(&gcra, law, len, now_ns);
            credit -= (__int128)len * SECOND;
        }
    }
}

/* What is let pass as soon as it conforms is never more than what gcra_rate and gcra_burst say; and those are what was
 * asked for, to a few parts in a million at 10 Gbit/s and two nanoseconds. */
static void never_more_than_it_says(void **state)
{
    static int64_t at_ns[PACKETS];
    static uint64_t sum[PACKETS + 1];
    uint64_t seed = SEED;

    (void)state;
    for (unsigned r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
        uint32_t burst = 1538 + draw_u32(&seed) % 60000;
        struct gcra_law law = gcra_law(rates[r], burst);
        struct gcra gcra = {0};
        int64_t now_ns = SECOND;
        assert_true(gcra_rate(law) >= rates[r] && (double)gcra_rate(law) <= (double)rates[r] * (1 + 1e-4) + 1);
        assert_true(rates[r] > 1250000000 || (double)gcra_rate(law) <= (double)rates[r] * (1 + 2e-6) + 1);
        assert_true(gcra_burst(law) >= burst &&
                    (double)gcra_burst(law) <= burst * (1 + 1e-4) + 2e-9 * (double)rates[r] + 2);
        for (unsigned i = 0; i < PACKETS; i++) {
            uint32_t len = 64 + draw_u32(&seed) % 1475;
            if (draw_u32(&seed) % 50 == 0)
                now_ns += (int64_t)draw_below(&seed, burst * (uint64_t)SECOND / rates[r] * 2);
            now_ns = gcra_conforms_ns(&gcra, law, len, now_ns);
            assert_int_equal(gcra_conforms_ns(&gcra, law, len, now_ns), now_ns);
            gcra_pass(&gcra, law, len, now_ns);
            at_ns[i] = now_ns;
            sum[i + 1] = sum[i] + len;
        }
        for (unsigned i = 0; i < PACKETS; i += 7)
            for (unsigned j = i; j < PACKETS && j < i + 300; j++)
                assert_true((__int128)(sum[j + 1] - sum[i]) * SECOND <=
                            (__int128)gcra_rate(law) * (at_ns[j] - at_ns[i]) + (__int128)gcra_burst(law) * SECOND);
    }
}

/* And not less: a source that always has something gets its rate. */
static void it_is_the_rate(void **state)
{
    (void)state;
    for (unsigned r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
        struct gcra_law law = gcra_law(rates[r], 1538);
        struct gcra gcra = {0};
        int64_t begin_ns = SECOND, now_ns = begin_ns;
        uint64_t bytes = 0;
        for (unsigned i = 0; i < 100000; i++) {
            now_ns = gcra_conforms_ns(&gcra, law, 84, now_ns);
            gcra_pass(&gcra, law, 84, now_ns);
            bytes += 84;
        }
        double asked = (double)rates[r] * (double)(now_ns - begin_ns) / 1e9 + 1538;
        assert_true((double)bytes > asked * (1 - 1e-6) - 84 && (double)bytes < asked * (1 + 1e-4) + 84);
    }
}

#define BUCKET 2048

static const struct contract sound = {.rate = 250000,
                                      .burst = 6000,
                                      .packet_min = 84,
                                      .packet_max = 300,
                                      .delay_ns = 5000000,
                                      .jitter_ns = 2000000,
                                      .wait_ns = 1000000};

static void what_is_wrong_is_named(void **state)
{
    struct contract with_peak = sound, other;

    (void)state;
    with_peak.peak_rate = 1000000;
    with_peak.peak_burst = 300;
    assert_int_equal(contract_check(&sound, BUCKET), CONTRACT_SOUND);
    assert_int_equal(contract_check(&with_peak, BUCKET), CONTRACT_SOUND);
    assert_null(contract_fault_field(CONTRACT_SOUND));
#define WRONG(base, field, value, fault)                           \
    do {                                                           \
        other = (base);                                            \
        other.field = (value);                                     \
        assert_int_equal(contract_check(&other, BUCKET), (fault)); \
        assert_non_null(contract_fault_field(fault));              \
        assert_true(strlen(contract_fault_expected(fault)) > 5);   \
    } while (0)
    WRONG(sound, rate, 0, CONTRACT_FAULT_RATE);
    WRONG(sound, rate, GCRA_RATE_MAX + 1, CONTRACT_FAULT_RATE);
    WRONG(sound, packet_min, 0, CONTRACT_FAULT_PACKET);
    WRONG(sound, packet_min, 301, CONTRACT_FAULT_PACKET);
    WRONG(sound, packet_max, 70000, CONTRACT_FAULT_PACKET);
    WRONG(sound, burst, 299, CONTRACT_FAULT_BURST);
    WRONG(with_peak, peak_rate, 249999, CONTRACT_FAULT_PEAK_RATE);
    WRONG(with_peak, peak_burst, 299, CONTRACT_FAULT_PEAK_BURST);
    WRONG(with_peak, peak_burst, 6001, CONTRACT_FAULT_PEAK_BURST);
    WRONG(sound, delay_ns, BUCKET, CONTRACT_FAULT_DELAY);
    WRONG(sound, delay_ns, CONTRACT_DELAY_MAX + 1, CONTRACT_FAULT_DELAY);
    WRONG(sound, jitter_ns, BUCKET, CONTRACT_FAULT_JITTER);
    WRONG(sound, wait_ns, -1, CONTRACT_FAULT_WAIT);
    other.treatment = CONTRACT_DROP; /* nothing waits there */
    assert_int_equal(contract_check(&other, BUCKET), CONTRACT_SOUND);
}

static void it_has_to_leave_within_its_delay_and_its_jitter(void **state)
{
    struct contract contract = sound;

    (void)state;
    assert_int_equal(contract_within_ns(&contract), 2000000);
    contract.jitter_ns = 0;
    assert_int_equal(contract_within_ns(&contract), 5000000);
    contract.jitter_ns = 50000000; /* more than the delay: no matter */
    assert_int_equal(contract_within_ns(&contract), 5000000);
    /* 6,000 bytes, 250 kB/s for 2 or 5, and 1 ms, in packets of 84 bytes, rounded up. */
    assert_int_equal(contract_packets(&sound), (6000 + 750 + 2) / 84 + 1);
    contract.treatment = CONTRACT_DROP;
    assert_int_equal(contract_packets(&contract), (6000 + 1250 + 2) / 84 + 1);
    assert_string_equal(contract_treatment_name(CONTRACT_DEMOTE), "demote");
    assert_string_equal(contract_treatment_name(99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_keeps_to_it_conforms),
        cmocka_unit_test(never_more_than_it_says),
        cmocka_unit_test(it_is_the_rate),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(it_has_to_leave_within_its_delay_and_its_jitter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
