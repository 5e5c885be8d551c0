#include "sched/intserv.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define SEED    1
#define PACKETS 20000
#define MS      INT64_C(1000000)
#define SECOND  INT64_C(1000000000)

static struct tspec tspec_of(const char *text)
{
    struct tspec tspec;
    struct text_error err = {.expected = ""};

    if (tspec_parse(text, strlen(text), &tspec, &err))
        fail_msg("'%s': at %zu: %s", text, err.at, err.expected);
    return tspec;
}

static void words_are_read_and_written(void **state)
{
    struct tspec tspec = tspec_of("m 64B M 1500B r 2Mbit b 6kB");
    struct rspec rspec;
    char text[TSPEC_TEXT_SIZE];

    (void)state;
    assert_int_equal(tspec.r, 250000);
    assert_int_equal(tspec.b, 6000);
    assert_int_equal(tspec.p, 0);
    assert_int_equal(tspec.m, 64);
    assert_int_equal(tspec.M, 1500);
    tspec_format(&tspec, text);
    assert_string_equal(text, "r 2Mbit b 6kB m 64B M 1500B");
    tspec = tspec_of("r 2Mbit b 6kB p 10Mbit m 64B M 1500B");
    tspec_format(&tspec, text);
    assert_string_equal(text, "r 2Mbit b 6kB p 10Mbit m 64B M 1500B");

    assert_int_equal(rspec_parse("R 4Mbit S 2ms", 13, &rspec, NULL), 0);
    assert_int_equal(rspec.R, 500000);
    assert_int_equal(rspec.s_ns, 2 * MS);
    rspec_format(&rspec, text);
    assert_string_equal(text, "R 4Mbit S 2ms");
    rspec = (struct rspec){.R = 126, .s_ns = 1999};
    rspec_format(&rspec, text);
    assert_string_equal(text, "R 2kbit S 1us");
    assert_int_equal(rspec_parse("R 4Mbit", 7, &rspec, NULL), 0);
    rspec_format(&rspec, text);
    assert_string_equal(text, "R 4Mbit");
}

static void wrong_words_are_refused(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *expected;
    } wrong[] = {
        {"", 0, "r and the token bucket rate, as r 2Mbit"},
        {"r 2Mbit", 7, "b and the token bucket size, as b 6kB"},
        {"r 2Mbit b 6kB", 13, "m and the smallest IP packet, which shorter ones count as, from 20B to 9000B"},
        {"r 2Mbit b 6kB m 19B", 19, "m and the smallest IP packet, which shorter ones count as, from 20B to 9000B"},
        {"r 2Mbit b 6kB m 64B", 19, "M and the largest IP packet, from m to 9000B"},
        {"r 2Mbit b 6kB m 64B M 60B", 25, "M and the largest IP packet, from m to 9000B"},
        {"r 2Mbit b 1kB m 64B M 1500B", 27, "b of at least M"},
        {"r 2Mbit b 6kB p 1Mbit m 64B M 1500B", 35, "p of at least r"},
        {"r 2Mbit b 5ms", 10, "bytes, as 6kB, to 4GB"},
        {"r 2Mbit b 5GB", 10, "bytes, as 6kB, to 4GB"},
        {"r 2Mbit R 2Mbit", 8, "r, b, p, m or M, and its value"},
    };
    struct tspec tspec;
    struct rspec rspec;
    struct text_error err;

    (void)state;
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(tspec_parse(wrong[i].text, strlen(wrong[i].text), &tspec, &err), -EINVAL);
        assert_string_equal(err.expected, wrong[i].expected);
        assert_int_equal(err.at, wrong[i].at);
    }
    assert_int_equal(rspec_parse("S 1ms", 5, &rspec, &err), -EINVAL);
    assert_string_equal(err.expected, "R and the rate that is reserved, as R 4Mbit");
    assert_int_equal(rspec_parse("r 1Mbit", 7, &rspec, &err), -EINVAL);
    assert_string_equal(err.expected, "R or S, and its value");
}

/* RFC 2212, section 3. */
static void delays_are_those_of_a_wire(void **state)
{
    struct tspec tspec = tspec_of("r 8Mbit b 10kB p 80Mbit m 64B M 1500B");
    struct rspec rspec = {.R = 2000000};

    (void)state;
    /* (10,000 - 1,500) (10 - 2) / (2 (10 - 1)) / 10^6 + 1,500 / 2 x 10^6 s */
    assert_true(fabs((double)rspec_delay_ns(&rspec, &tspec) - (8500e3 * 8 / 18 + 750e3)) < 2000);
    rspec.s_ns = 3 * MS;
    assert_true(fabs((double)rspec_delay_ns(&rspec, &tspec) - (8500e3 * 8 / 18 + 3750e3)) < 2000);
    rspec = (struct rspec){.R = 20000000}; /* more than the peak rate */
    assert_int_equal(rspec_delay_ns(&rspec, &tspec), 75000);
    tspec.p = 0;
    assert_int_equal(rspec_delay_ns(&rspec, &tspec), 500000);
}

