#include "sched/atm.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SEED   1
#define CELLS  20000
#define MS     INT64_C(1000000)
#define SECOND 1e9

static struct atm parse(const char *text)
{
    struct atm atm;
    struct text_error err = {.expected = ""};

    if (atm_parse(text, strlen(text), &atm, &err))
        fail_msg("'%s': at %zu: %s", text, err.at, err.expected);
    return atm;
}

static struct contract contract_of(const char *text, uint32_t packet)
{
    const struct atm atm = parse(text);
    struct contract contract = {.packet_min = 64, .packet_max = packet};

    atm_to_contract(&atm, &contract);
    return contract;
}

static void words_are_read_and_written(void **state)
{
    static const char *const texts[] = {"cbr pcr 2Mbit",
                                        "cbr pcr 64kbit cdvt 1ms ctd 5ms cdv 2ms",
                                        "rt-vbr pcr 10Mbit scr 2Mbit mbs 20 cdvt 0 ctd 20ms",
                                        "nrt-vbr pcr 10Mbit scr 2Mbit mbs 1",
                                        "abr mcr 5Mbit",
                                        "abr pcr 10Mbit mcr 5Mbit mbs 100 cdvt 250us",
                                        "ubr",
                                        "ubr pcr 3Gbit"};
    char text[ATM_TEXT_SIZE];

    (void)state;
    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct atm atm = parse(texts[i]);
        atm_format(&atm, text);
        assert_string_equal(text, texts[i]);
    }
    const struct atm odd = {.category = ATM_CBR, .pcr = 126, .cdvt_ns = 1, .ctd_ns = 1000001, .cdv_ns = 999};
    atm_format(&odd, text);
    assert_string_equal(text, "cbr pcr 2kbit cdvt 1us ctd 1001us cdv 1us");
    const struct atm atm = parse("  rt-vbr   mbs 20 ctd 1s scr 1kbit pcr 2kbit ");
    assert_int_equal(atm.pcr, 250);
    assert_int_equal(atm.scr, 125);
    assert_int_equal(atm.mbs, 20);
    assert_int_equal(atm.cdvt_ns, -1);
    assert_int_equal(atm.ctd_ns, 1000 * MS);
}

static void wrong_words_are_refused(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *expected;
    } wrong[] = {
        {"", 0, "cbr, rt-vbr, nrt-vbr, abr or ubr"},
        {"vbr pcr 1Mbit", 0, "cbr, rt-vbr, nrt-vbr, abr or ubr"},
        {"cbr", 3, "pcr and the peak cell rate, as pcr 10Mbit"},
        {"cbr pcr", 7, "a number and kbit, Mbit or Gbit (a second)"},
        {"cbr pcr 2", 9, "a number and kbit, Mbit or Gbit (a second)"},
        {"cbr pcr 0kbit", 8, "1kbit to 400Gbit"},
        {"cbr pcr 1Mbit pcr 2Mbit", 14, "each word once at most"},
        {"cbr pcr 1Mbit speed 2Mbit", 14, "pcr, scr, mcr, mbs, cdvt, ctd or cdv, and its value"},
        {"cbr pcr 1Mbit cdvt 6kB", 19, "a time, as 5ms or 800us"},
        {"cbr pcr 1Mbit ctd 0", 3, "ctd and cdv of more than nothing"},
        {"cbr pcr 1Mbit scr 1Mbit", 3, "of cbr only pcr, cdvt, ctd and cdv"},
        {"rt-vbr pcr 1Mbit scr 1Mbit", 26, "mbs and the maximum burst size in packets, as mbs 20"},
        {"rt-vbr pcr 1Mbit scr 1Mbit mbs 0", 31, "a number of packets, from 1 to 1000000"},
        {"rt-vbr pcr 1Mbit scr 1Mbit mbs 5p", 31, "a number of packets, from 1 to 1000000"},
        {"rt-vbr pcr 1Mbit scr 2Mbit mbs 5", 6, "a pcr of at least the scr"},
        {"nrt-vbr pcr 2Mbit scr 1Mbit mbs 5 ctd 5ms", 7, "of nrt-vbr only pcr, scr, mbs and cdvt"},
        {"abr pcr 1Mbit", 13, "mcr and the minimum cell rate, as mcr 5Mbit"},
        {"abr mcr 2Mbit pcr 1Mbit", 3, "a pcr of at least the mcr"},
        {"abr mcr 2Mbit cdvt 1ms", 3, "cdvt only with a pcr, which it is the tolerance of"},
        {"ubr mbs 3", 3, "of ubr only pcr and cdvt"},
    };
    struct atm atm = {.mbs = 7};
    struct text_error err;

    (void)state;
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(atm_parse(wrong[i].text, strlen(wrong[i].text), &atm, &err), -EINVAL);
        assert_string_equal(err.expected, wrong[i].expected);
        assert_int_equal(err.at, wrong[i].at);
        assert_int_equal(atm_parse(wrong[i].text, strlen(wrong[i].text), &atm, NULL), -EINVAL);
    }
    assert_int_equal(atm.mbs, 7);
}

