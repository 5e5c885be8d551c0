/* The plan by example: what people plan, what is refused and how that is said. */
#include "plan/plan.h"
#include "plan/usage.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t key[SIPHASH_KEY_SIZE] = {7};
static const struct plan_by me = {.now_s = 1000};

static struct ipv4_range range_of(const char *text)
{
    struct ipv4_range range = {0};

    assert_int_equal(ipv4_range_parse(text, strlen(text), IPV4_PREFIX_ALLOW_ADDRESS, &range, NULL), 0);
    return range;
}

static struct plan_entry entry_of(enum plan_kind kind, const char *range, const char *name)
{
    return (
        struct plan_entry){.kind = (uint8_t)kind, .range = range_of(range), .name = name, .status = kind != PLAN_BLOCK};
}

static uint32_t add(struct plan *plan, enum plan_kind kind, const char *range, const char *name)
{
    struct plan_entry entry = entry_of(kind, range, name);
    struct plan_refusal why;
    uint32_t node = 0;

    if (plan_add(plan, &entry, &me, &node, &why)) {
        char text[PLAN_REFUSAL_SIZE];
        plan_refusal_format(plan, &why, text);
        fail_msg("%s", text);
    }
    return node;
}

static uint32_t named(const struct plan *plan, const char *name)
{
    uint32_t node = plan_find_name(plan, name);

    assert_int_not_equal(node, 0);
    return node;
}

/* Allocate, and say what came of it: the range, or why not. */
static const char *allocate(struct plan *plan, const char *within, enum plan_kind kind, unsigned len,
                            enum plan_strategy strategy, const struct plan_by *by)
{
    static char text[PLAN_REFUSAL_SIZE];
    struct plan_request request = {.within = named(plan, within),
                                   .len = (uint8_t)len,
                                   .strategy = (uint8_t)strategy,
                                   .entry = {.kind = (uint8_t)kind, .status = PLAN_ASSIGNED}};
    struct plan_refusal why;
    struct plan_entry entry;
    uint32_t node;

    if (plan_allocate(plan, &request, by, &node, &why)) {
        plan_refusal_format(plan, &why, text);
        return text;
    }
    assert_true(plan_get(plan, node, &entry));
    ipv4_range_format(entry.range, text);
    return text;
}

/* Three subnets of hosts, and the three links between their routers as subnets of their own. */
static void three_subnets_and_three_links(void **state)
{
    (void)state;
    struct plan *plan = plan_new(key);
    struct plan_usage usage;

    add(plan, PLAN_BLOCK, "223.1.0.0/16", "campus");
    add(plan, PLAN_BLOCK, "223.1.8.0/24", "links");
    add(plan, PLAN_SUBNET, "223.1.1.0/24", "one");
    add(plan, PLAN_SUBNET, "223.1.2.0/24", "two");
    add(plan, PLAN_SUBNET, "223.1.3.0/24", "three");
    assert_string_equal(allocate(plan, "links", PLAN_SUBNET, 31, PLAN_FIRST_FIT, &me), "223.1.8.0/31");
    assert_string_equal(allocate(plan, "links", PLAN_SUBNET, 31, PLAN_FIRST_FIT, &me), "223.1.8.2/31");
    assert_string_equal(allocate(plan, "links", PLAN_SUBNET, 31, PLAN_FIRST_FIT, &me), "223.1.8.4/31");
    for (unsigned i = 1; i <= 4; i++) {
        char expected[IPV4_TEXT_SIZE];
        snprintf(expected, sizeof(expected), "223.1.1.%u", i);
        assert_string_equal(allocate(plan, "one", PLAN_HOST, 32, PLAN_FIRST_FIT, &me), expected);
    }
    assert_int_equal(plan_usage(plan, named(plan, "one"), &usage), 0);
    assert_int_equal(usage.used, 4);
    assert_int_equal(usage.edges, 2);
    assert_int_equal(usage.free, 250);
    assert_int_equal(usage.largest, 26); /* .64/26 */
    assert_int_equal(plan_usage(plan, named(plan, "campus"), &usage), 0);
    assert_int_equal(usage.used, 4 * 256);
    assert_int_equal(usage.largest, 17);
    assert_true(plan_usage_fragmentation(&usage) > 0.49 && plan_usage_fragmentation(&usage) < 0.5);
    plan_free(plan);
}

