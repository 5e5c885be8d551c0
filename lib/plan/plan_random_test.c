/*
 * A million random operations, against a naive reference: a list of nodes without order, in which everything is looked
 * up one by one, and rules that are checked on the list as it would be afterwards.
 */
#include "plan/plan.h"
#include "plan/usage.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE       IPV4(10, 0, 0, 0)
#define SIZE       1024u
#define MOST       400 /* nodes */
#define NAMES      24
#define OWNERS     4
#define OPERATIONS 1000000

static uint64_t seed = 1918;

static uint32_t draw(uint32_t below)
{
    return (uint32_t)draw_below(&seed, below);
}

/* --- the reference ------------------------------------------------------------------------------------------------ */

struct thing {
    struct ipv4_range range;
    unsigned kind, status, name, owner; /* name, owner: 0: none */
    bool delegated, for_sibling;
    uint32_t created_s, changed_s, until_s;
    bool is_new, moved; /* in a list that is tried: the operation's; not where it was, or of another kind */
};

struct list {
    struct thing all[2 * MOST + SIZE];
    unsigned count;
};

static struct list now, next;
static char names[NAMES][16], owners[OWNERS][16];
static uint32_t now_s = 1000;

static const char *name_of(unsigned name)
{
    return name ? names[name] : NULL;
}

static const char *owner_of(unsigned owner)
{
    return owner ? owners[owner] : NULL;
}

static int parent_in(const struct list *list, unsigned of)
{
    int found = -1;

    for (unsigned i = 0; i < list->count; i++)
        if (i != of && ipv4_range_covers(list->all[i].range, list->all[of].range) &&
            !ipv4_range_equal(list->all[i].range, list->all[of].range) &&
            (found < 0 || ipv4_range_covers(list->all[found].range, list->all[i].range)))
            found = (int)i;
    return found;
}

static bool has_edges(const struct thing *thing)
{
    return thing->kind == PLAN_SUBNET && ipv4_range_size(thing->range) >= 4;
}

static bool may_hold(const struct thing *outer, const struct thing *inner)
{
    if (outer->status == PLAN_QUARANTINED || outer->for_sibling)
        return false;
    if (outer->kind == PLAN_BLOCK)
        return inner->kind != PLAN_POOL;
    if (outer->kind != PLAN_SUBNET || inner->kind == PLAN_BLOCK || inner->kind == PLAN_SUBNET)
        return false;
    return !has_edges(outer) || (inner->range.first != outer->range.first && inner->range.last != outer->range.last);
}

/* Whether who acts holds the nearest delegation around a thing. */
static bool holds(const struct list *list, unsigned of, unsigned holder)
{
    unsigned delegate = 0, at = of;

    for (int i; !delegate && (i = parent_in(list, at)) >= 0; at = (unsigned)i)
        if (list->all[i].delegated)
            delegate = list->all[i].owner;
    return delegate == holder;
}

static bool is_right(const struct list *list, unsigned of, unsigned holder, bool everywhere)
{
    const struct thing *thing = &list->all[of];
    int parent = parent_in(list, of);

    for (unsigned i = 0; i < list->count; i++) {
        const struct thing *other = &list->all[i];
        if (i == of)
            continue;
        if (ipv4_range_overlaps(thing->range, other->range) &&
            (ipv4_range_equal(thing->range, other->range) ||
             !(ipv4_range_covers(thing->range, other->range) || ipv4_range_covers(other->range, thing->range))))
            return false;
        if (thing->name && thing->name == other->name)
            return false;
        if (ipv4_range_covers(thing->range, other->range) && parent_in(list, i) == (int)of && !may_hold(thing, other))
            return false;
    }
    if (parent < 0 ? thing->kind > PLAN_SUBNET : !may_hold(&list->all[parent], thing))
        return false;
    if (!thing->is_new || !thing->moved || everywhere)
        return true;
    return (parent < 0 || list->all[parent].status != PLAN_RESERVED) && holds(list, of, holder);
}

/* What an operation makes of the list: things that go, things that come. */
struct operation {
    unsigned went[MOST], went_count;
    struct thing came[SIZE];
    unsigned came_count;
    bool pairs; /* each that comes is one that went, in that order */
    unsigned holder;
    bool everywhere;
};

