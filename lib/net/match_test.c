/* Conditions: read as they are written, what is wrong, what they mean, and when two could mean the same packet. */
#include "net/match.h"

#include "net/ipv4.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DRAWS 200000

static struct match parsed(const char *text)
{
    struct match match;
    struct text_error err = {0, NULL};

    if (match_parse(text, strlen(text), &match, &err))
        fail_msg("'%s': %zu: expected %s", text, err.at, err.expected);
    return match;
}

static void what_is_written_is_read(void **state)
{
    static const char *const texts[][2] = {
        {"dscp ef", NULL},
        {"any", NULL},
        {"from any to any", "any"},
        {"udp", NULL},
        {"protocol 89", NULL},
        {"protocol 17", "udp"},
        {"from 10.0.0.0/8", NULL},
        {"from 192.0.2.1/32", "from 192.0.2.1"},
        {"tcp to any port 80", NULL},
        {"tcp to any port 80-80", "tcp to any port 80"},
        {"in lan0", NULL},
        {"  in   lan0  ", "in lan0"},
        {"dscp 46 in lan0 to 192.0.2.7 port 5004-5010 from 10.0.0.0/24 udp",
         "udp from 10.0.0.0/24 to 192.0.2.7 port 5004-5010 dscp ef in lan0"},
        {"udplite from 100.100.100.100/30 port 10000-20000 to 200.200.200.200/29 port 30000-40000 dscp af41 in "
         "interface012345",
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        char text[MATCH_TEXT_SIZE];
        struct match match = parsed(texts[i][0]), again;
        match_format(&match, text);
        assert_string_equal(text, texts[i][1] ? texts[i][1] : texts[i][0]);
        again = parsed(text);
        match_format(&again, text);
        assert_string_equal(text, texts[i][1] ? texts[i][1] : texts[i][0]);
    }
}

static void what_is_wrong_is_found_where_it_is(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *expected; /* the beginning */
    } wrong[] = {
        {"", 0, "which packets"},
        {"   ", 0, "which packets"},
        {"voice", 0, "a protocol"},
        {"dscp", 4, "a DSCP"},
        {"dscp ee", 5, "a DSCP"},
        {"dscp 64", 5, "a DSCP"},
        {"dscp ef dscp ef", 8, "each word once"},
        {"from", 4, "an address"},
        {"from 10.0.0.1/8", 5, "an address without bits set"},
        {"from 10.0.0.256", 12, ""},
        {"to any to any", 7, "each word once"},
        {"udp tcp", 4, "one protocol"},
        {"protocol 0", 9, "the number of a protocol"},
        {"protocol 256", 9, "the number of a protocol"},
        {"protocol 6x", 9, "the number of a protocol"},
        {"udp to any port", 15, "a port"},
        {"udp to any port 5-4", 16, "a port"},
        {"udp to any port 5-", 18, "a port"},
        {"udp to any port 65536", 16, "a port"},
        {"udp to any port 5;6", 17, "a port"},
        {"udp port 5", 4, "a protocol (tcp"},
        {"to any port 5", 7, "a protocol with ports"},
        {"icmp to any port 5", 12, "a protocol with ports"},
        {"any udp", 4, "nothing behind any"},
        {"in", 2, "the name of an interface"},
        {"in interface0123456", 3, "the name of an interface"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct match match = MATCH_ANY, before = match;
        struct text_error err = {999, "nothing"};
        assert_int_equal(match_parse(wrong[i].text, strlen(wrong[i].text), &match, &err), -EINVAL);
        assert_memory_equal(&match, &before, sizeof(match));
        assert_int_equal(match_parse(wrong[i].text, strlen(wrong[i].text), &match, NULL), -EINVAL);
        if (err.at != wrong[i].at || strncmp(err.expected, wrong[i].expected, strlen(wrong[i].expected)) != 0)
            fail_msg("'%s': %zu: expected %s", wrong[i].text, err.at, err.expected);
    }
}

static void each_word_narrows(void **state)
{
    const struct flow voice = {.src = IPV4(10, 0, 0, 1),
                               .dst = IPV4(192, 0, 2, 7),
                               .src_port = 4000,
                               .dst_port = 5004,
                               .protocol = IPV4_PROTOCOL_UDP,
                               .dscp = 46,
                               .kind = FLOW_IP | FLOW_IPV4 | FLOW_PORTS};
    const struct flow arp = {.kind = 0}, ipv6 = {.protocol = IPV4_PROTOCOL_UDP, .dscp = 46, .kind = FLOW_IP};
    struct flow fragment = voice;
    static const char *const yes[] = {"any",
                                      "udp",
                                      "dscp ef",
                                      "in lan0",
                                      "from 10.0.0.0/8",
                                      "to 192.0.2.7",
                                      "udp to any port 5004",
                                      "udp from any port 0-4000",
                                      "udp from 10.0.0.1 port 4000 to 192.0.2.0/24 port 5000-6000 dscp ef in lan0"};
    static const char *const no[] = {"tcp",
                                     "dscp 0",
                                     "in lan1",
                                     "from 11.0.0.0/8",
                                     "to 192.0.2.6",
                                     "udp to any port 5005-65535",
                                     "udp from any port 4001"};

    (void)state;
    fragment.kind = FLOW_IP | FLOW_IPV4;
    fragment.src_port = fragment.dst_port = 0;
    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        struct match match = parsed(yes[i]);
        bool ports = strstr(yes[i], "port"), addresses = strstr(yes[i], "0.");
        assert_true(match_holds(&match, &voice, "lan0"));
        assert_int_equal(match_holds(&match, &fragment, "lan0"), !ports);
        assert_int_equal(match_holds(&match, &ipv6, "lan0"), !ports && !addresses);
        assert_int_equal(match_holds(&match, &arp, "lan0"), i == 0 || i == 3);
    }
    for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
        struct match match = parsed(no[i]);
        assert_false(match_holds(&match, &voice, "lan0"));
    }
    struct match match = parsed("in lan0");
    assert_false(match_holds(&match, &voice, ""));
}