static void parameters_become_rates_and_bursts(void **state)
{
    struct contract contract = contract_of("cbr pcr 8Mbit cdvt 3ms ctd 5ms cdv 2ms", 1000);

    (void)state;
    assert_int_equal(contract.rate, 1000000);
    assert_int_equal(contract.burst, 1000 + 3000);
    assert_int_equal(contract.peak_rate, 0);
    assert_int_equal(contract.delay_ns, 5 * MS);
    assert_int_equal(contract.jitter_ns, 2 * MS);
    assert_int_equal(contract_of("cbr pcr 8Mbit", 1000).burst, 2000); /* two packets, if nothing is said */

    /* BT = 19 (1 ms - 0.1 ms) = 17.1 ms: 17,100 bytes at SCR */
    contract = contract_of("rt-vbr pcr 80Mbit scr 8Mbit mbs 20 cdvt 1ms ctd 20ms", 1000);
    assert_int_equal(contract.rate, 1000000);
    assert_int_equal(contract.burst, 1000 + 17100 + 1000);
    assert_int_equal(contract.peak_rate, 10000000);
    assert_int_equal(contract.peak_burst, 1000 + 10000);
    assert_int_equal(contract.jitter_ns, 0);

    /* with such a tolerance all may come at once, and so a peak rate does not matter; nor if it is the rate */
    assert_int_equal(contract_of("rt-vbr pcr 80Mbit scr 8Mbit mbs 20 cdvt 2ms ctd 20ms", 1000).peak_rate, 0);
    assert_int_equal(contract_of("rt-vbr pcr 8Mbit scr 8Mbit mbs 20 ctd 20ms", 1000).peak_rate, 0);

    contract = contract_of("nrt-vbr pcr 80Mbit scr 8Mbit mbs 20 cdvt 0", 1000);
    assert_int_equal(contract.burst, 18100);
    assert_int_equal(contract.delay_ns, CONTRACT_UNHURRIED_NS);

    contract = contract_of("abr mcr 8Mbit", 1000);
    assert_int_equal(contract.rate, 1000000);
    assert_int_equal(contract.burst, 100000);
    assert_false(contract.best_effort);
    assert_int_equal(contract_of("abr mcr 8kbit", 1000).burst, 2000);
    assert_int_equal(contract_of("abr mcr 8Mbit mbs 7", 1000).burst, 7000);
    assert_int_equal(contract_of("abr mcr 8Mbit mbs 21 pcr 80Mbit cdvt 0", 1000).burst, 19000);

    contract = contract_of("ubr pcr 8Mbit", 1000);
    assert_true(contract.best_effort);
    assert_int_equal(contract.rate, 1000000);
    assert_int_equal(contract.burst, 2000);
    contract.treatment = CONTRACT_DROP;
    assert_int_equal(contract_check(&contract, 4096), CONTRACT_SOUND);
    assert_int_equal(contract_packets(&contract), 0);
    assert_int_equal(contract_of("ubr", 1000).rate, GCRA_RATE_MAX);
}

/* GCRA of cells as I.371 has it, by virtual scheduling. */
struct cells {
    double increment, limit, tat;
};

static bool conform(const struct cells *cells, double now)
{
    return now >= cells->tat - cells->limit;
}

static void pass(struct cells *cells, double now)
{
    cells->tat = (now > cells->tat ? now : cells->tat) + cells->increment;
}

/* What is let pass cell by cell as GCRA has it conforms to the contract, too; and the contract lets no more pass than
 * that and what is rounded. */