/* The rate that is found is the least that keeps the delay. */
static void a_delay_becomes_a_reservation(void **state)
{
    uint64_t seed = SEED;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        struct tspec tspec = {.r = 1000 + draw_below(&seed, 10000000), .m = 64, .M = 64 + draw_u32(&seed) % 1437};
        tspec.b = tspec.M + draw_u32(&seed) % 100000;
        if (i % 3)
            tspec.p = tspec.r + draw_below(&seed, i % 3 == 1 ? 100000000 : 2);
        int64_t delay_ns = 20000 + (int64_t)draw_below(&seed, 50 * (uint64_t)MS);
        struct rspec rspec = rspec_of_delay(delay_ns, &tspec);
        assert_true(rspec.R >= tspec.r && rspec.s_ns >= 0);
        int64_t rounded_ns = 2 + 2 * SECOND / (int64_t)rspec.R;
        assert_true(rspec_delay_ns(&rspec, &tspec) <= delay_ns + rounded_ns);
        if (rspec.s_ns) {
            assert_int_equal(rspec.R, tspec.r);
            assert_int_equal(rspec_delay_ns(&rspec, &tspec), delay_ns);
        } else if (rspec.R > tspec.r + 2) {
            struct rspec less = {.R = rspec.R - 2 - rspec.R / 1000};
            if (less.R >= tspec.r)
                assert_true(rspec_delay_ns(&less, &tspec) + rounded_ns >= delay_ns);
        }
    }
}

/* A bucket of bytes, by the nanosecond. */
struct bucket {
    double rate, size, credit;
};

static bool holds(const struct bucket *bucket, int64_t passed_ns, uint32_t bytes)
{
    double credit = bucket->credit + bucket->rate * (double)passed_ns / 1e9;

    return (credit < bucket->size ? credit : bucket->size) >= bytes;
}

static void spend(struct bucket *bucket, int64_t passed_ns, uint32_t bytes)
{
    double credit = bucket->credit + bucket->rate * (double)passed_ns / 1e9;

    bucket->credit = (credit < bucket->size ? credit : bucket->size) - bytes;
}

/* Packets of any lengths that keep to the token buckets of IP bytes, from the last one on after so many ns. */
static void check_on_link(const struct tspec *tspec, const struct contract *contract, const struct link_overhead *link,
                          uint64_t *seed)
{
    const struct gcra_law law = gcra_law(contract->rate, contract->burst),
                          peak_law = contract->peak_rate ? gcra_law(contract->peak_rate, contract->peak_burst) : law;
    struct gcra gcra = {0}, peak = {0};
    struct bucket mean = {(double)tspec->r, tspec->b, tspec->b},
                  fast = {(double)(tspec->p ? tspec->p : tspec->r), tspec->p ? tspec->M : tspec->b,
                          tspec->p ? tspec->M : tspec->b};
    int64_t now_ns = SECOND, passed_ns = 0;

    for (unsigned i = 0; i < PACKETS; i++) {
        uint32_t kind = draw_u32(seed) % 3, len = kind == 0   ? tspec->m
                                                  : kind == 1 ? tspec->M
                                                              : tspec->m + draw_u32(seed) % (tspec->M - tspec->m + 1);
        while (!holds(&mean, passed_ns, len) || !holds(&fast, passed_ns, len))
            passed_ns += 1 + SECOND / (int64_t)tspec->r;
        spend(&mean, passed_ns, len);
        spend(&fast, passed_ns, len);
        now_ns += passed_ns;
        passed_ns = draw_u32(seed) % 200 ? 0 : (int64_t)(tspec->b * (uint64_t)SECOND / tspec->r);
        uint32_t bytes = link_packet_bytes(link, len);
        assert_true(bytes >= contract->packet_min && bytes <= contract->packet_max);
        assert_int_equal(gcra_conforms_ns(&gcra, law, bytes, now_ns), now_ns);
        assert_int_equal(gcra_conforms_ns(&peak, peak_law, bytes, now_ns), now_ns);
        gcra_pass(&gcra, law, bytes, now_ns);
        gcra_pass(&peak, peak_law, bytes, now_ns);
    }
}

static void what_keeps_to_it_conforms_on_every_link(void **state)
{
    uint64_t seed = SEED;

    (void)state;
    for (unsigned kind = 0; link_kind_name(kind); kind++) {
        const struct link_overhead link = link_kind_overhead(kind);
        for (unsigned i = 0; i < 4; i++) {
            struct tspec tspec = {.r = UINT64_C(12345) * (1 + draw_u32(&seed) % 100), .m = 20 + draw_u32(&seed) % 200};
            struct contract contract = {.delay_ns = MS};
            tspec.M = tspec.m + draw_u32(&seed) % 1400;
            tspec.b = tspec.M + draw_u32(&seed) % 10000;
            tspec.p = i % 2 ? tspec.r * 4 : 0;
            tspec_to_contract(&tspec, &link, &contract);
            assert_int_equal(contract_check(&contract, 4096), CONTRACT_SOUND);
            check_on_link(&tspec, &contract, &link, &seed);

            const struct tspec again = tspec_of_contract(&contract, &link, tspec.m, tspec.M);
            assert_true(again.b >= again.M && again.m <= again.M);
            check_on_link(&again, &contract, &link, &seed);
            assert_int_equal(again.r, tspec.r); /* to the byte, and not less by what was rounded */
        }
    }
}

/* One packet at once, of whatever size: then only those of the largest size surely conform. */
static void a_burst_of_a_packet_is_said_with_large_packets(void **state)
{
    const struct link_overhead link = LINK_ETHERNET;
    const struct contract contract = {.rate = 250000, .burst = 1538, .packet_min = 84, .packet_max = 1538};
    const struct tspec tspec = tspec_of_contract(&contract, &link, 28, 1500);

    (void)state;
    assert_int_equal(tspec.m, 1500);
    assert_int_equal(tspec.b, 1500);
    assert_int_equal(tspec.r, 243823);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_read_and_written),
        cmocka_unit_test(wrong_words_are_refused),
        cmocka_unit_test(delays_are_those_of_a_wire),
        cmocka_unit_test(a_delay_becomes_a_reservation),
        cmocka_unit_test(what_keeps_to_it_conforms_on_every_link),
        cmocka_unit_test(a_burst_of_a_packet_is_said_with_large_packets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