/* A provider's /20, cut into eight /23 for eight organisations, each of which alone allocates in its own. */
static void a_provider_and_eight_organisations(void **state)
{
    (void)state;
    struct plan *plan = plan_new(key);
    struct plan_refusal why;
    struct plan_entry entry;
    const struct plan_by isp = {.holder = "Fly-By-Night", .now_s = 5}, third = {.holder = "organisation 3", .now_s = 6};

    entry = entry_of(PLAN_BLOCK, "200.23.16.0/20", "isp");
    entry.owner = "Fly-By-Night";
    entry.delegated = true;
    assert_int_equal(plan_add(plan, &entry, &me, NULL, &why), 0);
    for (unsigned i = 0; i < 8; i++) {
        char name[32], owner[32];
        snprintf(name, sizeof(name), "org/%u", i);
        snprintf(owner, sizeof(owner), "organisation %u", i);
        struct plan_request request = {
            .within = named(plan, "isp"), .len = 23, .entry = {.name = name, .owner = owner, .delegated = true}};
        uint32_t node;
        assert_int_equal(plan_allocate(plan, &request, &me, &node, &why), -EACCES);
        assert_int_equal(why.reason, PLAN_REASON_DELEGATED);
        assert_int_equal(plan_allocate(plan, &request, &isp, &node, &why), 0);
        assert_true(plan_get(plan, node, &entry));
        assert_int_equal(entry.range.first, IPV4(200, 23, 16 + 2 * i, 0));
        assert_int_equal(plan_delegation(plan, node), named(plan, "isp"));
    }
    assert_string_equal(allocate(plan, "isp", PLAN_BLOCK, 24, PLAN_FIRST_FIT, &isp),
                        "200.23.16.0/20: has no free block of that length");
    assert_string_equal(
        allocate(plan, "org/3", PLAN_SUBNET, 24, PLAN_FIRST_FIT, &isp),
        "200.23.22.0/24: lies in block 200.23.22.0/23 (org/3), which is delegated: its owner alone acts "
        "there");
    assert_string_equal(allocate(plan, "org/3", PLAN_SUBNET, 24, PLAN_FIRST_FIT, &third), "200.23.22.0/24");
    assert_string_equal(
        allocate(plan, "org/2", PLAN_SUBNET, 24, PLAN_FIRST_FIT, &third),
        "200.23.20.0/24: lies in block 200.23.20.0/23 (org/2), which is delegated: its owner alone acts "
        "there");
    /* What it is for is said by who has it; whose it is, and by whom it is reached, is not. */
    assert_true(plan_get(plan, named(plan, "org/3"), &entry));
    entry.note = "head office";
    assert_int_equal(plan_set(plan, named(plan, "org/3"), &entry, &third, &why), 0);
    assert_true(plan_get(plan, named(plan, "org/3"), &entry));
    assert_string_equal(entry.note, "head office");
    assert_int_equal(entry.created_s, 5);
    assert_int_equal(entry.changed_s, 6);
    entry.provider = "ISPs-R-Us";
    assert_int_equal(plan_set(plan, named(plan, "org/3"), &entry, &third, &why), -EACCES);
    assert_int_equal(plan_set(plan, named(plan, "org/3"), &entry, &isp, &why), 0);
    /* It is not the provider's to free what the organisation has in it. */
    assert_int_equal(plan_release(plan, named(plan, "org/3"), false, 0, &isp, &why), -ENOTEMPTY);
    assert_int_equal(plan_release(plan, named(plan, "org/3"), true, 0, &isp, &why), -EACCES);
    assert_int_equal(plan_count(plan), 10);
    plan_free(plan);
}

