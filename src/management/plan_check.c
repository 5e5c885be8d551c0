/*
 * The plan held against what is in use: nodes, leases and routes come an answer at a time, in the order of addresses,
 * and are told of one another as they come; only what the configuration and the kernel say is gathered first.
 */
#include "plan/check.h"

#include "base/arena.h"
#include "base/compiler.h"
#include "management/commands.h"
#include "management/pages.h"
#include "management/plan_json.h"
#include "query/contracts.h"

#include <errno.h>
#include <stdlib.h>

#define FINDINGS_A_LINE 200
#define TRIES_MAX       3 /* while the configuration changes */

struct check {
    struct session *session;
    const json_t *id;
    int code;           /* with which it fails; 0: it does not */
    int error;          /* the answer is not taken; of the check itself */
    struct arena arena; /* behind the next two */
    struct plan_use *facts;
    size_t fact_count, facts_taken;
    char (*contracts)[QUERY_CONTRACT_NAME_SIZE];
    size_t contract_count;
    struct plan_pages nodes;
    struct pages leases, routes;
    struct plan_use lease, route; /* the next one; */
    bool has_lease, has_route;    /* if there is one */
    struct plan_check *check;
    json_t *findings; /* that are not told yet */
    json_int_t nodes_seen, uses_seen;
};

/* --- asking ------------------------------------------------------------------------------------------------------- */

static bool ask(struct check *check, const struct query *query, size_t record_bytes)
{
    int code = session_ask(check->session, query, record_bytes);
    const struct query_answer *answer = &check->session->buffer.answer;

    if (!code && answer->error && answer->error != -ESTALE)
        code = WIRE_INTERNAL;
    check->code = code;
    return !code;
}

/* --- what the configuration and the kernel say -------------------------------------------------------------------- */

static void add_fact(struct check *check, enum plan_use_kind kind, struct ipv4_range range, const char *where,
                     enum plan_use_by by)
{
    struct plan_use *use = arena_append(&check->arena, &check->facts, &check->fact_count, sizeof(*use));

    if (!use) {
        check->error = -ENOMEM;
        return;
    }
    *use = (struct plan_use){.range = range, .kind = (uint8_t)kind, .by = (uint8_t)by};
    static_assert(PLAN_WHERE_SIZE == QUERY_NAME_SIZE, "an interface's name");
    memcpy(use->where, where, PLAN_WHERE_SIZE);
}

/* An interface's address, and the subnet that it has. */
static void add_address(struct check *check, struct ipv4_prefix prefix, const char *where, enum plan_use_by by)
{
    add_fact(check, PLAN_USE_ADDRESS, (struct ipv4_range){prefix.addr, prefix.addr}, where, by);
    if (prefix.len < 32)
        add_fact(check, PLAN_USE_SUBNET, ipv4_range_of(prefix), where, by);
}

static void add_use(struct check *check, const struct query_use *use)
{
    static const enum plan_use_kind kinds[] = {[QUERY_USE_SUBNET] = PLAN_USE_SUBNET,
                                               [QUERY_USE_POOL] = PLAN_USE_POOL,
                                               [QUERY_USE_RESERVATION] = PLAN_USE_RESERVATION};

    if (use->kind == QUERY_USE_ADDRESS)
        add_address(check, (struct ipv4_prefix){use->first, use->len}, use->interface, PLAN_BY_CONFIGURATION);
    else if (use->kind < ARRAY_SIZE(kinds))
        add_fact(check, kinds[use->kind], (struct ipv4_range){use->first, use->last}, use->interface,
                 PLAN_BY_CONFIGURATION);
}

/* -ESTALE: from the start, for it is another one now. */
static int gather_configuration_once(struct check *check)
{
    struct query query = {.kind = QUERY_USES};
    const struct query_answer *answer = &check->session->buffer.answer;

    check->fact_count = 0;
    do {
        if (!ask(check, &query, sizeof(struct query_use)))
            return 0;
        if (answer->error)
            return answer->error;
        const struct query_use *records = query_records(&check->session->buffer);
        for (uint32_t i = 0; i < answer->count; i++)
            add_use(check, &records[i]);
        query.range.started = true;
        query.range.after = answer->last;
        query.generation = answer->generation;
    } while (answer->more);
    return 0;
}

static void gather_configuration(struct check *check)
{
    unsigned tries = 1;

    while (gather_configuration_once(check) && tries < TRIES_MAX)
        tries++;
    if (!check->code && check->session->buffer.answer.error)
        check->code = WIRE_UNAVAILABLE;
}

