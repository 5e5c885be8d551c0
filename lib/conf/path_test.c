/* Contracts along a path: what each hop is to keep, and what comes of it; and that it does, packet by packet. */
#include "conf/path.h"

#include "sched/edf.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define US INT64_C(1000)
#define MS INT64_C(1000000)

static struct conf_path *sound(const char *text)
{
    struct conf_path *path = NULL;
    struct conf_errors errors = {0};

    if (conf_path_parse(text, strlen(text), &path, &errors)) {
        conf_errors_print(&errors, text, stderr);
        fail();
    }
    return path;
}

static void assert_wrong(const char *text, const char *expected)
{
    struct conf_path *path = NULL;
    struct conf_errors errors = {0};

    assert_int_equal(conf_path_parse(text, strlen(text), &path, &errors), -EINVAL);
    if (errors.count != 1 || strncmp(errors.all[0].text, expected, strlen(expected)) != 0) {
        conf_errors_print(&errors, text, stderr);
        fail_msg("expected: %s", expected);
    }
}

#define VOICE "rate = \"2Mbit\" burst = \"6kB\" packet = \"256B\"\n"

static void bounds_add_up(void **state)
{
    struct conf_path *path = sound(VOICE "delay = \"20ms\" jitter = \"9ms\"\n"
                                         "hop \"edge\" { rate = \"50Mbit\" delay = \"5ms\" line = \"4ms\" }\n"
                                         "hop \"core\" { rate = \"1Gbit\" delay = \"3ms\" line = \"1ms\" }\n"
                                         "hop \"far\" { rate = \"50Mbit\" delay = \"6ms\" }\n");

    (void)state;
    assert_int_equal(path->hop_count, 3);
    assert_int_equal(path->delay_ns, 19 * MS);
    assert_int_equal(path->jitter_ns, 14 * MS);
    assert_int_equal(path->wanted_delay_ns, 20 * MS);
    assert_int_equal(path->wanted_jitter_ns, 9 * MS);
    assert_int_equal(path->terms[0].wait_ns, 0);
    assert_int_equal(path->terms[1].wait_ns, 5 * MS);
    assert_int_equal(path->terms[2].wait_ns, 3 * MS);
    assert_int_equal(path->terms[2].treatment, CONTRACT_SHAPE);
    assert_int_equal(path->terms[2].burst, 6000);
    conf_path_free(path);
}

/* What is found for a hop without a delay is admitted there, and a bucket less is not. */
static void the_least_delay_is_found(void **state)
{
    struct conf_path *path = sound(VOICE "hop \"edge\" { rate = \"50Mbit\" } hop \"core\" { rate = \"10Gbit\" }");

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct capacity capacity = conf_shape_capacity(&path->hops[i].shape, 1500, true);
        struct admission *admission = admission_new(&capacity.admission);
        struct contract terms = path->terms[i];
        assert_true(admission_test(admission, &terms, NULL));
        terms.delay_ns -= 2 * US;
        assert_false(admission_test(admission, &terms, NULL));
        admission_free(admission);
    }
    assert_int_equal(path->delay_ns, path->terms[0].delay_ns + path->terms[1].delay_ns);
    assert_int_equal(path->wanted_delay_ns, 0);
    conf_path_free(path);
}

static void words_of_others_have_paths(void **state)
{
    struct conf_path *path =
        sound("atm = \"cbr pcr 2Mbit cdvt 5ms ctd 30ms cdv 20ms\"\n"
              "hop \"a\" { rate = \"50Mbit\" delay = \"5ms\" } hop \"b\" { rate = \"50Mbit\" delay = "
              "\"7ms\" }\n");

    (void)state;
    assert_int_equal(path->wanted_delay_ns, 30 * MS);
    assert_int_equal(path->wanted_jitter_ns, 20 * MS);
    assert_int_equal(path->terms[1].burst, 1538 + 1250);
    assert_int_equal(path->terms[1].delay_ns, 7 * MS);
    conf_path_free(path);

    path = sound("tspec = \"r 2Mbit b 6kB m 128B M 256B\" delay = \"30ms\"\n"
                 "hop \"a\" { rate = \"50Mbit\" delay = \"5ms\" }\n"
                 "hop \"b\" { rate = \"8Mbit\" link = \"pppoe-llcsnap\" delay = \"20ms\" }\n");
    assert_int_equal(path->terms[0].rate, 324219); /* 166 bytes of 128 */
    assert_int_equal(path->terms[1].rate, 433007); /* 265 bytes, five cells, of 153 */
    assert_int_equal(path->delay_ns, 25 * MS);
    conf_path_free(path);

    path = sound("atm = \"abr mcr 2Mbit\"\n hop \"a\" { rate = \"50Mbit\" delay = \"25ms\" }\n"
                 "hop \"b\" { rate = \"50Mbit\" delay = \"25ms\" }\n");
    assert_int_equal(path->terms[0].treatment, CONTRACT_DEMOTE);
    assert_int_equal(path->terms[1].treatment, CONTRACT_SHAPE);
    conf_path_free(path);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    assert_wrong(VOICE, "path: expected hops");
    assert_wrong("hop \"a\" { rate = \"1Mbit\" delay = \"90ms\" }", "contract path: expected a rate");
    assert_wrong(VOICE "hop \"a\" { delay = \"9ms\" }", "hop a: expected the rate of its port");
    assert_wrong(VOICE "hop \"a b\" { rate = \"50Mbit\" }", "hop 'a b': expected a name");
    assert_wrong(VOICE "hop \"a\" { rate = \"50Mbit\" speed = \"1\" }",
                 "'speed' is not known in hop: expected one of rate");
    assert_wrong(VOICE "hop \"a\" { rate = \"50Mbit\" delay = \"1ms\" }",
                 "hop a: contract path: delay: within 984us a may have to send");
    assert_wrong(VOICE "hop \"a\" { rate = \"1Mbit\" delay = \"90ms\" }",
                 "hop a: contract path: rate: all contracts at a");
    assert_wrong(VOICE "out = \"wan0\" hop \"a\" { rate = \"50Mbit\" }", "path: out and match: expected none");
    assert_wrong(VOICE "excess = \"drop\" hop \"a\" { rate = \"50Mbit\" }", "path: excess and wait: expected none");
    assert_wrong("atm = \"ubr\" hop \"a\" { rate = \"50Mbit\" }", "path: atm: ubr promises nothing");
    assert_wrong("tspec = \"r 1Mbit b 2kB m 64B M 1500B\" rspec = \"R 1Mbit\" hop \"a\" { rate = \"50Mbit\" }",
                 "path: rspec: expected none");
    assert_wrong(VOICE "hop \"a\" { rate = \"50Mbit\" } hop \"b\" { rate = \"50Mbit\" link = \"raw\" }",
                 "hop b: link: rates are as on the link");
    assert_wrong(VOICE "hop \"a\" { rate = \"50Mbit\" mtu = \"67\" }", "mtu: '67': expected an MTU from 68 to 9000");
    assert_wrong(VOICE "hop \"a\" { rate = \"50Mbit\" line = \"5kB\" }", "line: '5kB': expected a time");
}