static void hosts_are_not_at_the_edges(void **state)
{
    (void)state;
    static const struct {
        const char *subnet, *first, *last;
        unsigned hosts;
    } cases[] = {
        {"192.0.2.0/24", "192.0.2.1", "192.0.2.254", 254},
        {"192.0.2.0/30", "192.0.2.1", "192.0.2.2", 2},
        {"192.0.2.0/31", "192.0.2.0", "192.0.2.1", 2},
        {"0.0.0.0/29", "0.0.0.1", "0.0.0.6", 6},
        {"255.255.255.248/29", "255.255.255.249", "255.255.255.254", 6},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        for (unsigned strategy = 0; strategy < PLAN_STRATEGY_COUNT; strategy++) {
            struct plan *plan = plan_new(key);
            uint32_t lowest = UINT32_MAX, highest = 0;
            add(plan, PLAN_SUBNET, cases[i].subnet, "lan");
            for (unsigned host = 0; host < cases[i].hosts; host++) {
                struct ipv4_range range = range_of(allocate(plan, "lan", PLAN_HOST, 32, strategy, &me));
                lowest = range.first < lowest ? range.first : lowest;
                highest = range.first > highest ? range.first : highest;
            }
            assert_int_equal(lowest, range_of(cases[i].first).first);
            assert_int_equal(highest, range_of(cases[i].last).first);
            assert_non_null(strstr(allocate(plan, "lan", PLAN_HOST, 32, strategy, &me), "no free block"));
            plan_free(plan);
        }
    }
}

static void what_is_freed_cools_off(void **state)
{
    (void)state;
    struct plan *plan = plan_new(key);
    struct plan_refusal why;
    struct plan_entry entry;
    struct plan_by by = {.now_s = 1000};
    size_t count;

    add(plan, PLAN_BLOCK, "10.0.0.0/22", "site");
    add(plan, PLAN_SUBNET, "10.0.0.0/24", "lan");
    assert_int_equal(plan_next_s(plan), UINT32_MAX);
    assert_int_equal(plan_release(plan, named(plan, "lan"), false, 60, &by, &why), 0);
    assert_int_equal(plan_find_name(plan, "lan"), 0);
    uint32_t node = plan_find(plan, range_of("10.0.0.0/24"));
    assert_true(plan_get(plan, node, &entry));
    assert_int_equal(entry.status, PLAN_QUARANTINED);
    assert_int_equal(entry.until_s, 1060);
    assert_int_equal(plan_next_s(plan), 1060);
    assert_string_equal(allocate(plan, "site", PLAN_SUBNET, 24, PLAN_FIRST_FIT, &by), "10.0.1.0/24");
    by.now_s = 1059;
    assert_int_equal(plan_tick(plan, &by, &why), 0);
    assert_int_equal(plan_find(plan, range_of("10.0.0.0/24")), node);
    by.now_s = 1060;
    assert_int_equal(plan_tick(plan, &by, &why), 0);
    assert_non_null(plan_changes(plan, &count));
    assert_int_equal(count, 1);
    assert_string_equal(allocate(plan, "site", PLAN_SUBNET, 24, PLAN_FIRST_FIT, &by), "10.0.0.0/24");
    /* Who wants it at once frees it a second time. */
    node = plan_find(plan, range_of("10.0.1.0/24"));
    assert_int_equal(plan_release(plan, node, false, 60, &by, &why), 0);
    assert_int_equal(plan_release(plan, node, false, 60, &by, &why), 0);
    assert_int_equal(plan_find(plan, range_of("10.0.1.0/24")), 0);
    plan_free(plan);
}

