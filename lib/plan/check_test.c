/*
 * What is found in plans and uses by hand, sentence by sentence; and in random ones, held against a reference that
 * compares everything with everything.
 */
#include "plan/check.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- findings as text --------------------------------------------------------------------------------------------- */

static void write_finding(void *arg, const struct plan_finding *finding)
{
    char text[PLAN_FINDING_SIZE];

    plan_finding_format(finding, text);
    fprintf(arg, "%s: %s\n", plan_finding_name(finding->kind), text);
}

static bool has_contract(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "gold") == 0;
}

/* Both in order. What is found, for the caller to free. */
static char *findings(const struct plan_entry *nodes, size_t node_count, const struct plan_use *uses, size_t use_count)
{
    char *text = NULL;
    size_t size, i = 0, j = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    struct plan_check *check = plan_check_new(
        &(struct plan_check_config){.found = write_finding, .has_contract = has_contract, .arg = stream});

    assert_non_null(check);
    while (i < node_count || j < use_count)
        if (j == use_count || (i < node_count && plan_check_before(nodes[i].range, uses[j].range)))
            assert_int_equal(plan_check_node(check, &nodes[i++]), 0);
        else
            assert_int_equal(plan_check_use(check, &uses[j++]), 0);
    plan_check_end(check);
    assert_null(plan_check_free(check));
    fclose(stream);
    return text;
}

/* --- by hand ------------------------------------------------------------------------------------------------------ */

static struct ipv4_range range_of(const char *text)
{
    struct ipv4_range range = {0};

    assert_int_equal(ipv4_range_parse(text, strlen(text), IPV4_PREFIX_ALLOW_ADDRESS, &range, NULL), 0);
    return range;
}

#define NODES_MAX 8
#define USES_MAX  8