static void what_conforms_is_what_gcra_says(void **state)
{
    static const char *const texts[] = {"cbr pcr 5Mbit cdvt 2ms ctd 5ms", "cbr pcr 123Mbit cdvt 0 ctd 5ms",
                                        "rt-vbr pcr 40Mbit scr 3Mbit mbs 17 cdvt 300us ctd 5ms",
                                        "rt-vbr pcr 7Mbit scr 5Mbit mbs 3 cdvt 100us ctd 5ms"};
    const uint32_t packet = 700;
    uint64_t seed = SEED;

    (void)state;
    for (unsigned t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
        const struct atm atm = parse(texts[t]);
        const struct contract contract = contract_of(texts[t], packet);
        const struct gcra_law law = gcra_law(contract.rate, contract.burst),
                              peak_law = contract.peak_rate ? gcra_law(contract.peak_rate, contract.peak_burst) : law;
        struct gcra bucket = {0}, peak_bucket = {0};
        double slow = atm.scr ? (double)atm.scr : (double)atm.pcr, step = packet / slow * SECOND,
               fast = packet / (double)atm.pcr * SECOND, tolerance = atm.mbs ? (atm.mbs - 1) * (step - fast) : 0;
        struct cells peak = {fast, (double)atm.cdvt_ns, 0}, mean = {step, tolerance + (double)atm.cdvt_ns, 0};
        int64_t now_ns = 1000 * MS;
        unsigned passed = 0;
        for (unsigned i = 0; i < CELLS; i++) {
            now_ns += draw_u32(&seed) % 50 ? (int64_t)draw_below(&seed, (uint64_t)fast)
                                           : (int64_t)draw_below(&seed, (uint64_t)(step * 20));
            bool conforms = conform(&peak, (double)now_ns) && conform(&mean, (double)now_ns);
            bool here = gcra_conforms_ns(&bucket, law, packet, now_ns) == now_ns &&
                        gcra_conforms_ns(&peak_bucket, peak_law, packet, now_ns) == now_ns;
            if (!conforms) { /* what is rounded is less than two bytes */
                double late =
                    peak.tat - peak.limit > mean.tat - mean.limit ? peak.tat - peak.limit : mean.tat - mean.limit;
                assert_true(!here || late - (double)now_ns < 4 * SECOND / slow);
                continue;
            }
            assert_true(here);
            pass(&peak, (double)now_ns);
            pass(&mean, (double)now_ns);
            gcra_pass(&bucket, law, packet, now_ns);
            gcra_pass(&peak_bucket, peak_law, packet, now_ns);
            passed++;
        }
        assert_true(passed > CELLS / 100);
    }
}

/* A contract's own words mean no less than it does, and hardly more; and words that became a contract come back. */
static void contracts_are_said_in_these_words(void **state)
{
    static const char *const texts[] = {"cbr pcr 5Mbit cdvt 2ms ctd 5ms", "cbr pcr 5Mbit cdvt 0 ctd 5ms cdv 1ms",
                                        "rt-vbr pcr 40Mbit scr 3Mbit mbs 17 cdvt 300us ctd 5ms", "ubr",
                                        "ubr pcr 5Mbit cdvt 1ms"};
    uint64_t seed = SEED;
    char text[ATM_TEXT_SIZE];

    (void)state;
    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct contract contract = contract_of(texts[i], 1538);
        const struct atm atm = atm_of_contract(&contract);
        atm_format(&atm, text);
        assert_string_equal(text, texts[i]);
    }
    for (unsigned i = 0; i < 10000; i++) {
        struct contract contract = {.rate = 125 * (1 + draw_below(&seed, 100000)),
                                    .packet_min = 64,
                                    .packet_max = 64 + draw_u32(&seed) % 9000,
                                    .delay_ns = MS},
                        again = {0};
        contract.burst = contract.packet_max + draw_u32(&seed) % 100000;
        if (i % 2) {
            contract.peak_rate = contract.rate + 125 * draw_below(&seed, 100000);
            contract.peak_burst = contract.packet_max + draw_u32(&seed) % (contract.burst - contract.packet_max + 1);
        }
        again.packet_max = contract.packet_max;
        const struct atm atm = atm_of_contract(&contract);
        atm_to_contract(&atm, &again);
        bool same = !contract.peak_rate || contract.peak_rate > contract.rate;
        if (same)
            assert_true(again.burst + 2 >= contract.burst); /* two roundings of a byte each */
        assert_int_equal(again.rate, contract.rate);
        assert_int_equal(again.delay_ns, contract.delay_ns);
        if (again.peak_rate) {
            assert_int_equal(again.peak_rate, contract.peak_rate);
            assert_true(again.peak_burst >= contract.peak_burst);
        }
        double packet = contract.packet_max, tolerated = 2 + 1e-6 * (double)contract.peak_rate;
        if (same && contract.peak_rate)
            assert_true(again.burst <= contract.burst + packet + tolerated ||
                        again.burst <= contract.peak_burst + packet + tolerated);
        else if (same)
            assert_true(again.burst <= contract.burst + 2 + 1e-6 * (double)contract.rate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_read_and_written),         cmocka_unit_test(wrong_words_are_refused),
        cmocka_unit_test(parameters_become_rates_and_bursts), cmocka_unit_test(what_conforms_is_what_gcra_says),
        cmocka_unit_test(contracts_are_said_in_these_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
