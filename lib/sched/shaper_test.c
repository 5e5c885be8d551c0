#include "sched/link.h"
#include "sched/shaper.h"

#include "tests/draw.h"
#include "tests/unit.h"

#define SEED    1
#define PACKETS 20000

/* In no time t does more leave than rate x t + burst and the packet that began last. */
static void never_more_than_rate_and_burst(void **state)
{
    static int64_t at_ns[PACKETS];
    static uint64_t sum[PACKETS + 1];
    uint64_t seed = SEED;
    const uint64_t rates[] = {SHAPER_RATE_MIN, 2500000, 12500000, 1234567890, 12500000000};

    (void)state;
    for (unsigned r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
        uint32_t burst_ns = draw_u32(&seed) % 2000000;
        struct shaper_rate rate = shaper_rate(rates[r], burst_ns);
        struct shaper shaper = {0};
        int64_t now_ns = 0;
        for (unsigned i = 0; i < PACKETS; i++) {
            uint32_t len = 64 + draw_u32(&seed) % 1455;
            if (draw_u32(&seed) % 50 == 0) /* nothing is to be sent for a while */
                now_ns += draw_u32(&seed) % 4000000;
            if (!shaper_may(&shaper, rate, now_ns))
                now_ns = shaper_next_ns(&shaper, rate);
            assert_true(shaper_may(&shaper, rate, now_ns));
            assert_true(shaper_budget(&shaper, rate, now_ns) > 0);
            shaper_pass(&shaper, rate, len, now_ns);
            at_ns[i] = now_ns;
            sum[i + 1] = sum[i] + len;
        }
        for (unsigned i = 0; i < PACKETS; i += 7) {
            for (unsigned j = i; j < PACKETS && j < i + 300; j++) {
                double may = (double)rates[r] * (double)(at_ns[j] - at_ns[i] + burst_ns) / 1e9;
                assert_true((double)(sum[j] - sum[i]) <= may * (1 + 1e-9) + 1);
            }
        }
    }
}

/* With something to send at any time it is the rate, to one part in a hundred thousand, however small the packets. */
static void it_is_exactly_the_rate(void **state)
{
    const uint64_t rates[] = {2500000, 12345678, 1250000000};

    (void)state;
    for (unsigned r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
        struct shaper_rate rate = shaper_rate(rates[r], 0);
        struct shaper shaper = {0};
        uint64_t bytes = 0;
        int64_t now_ns = 0;
        for (unsigned i = 0; i < 1000000; i++) {
            now_ns = shaper_next_ns(&shaper, rate) > now_ns ? shaper_next_ns(&shaper, rate) : now_ns;
            shaper_pass(&shaper, rate, 84, now_ns);
            bytes += 84;
        }
        double ratio = (double)(bytes - 84) / ((double)now_ns / 1e9 * (double)rates[r]);
        assert_true(ratio > 1 - 1e-5 && ratio < 1 + 1e-7);
    }
}

/* What may begin within a budget is what may begin one by one. */
static void a_budget_is_what_may_begin_one_by_one(void **state)
{
    uint64_t seed = SEED;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct shaper_rate rate = shaper_rate(1000000 + draw_u32(&seed), draw_u32(&seed) % 3000000);
        struct shaper one = {.due_ns = draw_u32(&seed)}, together = one;
        int64_t now_ns = draw_u32(&seed), budget = shaper_budget(&together, rate, now_ns);
        uint64_t bytes = 0;
        while (budget > (int64_t)bytes) {
            uint32_t len = 64 + draw_u32(&seed) % 1455;
            assert_true(shaper_may(&one, rate, now_ns));
            shaper_pass(&one, rate, len, now_ns);
            bytes += len;
        }
        assert_true(!shaper_may(&one, rate, now_ns - 1) || one.due_ns + 1 > now_ns + rate.burst_ns);
        if (bytes)
            shaper_pass(&together, rate, bytes, now_ns);
        assert_int_equal(together.due_ns, one.due_ns);
        assert_int_equal(together.due_frac, one.due_frac);
    }
}

static void no_rate_holds_nothing_back(void **state)
{
    struct shaper_rate rate = shaper_rate(0, 0);
    struct shaper shaper = {.due_ns = INT64_MAX};

    (void)state;
    assert_true(shaper_may(&shaper, rate, 0));
    assert_int_equal(shaper_budget(&shaper, rate, 0), SHAPER_UNLIMITED);
    assert_int_equal(shaper_next_ns(&shaper, rate), INT64_MIN);
}

/* IEEE 802.3; AAL5 in cells of 48 of 53 bytes (ITU-T I.363.5), PPPoE over LLC; 64/65 (IEEE 802.3 clause 61). */
static void a_packet_takes_what_its_link_makes_of_it(void **state)
{
    const struct link_overhead ethernet = LINK_ETHERNET, adsl = {.bytes = 18, .framing = LINK_FRAMING_ATM},
                               vdsl = {.bytes = 8, .framing = LINK_FRAMING_PTM}, docsis = {.bytes = 4, .min = 64},
                               bare = {.bytes = -14};

    (void)state;
    assert_int_equal(link_bytes(&ethernet, 1514), 1538);
    assert_int_equal(link_bytes(&ethernet, 60), 84);
    assert_int_equal(link_bytes(&ethernet, 42), 84);
    assert_int_equal(link_bytes(&adsl, 54), 2 * 53);
    assert_int_equal(link_bytes(&adsl, 78), 2 * 53);
    assert_int_equal(link_bytes(&adsl, 79), 3 * 53);
    assert_int_equal(link_bytes(&vdsl, 56), 65);
    assert_int_equal(link_bytes(&vdsl, 57), 67);
    assert_int_equal(link_bytes(&docsis, 42), 64);
    assert_int_equal(link_bytes(&bare, 1514), 1500);
    assert_int_equal(link_bytes(&bare, 10), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_more_than_rate_and_burst),           cmocka_unit_test(it_is_exactly_the_rate),
        cmocka_unit_test(a_budget_is_what_may_begin_one_by_one),    cmocka_unit_test(no_rate_holds_nothing_back),
        cmocka_unit_test(a_packet_takes_what_its_link_makes_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
