/*
 * A sweep over the addresses. Open are the nodes and the uses that the current address lies in. When a use comes, all
 * nodes that lie around it are open; those within it, or behind its first address, come while it is open. So each
 * overlap is seen once, by the one that comes later.
 */
#include "plan/check.h"

#include "base/compiler.h"
#include "plan/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct open_node {
    struct plan_entry entry; /* its texts are the next two */
    char name[PLAN_NAME_MAX + 1], contract[PLAN_TEXT_MAX + 1];
    bool used;     /* it, or something in it */
    bool attached; /* an interface or a relay has all of it */
};

struct open_use {
    struct plan_use use;
    unsigned inner; /* how many open nodes lie around it */
    bool planned;   /* a node is just that */
    bool reported;  /* something has been found about it already */
    bool closed;    /* namely that it should not be: no more is told of it */
    bool holds;     /* nodes lie in it */
    uint64_t told;  /* behind the node within it of which something was found last */
};

struct plan_check {
    struct plan_check_config config;
    struct ipv4_range last; /* that came */
    bool any, last_is_use;
    struct open_node nodes[PLAN_DEPTH_MAX];
    unsigned depth;
    struct open_use *uses; /* in the order in which they came */
    size_t use_count, use_room;
};

/* --- findings ----------------------------------------------------------------------------------------------------- */

