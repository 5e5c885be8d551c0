/* Contracts in a configuration: what is read is printed, what is wrong is said, and what a port cannot keep is refused
 * with what it could. */
#include "conf/conf.h"

#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PORTS                                                                  \
    "interface \"wan0\" { address = \"203.0.113.2/30\"  rate = \"50Mbit\" }\n" \
    "interface \"lan0\" { address = \"10.0.1.1/24\" }\n"

static struct conf *sound(const char *text)
{
    struct conf *conf = NULL;
    struct conf_errors errors = {0};

    if (conf_parse(text, strlen(text), &conf, &errors)) {
        conf_errors_print(&errors, "text", stderr);
        fail();
    }
    return conf;
}

/* The only error, in line 3, begins like this. */
static void assert_wrong(const char *contract, const char *expected)
{
    struct conf *conf = NULL;
    struct conf_errors errors = {0};
    char text[2000];

    snprintf(text, sizeof(text), PORTS "%s", contract);
    assert_int_equal(conf_parse(text, strlen(text), &conf, &errors), -EINVAL);
    if (errors.count != 1 || strncmp(errors.all[0].text, expected, strlen(expected)) != 0) {
        conf_errors_print(&errors, contract, stderr);
        fail_msg("expected: %s", expected);
    }
    assert_int_equal(errors.all[0].line, 3);
}

static void what_is_not_said_is_what_is_usual(void **state)
{
    struct conf *conf =
        sound(PORTS "contract \"voice\" { out = \"wan0\"  match = \"dscp ef\"  rate = \"2Mbit\"  delay = \"5ms\" }\n");
    const struct contract terms = conf_contract_on_link(&conf->contracts[0], conf->interfaces[0].shape.link);

    (void)state;
    assert_int_equal(conf->contract_count, 1);
    assert_string_equal(conf->contracts[0].name, "voice");
    assert_string_equal(conf->contracts[0].out, "wan0");
    assert_int_equal(conf->contracts[0].line, 3);
    assert_int_equal(terms.rate, 250000);
    assert_int_equal(terms.peak_rate, 0);
    assert_int_equal(terms.packet_max, 1538); /* 1,500, and Ethernet with preamble, checksum and gap */
    assert_int_equal(terms.packet_min, 84);
    assert_int_equal(terms.burst, 2 * 1538);
    assert_int_equal(terms.delay_ns, 5000000);
    assert_int_equal(terms.jitter_ns, 0);
    assert_int_equal(terms.wait_ns, 5000000);
    assert_int_equal(terms.treatment, CONTRACT_SHAPE);
    conf_free(conf);
}

static void what_is_said_is_what_is_meant(void **state)
{
    struct conf *conf = sound(PORTS "contract \"a.b-c_1\" { out = \"wan0\"  match = [\"dscp ef\", \"udp in lan0\"]\n"
                                    "  rate = \"2Mbit\" burst = \"6kB\" peak = \"3Mbit\" peak-burst = \"1kB\"\n"
                                    "  packet = \"256B\" packet-min = \"100B\" delay = \"9ms\" jitter = \"3ms\"\n"
                                    "  excess = \"drop\" wait = \"4ms\" }\n");
    const struct contract terms = conf_contract_on_link(&conf->contracts[0], conf->interfaces[0].shape.link);

    (void)state;
    assert_int_equal(conf->contracts[0].match_count, 2);
    assert_int_equal(terms.burst, 6000);
    assert_int_equal(terms.peak_rate, 375000);
    assert_int_equal(terms.peak_burst, 1000);
    assert_int_equal(terms.packet_max, 256 + 38);
    assert_int_equal(terms.packet_min, 100 + 38);
    assert_int_equal(terms.delay_ns, 9000000);
    assert_int_equal(terms.jitter_ns, 3000000);
    assert_int_equal(terms.wait_ns, 4000000);
    assert_int_equal(terms.treatment, CONTRACT_DROP);
    conf_free(conf);
}

static void what_is_printed_reads_the_same(void **state)
{
    struct conf *conf = sound(
                    PORTS
                    "contract \"a\" { out = \"wan0\" match = [\"dscp ef\", \"udp in lan0 to 10.0.0.0/8 port "
                    "5-6\"] rate = \"2Mbit\" burst = \"6kB\" peak = \"3Mbit\" delay = \"5ms\" wait = \"0\" }\n"
                    "contract \"b\" { out = \"wan0\" match = \"tcp dscp 0\" rate = \"1Mbit\" delay = \"50ms\" }\n"),
                *again;
    char *texts[2] = {NULL, NULL};
    size_t bytes;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        FILE *stream = open_memstream(&texts[i], &bytes);
        conf_print(conf, stream);
        fclose(stream);
        again = sound(texts[i]);
        assert_int_equal(again->contract_count, 2);
        for (size_t j = 0; j < 2; j++)
            assert_true(conf_contract_equal(&conf->contracts[j], &again->contracts[j]));
        assert_false(conf_contract_equal(&conf->contracts[0], &again->contracts[1]));
        conf_free(conf);
        conf = again;
    }
    assert_string_equal(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
    conf_free(conf);
}