static void a_sibling_is_kept_to_grow_into(void **state)
{
    (void)state;
    struct plan *plan = plan_new(key);
    struct plan_refusal why;
    struct plan_entry entry;
    uint32_t node;

    add(plan, PLAN_BLOCK, "10.0.0.0/22", "site");
    struct plan_request request = {.within = named(plan, "site"),
                                   .len = 25,
                                   .keep_sibling = true,
                                   .entry = {.kind = PLAN_SUBNET, .status = PLAN_ASSIGNED, .name = "lan"}};
    assert_int_equal(plan_allocate(plan, &request, &me, &node, &why), 0);
    assert_true(plan_get(plan, plan_find(plan, range_of("10.0.0.128/25")), &entry));
    assert_true(entry.for_sibling);
    assert_string_equal(allocate(plan, "site", PLAN_SUBNET, 25, PLAN_FIRST_FIT, &me), "10.0.1.0/25");
    assert_int_equal(plan_resize(plan, node, range_of("10.0.0.0/24"), &me, &why), 0);
    assert_int_equal(plan_count(plan), 3);
    assert_true(plan_get(plan, named(plan, "lan"), &entry));
    assert_true(ipv4_range_equal(entry.range, range_of("10.0.0.0/24")));
    /* The next step is not free. */
    assert_int_equal(plan_resize(plan, named(plan, "lan"), range_of("10.0.0.0/23"), &me, &why), -EEXIST);
    assert_int_equal(why.reason, PLAN_REASON_OVERLAP);
    /* What is kept goes with what it is kept for. */
    request.entry.name = "second";
    assert_int_equal(plan_allocate(plan, &request, &me, &node, &why), 0);
    assert_int_equal(plan_count(plan), 5);
    assert_int_equal(plan_release(plan, node, false, 0, &me, &why), 0);
    assert_int_equal(plan_count(plan), 3);
    plan_free(plan);
}

static void splits_merges_and_moves(void **state)
{
    (void)state;
    struct plan *plan = plan_new(key);
    struct plan_refusal why;
    struct plan_entry entry;

    add(plan, PLAN_BLOCK, "10.0.0.0/16", "site");
    uint32_t node = add(plan, PLAN_SUBNET, "10.0.4.0/22", "lan");
    add(plan, PLAN_POOL, "10.0.5.10-10.0.5.99", "lan/pool");
    add(plan, PLAN_HOST, "10.0.6.255", "lan/printer");
    assert_int_equal(plan_split(plan, node, 24, &me, &why), -EINVAL); /* the printer would be at an edge */
    assert_int_equal(why.reason, PLAN_REASON_EDGE_USED);
    assert_int_equal(plan_split(plan, node, 23, &me, &why), 0);
    assert_int_equal(plan_parent(plan, named(plan, "lan/pool")), named(plan, "lan"));
    assert_int_equal(plan_parent(plan, named(plan, "lan/printer")), plan_find(plan, range_of("10.0.6.0/23")));
    assert_int_equal(plan_move(plan, named(plan, "lan"), IPV4(10, 0, 64, 0), &me, &why), 0);
    assert_true(plan_get(plan, named(plan, "lan/pool"), &entry));
    assert_true(ipv4_range_equal(entry.range, range_of("10.0.65.10-10.0.65.99")));
    assert_int_equal(plan_move(plan, named(plan, "lan"), IPV4(10, 0, 4, 0), &me, &why), 0);
    struct ipv4_prefix whole = {IPV4(10, 0, 4, 0), 22};
    assert_int_equal(plan_merge(plan, whole, &me, &node, &why), 0);
    assert_int_equal(node, named(plan, "lan"));
    assert_int_equal(plan_parent(plan, named(plan, "lan/printer")), node);
    assert_int_equal(plan_count(plan), 4);
    plan_free(plan);
}

static unsigned refused(const struct plan *plan, int error, const struct plan_refusal *why, const char *said)
{
    char text[PLAN_REFUSAL_SIZE];

    assert_true(error < 0);
    plan_refusal_format(plan, why, text);
    assert_string_equal(text, said);
    return why->reason;
}