static void disagreements_are_told(void **state)
{
    (void)state;
    enum { B = PLAN_BLOCK, S = PLAN_SUBNET, P = PLAN_POOL, H = PLAN_HOST };
    enum {
        BOTH = PLAN_BY_CONFIGURATION | PLAN_BY_KERNEL,
        ADDRESS = PLAN_USE_ADDRESS,
        SUBNET = PLAN_USE_SUBNET,
        POOL = PLAN_USE_POOL,
        RESERVATION = PLAN_USE_RESERVATION,
        LEASE = PLAN_USE_LEASE,
        ROUTE = PLAN_USE_ROUTE
    };
    static const struct {
        struct {
            const char *range;
            const char *name, *contract;
            uint8_t kind, status;
        } nodes[NODES_MAX];
        struct {
            const char *range;
            uint8_t kind, by;
            bool discards, unserved;
        } uses[USES_MAX];
        const char *found;
    } cases[] = {
        {.found = ""},
        /* All is as it should be. */
        {.nodes = {{"10.0.0.0/16", "site", NULL, B, PLAN_ALLOCATED},
                   {"10.0.1.0/24", "lan0", "gold", S, PLAN_ASSIGNED},
                   {"10.0.1.1", "router", NULL, H, PLAN_ASSIGNED},
                   {"10.0.1.9", "printer", NULL, H, PLAN_ASSIGNED},
                   {"10.0.1.100-10.0.1.199", "lan0/pool", NULL, P, PLAN_ASSIGNED},
                   {"10.0.2.0/24", "lan1", NULL, S, PLAN_ASSIGNED},
                   {"10.0.2.4-10.0.2.9", "lan1/pool", NULL, P, PLAN_ASSIGNED}}, /* another router's */
         .uses = {{"10.0.0.0/16", ROUTE, 0, true, false},
                  {"10.0.1.0/24", SUBNET, 0, false, false},
                  {"10.0.1.1", ADDRESS, BOTH, false, false},
                  {"10.0.1.9", RESERVATION, 0, false, false},
                  {"10.0.1.100-10.0.1.199", POOL, 0, false, false},
                  {"10.0.1.101", LEASE, 0, false, false},
                  {"10.0.2.0/24", ROUTE, 0, false, false},
                  {"192.0.2.0/24", ROUTE, 0, false, false}}, /* somebody else's */
         .found = ""},
        {.uses = {{"10.0.1.0/24", SUBNET, 0, false, false}, {"10.0.1.1", ADDRESS, PLAN_BY_KERNEL, false, false}},
         .found = "unplanned: subnet 10.0.1.0/24 is used, but not planned\n"
                  "unplanned: address 10.0.1.1 is used, but not planned\n"},
        {.nodes = {{"10.0.0.0/16", "site", NULL, B, 0}, {"10.0.1.0/24", NULL, NULL, S, PLAN_ASSIGNED}},
         .uses = {{"10.0.1.1", ADDRESS, PLAN_BY_CONFIGURATION, false, false},
                  {"10.0.1.7", LEASE, 0, false, true},
                  {"10.0.2.0/24", SUBNET, 0, false, false},
                  {"10.0.3.0/24", ROUTE, 0, false, false},
                  {"10.0.4.0/24", ROUTE, 0, true, false}},
         .found = "absent: address 10.0.1.1 is configured, but the interface does not have it\n"
                  "unplanned: address 10.0.1.1 is used, but not planned: it is a part of subnet 10.0.1.0/24\n"
                  "outside: lease 10.0.1.7 lies in no pool or subnet that is served\n"
                  "unplanned: lease 10.0.1.7 is used, but not planned: it is a part of subnet 10.0.1.0/24\n"
                  "unplanned: subnet 10.0.2.0/24 is used, but not planned: it is a part of block 10.0.0.0/16 (site)\n"
                  "unplanned: route 10.0.3.0/24 is used, but not planned: it is a part of block 10.0.0.0/16 (site)\n"},
        {.nodes = {{"10.0.0.0/24", "a", "silver", S, PLAN_ASSIGNED},
                   {"10.0.1.0/24", "b", NULL, S, PLAN_ASSIGNED},
                   {"10.0.1.10-10.0.1.20", "c", NULL, P, PLAN_ASSIGNED},
                   {"10.0.2.0/24", "d", NULL, S, PLAN_RESERVED},
                   {"10.0.3.0/24", "e", NULL, S, PLAN_ALLOCATED}},
         .uses = {{"10.0.1.0/24", SUBNET, 0, false, false}},
         .found = "no-contract: subnet 10.0.0.0/24 (a) has a contract that is not there\n"
                  "unused: subnet 10.0.0.0/24 (a) is planned, but not used\n"
                  "unused: pool 10.0.1.10-10.0.1.20 (c) is planned, but not used\n"},
        /* Subnets that are others than planned. */
        {.nodes = {{"10.0.0.0/23", "a", NULL, S, PLAN_ASSIGNED},
                   {"10.0.2.0/24", "b", NULL, S, PLAN_ASSIGNED},
                   {"10.0.4.0/24", "c", NULL, B, 0},
                   {"10.0.6.0/24", "d", NULL, B, 0},
                   {"10.0.6.0/25", "e", NULL, S, PLAN_ASSIGNED}},
         .uses = {{"10.0.0.0/24", SUBNET, 0, false, false},
                  {"10.0.2.0/23", SUBNET, 0, false, false},
                  {"10.0.4.0/24", SUBNET, 0, false, false},
                  {"10.0.6.0/23", SUBNET, 0, false, false}},
         .found = "overlap: subnet 10.0.0.0/24 overlaps subnet 10.0.0.0/23 (a)\n"
                  "overlap: subnet 10.0.2.0/23 overlaps subnet 10.0.2.0/24 (b)\n"
                  "overlap: subnet 10.0.4.0/24 is planned as something else: block 10.0.4.0/24 (c)\n"
                  "outside: subnet 10.0.6.0/23 sticks out of block 10.0.6.0/24 (d)\n"},
        /* Pools. */
        {.nodes = {{"10.0.0.0/25", "a", NULL, S, PLAN_ASSIGNED},
                   {"10.0.0.10-10.0.0.20", "p", NULL, P, PLAN_ASSIGNED},
                   {"10.0.0.30", "h", NULL, H, PLAN_ASSIGNED},
                   {"10.0.0.128/25", "b", NULL, S, PLAN_ASSIGNED},
                   {"10.0.1.0/24", "c", NULL, B, 0}},
         .uses = {{"10.0.0.0/25", SUBNET, 0, false, false},
                  {"10.0.0.15-10.0.0.35", POOL, 0, false, false},
                  {"10.0.0.40-10.0.0.49", POOL, 0, false, false},
                  {"10.0.0.120-10.0.0.140", POOL, 0, false, false},
                  {"10.0.1.1-10.0.1.9", POOL, 0, false, false},
                  {"10.0.2.1-10.0.2.9", POOL, 0, false, false}},
         .found =
             "overlap: pool 10.0.0.15-10.0.0.35 overlaps pool 10.0.0.10-10.0.0.20 (p)\n"
             "overlap: pool 10.0.0.15-10.0.0.35 overlaps host 10.0.0.30 (h)\n"
             "unplanned: pool 10.0.0.40-10.0.0.49 is used, but not planned: it is a part of subnet 10.0.0.0/25 (a)\n"
             "pool-outside: pool 10.0.0.120-10.0.0.140 lies not in its subnet, as it is planned: subnet 10.0.0.0/25 "
             "(a)\n"
             "overlap: pool 10.0.0.120-10.0.0.140 overlaps subnet 10.0.0.128/25 (b)\n"
             "pool-outside: pool 10.0.1.1-10.0.1.9 lies in no subnet of the plan\n"
             "pool-outside: pool 10.0.2.1-10.0.2.9 lies in no subnet of the plan\n"},
        /* What nobody should use. */
        {.nodes = {{"10.0.0.0/24", "a", NULL, S, PLAN_QUARANTINED},
                   {"10.0.1.0/24", "b", NULL, S, PLAN_ASSIGNED},
                   {"10.0.1.4-10.0.1.9", "p", NULL, P, PLAN_RESERVED}},
         .uses = {{"10.0.0.0/24", SUBNET, 0, false, false},
                  {"10.0.0.3", LEASE, 0, false, false},
                  {"10.0.1.0/24", ROUTE, 0, false, false},
                  {"10.0.1.5", RESERVATION, 0, false, false},
                  {"10.0.1.6", ADDRESS, BOTH, false, false}},
         .found = "closed: subnet 10.0.0.0/24 is used, though subnet 10.0.0.0/24 (a) is reserved or quarantined\n"
                  "closed: lease 10.0.0.3 is used, though subnet 10.0.0.0/24 (a) is reserved or quarantined\n"
                  "closed: reservation 10.0.1.5 is used, though pool 10.0.1.4-10.0.1.9 (p) is reserved or quarantined\n"
                  "closed: address 10.0.1.6 is used, though pool 10.0.1.4-10.0.1.9 (p) is reserved or quarantined\n"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct plan_entry nodes[NODES_MAX];
        struct plan_use uses[USES_MAX];
        size_t node_count = 0, use_count = 0;
        for (; node_count < NODES_MAX && cases[i].nodes[node_count].range; node_count++)
            nodes[node_count] = (struct plan_entry){.range = range_of(cases[i].nodes[node_count].range),
                                                    .kind = cases[i].nodes[node_count].kind,
                                                    .status = cases[i].nodes[node_count].status,
                                                    .name = cases[i].nodes[node_count].name,
                                                    .contract = cases[i].nodes[node_count].contract};
        for (; use_count < USES_MAX && cases[i].uses[use_count].range; use_count++)
            uses[use_count] = (struct plan_use){.range = range_of(cases[i].uses[use_count].range),
                                                .kind = cases[i].uses[use_count].kind,
                                                .by = cases[i].uses[use_count].by,
                                                .discards = cases[i].uses[use_count].discards,
                                                .served = !cases[i].uses[use_count].unserved};
        char *found = findings(nodes, node_count, uses, use_count);
        assert_string_equal(found, cases[i].found);
        free(found);
    }
}

/* --- everything with everything ----------------------------------------------------------------------------------- */

struct world {
    struct plan_entry nodes[64];
    size_t node_count;
    struct plan_use uses[64];
    size_t use_count;
    FILE *out;
};

static bool covers(struct ipv4_range outer, struct ipv4_range inner)
{
    return ipv4_range_covers(outer, inner);
}

/* Begins in a use, and is not just that. */
static bool begins_in(const struct plan_entry *node, const struct plan_use *use)
{
    return node->range.first >= use->range.first && node->range.first <= use->range.last &&
           !covers(node->range, use->range);
}

/* Ends in a use, having begun before it. */
static bool ends_in(const struct plan_entry *node, const struct plan_use *use)
{
    return node->range.first < use->range.first && node->range.last >= use->range.first &&
           node->range.last < use->range.last;
}

static const struct plan_entry *inner_of(const struct world *world, const struct plan_use *use)
{
    const struct plan_entry *inner = NULL;

    for (size_t i = 0; i < world->node_count; i++)
        if (covers(world->nodes[i].range, use->range)) /* inner ones come later */
            inner = &world->nodes[i];
    return inner;
}

static const struct plan_entry *closed_by(const struct world *world, const struct plan_use *use)
{
    for (size_t i = 0; use->kind != PLAN_USE_ROUTE && i < world->node_count; i++)
        if (covers(world->nodes[i].range, use->range) &&
            (world->nodes[i].status == PLAN_RESERVED || world->nodes[i].status == PLAN_QUARANTINED))
            return &world->nodes[i];
    return NULL;
}

static void say(const struct world *world, enum plan_finding_kind kind, const struct plan_use *use,
                const struct plan_entry *node)
{
    write_finding(world->out, &(struct plan_finding){.kind = (uint8_t)kind, .use = use, .node = node});
}

static bool holds_nothing(const struct plan_entry *node)
{
    return node->kind == PLAN_POOL || node->kind == PLAN_HOST;
}

static bool is_planned(const struct plan_use *use, const struct plan_entry *inner)
{
    bool exact = inner && ipv4_range_equal(inner->range, use->range);

    switch (use->kind) {
    case PLAN_USE_SUBNET:
        return exact && inner->kind == PLAN_SUBNET;
    case PLAN_USE_POOL:
        return exact && inner->kind == PLAN_POOL;
    case PLAN_USE_ADDRESS:
        return inner && inner->kind == PLAN_HOST;
    case PLAN_USE_ROUTE:
        return inner && (exact || holds_nothing(inner));
    default:
        return inner && holds_nothing(inner);
    }
}

/* What is told of nodes that begin in a use: of none that lies in another such. How many. */
static unsigned say_begun(const struct world *world, const struct plan_use *use)
{
    uint64_t told = 0;
    unsigned count = 0;

    for (size_t i = 0; i < world->node_count; i++) {
        const struct plan_entry *node = &world->nodes[i];
        if (!begins_in(node, use) || node->range.first < told || (use->kind == PLAN_USE_SUBNET && holds_nothing(node)))
            continue;
        told = (uint64_t)node->range.last + 1;
        say(world, node->kind == PLAN_BLOCK ? PLAN_FINDING_OUTSIDE : PLAN_FINDING_OVERLAP, use, node);
        count++;
    }
    return count;
}

/* And of those that end in it. */
static unsigned say_ended(const struct world *world, const struct plan_use *use)
{
    const struct plan_entry *last = NULL;
    unsigned count = 0;

    for (size_t i = 0; i < world->node_count; i++) {
        const struct plan_entry *node = &world->nodes[i];
        if (!ends_in(node, use))
            continue;
        count++;
        if (holds_nothing(node))
            say(world, PLAN_FINDING_OVERLAP, use, node);
        else
            last = node;
    }
    if (last)
        say(world, PLAN_FINDING_POOL_OUTSIDE, use, last);
    return count;
}

static void judge_route(const struct world *world, const struct plan_use *use, const struct plan_entry *inner)
{
    bool known = !inner || use->discards || is_planned(use, inner);

    for (size_t i = 0; i < world->node_count; i++)
        known |= begins_in(&world->nodes[i], use);
    for (size_t i = 0; i < world->use_count; i++)
        known |= world->uses[i].kind == PLAN_USE_SUBNET && ipv4_range_equal(world->uses[i].range, use->range);
    if (!known)
        say(world, PLAN_FINDING_UNPLANNED_IN, use, inner);
}

static void judge_use(const struct world *world, const struct plan_use *use)
{
    const struct plan_entry *inner = inner_of(world, use), *closed = closed_by(world, use);
    bool planned = is_planned(use, inner), exact = inner && ipv4_range_equal(inner->range, use->range);

    if (use->kind == PLAN_USE_ROUTE) {
        judge_route(world, use, inner);
        return;
    }
    if (closed) {
        say(world, PLAN_FINDING_CLOSED, use, closed);
        return;
    }
    if (use->kind == PLAN_USE_ADDRESS && use->by == PLAN_BY_CONFIGURATION)
        say(world, PLAN_FINDING_ABSENT, use, NULL);
    if (use->kind == PLAN_USE_LEASE && !use->served)
        say(world, PLAN_FINDING_UNSERVED, use, NULL);
    unsigned told = say_ended(world, use);
    if (use->kind == PLAN_USE_SUBNET && inner && !planned && (exact || inner->kind != PLAN_BLOCK)) {
        say(world, exact ? PLAN_FINDING_OTHER_KIND : PLAN_FINDING_OVERLAP, use, inner);
        told++;
    } else if (use->kind == PLAN_USE_POOL && (!inner || inner->kind == PLAN_BLOCK)) {
        if (!told)
            say(world, PLAN_FINDING_POOL_NOWHERE, use, NULL);
        told++;
    } else if ((use->kind == PLAN_USE_POOL && !planned && inner->kind != PLAN_SUBNET) ||
               (use->kind == PLAN_USE_ADDRESS && inner && inner->kind == PLAN_POOL)) {
        say(world, PLAN_FINDING_OVERLAP, use, inner);
        told++;
    }
    if (!planned)
        told += say_begun(world, use);
    if (!planned && !told)
        say(world, inner ? PLAN_FINDING_UNPLANNED_IN : PLAN_FINDING_UNPLANNED, use, inner);
}

/* Whether a use is one of a node itself. */
static bool is_use_of(const struct world *world, const struct plan_use *use, const struct plan_entry *node)
{
    const struct plan_entry *inner = inner_of(world, use);

    if (use->kind == PLAN_USE_ROUTE)
        return !use->discards && (inner == node || (inner && begins_in(node, use)));
    return inner == node || (begins_in(node, use) && !(use->kind == PLAN_USE_SUBNET && holds_nothing(node))) ||
           (!closed_by(world, use) && ends_in(node, use));
}

static bool is_used(const struct world *world, const struct plan_entry *node)
{
    for (size_t i = 0; i < world->use_count; i++)
        for (size_t j = 0; j < world->node_count; j++)
            if (covers(node->range, world->nodes[j].range) && is_use_of(world, &world->uses[i], &world->nodes[j]))
                return true;
    return false;
}

static bool is_attached(const struct world *world, const struct plan_entry *node)
{
    for (size_t i = 0; i < world->use_count; i++)
        if (world->uses[i].kind == PLAN_USE_SUBNET && covers(world->uses[i].range, node->range))
            return true;
    return false;
}

static void judge_node(const struct world *world, const struct plan_entry *node)
{
    if (node->status == PLAN_ASSIGNED && !is_used(world, node) &&
        (node->kind == PLAN_SUBNET || (node->kind == PLAN_POOL && is_attached(world, node))))
        say(world, PLAN_FINDING_UNUSED, NULL, node);
}

/* --- random worlds ------------------------------------------------------------------------------------------------ */

static struct ipv4_range draw_range(uint64_t *seed, bool prefix)
{
    uint8_t len = (uint8_t)(24 + draw_below(seed, 9));
    uint32_t first = IPV4(10, 0, 0, 0) + (uint32_t)draw_below(seed, 512), size = (uint32_t)draw_below(seed, 60);

    return prefix ? ipv4_range_of((struct ipv4_prefix){first & ipv4_mask(len), len})
                  : (struct ipv4_range){first, first + size};
}

static void draw_nodes(uint64_t *seed, struct world *world)
{
    static const uint8_t key[SIPHASH_KEY_SIZE] = {1};
    const struct plan_by by = {.everywhere = true, .now_s = 1};
    struct plan *plan = plan_new(key);
    struct plan_view view;
    uint32_t node;

    assert_non_null(plan);
    for (unsigned i = 0; i < 60; i++) {
        struct plan_entry entry = {.kind = (uint8_t)draw_below(seed, PLAN_KIND_COUNT),
                                   .status = draw_below(seed, 6) ? PLAN_ASSIGNED : PLAN_RESERVED};
        entry.range = draw_range(seed, entry.kind != PLAN_POOL);
        if (entry.kind == PLAN_HOST)
            entry.range.last = entry.range.first;
        plan_add(plan, &entry, &by, &node, NULL);
    }
    plan_view_begin(&view, plan, (struct ipv4_prefix){0});
    while ((node = plan_view_next(&view)) && world->node_count < ARRAY_SIZE(world->nodes))
        plan_get(plan, node, &world->nodes[world->node_count++]);
    plan_free(plan);
}

static int compare_uses(const void *a, const void *b)
{
    return plan_use_compare(a, b);
}

static void draw_uses(uint64_t *seed, struct world *world)
{
    world->use_count = draw_below(seed, 25);
    for (size_t i = 0; i < world->use_count; i++) {
        struct plan_use *use = &world->uses[i];
        *use = (struct plan_use){.kind = (uint8_t)draw_below(seed, PLAN_USE_COUNT),
                                 .by = (uint8_t)(1 + draw_below(seed, 3)),
                                 .served = draw_below(seed, 2),
                                 .discards = draw_below(seed, 4) == 0};
        use->range = draw_range(seed, use->kind != PLAN_USE_POOL);
        if (use->kind == PLAN_USE_ADDRESS || use->kind == PLAN_USE_LEASE || use->kind == PLAN_USE_RESERVATION)
            use->range.last = use->range.first;
        if (world->node_count && draw_below(seed, 3) == 0) { /* just what is planned, or nearly */
            use->range = world->nodes[draw_below(seed, world->node_count)].range;
            if (use->kind == PLAN_USE_ADDRESS || use->kind == PLAN_USE_LEASE || use->kind == PLAN_USE_RESERVATION)
                use->range.last = use->range.first;
        }
        struct ipv4_prefix prefix;
        if ((use->kind == PLAN_USE_SUBNET || use->kind == PLAN_USE_ROUTE) && !ipv4_range_is_prefix(use->range, &prefix))
            use->range = ipv4_range_of(ipv4_range_around(use->range));
    }
    if (world->use_count)
        qsort(world->uses, world->use_count, sizeof(*world->uses), compare_uses);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Its lines sorted, for the caller to free. */
static char *sorted(char *text)
{
    char *lines[1024], *result = NULL;
    size_t count = 0, size;
    FILE *stream = open_memstream(&result, &size);

    assert_non_null(stream);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        assert_true(count < ARRAY_SIZE(lines));
        lines[count++] = line;
    }
    if (count)
        qsort((void *)lines, count, sizeof(*lines), by_text);
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%s\n", lines[i]);
    fclose(stream);
    free(text);
    return result;
}

static void random_worlds_are_judged_alike(void **state)
{
    (void)state;
    uint64_t seed = 5;
    size_t told = 0;

    for (unsigned i = 0; i < 3000; i++) {
        struct world world = {0};
        char *expected = NULL;
        size_t size;
        draw_nodes(&seed, &world);
        draw_uses(&seed, &world);
        world.out = open_memstream(&expected, &size);
        assert_non_null(world.out);
        for (size_t j = 0; j < world.use_count; j++)
            judge_use(&world, &world.uses[j]);
        for (size_t j = 0; j < world.node_count; j++)
            judge_node(&world, &world.nodes[j]);
        fclose(world.out);
        told += size;
        expected = sorted(expected);
        char *found = sorted(findings(world.nodes, world.node_count, world.uses, world.use_count));
        assert_string_equal(found, expected);
        free(found);
        free(expected);
    }
    assert_true(told > 1000000);
}

static void ignore(void *arg, const struct plan_finding *finding)
{
    (void)arg;
    (void)finding;
}

static void what_comes_late_is_refused(void **state)
{
    (void)state;
    struct plan_check *check =
        plan_check_new(&(struct plan_check_config){.found = ignore, .has_contract = has_contract});
    struct plan_entry node = {.range = {5, 9}, .kind = PLAN_POOL, .status = PLAN_ALLOCATED};
    struct plan_use use = {.range = {5, 9}, .kind = PLAN_USE_POOL};

    assert_non_null(check);
    assert_int_equal(plan_check_node(check, &node), 0);
    assert_int_equal(plan_check_node(check, &node), -EINVAL);
    assert_int_equal(plan_check_use(check, &use), 0);
    assert_int_equal(plan_check_node(check, &node), -EINVAL);
    use.range.first = 4;
    assert_int_equal(plan_check_use(check, &use), -EINVAL);
    use.range = (struct ipv4_range){5, 10};
    assert_int_equal(plan_check_use(check, &use), -EINVAL);
    plan_check_free(check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disagreements_are_told),
        cmocka_unit_test(what_comes_late_is_refused),
        cmocka_unit_test(random_worlds_are_judged_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
