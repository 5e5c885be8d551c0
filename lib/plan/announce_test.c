#include "plan/announce.h"

#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

#define NODES_MAX 8

static void announcements_are_these(void **state)
{
    (void)state;
    enum { B = PLAN_BLOCK, S = PLAN_SUBNET, H = PLAN_HOST, P = PLAN_POOL };
    static const struct {
        struct {
            const char *range, *provider;
            uint8_t kind, status;
        } nodes[NODES_MAX];
        const char *announced;
    } cases[] = {
        {.nodes = {{"10.0.0.0/8", NULL, B, 0}}, .announced = ""},
        /* An organisation's part of a provider's block has moved to another provider. */
        {.nodes = {{"200.23.16.0/20", "fly-by-night", B, 0},
                   {"200.23.16.0/23", "fly-by-night", B, 0},
                   {"200.23.18.0/23", "isps-r-us", B, 0},
                   {"200.23.20.0/23", NULL, B, 0}},
         .announced = "fly-by-night 200.23.16.0/20\nisps-r-us 200.23.18.0/23\n"},
        /* Neighbours of one provider are one announcement, also where they lie in another's. */
        {.nodes = {{"192.0.0.0/16", "a", B, 0},
                   {"192.0.2.0/24", "b", S, PLAN_ASSIGNED},
                   {"192.0.3.0/24", "b", S, PLAN_ASSIGNED},
                   {"192.1.0.0/16", "a", B, 0},
                   {"192.2.0.0/16", "a", B, 0}},
         .announced = "a 192.0.0.0/15\na 192.2.0.0/16\nb 192.0.2.0/23\n"},
        /* A part of the part that has moved has not. */
        {.nodes = {{"192.0.0.0/16", "a", B, 0}, {"192.0.2.0/23", "b", B, 0}, {"192.0.3.0/24", "a", B, 0}},
         .announced = "a 192.0.0.0/16\na 192.0.3.0/24\nb 192.0.2.0/23\n"},
        /* What is closed, and what is no block or subnet, is not announced by itself. */
        {.nodes = {{"192.0.0.0/16", "a", B, PLAN_RESERVED},
                   {"192.1.0.0/24", "a", S, PLAN_QUARANTINED},
                   {"192.2.0.0/24", NULL, S, PLAN_ASSIGNED},
                   {"192.2.0.1", "b", H, PLAN_ASSIGNED},
                   {"192.2.0.4-192.2.0.7", "b", P, PLAN_ASSIGNED},
                   {"192.3.0.0/24", "c", S, PLAN_ASSIGNED}},
         .announced = "c 192.3.0.0/24\n"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct plan_announce *announce = plan_announce_new();
        const struct plan_announcement *all;
        char text[400] = "";
        size_t count, len = 0;
        assert_non_null(announce);
        for (size_t j = 0; j < NODES_MAX && cases[i].nodes[j].range; j++) {
            const char *range = cases[i].nodes[j].range;
            struct plan_entry entry = {.kind = cases[i].nodes[j].kind,
                                       .status = cases[i].nodes[j].status,
                                       .provider = cases[i].nodes[j].provider};
            assert_int_equal(ipv4_range_parse(range, strlen(range), IPV4_PREFIX_ALLOW_ADDRESS, &entry.range, NULL), 0);
            assert_int_equal(plan_announce_node(announce, &entry), 0);
        }
        assert_int_equal(plan_announce_end(announce, &all, &count), 0);
        for (size_t j = 0; j < count; j++) {
            char prefix[IPV4_PREFIX_TEXT_SIZE];
            ipv4_prefix_format(all[j].prefix, prefix);
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s\n", all[j].provider, prefix);
        }
        assert_string_equal(text, cases[i].announced);
        plan_announce_free(announce);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(announcements_are_these),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