static void gather_kernel(struct check *check)
{
    const struct query_answer *answer = &check->session->buffer.answer;

    if (!ask(check, &(struct query){.kind = QUERY_ADDRESSES}, sizeof(struct query_address)))
        return;
    const struct query_address *records = query_records(&check->session->buffer);
    for (uint32_t i = 0; i < answer->count; i++)
        if (records[i].has_address && records[i].address.addr >> 24 != 127)
            add_address(check, records[i].address, records[i].interface, PLAN_BY_KERNEL);
}

/* All records of a list. */
static void gather_list(struct check *check, enum query_kind kind, size_t record_bytes,
                        void (*take)(struct check *check, const void *record))
{
    struct pages pages;

    if (!pages_open(&pages, kind))
        check->error = -ENOMEM;
    while (!check->error && pages_turn(check->session, &pages, record_bytes, &check->code))
        for (uint32_t i = 0; i < pages.buffer->answer.count; i++)
            take(check, (const char *)query_records(pages.buffer) + i * record_bytes);
    pages_close(&pages);
}

/* Of addresses that were reserved by hand: the configuration has told of its own. */
static void add_reservation(struct check *check, const void *record)
{
    const struct query_reservation *reservation = record;
    struct ipv4_range range = {reservation->addr, reservation->addr};

    if (reservation->by_hand && reservation->addr)
        add_fact(check, PLAN_USE_RESERVATION, range, reservation->interface, 0);
}

static void add_contract(struct check *check, const void *record)
{
    const struct query_contract *contract = record;
    char *name = arena_append(&check->arena, &check->contracts, &check->contract_count, sizeof(*check->contracts));

    if (name)
        memcpy(name, contract->name, QUERY_CONTRACT_NAME_SIZE);
    else
        check->error = -ENOMEM;
}