/* Every reason there is, and how it is said. */
static void refusals_say_why(void **state)
{
    (void)state;
    static const struct {
        enum plan_kind kind;
        enum { DELEGATED = 1, FOR_SIBLING } is;
        const char *range, *name, *owner, *holder, *said;
    } cases[] = {
        {PLAN_SUBNET, 0, "10.0.9.0/24", "10.0.9", NULL, NULL,
         "10.0.9.0/24: a name has 1 to 63 letters, digits and any of -_./, and at least one letter"},
        {PLAN_SUBNET, 0, "10.0.9.0/24", "a b", NULL, NULL,
         "10.0.9.0/24: a name has 1 to 63 letters, digits and any of -_./, and at least one letter"},
        {PLAN_SUBNET, 0, "10.0.9.0/24", NULL, "a\nb", NULL,
         "10.0.9.0/24: a text has 1 to 255 bytes, and no control characters"},
        {PLAN_SUBNET, 0, "10.0.9.0/24", NULL, "", NULL,
         "10.0.9.0/24: a text has 1 to 255 bytes, and no control characters"},
        {PLAN_SUBNET, 0, "10.0.9.0-10.0.9.2", NULL, NULL, NULL,
         "10.0.9.0-10.0.9.2: only a pool may be a range that is no block"},
        {PLAN_HOST, 0, "10.0.9.0/31", NULL, NULL, NULL, "10.0.9.0/31: a host has one address"},
        {PLAN_BLOCK, DELEGATED, "10.0.9.0/24", NULL, NULL, NULL, "10.0.9.0/24: what is delegated has an owner"},
        {PLAN_BLOCK, FOR_SIBLING, "10.0.9.0/24", NULL, NULL, NULL,
         "10.0.9.0/24: what is kept for its sibling to grow is a reserved block or subnet"},
        {PLAN_BLOCK, 0, "10.0.9.0/24", "lan", NULL, NULL, "10.0.9.0/24: its name is that of subnet 10.0.1.0/24 (lan)"},
        {PLAN_BLOCK, 0, "10.0.1.0/24", NULL, NULL, NULL,
         "10.0.1.0/24: is in the plan already: subnet 10.0.1.0/24 (lan)"},
        {PLAN_POOL, 0, "10.0.1.20-10.0.1.40", NULL, NULL, NULL,
         "10.0.1.20-10.0.1.40: overlaps pool 10.0.1.10-10.0.1.30 (pool)"},
        {PLAN_POOL, 0, "10.0.1.5-10.0.1.10", NULL, NULL, NULL,
         "10.0.1.5-10.0.1.10: overlaps pool 10.0.1.10-10.0.1.30 (pool)"},
        {PLAN_HOST, 0, "11.0.0.1", NULL, NULL, NULL, "11.0.0.1: lies in no block or subnet of the plan"},
        {PLAN_POOL, 0, "10.0.0.255-10.0.1.9", NULL, NULL, NULL,
         "10.0.0.255-10.0.1.9: cannot be in block 10.0.0.0/16 (site)"},
        {PLAN_HOST, 0, "10.0.1.10", NULL, NULL, NULL, "10.0.1.10: cannot be in pool 10.0.1.10-10.0.1.30 (pool)"},
        {PLAN_SUBNET, 0, "10.0.1.0/25", NULL, NULL, NULL, "10.0.1.0/25: cannot be in subnet 10.0.1.0/24 (lan)"},
        {PLAN_SUBNET, 0, "10.0.0.0/15", NULL, NULL, NULL, "10.0.0.0/15: cannot hold block 10.0.0.0/16 (site)"},
        {PLAN_HOST, 0, "10.0.1.0", NULL, NULL, NULL,
         "10.0.1.0: has the network or broadcast address of subnet 10.0.1.0/24 (lan)"},
        {PLAN_POOL, 0, "10.0.1.200-10.0.1.255", NULL, NULL, NULL,
         "10.0.1.200-10.0.1.255: has the network or broadcast address of subnet 10.0.1.0/24 (lan)"},
        {PLAN_SUBNET, 0, "10.0.7.0/30", NULL, NULL, NULL,
         "10.0.7.0/30: has its network or broadcast address in host 10.0.7.0 (loopback)"},
        {PLAN_HOST, 0, "10.0.2.1", NULL, NULL, NULL,
         "10.0.2.1: lies in block 10.0.2.0/24 (theirs), which is delegated: its owner alone acts there"},
        {PLAN_BLOCK, 0, "10.0.9.0/24", NULL, NULL, "they", "10.0.9.0/24: does not lie in a delegation to who acts"},
        {PLAN_HOST, 0, "10.0.3.1", NULL, NULL, NULL,
         "10.0.3.1: lies in block 10.0.3.0/24 (later), which is reserved or quarantined"},
    };
    struct plan *plan = plan_new(key);
    struct plan_refusal why;
    char text[PLAN_REFUSAL_SIZE];
    bool seen[PLAN_REASON_COUNT] = {false};

    add(plan, PLAN_BLOCK, "10.0.0.0/16", "site");
    add(plan, PLAN_SUBNET, "10.0.1.0/24", "lan");
    add(plan, PLAN_POOL, "10.0.1.10-10.0.1.30", "pool");
    add(plan, PLAN_HOST, "10.0.7.0", "loopback");
    struct plan_entry entry = entry_of(PLAN_BLOCK, "10.0.2.0/24", "theirs");
    entry.owner = "they";
    entry.delegated = true;
    assert_int_equal(plan_add(plan, &entry, &me, NULL, &why), 0);
    entry = entry_of(PLAN_BLOCK, "10.0.3.0/24", "later");
    entry.status = PLAN_RESERVED;
    assert_int_equal(plan_add(plan, &entry, &me, NULL, &why), 0);
    uint32_t count = plan_count(plan);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct plan_by by = {.holder = cases[i].holder, .now_s = 9};
        entry = entry_of(cases[i].kind, cases[i].range, cases[i].name);
        entry.owner = cases[i].owner;
        entry.delegated = cases[i].is == DELEGATED;
        entry.for_sibling = cases[i].is == FOR_SIBLING;
        assert_true(plan_add(plan, &entry, &by, NULL, &why) < 0);
        plan_refusal_format(plan, &why, text);
        assert_string_equal(text, cases[i].said);
        assert_int_equal(plan_count(plan), count);
        assert_int_equal(plan_add(plan, &entry, &by, NULL, NULL) < 0, true);
        seen[why.reason] = true;
    }

    seen[PLAN_REASON_NO_MEMORY] = true; /* cannot be had here */

    uint32_t lan = named(plan, "lan"), site = named(plan, "site"), pool = named(plan, "pool");
    uint32_t theirs = named(plan, "theirs");
    struct plan_refusal no;