/* --- packet by packet -------------------------------------------------------------------------------------------- */

#define HOPS    4
#define BATCHES 20000
#define BATCH   8u

/* A packet of the path: when it was sent, and when it came to this hop. */
struct sent {
    int64_t sent_ns, came_ns;
};

/* Each hop as its scheduler is, with a link that delays as much as it may: what becomes eligible leaves between at once
 * and just before its deadline, in its order. */
static void hops_keep_what_is_said(void **state)
{
    struct conf_path *path = sound(VOICE "hop \"a\" { rate = \"50Mbit\" delay = \"5ms\" }\n"
                                         "hop \"b\" { rate = \"150Mbit\" delay = \"2ms\" }\n"
                                         "hop \"c\" { rate = \"50Mbit\" delay = \"9ms\" }\n"
                                         "hop \"d\" { rate = \"50Mbit\" delay = \"3ms\" }\n");
    struct gcra source = {0}, hops[HOPS] = {{0}};
    const struct gcra_law law = gcra_law(path->terms[0].rate, path->terms[0].burst);
    int64_t now_ns = MS, left_ns[HOPS] = {0}, worst_ns = 0, longest_wait_ns = 0;
    uint64_t seed = 1;

    (void)state;
    for (unsigned i = 0; i < BATCHES * BATCH; i++) {
        uint32_t len = 64 + draw_u32(&seed) % (294 - 64 + 1);
        if (i % BATCH == 0 && draw_u32(&seed) % 8 == 0)
            now_ns += (int64_t)draw_below(&seed, 60 * (uint64_t)MS);
        now_ns = gcra_conforms_ns(&source, law, len, now_ns);
        gcra_pass(&source, law, len, now_ns);
        int64_t at_ns = now_ns;
        for (size_t h = 0; h < HOPS; h++) {
            int64_t eligible_ns = gcra_conforms_ns(&hops[h], law, len, at_ns), waited_ns = eligible_ns - at_ns;
            gcra_pass(&hops[h], law, len, eligible_ns);
            assert_true(waited_ns <= path->terms[h].wait_ns);
            if (waited_ns > longest_wait_ns)
                longest_wait_ns = waited_ns;
            int64_t delay_ns = path->terms[h].delay_ns, out_ns = eligible_ns;
            unsigned mood =
                (i / 500 + (unsigned)h) % 3; /* for a while all are fast, all are slow, or any is anything */
            out_ns += mood == 0 ? 0 : mood == 1 ? delay_ns : (int64_t)draw_below(&seed, (uint64_t)delay_ns);
            if (out_ns < left_ns[h]) /* never before the one in front, which was not late either */
                out_ns = left_ns[h];
            assert_true(out_ns <= eligible_ns + delay_ns);
            left_ns[h] = at_ns = out_ns;
        }
        if (at_ns - now_ns > worst_ns)
            worst_ns = at_ns - now_ns;
        assert_true(at_ns - now_ns <= path->delay_ns);
    }
    assert_true(worst_ns > path->delay_ns * 8 / 10); /* the bound is no guess */
    assert_true(longest_wait_ns > 4 * MS);
    conf_path_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_add_up),
        cmocka_unit_test(the_least_delay_is_found),
        cmocka_unit_test(words_of_others_have_paths),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(hops_keep_what_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