static int by_contract(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool has_contract(void *arg, const char *name)
{
    const struct check *check = arg;

    return check->contract_count &&
           bsearch(name, check->contracts, check->contract_count, sizeof(*check->contracts), by_contract);
}

static int by_order(const void *a, const void *b)
{
    const struct plan_use *one = a, *other = b;
    int order = plan_use_compare(one, other);

    return order ? order : strncmp(one->where, other->where, PLAN_WHERE_SIZE);
}

/* In their order, each once. */
static void sort_facts(struct check *check)
{
    size_t left = 0;

    if (!check->fact_count)
        return;
    qsort(check->facts, check->fact_count, sizeof(*check->facts), by_order);
    for (size_t i = 1; i < check->fact_count; i++)
        if (by_order(&check->facts[left], &check->facts[i]) == 0)
            check->facts[left].by |= check->facts[i].by;
        else
            check->facts[++left] = check->facts[i];
    check->fact_count = left + 1;
}

/* --- what comes an answer at a time ------------------------------------------------------------------------------- */

static void next_lease(struct check *check)
{
    struct pages *pages = &check->leases;
    const struct query_leased *records = query_records(pages->buffer);

    while (pages->taken == pages->buffer->answer.count)
        if (!(check->has_lease = pages_turn(check->session, pages, sizeof(*records), &check->code)))
            return;
    const struct query_leased *leased = &records[pages->taken++];
    check->has_lease = true;
    check->lease =
        (struct plan_use){.range = {leased->addr, leased->addr}, .kind = PLAN_USE_LEASE, .served = leased->served};
}

/* Routes that packets follow to others; the default route is none of them. */
static bool is_of_use(const struct query_route *route)
{
    return route->best && route->path.source != RIB_SOURCE_LOCAL && route->path.type != RIB_LOCAL && route->prefix.len;
}

static void next_route(struct check *check)
{
    struct pages *pages = &check->routes;
    const struct query_route *records = query_records(pages->buffer), *route;

    do {
        while (pages->taken == pages->buffer->answer.count)
            if (!(check->has_route = pages_turn(check->session, pages, sizeof(*records), &check->code)))
                return;
        route = &records[pages->taken++];
    } while (!is_of_use(route));
    check->has_route = true;
    check->route = (struct plan_use){
        .range = ipv4_range_of(route->prefix), .kind = PLAN_USE_ROUTE, .discards = rib_type_discards(route->path.type)};
    memcpy(check->route.where, route->interface, PLAN_WHERE_SIZE);
}

/* The first in order of what is next of each; NULL: there is none. */
static const struct plan_use *first_use(const struct check *check)
{
    const struct plan_use *first = check->facts_taken < check->fact_count ? &check->facts[check->facts_taken] : NULL;

    if (check->has_lease && (!first || plan_use_compare(&check->lease, first) < 0))
        first = &check->lease;
    if (check->has_route && (!first || plan_use_compare(&check->route, first) < 0))
        first = &check->route;
    return first;
}

static void check_use(struct check *check, const struct plan_use *use)
{
    check->error = plan_check_use(check->check, use);
    check->uses_seen++;
    if (use == &check->lease)
        next_lease(check);
    else if (use == &check->route)
        next_route(check);
    else
        check->facts_taken++;
}

static bool next_node(struct check *check, struct plan_entry *entry)
{
    return plan_pages_next(check->session, &check->nodes, entry, &check->code);
}

static void compare(struct check *check)
{
    struct plan_entry entry;
    bool has_node = next_node(check, &entry);
    const struct plan_use *use;

    next_lease(check);
    next_route(check);
    while (!check->code && !check->error && ((use = first_use(check)) || has_node)) {
        if (!has_node || (use && !plan_check_before(entry.range, use->range))) {
            check_use(check, use);
        } else {
            check->error = plan_check_node(check->check, &entry);
            check->nodes_seen++;
            has_node = next_node(check, &entry);
        }
    }
    if (!check->code && !check->error)
        plan_check_end(check->check);
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

static void tell(struct check *check, bool last)
{
    json_t *result = json_pack("{s:o}", "findings", check->findings);

    check->findings = last ? NULL : json_array();
    if (last) {
        json_object_set_new(result, "nodes", json_integer(check->nodes_seen));
        json_object_set_new(result, "uses", json_integer(check->uses_seen));
    }
    check->error = session_answer(check->session, check->id, last ? WIRE_OK : WIRE_MORE, result);
}

static void on_found(void *arg, const struct plan_finding *finding)
{
    const struct plan_entry *node = finding->node;
    const struct plan_use *use = finding->use;
    struct check *check = arg;
    char text[PLAN_FINDING_SIZE], range[IPV4_RANGE_TEXT_SIZE], other[IPV4_RANGE_TEXT_SIZE];

    plan_finding_format(finding, text);
    ipv4_range_format(use ? use->range : node->range, range);
    json_t *one = json_pack("{s:s, s:s, s:s, s:o, s:n, s:o}", "finding", plan_finding_name(finding->kind), "what",
                            use ? plan_use_name(use->kind) : plan_kind_name(node->kind), "range", range, "interface",
                            use ? json_text(use->where) : json_null(), "node", "text", json_text(text));
    if (node) {
        ipv4_range_format(node->range, other);
        json_object_set_new(one, "node",
                            json_pack("{s:s, s:s, s:o}", "range", other, "kind", plan_kind_name(node->kind), "name",
                                      json_text(node->name)));
    }
    json_array_append_new(check->findings, one);
    if (json_array_size(check->findings) == FINDINGS_A_LINE && !check->error)
        tell(check, false);
}

static void gather(struct check *check)
{
    bool served = check->session->config->dhcp_path;

    check->leases.ended = !served;
    gather_configuration(check);
    if (!check->code)
        gather_kernel(check);
    if (!check->code && served)
        gather_list(check, QUERY_RESERVATIONS, sizeof(struct query_reservation), add_reservation);
    if (!check->code)
        gather_list(check, QUERY_CONTRACTS, sizeof(struct query_contract), add_contract);
    if (check->contract_count)
        qsort(check->contracts, check->contract_count, sizeof(*check->contracts), by_contract);
    sort_facts(check);
}

int command_plan_check(struct session *session, const json_t *id, const json_t *arguments)
{
    struct check check = {.session = session, .id = id, .findings = json_array()};
    const struct plan_check_config config = {.found = on_found, .has_contract = has_contract, .arg = &check};

    (void)arguments;
    bool open = plan_pages_open(&check.nodes);
    open &= pages_open(&check.leases, QUERY_LEASED);
    open &= pages_open(&check.routes, QUERY_ROUTES);
    check.check = plan_check_new(&config);
    if (!check.check || !open)
        check.error = -ENOMEM;
    if (!check.error)
        gather(&check);
    if (!check.code && !check.error)
        compare(&check);
    if (check.code)
        check.error = session_fail(session, id, (enum wire_code)check.code, wire_meaning(check.code));
    else if (check.error == -ENOMEM || check.error == -EINVAL)
        check.error = session_fail(session, id, WIRE_INTERNAL, strerror(-check.error));
    else if (!check.error)
        tell(&check, true);
    plan_check_free(check.check);
    json_decref(check.findings);
    plan_pages_close(&check.nodes);
    pages_close(&check.leases);
    pages_close(&check.routes);
    arena_clear(&check.arena);
    return check.error;
}