static void two_overlap_if_a_packet_is_meant_by_both(void **state)
{
    static const struct {
        const char *a, *b;
        bool overlap;
    } pairs[] = {
        {"any", "dscp ef", true},
        {"dscp ef", "dscp ef", true},
        {"dscp ef", "dscp 45", false},
        {"dscp ef", "udp", true},
        {"udp", "tcp", false},
        {"from 10.0.0.0/8", "from 10.1.0.0/16", true},
        {"from 10.0.0.0/8", "from 11.0.0.0/8", false},
        {"from 10.0.0.0/8", "to 11.0.0.0/8", true},
        {"from 10.0.0.0/8 to 1.1.1.1", "from 10.0.0.1 to 1.1.1.2", false},
        {"udp to any port 1-5", "udp to any port 5-9", true},
        {"udp to any port 1-5", "udp to any port 6-9", false},
        {"udp to any port 1-5", "udp from any port 6-9", true},
        {"in a", "in b", false},
        {"in a", "dscp ef", true},
        {"in a", "in ab", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        struct match a = parsed(pairs[i].a), b = parsed(pairs[i].b);
        assert_int_equal(match_overlaps(&a, &b), pairs[i].overlap);
        assert_int_equal(match_overlaps(&b, &a), pairs[i].overlap);
        assert_true(match_overlaps(&a, &a));
    }
}

/* Whatever stands there: no error, or one that is within the text. */
static void any_text_has_an_answer(void **state)
{
    static const char *const words[] = {"from", "to", "port", "any", "udp", "dscp", "in", "10.0.0.0/8", "10.0.0.1",
                                        "5-6",  "ef", "5",    "-",   "",    "x",    "/",  "protocol"};
    uint64_t seed = 17;
    unsigned sound = 0;

    (void)state;
    for (unsigned i = 0; i < DRAWS; i++) {
        char text[200] = "", again[MATCH_TEXT_SIZE];
        struct match match;
        struct text_error err;
        for (unsigned j = (unsigned)draw_below(&seed, 8); j > 0; j--) {
            size_t len = strlen(text);
            snprintf(text + len, sizeof(text) - len, "%s%s", words[draw_below(&seed, ARRAY_SIZE(words))],
                     draw_below(&seed, 10) ? " " : "");
        }
        if (match_parse(text, strlen(text), &match, &err)) {
            assert_true(err.at <= strlen(text) && err.expected);
            continue;
        }
        match_format(&match, again);
        struct match same = parsed(again);
        assert_true(match_overlaps(&match, &same));
        sound++;
    }
    assert_true(sound > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read), cmocka_unit_test(what_is_wrong_is_found_where_it_is),
        cmocka_unit_test(each_word_narrows),       cmocka_unit_test(two_overlap_if_a_packet_is_meant_by_both),
        cmocka_unit_test(any_text_has_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