#define CONTRACT(settings) "contract \"x\" { out = \"wan0\" match = \"dscp af11\" " settings " }"

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    assert_wrong("contract \"a b\" { }", "contract 'a b': expected a name");
    assert_wrong(CONTRACT("rate = \"0Mbit\" delay = \"5ms\""), "rate: '0Mbit': character 1: expected 1kbit to 400Gbit");
    assert_wrong(CONTRACT("delay = \"5ms\""), "contract x: expected a rate");
    assert_wrong(CONTRACT("rate = \"1Mbit\""), "contract x: expected a delay");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"5kB\""), "delay: '5kB': expected a time");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"5s\""), "contract x: delay: 5s: expected up to 4 s");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"5us\""), "contract x: delay: 5us: expected");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"5ms\" jitter = \"5us\""), "contract x: jitter: 5us: expected");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"5ms\" burst = \"1537B\""),
                 "contract x: burst: 1537B: expected at least the largest packet (1538 bytes on the link)");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"5ms\" burst = \"5ms\""), "burst: '5ms': expected bytes");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"5ms\" packet = \"19B\""), "packet: '19B': expected the size");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"5ms\" packet = \"100B\" packet-min = \"101B\""),
                 "contract x: packet: 139B: expected");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"5ms\" peak = \"900kbit\""), "contract x: peak rate: 900kbit");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"5ms\" peak-burst = \"2kB\""), "contract x: peak-burst: expected");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"5ms\" excess = \"burn\""), "excess: 'burn': expected shape");
    assert_wrong("contract \"x\" { match = \"udp\" rate = \"1Mbit\" delay = \"5ms\" }", "contract x: expected where");
    assert_wrong("contract \"x\" { out = \"wan0\" rate = \"1Mbit\" delay = \"5ms\" }", "contract x: expected whose");
    assert_wrong("contract \"x\" { out = \"wan0\" match = \"dscp zz\" rate = \"1Mbit\" delay = \"5ms\" }",
                 "match: 'dscp zz': character 6: expected a DSCP");
    assert_wrong("contract \"x\" { out = \"wan1\" match = \"udp\" rate = \"1Mbit\" delay = \"5ms\" }",
                 "contract x: out wan1: there is no such interface");
    assert_wrong("contract \"x\" { out = \"lan0\" match = \"udp\" rate = \"1Mbit\" delay = \"5ms\" }",
                 "contract x: out lan0: the interface needs a rate");
    assert_wrong("contract \"x\" { out = \"wan0\" match = \"udp in lan1\" rate = \"1Mbit\" delay = \"5ms\" }",
                 "contract x: in lan1: there is no such interface");
}

static void what_a_port_cannot_keep_is_refused_with_an_offer(void **state)
{
    (void)state;
    assert_wrong(CONTRACT("rate = \"60Mbit\" delay = \"5ms\""),
                 "contract x: rate: all contracts at wan0 together have 60000 kbit/s, and it sends 50000; would be "
                 "admitted: rate 50000kbit");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"200us\""),
                 "contract x: delay: within 184us wan0 may have to send");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"600ms\" wait = \"600ms\""),
                 "contract x: delay and wait together");
    assert_wrong(CONTRACT("rate = \"1Mbit\" delay = \"500ms\" burst = \"2MB\" wait = \"0\""),
                 "contract x: it may need memory for 24");
}

/* All that is offered is admitted. */
static void offers_hold(void **state)
{
    static const char others[] =
        "contract \"a\" { out = \"wan0\" match = \"dscp ef\" rate = \"20Mbit\" delay = \"3ms\" }\n";
    char text[1000], *offer, value[100];
    struct conf_errors errors = {0};
    struct conf *conf = NULL;

    (void)state;
    snprintf(text, sizeof(text), PORTS "%s" CONTRACT("rate = \"1Mbit\" delay = \"1100us\" burst = \"8kB\""), others);
    assert_int_equal(conf_parse(text, strlen(text), &conf, &errors), -EINVAL);
    assert_int_equal(errors.count, 1);
    offer = strstr(errors.all[0].text, "would be admitted: delay ");
    assert_non_null(offer);
    assert_int_equal(sscanf(offer, "would be admitted: delay %90[0-9a-z]", value), 1);
    snprintf(text, sizeof(text), PORTS "%s" CONTRACT("rate = \"1Mbit\" delay = \"%s\" burst = \"8kB\""), others, value);
    conf_free(sound(text));
}

static void no_two_mean_the_same_packets(void **state)
{
    (void)state;
#define PAIR(a, b)                                                               \
    "contract \"a\" { out = \"wan0\" match = " a                                 \
    " rate = \"1Mbit\" delay = \"9ms\" } contract \"b\" { out = \"wan0\" match " \
    "= " b " rate = \"1Mbit\" delay = \"9ms\" }"
    assert_wrong(PAIR("\"udp\"", "\"dscp ef\""), "contract b: 'dscp ef' overlaps 'udp' of contract a in line 3");
    assert_wrong(PAIR("[\"tcp\", \"udp to 10.0.0.0/24\"]", "\"udp to 10.0.0.7\""),
                 "contract b: 'udp to 10.0.0.7' overlaps 'udp to 10.0.0.0/24' of contract a in line 3");
    assert_wrong(PAIR("\"from 10.0.0.7 to 1.1.1.1\"", "\"from 10.0.0.0/24\""), "contract ");
    conf_free(sound(PORTS PAIR("[\"udp\", \"udp dscp ef\"]", "\"tcp\"")));
    conf_free(sound(PORTS PAIR("\"from 10.0.0.7\"", "\"from 10.0.0.8\"")));
    assert_wrong(
        "contract \"a\" { out = \"wan0\" match = \"udp\" rate = \"1Mbit\" delay = \"9ms\" } contract \"a\" { out = "
        "\"wan0\" match = \"tcp\" rate = \"1Mbit\" delay = \"9ms\" }",
        "contract a is there already, in line 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_is_what_is_usual),
        cmocka_unit_test(what_is_said_is_what_is_meant),
        cmocka_unit_test(what_is_printed_reads_the_same),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(what_a_port_cannot_keep_is_refused_with_an_offer),
        cmocka_unit_test(offers_hold),
        cmocka_unit_test(no_two_mean_the_same_packets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
