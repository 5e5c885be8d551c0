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

/* There are errors, and the first one begins like this. */
static struct conf_errors assert_first_wrong(const char *text, const char *expected)
{
    struct conf *conf = NULL;
    struct conf_errors errors = {0};

    assert_int_equal(conf_parse(text, strlen(text), &conf, &errors), -EINVAL);
    if (errors.count < 1 || strncmp(errors.all[0].text, expected, strlen(expected)) != 0) {
        conf_errors_print(&errors, "text", stderr);
        fail_msg("expected: %s", expected);
    }
    return errors;
}

/* The same of a contract beside PORTS, in line 3; and it is the only one. */
static void assert_wrong(const char *contract, const char *expected)
{
    char text[2000];

    snprintf(text, sizeof(text), PORTS "%s", contract);
    const struct conf_errors errors = assert_first_wrong(text, expected);
    assert_int_equal(errors.count, 1);
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

/* In ATM's words, in IntServ's, and what is to be said of a delay beside them. */
static void words_of_others_mean_the_same(void **state)
{
    struct conf *conf = sound(PORTS "contract \"a\" { out = \"wan0\" match = \"dscp ef\" packet = \"962B\"\n"
                                    "  atm = \"cbr pcr 2Mbit cdvt 4ms ctd 9ms cdv 5ms\" }\n"
                                    "contract \"b\" { out = \"wan0\" match = \"dscp af41\" delay = \"20ms\"\n"
                                    "  tspec = \"r 4Mbit b 9kB p 8Mbit m 114B M 1500B\" }\n"
                                    "contract \"c\" { out = \"wan0\" match = \"dscp af42\"\n"
                                    "  tspec = \"r 1Mbit b 3kB m 114B M 1500B\" rspec = \"R 2Mbit S 1ms\" }\n"
                                    "contract \"d\" { out = \"wan0\" match = \"dscp af43\" atm = \"abr mcr 1Mbit\" }\n"
                                    "contract \"e\" { out = \"wan0\" match = \"dscp cs1\" atm = \"ubr pcr 1Mbit\"\n"
                                    "  excess = \"drop\" }\n"
                                    "contract \"f\" { out = \"wan0\" match = \"dscp cs2\" delay = \"30ms\"\n"
                                    "  rate = \"1Mbit\" peak = \"2Mbit\" burst = \"9kB\" }\n");
    struct contract terms[6];
    struct conf_contract_words words;

    (void)state;
    for (size_t i = 0; i < 6; i++)
        terms[i] = conf_contract_on_link(&conf->contracts[i], conf->interfaces[0].shape.link);
    assert_int_equal(terms[0].packet_max, 1000);
    assert_int_equal(terms[0].burst, 2000); /* 1,000, and 4 ms of 250 bytes each */
    assert_int_equal(terms[0].delay_ns, 9000000);
    assert_int_equal(terms[0].jitter_ns, 5000000);
    assert_int_equal(terms[0].treatment, CONTRACT_SHAPE);

    assert_int_equal(terms[1].packet_min, 152); /* a third more than 114 */
    assert_int_equal(terms[1].rate, 666667);
    assert_int_equal(terms[1].burst, 12000);
    assert_int_equal(terms[1].peak_rate, 1333334);
    assert_int_equal(terms[1].peak_burst, 2000);
    assert_int_equal(terms[1].delay_ns, 20000000);

    assert_int_equal(terms[2].delay_ns, 13000000); /* 3,000 bytes at 250 a millisecond, and S */
    assert_int_equal(terms[3].delay_ns, CONTRACT_UNHURRIED_NS);
    assert_int_equal(terms[3].treatment, CONTRACT_DEMOTE);
    assert_true(terms[4].best_effort && terms[4].treatment == CONTRACT_DROP);
    assert_int_equal(terms[4].delay_ns, 0);

    conf_contract_words(&conf->contracts[0], 0, &words);
    assert_string_equal(words.atm, "cbr pcr 2Mbit cdvt 4ms ctd 9ms cdv 5ms");
    assert_string_equal(words.tspec, "r 1924kbit b 1924B m 962B M 962B");
    assert_string_equal(words.rspec, "R 1924kbit S 1ms");
    conf_contract_words(&conf->contracts[1], 0, &words);
    assert_string_equal(words.atm, "rt-vbr pcr 10667kbit scr 5334kbit mbs 15 cdvt 347us ctd 20ms");
    assert_string_equal(words.tspec, "r 4Mbit b 9kB p 8Mbit m 114B M 1500B");
    assert_string_equal(words.rspec, "R 4Mbit S 2ms");
    conf_contract_words(&conf->contracts[3], 0, &words);
    assert_string_equal(words.atm, "abr mcr 1Mbit");
    assert_string_equal(words.rspec, "");
    conf_contract_words(&conf->contracts[4], 0, &words);
    assert_string_equal(words.atm, "ubr pcr 1Mbit");
    assert_string_equal(words.tspec, "");
    conf_contract_words(&conf->contracts[5], 0, &words);
    assert_string_equal(words.atm, "rt-vbr pcr 2Mbit scr 1Mbit mbs 11 cdvt 0 ctd 30ms");
    conf_free(conf);
}

static void what_is_wrong_in_words_of_others_is_said(void **state)
{
    (void)state;
    assert_wrong(CONTRACT("atm = \"vbr\" delay = \"5ms\""), "atm: 'vbr': character 1: expected cbr, rt-vbr");
    assert_wrong(CONTRACT("atm = \"cbr\""), "atm: 'cbr': character 4: expected pcr");
    assert_wrong(CONTRACT("atm = \"cbr pcr 1Mbit\""), "contract x: expected a delay: ctd in atm, or delay");
    assert_wrong(CONTRACT("atm = \"cbr pcr 1Mbit ctd 5ms\" delay = \"5ms\""), "contract x: delay and jitter: expected");
    assert_wrong(CONTRACT("atm = \"abr mcr 1Mbit\" delay = \"5ms\""), "contract x: delay and jitter: expected none");
    assert_wrong(CONTRACT("atm = \"abr mcr 1Mbit\" rate = \"1Mbit\""), "contract x: rate, burst, peak");
    assert_wrong(CONTRACT("atm = \"ubr\" excess = \"shape\""), "contract x: excess: shape: expected demote or drop");
    assert_wrong(CONTRACT("atm = \"ubr\" wait = \"1ms\""), "contract x: wait: expected none");
    assert_wrong(CONTRACT("atm = \"rt-vbr pcr 2Gbit scr 1kbit mbs 1000000 ctd 5ms\" packet = \"9000B\""),
                 "contract x: its burst would be more than 4 GB");
    assert_wrong(CONTRACT("atm = \"cbr pcr 60Mbit ctd 5ms\""), "contract x: rate: all contracts at wan0 together");
    assert_wrong(CONTRACT("tspec = \"r 1Mbit\""),
                 "tspec: 'r 1Mbit': character 8: expected b and the token bucket size");
    assert_wrong(CONTRACT("rspec = \"R 1Mbit\""), "contract x: rspec: expected a tspec too");
#define TSPEC "tspec = \"r 1Mbit b 2kB m 64B M 1500B\" "
    assert_wrong(CONTRACT(TSPEC "rspec = \"R 999kbit\""), "contract x: rspec: expected an R of at least");
    assert_wrong(CONTRACT(TSPEC "rspec = \"S 1ms\""), "rspec: 'S 1ms': character 6: expected R");
    assert_wrong(CONTRACT(TSPEC "rspec = \"R 1Mbit\" delay = \"5ms\""), "contract x: delay: expected none, for rspec");
    assert_wrong(CONTRACT(TSPEC "packet = \"1kB\""), "contract x: packet and packet-min: expected none");
    assert_wrong(CONTRACT(TSPEC "peak = \"2Mbit\""), "contract x: rate, burst, peak");
    assert_wrong(CONTRACT(TSPEC "atm = \"ubr\""), "contract x: expected either atm, or tspec and rspec");
}

/* --- classes of DHCP clients ------------------------------------------------------------------------------------- */

#define CLASSES(contracts, pools)                                                      \
    "dhcp { class \"phones\" { vendor-class = \"phone*\" contract = " contracts " }\n" \
    "  class \"tablets\" { user-class = \"t\" } }\n"                                   \
    "interface \"wan0\" { address = \"203.0.113.2/30\"  rate = \"50Mbit\" }\n"         \
    "interface \"lan0\" { address = \"10.0.1.1/24\" rate = \"90Mbit\"\n"               \
    "  dhcp { " pools " } }\n"
#define POOL(range, class) "pool \"" range "\" { class = " class " }\n"
#define UP(settings)       "contract \"up\" { out = \"wan0\" rate = \"2Mbit\" delay = \"9ms\" " settings " }\n"
#define DOWN(settings)     "contract \"down\" { out = \"lan0\" rate = \"2Mbit\" delay = \"9ms\" " settings " }\n"

static void assert_matches(const struct conf_contract *contract, const char *expected)
{
    char all[2000] = "", text[MATCH_TEXT_SIZE];
    size_t len = 0;

    for (size_t i = 0; i < contract->match_count; i++) {
        match_format(&contract->matches[i], text);
        len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", i ? "; " : "", text);
    }
    assert_string_equal(all, expected);
}

static void classes_give_contracts_their_packets(void **state)
{
    static const char text[] =
        CLASSES("[\"up\", \"down\"]", POOL("10.0.1.64/26", "\"phones\"") POOL("10.0.1.10-10.0.1.12", "\"phones\"")
                                          POOL("10.0.1.128/26", "\"tablets\""))
            UP("match = [\"udp dscp ef\", \"tcp from 10.0.1.65\"]") DOWN("");
    struct conf *conf = sound(text), *again;
    char *printed = NULL;
    size_t bytes;

    (void)state;
    assert_matches(&conf->contracts[0],
                   "udp from 10.0.1.64/26 dscp ef; tcp from 10.0.1.65; udp from 10.0.1.10/31 dscp ef; "
                   "udp from 10.0.1.12 dscp ef");
    assert_matches(&conf->contracts[1], "to 10.0.1.64/26; to 10.0.1.10/31; to 10.0.1.12");
    FILE *stream = open_memstream(&printed, &bytes);
    conf_print(conf, stream);
    fclose(stream);
    assert_non_null(strstr(printed, "match = \"tcp from 10.0.1.65\""));
    assert_null(strstr(printed, "match = \"to 10.0.1.64/26\""));
    again = sound(printed);
    for (size_t i = 0; i < 2; i++)
        assert_true(conf_contract_equal(&conf->contracts[i], &again->contracts[i]));
    conf_free(again);
    free(printed);
    conf_free(conf);
    /* the same words, and other addresses */
    conf = sound(CLASSES("\"down\"", POOL("10.0.1.64/26", "\"phones\"")) DOWN(""));
    again = sound(CLASSES("\"down\"", POOL("10.0.1.0/26", "\"phones\"")) DOWN(""));
    assert_false(conf_contract_equal(&conf->contracts[0], &again->contracts[0]));
    conf_free(again);
    conf_free(conf);
}

/* Behind a relay, it is the way to the subnet that counts. */
static void clients_behind_relays_have_contracts(void **state)
{
    struct conf *conf = sound("dhcp { class \"phones\" { vendor-class = \"p\" contract = [\"up\", \"down\"] }\n"
                              "  subnet \"10.9.0.0/24\" { pool \"10.9.0.0/28\" { class = \"phones\" } } }\n"
                              "interface \"wan0\" { address = \"203.0.113.2/30\"  rate = \"50Mbit\" }\n"
                              "interface \"lan0\" { address = \"10.0.1.1/24\" rate = \"90Mbit\" }\n"
                              "route \"0.0.0.0/0\" { via = \"203.0.113.1\" }\n"
                              "route \"10.9.0.0/16\" { via = \"10.0.1.2\" }\n" UP("") DOWN(""));

    (void)state;
    assert_matches(&conf->contracts[0], "from 10.9.0.0/28");
    assert_matches(&conf->contracts[1], "to 10.9.0.0/28");
    conf_free(conf);
}

static void wrong_names_in_classes_are_said(void **state)
{
    (void)state;
    assert_first_wrong(CLASSES("\"sideways\"", POOL("10.0.1.64/26", "\"phones\"")) DOWN("match = \"udp\""),
                       "class phones: contract sideways: there is no such contract here");
    assert_first_wrong(CLASSES("\"down\"", POOL("10.0.1.64/26", "\"tablets\"")) DOWN(""),
                       "class phones: contract down: expected a pool for this class");
    assert_first_wrong(CLASSES("\"down\"", POOL("10.0.1.64/26", "[\"phones\", \"tablets\"]")) DOWN(""),
                       "pool: class phones names contract down, and others of this pool do not");
    assert_first_wrong(CLASSES("\"down\"", POOL("10.0.1.64/26", "\"phones\"")) DOWN("match = \"to 10.0.2.0/24\""),
                       "class phones: contract down: what it matches has nothing to do with the pools");
    assert_first_wrong(CLASSES("\"down\"", POOL("10.0.1.64/26", "\"phones\"")) DOWN(
                           "") "contract \"other\" { out = \"lan0\" match = \"to 10.0.1.65\" rate = \"1Mbit\" delay = "
                               "\"9ms\" }",
                       "contract other: 'to 10.0.1.65' overlaps 'to 10.0.1.64/26' of contract down in line 7");
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
        cmocka_unit_test(words_of_others_mean_the_same),
        cmocka_unit_test(what_is_wrong_in_words_of_others_is_said),
        cmocka_unit_test(classes_give_contracts_their_packets),
        cmocka_unit_test(clients_behind_relays_have_contracts),
        cmocka_unit_test(wrong_names_in_classes_are_said),
        cmocka_unit_test(what_a_port_cannot_keep_is_refused_with_an_offer),
        cmocka_unit_test(offers_hold),
        cmocka_unit_test(no_two_mean_the_same_packets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