static struct operation operation;

static bool is_owners(const struct thing *before, const struct thing *after, unsigned holder)
{
    return holder && before->delegated && after->delegated && before->owner == holder && after->owner == holder &&
           before->status == after->status && before->until_s == after->until_s &&
           before->for_sibling == after->for_sibling && ipv4_range_equal(before->range, after->range);
}

/* Make it in `next`; whether it is right. */
static bool try_operation(const struct operation *op)
{
    bool gone[MOST] = {false};

    for (unsigned i = 0; i < op->went_count; i++) {
        const struct thing *before = &now.all[op->went[i]];
        gone[op->went[i]] = true;
        bool own = op->pairs && is_owners(before, &op->came[i], op->holder);
        if (!own && !op->everywhere && !holds(&now, op->went[i], op->holder))
            return false;
    }
    next.count = 0;
    for (unsigned i = 0; i < now.count; i++)
        if (!gone[i])
            next.all[next.count++] = now.all[i];
    unsigned first_new = next.count;
    for (unsigned i = 0; i < op->came_count; i++) {
        struct thing came = op->came[i];
        const struct thing *before = op->pairs ? &now.all[op->went[i]] : NULL;
        for (unsigned k = 0; !before && k < op->went_count; k++)
            if (ipv4_range_equal(now.all[op->went[k]].range, came.range))
                before = &now.all[op->went[k]];
        came.is_new = true;
        came.moved = !before || !(ipv4_range_equal(before->range, came.range) && before->kind == came.kind);
        if (before && is_owners(before, &came, op->holder))
            came.moved = false;
        if (came.delegated && !came.owner)
            return false;
        next.all[next.count++] = came;
    }
    for (unsigned i = 0; i < next.count; i++) {
        bool touched = i >= first_new;
        for (unsigned k = 0; !touched && k < op->went_count; k++)
            touched = ipv4_range_covers(now.all[op->went[k]].range, next.all[i].range);
        if (touched && !is_right(&next, i, op->holder, op->everywhere))
            return false;
    }
    for (unsigned i = first_new; i < next.count; i++)
        next.all[i].is_new = next.all[i].moved = false;
    return true;
}

/* --- holding the plan against it ---------------------------------------------------------------------------------- */

static struct plan_entry entry_of(const struct thing *thing)
{
    return (struct plan_entry){
        .range = thing->range,
        .kind = (uint8_t)thing->kind,
        .status = (uint8_t)thing->status,
        .delegated = thing->delegated,
        .for_sibling = thing->for_sibling,
        .name = name_of(thing->name),
        .owner = owner_of(thing->owner),
        .created_s = thing->created_s,
        .changed_s = thing->changed_s,
        .until_s = thing->until_s,
    };
}

