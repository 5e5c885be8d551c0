/* Against the conditions themselves, asked one by one. */
#include "net/classifier.h"

#include "net/ipv4.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <string.h>

#define RULES   60
#define ROUNDS  300
#define PACKETS 2000

static const char *const names[] = {"", "a", "b", "c"};

/* Few values, so that conditions and packets meet. */
static uint32_t draw_addr(uint64_t *seed)
{
    return IPV4(10, 0, draw_below(seed, 2), draw_below(seed, 8));
}

static uint16_t draw_port(uint64_t *seed)
{
    static const uint16_t ports[] = {0, 1, 2, 3, 7, 8, 100, 1023, 1024, 5004, 32767, 32768, 65534, 65535};

    return ports[draw_below(seed, ARRAY_SIZE(ports))];
}

static struct ipv4_prefix draw_prefix(uint64_t *seed)
{
    static const uint8_t lens[] = {0, 0, 0, 8, 24, 29, 30, 31, 32};
    struct ipv4_prefix prefix = {draw_addr(seed), lens[draw_below(seed, ARRAY_SIZE(lens))]};

    return ipv4_prefix_network(prefix);
}

static struct match_ports draw_ports(uint64_t *seed)
{
    uint16_t a = draw_port(seed), b = draw_port(seed);

    if (draw_below(seed, 2))
        return (struct match_ports){0, UINT16_MAX};
    return a < b ? (struct match_ports){a, b} : (struct match_ports){b, a};
}

static uint8_t draw_protocol(uint64_t *seed)
{
    static const uint8_t all[] = {IPV4_PROTOCOL_TCP, IPV4_PROTOCOL_UDP, IPV4_PROTOCOL_ICMP};

    return all[draw_below(seed, ARRAY_SIZE(all))];
}

static struct match draw_match(uint64_t *seed)
{
    struct match match = MATCH_ANY;

    match.from = draw_prefix(seed);
    match.to = draw_prefix(seed);
    if (draw_below(seed, 2))
        match.protocol = draw_protocol(seed);
    if (match.protocol && match.protocol != IPV4_PROTOCOL_ICMP) {
        match.from_ports = draw_ports(seed);
        match.to_ports = draw_ports(seed);
    }
    if (draw_below(seed, 3) == 0)
        match.dscp = (uint8_t)draw_below(seed, 3);
    match.in[0] = names[draw_below(seed, 8) < 4 ? 0 : draw_below(seed, 4)][0];
    return match;
}

static struct flow draw_flow(uint64_t *seed)
{
    struct flow flow = {.kind = 0};

    if (draw_below(seed, 10) == 0)
        return flow;
    flow.kind = FLOW_IP;
    flow.protocol = draw_protocol(seed);
    flow.dscp = (uint8_t)draw_below(seed, 3);
    if (draw_below(seed, 10)) {
        flow.kind |= FLOW_IPV4;
        flow.src = draw_addr(seed);
        flow.dst = draw_addr(seed);
    }
    if (flow.protocol != IPV4_PROTOCOL_ICMP && draw_below(seed, 5)) {
        flow.kind |= FLOW_PORTS;
        flow.src_port = draw_port(seed);
        flow.dst_port = draw_port(seed);
    }
    return flow;
}

static bool overlaps_any(const struct match *matches, unsigned count, const struct match *match)
{
    for (unsigned i = 0; i < count; i++)
        if (match_overlaps(&matches[i], match))
            return true;
    return false;
}

/* The one that holds; CLASSIFIER_NONE. */
static uint32_t find(const struct classifier_rule *rules, unsigned count, const struct flow *flow, uint8_t in)
{
    uint32_t found = CLASSIFIER_NONE;

    for (unsigned i = 0; i < count; i++)
        if (match_holds(rules[i].match, flow, names[in])) {
            assert_int_equal(found, CLASSIFIER_NONE); /* they do not overlap */
            found = rules[i].number;
        }
    return found;
}

static void the_answer_is_that_of_asking_one_by_one(void **state)
{
    static struct match matches[RULES];
    struct classifier_rule rules[RULES];
    uint64_t seed = 99;
    unsigned met = 0;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned count = 0, wanted = 1 + (unsigned)draw_below(&seed, RULES);
        for (unsigned tries = 0; count < wanted && tries < 500; tries++) {
            matches[count] = draw_match(&seed);
            if (overlaps_any(matches, count, &matches[count]))
                continue;
            uint8_t in = 0;
            for (unsigned i = 1; i < ARRAY_SIZE(names); i++)
                in = strcmp(matches[count].in, names[i]) == 0 ? (uint8_t)i : in;
            rules[count] = (struct classifier_rule){&matches[count], in, 1000 + count};
            count++;
        }
        struct classifier *classifier = classifier_new(rules, count);
        assert_non_null(classifier);
        for (unsigned i = 0; i < PACKETS; i++) {
            struct flow flow = draw_flow(&seed);
            uint8_t in = (uint8_t)draw_below(&seed, ARRAY_SIZE(names));
            uint32_t expected = find(rules, count, &flow, in);
            assert_int_equal(classifier_find(classifier, &flow, in), expected);
            met += expected != CLASSIFIER_NONE;
        }
        classifier_free(classifier);
    }
    assert_true(met > ROUNDS * PACKETS / 100);
}

static void without_conditions_no_packet_is_meant(void **state)
{
    struct classifier *classifier = classifier_new(NULL, 0);
    const struct flow flow = {.kind = FLOW_IP};

    (void)state;
    assert_int_equal(classifier_find(classifier, &flow, 0), CLASSIFIER_NONE);
    assert_null(classifier_free(classifier));
    assert_null(classifier_free(NULL));
}

/* As at a provider: a condition each for many customers, and all of them are found. */
static void ten_thousand_are_found(void **state)
{
    enum { CUSTOMERS = 10000 };
    static struct match matches[CUSTOMERS];
    static struct classifier_rule rules[CUSTOMERS];

    (void)state;
    for (uint32_t i = 0; i < CUSTOMERS; i++) {
        matches[i] = MATCH_ANY;
        matches[i].to = (struct ipv4_prefix){IPV4(100, 64, 0, 0) + i, 32};
        rules[i] = (struct classifier_rule){&matches[i], 0, i};
    }
    struct classifier *classifier = classifier_new(rules, CUSTOMERS);
    for (uint32_t i = 0; i < CUSTOMERS + 10; i++) {
        const struct flow flow = {.dst = IPV4(100, 64, 0, 0) + i, .kind = FLOW_IP | FLOW_IPV4};
        assert_int_equal(classifier_find(classifier, &flow, 3), i < CUSTOMERS ? i : CLASSIFIER_NONE);
    }
    classifier_free(classifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_is_that_of_asking_one_by_one),
        cmocka_unit_test(without_conditions_no_packet_is_meant),
        cmocka_unit_test(ten_thousand_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