#define REFUSED(call, text) seen[refused(plan, (call), &no, (text))] = true
    REFUSED(plan_release(plan, 999, false, 0, &me, &no), "0.0.0.0: is not in the plan");
    REFUSED(plan_release(plan, lan, false, 0, &me, &no), "10.0.1.0/24: holds pool 10.0.1.10-10.0.1.30 (pool)");
    REFUSED(plan_split(plan, lan, 24, &me, &no),
            "10.0.1.0/24: expected a length that is longer than its own, and at most 32");
    REFUSED(plan_split(plan, site, 33, &me, &no),
            "10.0.0.0/16: expected a length that is longer than its own, and at most 32");
    REFUSED(plan_split(plan, pool, 32, &me, &no), "10.0.1.10-10.0.1.30: nothing can be in a pool or a host");
    REFUSED(plan_merge(plan, (struct ipv4_prefix){IPV4(10, 0, 2, 0), 23}, &me, NULL, &no),
            "10.0.2.0/23: holds nodes of different kinds, statuses, owners, providers or contracts, such as block "
            "10.0.3.0/24 (later)");
    REFUSED(plan_merge(plan, (struct ipv4_prefix){IPV4(10, 0, 0, 0), 23}, &me, NULL, &no),
            "10.0.0.0/23: is not filled by two or more blocks or subnets");
    REFUSED(plan_move(plan, lan, IPV4(10, 0, 9, 128), &me, &no),
            "10.0.9.128-10.0.10.127: only a pool may be a range that is no block");
    REFUSED(plan_move(plan, site, UINT32_MAX, &me, &no),
            "255.255.255.255: only a pool may be a range that is no block");
    REFUSED(plan_resize(plan, lan, range_of("10.0.1.128/25"), &me, &no),
            "10.0.1.128/25: leaves out pool 10.0.1.10-10.0.1.30 (pool)");
    REFUSED(plan_resize(plan, lan, range_of("10.0.9.0/24"), &me, &no),
            "10.0.9.0/24: neither holds nor lies in what it was: subnet 10.0.1.0/24 (lan)");
    struct plan_request request = {.within = lan, .len = 25, .entry = {.kind = PLAN_POOL}};
    REFUSED(plan_allocate(plan, &request, &me, NULL, &no), "10.0.1.0/24: has no free block of that length");
    struct plan_entry there;
    assert_true(plan_get(plan, theirs, &there));
    struct plan_change change = {.was = true, .before = there};
    change.before.note = "another";
    REFUSED(plan_apply(plan, &change, 1, &me, &no), "10.0.2.0/24: has been changed since");
    assert_int_equal(plan_split(plan, theirs, 32, &me, NULL), 0);
    struct plan_entry wide = entry_of(PLAN_BLOCK, "11.0.0.0/8", NULL);
    uint32_t node;
    assert_int_equal(plan_add(plan, &wide, &me, &node, NULL), 0);
    REFUSED(plan_split(plan, node, 25, &me, &no), "11.0.0.0/8: is too much for one operation");
    for (unsigned i = 0; i < PLAN_REASON_COUNT; i++)
        if (!seen[i])
            fail_msg("no case for reason %u", i);
    plan_free(plan);
}