static bool is_text(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static void check_entry(const struct plan_entry *entry, const struct thing *thing)
{
    struct plan_entry expected = entry_of(thing);

    assert_int_equal(entry->kind, expected.kind);
    assert_int_equal(entry->status, expected.status);
    assert_int_equal(entry->delegated, expected.delegated);
    assert_int_equal(entry->for_sibling, expected.for_sibling);
    assert_true(is_text(entry->name, expected.name));
    assert_true(is_text(entry->owner, expected.owner));
    assert_int_equal(entry->created_s, expected.created_s);
    assert_int_equal(entry->changed_s, expected.changed_s);
    assert_int_equal(entry->until_s, expected.until_s);
}

/* Which addresses are taken by what lies in a thing. */
static void mark(const struct thing *outer, bool taken[static SIZE])
{
    memset(taken, 0, SIZE);
    for (unsigned i = 0; i < now.count; i++)
        if (ipv4_range_covers(outer->range, now.all[i].range) && !ipv4_range_equal(outer->range, now.all[i].range))
            for (uint32_t addr = now.all[i].range.first; addr <= now.all[i].range.last; addr++)
                taken[addr - BASE] = true;
    if (has_edges(outer))
        taken[outer->range.first - BASE] = taken[outer->range.last - BASE] = true;
}

static bool is_free(const bool taken[static SIZE], uint32_t first, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        if (taken[first - BASE + i])
            return false;
    return true;
}

/* The size of the free block, as large as it can be in `outer`, that begins at an address; 0: none does. */
static uint32_t gap_at(const bool taken[static SIZE], const struct thing *outer, uint32_t addr)
{
    uint32_t size = 1;

    if (taken[addr - BASE])
        return 0;
    while (addr % (2 * size) == 0 && addr + 2 * size - 1 <= outer->range.last && is_free(taken, addr, 2 * size))
        size *= 2;
    uint32_t wider = addr & ~(2 * size - 1);
    return wider != addr && wider >= outer->range.first && is_free(taken, wider, 2 * size) ? 0 : size;
}

static void check_usage(const struct plan *plan, const struct thing *thing, uint32_t node)
{
    static bool taken[SIZE];
    struct plan_usage usage;
    uint64_t by_length[33] = {0}, free = 0;

    assert_int_equal(plan_usage(plan, node, &usage), 0);
    assert_true(usage.addresses == ipv4_range_size(thing->range));
    assert_true(usage.used + usage.reserved + usage.quarantined + usage.edges + usage.free == usage.addresses);
    if (thing->kind >= PLAN_POOL)
        return;
    mark(thing, taken);
    unsigned largest = 33;
    for (uint32_t addr = thing->range.first; addr <= thing->range.last; addr++) {
        uint32_t size = gap_at(taken, thing, addr);
        if (!size)
            continue;
        unsigned len = 32 - (unsigned)__builtin_ctz(size);
        by_length[len]++;
        free += size;
        largest = len < largest ? len : largest;
    }
    for (unsigned len = 0; len <= 32; len++)
        assert_int_equal(usage.free_blocks[len], by_length[len]);
    assert_true(usage.free == free);
    assert_int_equal(usage.largest, largest);
}

static void check_all(const struct plan *plan)
{
    struct plan_view view;
    struct plan_entry entry;
    struct ipv4_range last = {0, 0};
    uint32_t node, count = 0;

    plan_view_begin(&view, plan, (struct ipv4_prefix){0, 0});
    while ((node = plan_view_next(&view))) {
        assert_true(plan_get(plan, node, &entry));
        assert_true(!count || last.first < entry.range.first ||
                    (last.first == entry.range.first && last.last > entry.range.last));
        last = entry.range;
        count++;
    }
    assert_int_equal(count, now.count);
    assert_int_equal(plan_count(plan), now.count);
    for (unsigned i = 0; i < now.count; i++) {
        const struct thing *thing = &now.all[i];
        node = plan_find(plan, thing->range);
        assert_true(plan_get(plan, node, &entry));
        check_entry(&entry, thing);
        int parent = parent_in(&now, i);
        assert_int_equal(plan_parent(plan, node), parent < 0 ? 0 : plan_find(plan, now.all[parent].range));
        if (thing->name)
            assert_int_equal(plan_find_name(plan, name_of(thing->name)), node);
        check_usage(plan, thing, node);
    }
}

/* The last operation undone, looked at, and done again. */
static void undo_and_redo(struct plan *plan, struct list *after)
{
    static struct plan_change changes[MOST + SIZE], back[MOST + SIZE];
    static char texts[MOST + SIZE][4][16];
    const struct plan_by by = {.everywhere = true, .now_s = now_s};
    struct plan_refusal why;
    size_t count;
    const struct plan_change *made = plan_changes(plan, &count);

    for (size_t i = 0; i < count; i++) {
        struct plan_change *change = &changes[i];
        const char **of[] = {&change->before.name, &change->before.owner, &change->after.name, &change->after.owner};
        *change = made[i];
        for (unsigned k = 0; k < 4; k++) {
            if (*of[k]) {
                snprintf(texts[i][k], sizeof(texts[i][k]), "%s", *of[k]);
                *of[k] = texts[i][k];
            }
        }
        back[i] = (struct plan_change){change->is, change->was, change->after, change->before};
    }
    assert_int_equal(plan_apply(plan, back, count, &by, &why), 0);
    check_all(plan); /* `now` is still the list from before it */
    assert_int_equal(plan_apply(plan, changes, count, &by, &why), 0);
    now = *after;
}

/* --- operations --------------------------------------------------------------------------------------------------- */

static struct ipv4_prefix random_block(void)
{
    unsigned len = draw(8) ? 24 + draw(9) : 22 + draw(11);

    return ipv4_prefix_network((struct ipv4_prefix){BASE + draw(SIZE), (uint8_t)len});
}

static struct thing random_thing(void)
{
    struct thing thing = {
        .kind = draw(PLAN_KIND_COUNT),
        .status = draw(12) ? PLAN_ASSIGNED : draw(PLAN_STATUS_COUNT),
        .name = draw(4) ? 0 : draw(NAMES),
        .owner = draw(OWNERS),
        .created_s = now_s,
        .changed_s = now_s,
    };

    thing.delegated = thing.kind == PLAN_BLOCK && thing.owner && draw(8) == 0;
    thing.until_s = thing.status == PLAN_QUARANTINED ? now_s + draw(200) : 0;
    if (thing.kind == PLAN_POOL) {
        uint32_t first = BASE + draw(SIZE - 40);
        thing.range = (struct ipv4_range){first, first + draw(40)};
    } else if (thing.kind == PLAN_HOST) {
        thing.range.first = thing.range.last = BASE + draw(SIZE);
    } else {
        thing.range = ipv4_range_of(random_block());
    }
    return thing;
}

static unsigned random_there(void)
{
    return draw(now.count);
}

static uint32_t node_of(const struct plan *plan, unsigned i)
{
    return plan_find(plan, now.all[i].range);
}

static void begin(bool pairs)
{
    operation.went_count = operation.came_count = 0;
    operation.pairs = pairs;
    operation.everywhere = false;
}

static void goes(unsigned i)
{
    operation.went[operation.went_count++] = i;
}

static struct thing *comes(struct thing thing)
{
    thing.changed_s = now_s;
    operation.came[operation.came_count++] = thing;
    return &operation.came[operation.came_count - 1];
}

static bool sibling_of(struct ipv4_range range, struct ipv4_range *sibling)
{
    uint32_t size = range.last - range.first + 1;
    struct ipv4_prefix prefix;

    if (!ipv4_range_is_prefix(range, &prefix))
        return false;
    *sibling = (struct ipv4_range){range.first ^ size, range.last ^ size};
    return true;
}

static void kept_goes(unsigned of)
{
    struct ipv4_range sibling;

    for (unsigned i = 0; sibling_of(now.all[of].range, &sibling) && i < now.count; i++)
        if (now.all[i].for_sibling && ipv4_range_equal(now.all[i].range, sibling))
            goes(i);
}

static int add(struct plan *plan, const struct plan_by *by)
{
    struct thing thing = random_thing();
    struct plan_entry entry = entry_of(&thing);
    struct plan_refusal why;
    uint32_t node;

    begin(false);
    comes(thing);
    int error = plan_add(plan, &entry, by, &node, &why);
    if (!error)
        assert_int_equal(node, plan_find(plan, entry.range));
    return error;
}

/* Where the naive one would put it; false: nowhere. */
static bool naive_place(const struct thing *outer, uint32_t size, unsigned strategy, uint32_t *first)
{
    static bool taken[SIZE];
    uint32_t best = UINT32_MAX;

    mark(outer, taken);
    for (uint32_t addr = outer->range.first; addr <= outer->range.last; addr++) {
        uint32_t gap = gap_at(taken, outer, addr);
        if (gap < size || gap >= best)
            continue;
        best = gap;
        *first = addr;
        if (strategy == PLAN_FIRST_FIT)
            break;
    }
    return best != UINT32_MAX;
}

static int allocate(struct plan *plan, const struct plan_by *by)
{
    unsigned within = random_there();
    const struct thing outer = now.all[within];
    struct thing thing = random_thing();
    struct plan_refusal why;
    uint32_t node = 0, first = 0;

    if (outer.kind == PLAN_SUBNET)
        thing.kind = PLAN_POOL + draw(2);
    else if (thing.kind == PLAN_POOL)
        thing.kind = PLAN_BLOCK;
    unsigned len = thing.kind == PLAN_HOST ? 32 : ipv4_range_around(outer.range).len + draw(6);
    len = len > 32 ? 32 : len;
    thing.delegated = false;
    struct plan_request request = {
        .within = node_of(plan, within),
        .len = (uint8_t)len,
        .strategy = (uint8_t)draw(PLAN_STRATEGY_COUNT),
        .keep_sibling = draw(4) == 0 && thing.kind <= PLAN_SUBNET && thing.kind == outer.kind,
        .entry = entry_of(&thing),
    };
    uint32_t size = 1u << (32 - len), block = request.keep_sibling ? 2 * size : size;
    bool fits = outer.kind < PLAN_POOL && block < ipv4_range_size(outer.range) &&
                naive_place(&outer, block, request.strategy, &first);
    int error = plan_allocate(plan, &request, by, &node, &why);
    if (!fits) {
        assert_int_not_equal(error, 0);
        return -1;
    }
    if (!error && request.strategy == PLAN_SPARSE) {
        /* Any of the largest ones: the space's own test says which. */
        static bool taken[SIZE];
        struct plan_entry entry;
        uint32_t largest = 0;
        mark(&outer, taken);
        for (uint32_t addr = outer.range.first; addr <= outer.range.last; addr++)
            if (gap_at(taken, &outer, addr) > largest)
                largest = gap_at(taken, &outer, addr);
        assert_true(plan_get(plan, node, &entry));
        first = entry.range.first;
        assert_int_equal(gap_at(taken, &outer, first), largest);
    }
    begin(false);
    thing.range = (struct ipv4_range){first, first + size - 1};
    comes(thing);
    if (request.keep_sibling) {
        struct thing kept = {.kind = thing.kind,
                             .status = PLAN_RESERVED,
                             .owner = thing.owner,
                             .for_sibling = true,
                             .created_s = now_s,
                             .range = {first + size, first + 2 * size - 1}};
        comes(kept);
    }
    return error;
}

static bool is_in(unsigned outer, unsigned inner)
{
    return outer != inner && ipv4_range_covers(now.all[outer].range, now.all[inner].range);
}

static int release(struct plan *plan, const struct plan_by *by)
{
    unsigned of = random_there();
    struct thing thing = now.all[of];
    bool all = draw(3) == 0, cools = draw(2) && thing.status < PLAN_RESERVED, empty = true;

    begin(false);
    goes(of);
    kept_goes(of);
    for (unsigned i = 0; i < now.count; i++) {
        if (!is_in(of, i))
            continue;
        empty = false;
        goes(i);
    }
    if (cools) {
        operation.pairs = false;
        thing.status = PLAN_QUARANTINED;
        thing.name = 0;
        thing.delegated = false;
        thing.until_s = now_s + 50;
        comes(thing);
    }
    struct plan_refusal why;
    int error = plan_release(plan, node_of(plan, of), all, cools ? 50 : 0, by, &why);
    if (!empty && !all) {
        assert_int_not_equal(error, 0);
        return -1;
    }
    return error;
}

static int tick(struct plan *plan, const struct plan_by *by)
{
    struct plan_refusal why;

    begin(false);
    operation.everywhere = true;
    for (unsigned i = 0; i < now.count; i++)
        if (now.all[i].status == PLAN_QUARANTINED && now.all[i].until_s && now.all[i].until_s <= now_s)
            goes(i);
    return plan_tick(plan, by, &why);
}

static int split(struct plan *plan, const struct plan_by *by)
{
    unsigned of = random_there(), len = ipv4_range_around(now.all[of].range).len + draw(4);
    struct thing thing = now.all[of];

    len = len > 32 ? 32 : len;
    uint32_t size = 1u << (32 - len);
    struct plan_refusal why;

    int error = plan_split(plan, node_of(plan, of), (uint8_t)len, by, &why);
    if (thing.kind >= PLAN_POOL || size >= ipv4_range_size(thing.range)) {
        assert_int_not_equal(error, 0);
        return -1;
    }
    begin(false);
    goes(of);
    kept_goes(of);
    uint32_t last = thing.range.last;
    for (uint32_t first = thing.range.first; first <= last; first += size) {
        thing.range = (struct ipv4_range){first, first + size - 1};
        comes(thing);
        thing.name = 0;
        thing.created_s = now_s;
    }
    return error;
}

static int merge(struct plan *plan, const struct plan_by *by)
{
    struct ipv4_prefix prefix = ipv4_range_around(now.all[random_there()].range);

    prefix.len -= prefix.len > 22 ? 1 : 0;
    prefix = ipv4_prefix_network(prefix);
    struct ipv4_range range = ipv4_range_of(prefix);
    const struct thing *first = NULL;
    struct thing thing = {0};
    struct plan_refusal why;
    uint64_t sum = 0;
    bool alike = true;

    begin(false);
    for (unsigned i = 0; i < now.count; i++) {
        const struct thing *part = &now.all[i];
        int parent = parent_in(&now, i);
        if (!ipv4_range_covers(range, part->range) || (parent >= 0 && ipv4_range_covers(range, now.all[parent].range)))
            continue;
        sum += ipv4_range_size(part->range);
        alike &=
            part->kind <= PLAN_SUBNET &&
            (!first || (part->kind == first->kind && part->status == first->status && part->owner == first->owner &&
                        part->delegated == first->delegated && part->for_sibling == first->for_sibling));
        first = first && first->range.first < part->range.first ? first : part;
        goes(i);
    }
    int error = plan_merge(plan, prefix, by, NULL, &why);
    if (!first || sum != ipv4_range_size(range) || operation.went_count < 2 || !alike) {
        assert_int_not_equal(error, 0);
        return -1;
    }
    thing = *first;
    thing.range = range;
    uint32_t at = UINT32_MAX;
    for (unsigned i = 0; !first->name && i < operation.went_count; i++) {
        const struct thing *part = &now.all[operation.went[i]];
        if (part->name && part->range.first < at) {
            at = part->range.first;
            thing.name = part->name;
        }
    }
    comes(thing);
    return error;
}

static int move(struct plan *plan, const struct plan_by *by)
{
    unsigned of = random_there();
    struct thing thing = now.all[of];
    uint32_t size = thing.range.last - thing.range.first + 1;
    uint32_t first = BASE + draw(SIZE - size + 1) / (draw(8) ? size : 1) * size;
    struct plan_refusal why;

    if (first + size > BASE + SIZE)
        first = BASE;
    int error = plan_move(plan, node_of(plan, of), first, by, &why);
    if (thing.kind <= PLAN_SUBNET && first % size) {
        assert_int_not_equal(error, 0);
        return -1;
    }
    begin(false);
    for (unsigned i = 0; i < now.count; i++) {
        if (i != of && !is_in(of, i))
            continue;
        struct thing moved = now.all[i];
        moved.range.first += first - thing.range.first;
        moved.range.last += first - thing.range.first;
        goes(i);
        comes(moved);
    }
    operation.pairs = true;
    unsigned pairs = operation.went_count;
    kept_goes(of);
    for (unsigned i = pairs; i < operation.went_count; i++)
        if (!holds(&now, operation.went[i], operation.holder)) {
            assert_int_not_equal(error, 0);
            return -1;
        }
    return error;
}

static int resize(struct plan *plan, const struct plan_by *by)
{
    unsigned of = random_there();
    struct thing thing = now.all[of];
    struct ipv4_range range = thing.range;
    struct plan_refusal why;
    bool may = true;

    if (thing.kind == PLAN_POOL) {
        range.first += draw(8) - 4;
        range.last += draw(8) - 4;
        range.last = range.last < range.first ? range.first : range.last;
        may = ipv4_range_overlaps(range, thing.range);
    } else {
        struct ipv4_prefix prefix = ipv4_range_around(range);
        prefix.len = (uint8_t)(prefix.len + (draw(2) ? draw(3) : -draw(3)));
        prefix.len = prefix.len > 32 ? 32 : prefix.len < 22 ? 22 : prefix.len;
        prefix.addr =
            range.first + (prefix.len > ipv4_range_around(range).len ? draw(range.last - range.first + 1) : 0);
        range = ipv4_range_of(prefix);
        may = thing.kind != PLAN_HOST || range.first == range.last;
    }
    int error = plan_resize(plan, node_of(plan, of), range, by, &why);
    begin(false);
    goes(of);
    if (!ipv4_range_equal(range, thing.range) && thing.kind <= PLAN_SUBNET)
        kept_goes(of);
    /* Nothing may be swallowed, nothing left out. */
    for (unsigned i = 0; i < now.count && thing.kind <= PLAN_SUBNET; i++) {
        bool goes_too = false;
        for (unsigned k = 0; k < operation.went_count; k++)
            goes_too |= operation.went[k] == i;
        if (is_in(of, i))
            may &= ipv4_range_covers(range, now.all[i].range);
        else if (!goes_too && ipv4_range_covers(range, now.all[i].range))
            may = false;
    }
    if (!may) {
        assert_int_not_equal(error, 0);
        return -1;
    }
    thing.range = range;
    comes(thing);
    operation.pairs = operation.went_count == 1;
    return error;
}

static int set(struct plan *plan, const struct plan_by *by)
{
    unsigned of = random_there();
    struct thing before = now.all[of], thing = random_thing();
    struct plan_refusal why;

    thing.range = before.range;
    thing.created_s = before.created_s;
    if (draw(2)) {
        thing.kind = before.kind;
        thing.status = before.status;
        thing.owner = before.owner;
        thing.delegated = before.delegated;
        thing.until_s = before.until_s;
    }
    struct plan_entry entry = entry_of(&thing);
    struct ipv4_prefix prefix;
    thing.for_sibling = before.for_sibling && thing.status == PLAN_RESERVED && thing.kind <= PLAN_SUBNET;
    int error = plan_set(plan, node_of(plan, of), &entry, by, &why);
    if ((thing.kind == PLAN_HOST && thing.range.first != thing.range.last) ||
        (thing.kind != PLAN_POOL && !ipv4_range_is_prefix(thing.range, &prefix))) {
        assert_int_not_equal(error, 0);
        return -1;
    }
    begin(true);
    goes(of);
    comes(thing);
    return error;
}

static void a_million_operations(void **state)
{
    (void)state;
    static const struct {
        int (*run)(struct plan *plan, const struct plan_by *by);
        const char *name;
        unsigned weight; /* of 100 */
    } kinds[] = {
        {add, "add", 24},  {allocate, "allocate", 22}, {release, "release", 13},
        {tick, "tick", 3}, {split, "split", 6},        {merge, "merge", 12},
        {move, "move", 6}, {resize, "resize", 7},      {set, "set", 7},
    };
    unsigned long made[ARRAY_SIZE(kinds)] = {0}, refused[ARRAY_SIZE(kinds)] = {0};
    const uint8_t key[SIPHASH_KEY_SIZE] = {1};
    struct plan *plan = plan_new(key);
    size_t bytes = 0;

    for (unsigned i = 1; i < NAMES; i++)
        snprintf(names[i], sizeof(names[i]), "site/%u", i);
    for (unsigned i = 1; i < OWNERS; i++)
        snprintf(owners[i], sizeof(owners[i]), "owner %u", i);
    assert_non_null(plan);
    for (unsigned long round = 0; round < OPERATIONS; round++) {
        unsigned at = draw(100), kind = 0;
        bytes = round == OPERATIONS / 2 ? plan_bytes(plan) : bytes;
        for (; at >= kinds[kind].weight; kind++)
            at -= kinds[kind].weight;
        if (!now.count)
            kind = 0;
        else if (now.count > MOST / 4 && kind < 2)
            kind = 2;
        now_s += draw(3);
        operation.holder = draw(5) ? 0 : draw(OWNERS);
        struct plan_by by = {.holder = owner_of(operation.holder), .now_s = now_s};
        int error = kinds[kind].run(plan, &by);
        if (error == -1) {
            refused[kind]++;
            continue; /* the reference knew already */
        }
        bool right = try_operation(&operation);
        if (right != !error)
            fail_msg("operation %lu, %s: the plan says %s, the reference the opposite", round, kinds[kind].name,
                     strerror(-error));
        if (!right) {
            refused[kind]++;
            if (round % 256 == 0)
                check_all(plan);
            continue;
        }
        made[kind]++;
        if (round % 64 == 0)
            undo_and_redo(plan, &next);
        now = next;
        if (round % 256 == 0)
            check_all(plan);
    }
    check_all(plan);
    assert_true(plan_bytes(plan) <= 2 * bytes); /* nothing is left behind */
    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
        print_message("%-10s %8lu made, %8lu refused\n", kinds[i].name, made[i], refused[i]);
        assert_true(made[i] > 1000 && (refused[i] > 1000 || kinds[i].run == tick));
    }
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