const char *plan_use_name(enum plan_use_kind kind)
{
#define X(enumerator, name) name,
    static const char *const names[] = {PLAN_USES(X)};
#undef X

    return kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

const char *plan_finding_name(enum plan_finding_kind kind)
{
#define X(enumerator, name, text) name,
    static const char *const names[] = {PLAN_FINDINGS(X)};
#undef X

    return kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

static void write_node(FILE *stream, const struct plan_entry *node)
{
    char range[IPV4_RANGE_TEXT_SIZE];

    ipv4_range_format(node->range, range);
    fprintf(stream, "%s %s", plan_kind_name(node->kind), range);
    if (node->name)
        fprintf(stream, " (%s)", node->name);
}

static void write_use(FILE *stream, const struct plan_use *use)
{
    char range[IPV4_RANGE_TEXT_SIZE];

    ipv4_range_format(use->range, range);
    fprintf(stream, "%s %s", plan_use_name(use->kind), range);
    if (use->where[0])
        fprintf(stream, " (%.*s)", PLAN_WHERE_SIZE, use->where);
}

void plan_finding_format(const struct plan_finding *finding, char out[static PLAN_FINDING_SIZE])
{
#define X(enumerator, name, text) text,
    static const char *const texts[] = {PLAN_FINDINGS(X)};
#undef X
    const char *text = finding->kind < ARRAY_SIZE(texts) ? texts[finding->kind] : "%s";
    size_t front = strcspn(text, "%");
    FILE *stream = fmemopen(out, PLAN_FINDING_SIZE, "w");

    out[0] = '\0';
    if (!stream)
        return;
    if (finding->use)
        write_use(stream, finding->use);
    else if (finding->node)
        write_node(stream, finding->node);
    fprintf(stream, " %.*s", (int)front, text);
    if (text[front] && finding->node) {
        write_node(stream, finding->node);
        fputs(text + front + strlen("%s"), stream);
    }
    fclose(stream);
    out[PLAN_FINDING_SIZE - 1] = '\0';
}

static void tell(const struct plan_check *check, enum plan_finding_kind kind, const struct plan_use *use,
                 const struct plan_entry *node)
{
    check->config.found(check->config.arg, &(struct plan_finding){.kind = (uint8_t)kind, .use = use, .node = node});
}

static void tell_use(const struct plan_check *check, enum plan_finding_kind kind, struct open_use *open,
                     const struct plan_entry *node)
{
    open->reported = true;
    tell(check, kind, &open->use, node);
}

/* --- closing ------------------------------------------------------------------------------------------------------ */

/* The innermost node around it; NULL: there is none. */
static struct open_node *around(struct plan_check *check, const struct open_use *open)
{
    return open->inner ? &check->nodes[open->inner - 1] : NULL;
}

static void tell_unplanned(struct plan_check *check, struct open_use *open)
{
    const struct open_node *node = around(check, open);

    if (node)
        tell_use(check, PLAN_FINDING_UNPLANNED_IN, open, &node->entry);
    else
        tell_use(check, PLAN_FINDING_UNPLANNED, open, NULL);
}

/* No node begins in it any more. */
static void close_use(struct plan_check *check, struct open_use *open)
{
    /* A route to elsewhere is others' business, and one that has nodes in it a summary. */
    bool may_be = open->use.kind == PLAN_USE_ROUTE && (!open->inner || open->holds || open->use.discards);

    if (!open->planned && !open->reported && !may_be)
        tell_unplanned(check, open);
}

static void close_node(struct plan_check *check)
{
    const struct open_node *node = &check->nodes[--check->depth];
    struct open_node *parent = check->depth ? &check->nodes[check->depth - 1] : NULL;
    bool wanted = node->entry.status == PLAN_ASSIGNED &&
                  (node->entry.kind == PLAN_SUBNET || (node->entry.kind == PLAN_POOL && node->attached));

    if (wanted && !node->used)
        tell(check, PLAN_FINDING_UNUSED, NULL, &node->entry);
    if (parent)
        parent->used |= node->used;
}

/* What ends in front of an address. Uses first: nodes around them are still open then. */
static void close_before(struct plan_check *check, uint64_t first)
{
    size_t left = 0;

    for (size_t i = 0; i < check->use_count; i++)
        if (check->uses[i].use.range.last < first)
            close_use(check, &check->uses[i]);
        else
            check->uses[left++] = check->uses[i];
    check->use_count = left;
    while (check->depth && check->nodes[check->depth - 1].entry.range.last < first)
        close_node(check);
}

/* --- what comes --------------------------------------------------------------------------------------------------- */

/* False: it should have come before. */
static bool in_order(struct plan_check *check, struct ipv4_range range, bool is_use)
{
    struct ipv4_range last = check->last;
    bool right = !check->any || range.first > last.first || (range.first == last.first && range.last < last.last) ||
                 (ipv4_range_equal(range, last) && is_use);

    if (right) {
        check->any = true;
        check->last = range;
    }
    return right;
}

/* A node that begins within a use. */
static void node_within(struct plan_check *check, struct open_use *open, struct open_node *node)
{
    const struct plan_entry *entry = &node->entry;
    bool told = open->told > entry->range.first; /* of a node around it */

    open->holds = true;
    if (open->use.kind == PLAN_USE_ROUTE) {
        node->used |= !open->use.discards && (open->planned || open->inner);
        return;
    }
    node->used |= open->use.kind != PLAN_USE_SUBNET || plan_can_hold(entry->kind);
    node->attached |= open->use.kind == PLAN_USE_SUBNET && ipv4_range_covers(open->use.range, entry->range);
    if (told || open->planned || open->closed || (open->use.kind == PLAN_USE_SUBNET && !plan_can_hold(entry->kind)))
        return;
    open->told = (uint64_t)entry->range.last + 1;
    tell_use(check, entry->kind == PLAN_BLOCK ? PLAN_FINDING_OUTSIDE : PLAN_FINDING_OVERLAP, open, entry);
}

int plan_check_node(struct plan_check *check, const struct plan_entry *entry)
{
    if (!in_order(check, entry->range, false) || check->depth == PLAN_DEPTH_MAX)
        return -EINVAL;
    close_before(check, entry->range.first);
    struct open_node *node = &check->nodes[check->depth++];
    node->entry = (struct plan_entry){.range = entry->range, .kind = entry->kind, .status = entry->status};
    node->used = node->attached = false;
    if (entry->name) {
        snprintf(node->name, sizeof(node->name), "%s", entry->name);
        node->entry.name = node->name;
    }
    if (entry->contract) {
        snprintf(node->contract, sizeof(node->contract), "%s", entry->contract);
        node->entry.contract = node->contract;
        if (!check->config.has_contract(check->config.arg, node->contract))
            tell(check, PLAN_FINDING_NO_CONTRACT, NULL, &node->entry);
    }
    for (size_t i = 0; i < check->use_count; i++)
        node_within(check, &check->uses[i], node);
    return 0;
}

/* Nodes that begin before a use and end in it: what sticks out of them. */
static void use_sticks_out(struct plan_check *check, struct open_use *open)
{
    for (unsigned i = open->inner; i < check->depth; i++) {
        struct open_node *node = &check->nodes[i];
        node->used = true;
        if (!plan_can_hold(node->entry.kind))
            tell_use(check, PLAN_FINDING_OVERLAP, open, &node->entry);
        else if (i + 1 == check->depth || !plan_can_hold(check->nodes[i + 1].entry.kind))
            tell_use(check, PLAN_FINDING_POOL_OUTSIDE, open, &node->entry); /* of the innermost */
    }
}

/* One address: nothing begins within it, so that all is known. */
static void look_at_address(struct plan_check *check, struct open_use *open, const struct open_node *node)
{
    bool in_pool = node && node->entry.kind == PLAN_POOL;

    open->planned = node && (node->entry.kind == PLAN_HOST || (in_pool && open->use.kind != PLAN_USE_ADDRESS));
    if (in_pool && open->use.kind == PLAN_USE_ADDRESS)
        tell_use(check, PLAN_FINDING_OVERLAP, open, &node->entry);
    if (open->use.kind == PLAN_USE_ADDRESS && open->use.by == PLAN_BY_CONFIGURATION)
        tell(check, PLAN_FINDING_ABSENT, &open->use, NULL);
    if (open->use.kind == PLAN_USE_LEASE && !open->use.served)
        tell(check, PLAN_FINDING_UNSERVED, &open->use, NULL);
}

static void look_at_subnet(struct plan_check *check, struct open_use *open, const struct open_node *node)
{
    bool exact = node && ipv4_range_equal(node->entry.range, open->use.range);

    if (!node || (node->entry.kind == PLAN_BLOCK && !exact))
        return;
    open->planned = exact && node->entry.kind == PLAN_SUBNET;
    if (!open->planned)
        tell_use(check, exact ? PLAN_FINDING_OTHER_KIND : PLAN_FINDING_OVERLAP, open, &node->entry);
}

static void look_at_pool(struct plan_check *check, struct open_use *open, const struct open_node *node)
{
    bool exact = node && ipv4_range_equal(node->entry.range, open->use.range);

    if (!node || node->entry.kind == PLAN_BLOCK) {
        if (!open->reported)
            tell_use(check, PLAN_FINDING_POOL_NOWHERE, open, NULL);
        return;
    }
    open->planned = exact && node->entry.kind == PLAN_POOL;
    if (!open->planned && node->entry.kind != PLAN_SUBNET)
        tell_use(check, PLAN_FINDING_OVERLAP, open, &node->entry);
}

static void look_at_route(const struct plan_check *check, struct open_use *open, const struct open_node *node)
{
    open->planned = node && (ipv4_range_equal(node->entry.range, open->use.range) || !plan_can_hold(node->entry.kind));
    for (size_t i = 0; i < check->use_count; i++) /* an interface's own: it has been looked at */
        open->reported |=
            check->uses[i].use.kind == PLAN_USE_SUBNET && ipv4_range_equal(check->uses[i].use.range, open->use.range);
}

static void look_at(struct plan_check *check, struct open_use *open)
{
    struct open_node *node = around(check, open);

    if (open->use.kind == PLAN_USE_ROUTE) {
        look_at_route(check, open, node);
        if (node && !open->use.discards)
            node->used = true;
        return;
    }
    if (node)
        node->used = true;
    for (unsigned i = 0; i < open->inner; i++)
        if (plan_is_closed(check->nodes[i].entry.status)) {
            open->closed = true;
            tell_use(check, PLAN_FINDING_CLOSED, open, &check->nodes[i].entry);
            return;
        }
    use_sticks_out(check, open);
    if (open->use.kind == PLAN_USE_SUBNET)
        look_at_subnet(check, open, node);
    else if (open->use.kind == PLAN_USE_POOL)
        look_at_pool(check, open, node);
    else
        look_at_address(check, open, node);
}

static struct open_use *open_use(struct plan_check *check)
{
    if (check->use_count == check->use_room) {
        size_t room = check->use_room ? check->use_room * 2 : 16;
        struct open_use *wider = realloc(check->uses, room * sizeof(*wider));
        if (!wider)
            return NULL;
        check->uses = wider;
        check->use_room = room;
    }
    return &check->uses[check->use_count];
}

int plan_check_use(struct plan_check *check, const struct plan_use *use)
{
    if (!in_order(check, use->range, true))
        return -EINVAL;
    close_before(check, use->range.first);
    struct open_use *open = open_use(check);
    if (!open)
        return -ENOMEM;
    *open = (struct open_use){.use = *use};
    while (open->inner < check->depth && check->nodes[open->inner].entry.range.last >= use->range.last)
        open->inner++;
    look_at(check, open);
    check->use_count++;
    return 0;
}

struct plan_check *plan_check_new(const struct plan_check_config *config)
{
    struct plan_check *check = calloc(1, sizeof(*check));

    if (check)
        check->config = *config;
    return check;
}

struct plan_check *plan_check_free(struct plan_check *check)
{
    if (check) {
        free(check->uses);
        free(check);
    }
    return NULL;
}

void plan_check_end(struct plan_check *check)
{
    close_before(check, (uint64_t)UINT32_MAX + 1);
}