/* What one stream of sizes, with every so many of them freed again, makes of a block under a strategy: how many found
 * no room, and the largest free block after each step (33: none). */
#define STEPS 200
struct outcome {
    unsigned refused;
    bool refused_by[STEPS]; /* then the streams part */
    uint8_t largest[STEPS];
};

static struct outcome run_stream(uint64_t seed, unsigned frees_of_ten, enum plan_strategy strategy)
{
    struct plan *plan = plan_new(key);
    struct outcome outcome = {0};
    struct plan_usage usage;
    uint32_t nodes[STEPS], count = 0;

    uint32_t site = add(plan, PLAN_BLOCK, "10.0.0.0/16", "site");
    for (unsigned step = 0; step < STEPS; step++) {
        struct plan_request request = {.within = site,
                                       .len = (uint8_t)(19 + draw_below(&seed, 9)),
                                       .strategy = (uint8_t)strategy,
                                       .entry = {.kind = PLAN_SUBNET}};
        uint64_t which = draw_below(&seed, 1 << 20);
        if (draw_below(&seed, 10) >= frees_of_ten || !count) {
            if (plan_allocate(plan, &request, &me, &nodes[count], NULL))
                outcome.refused++;
            else
                count++;
        } else {
            which %= count;
            assert_int_equal(plan_release(plan, nodes[which], false, 0, &me, NULL), 0);
            nodes[which] = nodes[--count];
        }
        assert_int_equal(plan_usage(plan, site, &usage), 0);
        outcome.largest[step] = usage.largest;
        outcome.refused_by[step] = outcome.refused;
    }
    plan_free(plan);
    return outcome;
}

/* As long as nothing is freed, free blocks lie in the order of their sizes, so that both do the same. Afterwards best
 * fit may be worse at times, as the same blocks are freed from other places, but not on the whole. */
static void best_fit_fragments_less(void **state)
{
    (void)state;
    unsigned long better = 0, worse = 0, first_refused = 0, best_refused = 0;

    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct outcome first = run_stream(seed, 0, PLAN_FIRST_FIT), best = run_stream(seed, 0, PLAN_BEST_FIT);
        assert_memory_equal(&first, &best, sizeof(first));
        first = run_stream(seed, 4, PLAN_FIRST_FIT);
        best = run_stream(seed, 4, PLAN_BEST_FIT);
        for (unsigned i = 0; i < STEPS && !first.refused_by[i] && !best.refused_by[i]; i++) {
            better += best.largest[i] < first.largest[i];
            worse += best.largest[i] > first.largest[i];
        }
        first_refused += first.refused;
        best_refused += best.refused;
    }
    print_message("largest free block: best fit's larger %lu times, first fit's %lu; refused: %lu, %lu\n", better,
                  worse, best_refused, first_refused);
    assert_true(better > worse && best_refused < first_refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_subnets_and_three_links),
        cmocka_unit_test(a_provider_and_eight_organisations),
        cmocka_unit_test(hosts_are_not_at_the_edges),
        cmocka_unit_test(what_is_freed_cools_off),
        cmocka_unit_test(a_sibling_is_kept_to_grow_into),
        cmocka_unit_test(splits_merges_and_moves),
        cmocka_unit_test(refusals_say_why),
        cmocka_unit_test(best_fit_fragments_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
