/* Which addresses are taken and which are free. */
#include "plan/space.h"

#include "base/lines.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64 /* places, above PLAN_SPACE_ALL */

/* --- prefixes as bits --------------------------------------------------------------------------------------------- */

static struct ipv4_prefix block(uint32_t addr, unsigned len)
{
    return (struct ipv4_prefix){.addr = addr & ipv4_mask(len), .len = (uint8_t)len};
}

static unsigned common_length(const struct plan_place *place, struct ipv4_prefix prefix)
{
    unsigned len = ipv4_common_length(place->addr, prefix.addr),
             least = place->len < prefix.len ? place->len : prefix.len;

    return len < least ? len : least;
}

static uint64_t bit(unsigned len)
{
    return UINT64_C(1) << len;
}

/* Bits from to last; 0 if there are none. */
static uint64_t bits(unsigned from, unsigned last)
{
    return from > last ? 0 : (UINT64_C(2) << last) - bit(from);
}

/* Bit l is the last bit of the address' first l bits: whether a block of /l around it is the second of two halves. */
static uint64_t second_halves(uint32_t addr)
{
    uint32_t x = __builtin_bswap32(addr);

    x = (x >> 4 & 0x0f0f0f0f) | (x & 0x0f0f0f0f) << 4;
    x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2;
    x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
    return (uint64_t)x << 1;
}

/* The first or second half of a place that is not a single address. */
static struct ipv4_prefix half_block(const struct plan_place *place, unsigned side)
{
    return block(place->addr | (side ? 1u << (31 - place->len) : 0), place->len + 1u);
}

/* The other half of the block that is twice as large as /len around addr. */
static struct ipv4_prefix sibling(uint32_t addr, unsigned len)
{
    return ipv4_prefix_sibling((struct ipv4_prefix){.addr = addr, .len = (uint8_t)len});
}

/* Between a place and its child, all but the way to the child is free: a block of each of these lengths. */
static uint64_t beside(const struct plan_place *place, const struct plan_place *child)
{
    return bits(place->len + 2u, child->len);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

int plan_space_open(struct plan_space *space)
{
    struct plan_place *places = lines_new(FIRST_CAPACITY * sizeof(*places));

    if (!places)
        return -ENOMEM;
    places[PLAN_SPACE_ALL].free = bit(0);
    *space = (struct plan_space){.places = places, .used = PLAN_SPACE_ALL + 1, .capacity = FIRST_CAPACITY};
    return 0;
}

void plan_space_close(struct plan_space *space)
{
    free(space->places);
    *space = (struct plan_space){0};
}

int plan_space_reserve(struct plan_space *space, uint32_t additions)
{
    uint64_t wanted = space->used + (uint64_t)additions * PLAN_SPACE_ADD_MOST, capacity = space->capacity;

    if (wanted - space->spares <= capacity)
        return 0;
    while (capacity < wanted)
        capacity *= 2;
    if (capacity > UINT32_MAX)
        return -ENOMEM;
    struct plan_place *places = lines_new(capacity * sizeof(*places));
    if (!places)
        return -ENOMEM;
    memcpy(places, space->places, space->used * sizeof(*places));
    free(space->places);
    space->places = places;
    space->capacity = (uint32_t)capacity;
    return 0;
}

static uint32_t take_place(struct plan_space *space, struct ipv4_prefix prefix, uint32_t number)
{
    uint32_t place = space->spare;

    if (place) {
        space->spare = space->places[place].child[0];
        space->spares--;
    } else {
        assert(space->used < space->capacity && "reserved before");
        place = space->used++;
    }
    space->places[place] = (struct plan_place){.addr = prefix.addr, .len = prefix.len, .number = number};
    return place;
}

static void give_place(struct plan_space *space, uint32_t place)
{
    space->places[place] = (struct plan_place){.child = {space->spare}};
    space->spare = place;
    space->spares++;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

/* Make a place's mask and count from those of its children. */
static void count_again(struct plan_space *space, struct plan_place *place)
{
    place->free = place->count = 0;
    if (!place->child[0] && !place->child[1]) {
        place->free = bit(place->len);
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct plan_place *child = &space->places[place->child[i]];
        if (!place->child[i]) {
            place->free |= bit(place->len + 1u);
            continue;
        }
        place->free |= beside(place, child) | (child->number ? 0 : child->free);
        place->count += child->number ? 1 : child->count;
    }
}

/* Places from one that covers a prefix, PLAN_SPACE_ALL for example, down to the one nearest to a prefix: it, or the
 * last that covers it. */
struct trail {
    uint32_t places[PLAN_SPACE_DEPTH + 1];
    unsigned count;
};

static void follow(const struct plan_space *space, uint32_t from, struct ipv4_prefix prefix, struct trail *trail)
{
    uint32_t at = from;

    trail->count = 0;
    while (at) {
        const struct plan_place *place = &space->places[at];
        if (place->len > prefix.len || ((place->addr ^ prefix.addr) & ipv4_mask(place->len)))
            return;
        trail->places[trail->count++] = at;
        at = place->len == prefix.len ? 0 : place->child[ipv4_bit_behind(prefix.addr, place->len)];
    }
}

/* Count again from the trail's end upwards, as far as a change is seen: up to a prefix of the set. */
static void count_trail(struct plan_space *space, const struct trail *trail)
{
    for (unsigned i = trail->count; i-- > 0;) {
        struct plan_place *place = &space->places[trail->places[i]];
        count_again(space, place);
        if (place->number)
            return;
    }
}

uint32_t plan_space_add(struct plan_space *space, uint32_t from, struct ipv4_prefix prefix, uint32_t number)
{
    struct trail trail;

    assert(number);
    follow(space, from, prefix, &trail);
    assert(trail.count);
    uint32_t above = trail.places[trail.count - 1];
    if (space->places[above].len == prefix.len) {
        if (space->places[above].number)
            return 0;
        space->places[above].number = number; /* what is in it stays as it is, what it is in does not */
        trail.count--;
        count_trail(space, &trail);
        return above;
    }
    unsigned side = ipv4_bit_behind(prefix.addr, space->places[above].len);
    uint32_t below = space->places[above].child[side], added = take_place(space, prefix, number), top = added;
    if (below) {
        const struct plan_place *there = &space->places[below];
        unsigned common = common_length(there, prefix);
        if (common == prefix.len) {
            space->places[added].child[ipv4_bit_behind(there->addr, common)] = below;
        } else {
            top = take_place(space, block(prefix.addr, common), 0);
            there = &space->places[below];
            space->places[top].child[ipv4_bit_behind(there->addr, common)] = below;
            space->places[top].child[ipv4_bit_behind(prefix.addr, common)] = added;
        }
    }
    count_again(space, &space->places[added]);
    if (top != added)
        count_again(space, &space->places[top]);
    space->places[above].child[side] = top;
    count_trail(space, &trail);
    return added;
}

/* The trail's last place, if it is not of the set and does not fork, goes. */
static void tidy(struct plan_space *space, struct trail *trail)
{
    uint32_t at = trail->places[trail->count - 1];
    struct plan_place *place = &space->places[at];

    if (at == PLAN_SPACE_ALL || place->number || (place->child[0] && place->child[1]))
        return;
    struct plan_place *above = &space->places[trail->places[--trail->count - 1]];
    above->child[ipv4_bit_behind(place->addr, above->len)] = place->child[0] ? place->child[0] : place->child[1];
    give_place(space, at);
}

uint32_t plan_space_remove(struct plan_space *space, struct ipv4_prefix prefix)
{
    struct trail trail;

    follow(space, PLAN_SPACE_ALL, prefix, &trail);
    assert(trail.count);
    struct plan_place *place = &space->places[trail.places[trail.count - 1]];
    uint32_t number = place->number;
    if (place->len != prefix.len || !number)
        return 0;
    place->number = 0;
    unsigned count = trail.count;
    tidy(space, &trail);
    if (trail.count < count) /* what was above may have been a fork of two */
        tidy(space, &trail);
    count_trail(space, &trail);
    return number;
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

uint32_t plan_space_cover(const struct plan_space *space, struct ipv4_prefix prefix)
{
    uint32_t at = PLAN_SPACE_ALL, found = PLAN_SPACE_ALL;

    while (at) {
        const struct plan_place *place = &space->places[at];
        if (place->len > prefix.len || ((place->addr ^ prefix.addr) & ipv4_mask(place->len)))
            break;
        found = place->number ? at : found;
        at = place->len == prefix.len ? 0 : place->child[ipv4_bit_behind(prefix.addr, place->len)];
    }
    return found;
}

uint32_t plan_space_get(const struct plan_space *space, struct ipv4_prefix prefix)
{
    const struct plan_place *place = &space->places[plan_space_cover(space, prefix)];

    return place->len == prefix.len ? place->number : 0;
}

bool plan_space_find(const struct plan_space *space, uint32_t at, uint64_t wanted, struct ipv4_prefix *found)
{
    const struct plan_place *place = &space->places[at];

    if (!(place->free & wanted))
        return false;
descend:
    if (!place->child[0] && !place->child[1]) {
        *found = plan_place_prefix(place);
        return true;
    }
    __builtin_prefetch(&space->places[place->child[1]]); /* while the first one is looked at */
    for (unsigned i = 0; i < 2; i++) {
        const struct plan_place *child = &space->places[place->child[i]];
        if (!place->child[i]) {
            if (!(wanted & bit(place->len + 1u)))
                continue;
            *found = half_block(place, i);
            return true;
        }
        /* What lies beside the way to the child: before it the wider blocks come first, behind it the narrower ones. */
        uint64_t free = beside(place, child) & wanted, before = free & second_halves(child->addr);
        if (before) {
            *found = sibling(child->addr, (unsigned)__builtin_ctzll(before));
            return true;
        }
        if (!child->number && (child->free & wanted)) {
            place = child;
            goto descend;
        }
        if (free) {
            *found = sibling(child->addr, 63u - (unsigned)__builtin_clzll(free));
            return true;
        }
    }
    return false; /* never: the mask said that there is one */
}

/* One of two halves of a place, as it is seen from there. */
struct half {
    uint64_t free;
    uint32_t count;
};

static struct half half_of(const struct plan_space *space, const struct plan_place *place, unsigned side)
{
    const struct plan_place *child = &space->places[place->child[side]];

    if (!place->child[side])
        return (struct half){.free = bit(place->len + 1u)};
    if (child->number)
        return (struct half){.free = beside(place, child), .count = 1};
    return (struct half){.free = beside(place, child) | child->free, .count = child->count};
}

bool plan_space_sparse(const struct plan_space *space, uint32_t at, struct ipv4_prefix *found)
{
    const struct plan_place *place = &space->places[at];

    if (!place->free)
        return false;
    unsigned len = (unsigned)__builtin_ctzll(place->free);
    while (place->child[0] || place->child[1]) {
        struct half halves[2] = {half_of(space, place, 0), half_of(space, place, 1)};
        bool first = halves[0].free & bit(len), second = halves[1].free & bit(len);
        unsigned side = second && (!first || halves[1].count < halves[0].count);
        const struct plan_place *child = &space->places[place->child[side]];
        if (!place->child[side]) {
            *found = half_block(place, side);
            return true;
        }
        if (beside(place, child) & bit(len)) {
            *found = sibling(child->addr, len);
            return true;
        }
        place = child;
    }
    *found = plan_place_prefix(place);
    return true;
}

static void see_gap(const struct plan_space_see *see, struct ipv4_prefix prefix)
{
    if (see->gap)
        see->gap(see->arg, prefix);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as an address has bits */
void plan_space_look(const struct plan_space *space, uint32_t at, const struct plan_space_see *see)
{
    const struct plan_place *place = &space->places[at];

    if (!place->child[0] && !place->child[1]) {
        see_gap(see, plan_place_prefix(place));
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct plan_place *child = &space->places[place->child[i]];
        if (!place->child[i]) {
            see_gap(see, half_block(place, i));
            continue;
        }
        for (unsigned len = place->len + 2u; see->gap && len <= child->len; len++)
            if (child->addr >> (32 - len) & 1)
                see->gap(see->arg, sibling(child->addr, len));
        if (!child->number)
            plan_space_look(space, place->child[i], see);
        else if (see->taken)
            see->taken(see->arg, plan_place_prefix(child), child->number);
        for (unsigned len = child->len; see->gap && len >= place->len + 2u; len--)
            if (!(child->addr >> (32 - len) & 1))
                see->gap(see->arg, sibling(child->addr, len));
    }
}

/* The first place within a prefix, itself included; 0: none. */
static uint32_t top_within(const struct plan_space *space, struct ipv4_prefix prefix)
{
    uint32_t at = PLAN_SPACE_ALL;

    while (at && space->places[at].len < prefix.len &&
           ipv4_prefix_covers(plan_place_prefix(&space->places[at]), prefix))
        at = space->places[at].child[ipv4_bit_behind(prefix.addr, space->places[at].len)];
    return at && ipv4_prefix_covers(prefix, plan_place_prefix(&space->places[at])) ? at : 0;
}

void plan_space_look_within(const struct plan_space *space, struct ipv4_prefix prefix, const struct plan_space_see *see)
{
    struct plan_space_see taken = {.taken = see->taken, .arg = see->arg};
    uint32_t top = top_within(space, prefix);

    if (!top)
        return;
    const struct plan_place *place = &space->places[top];
    if (place->number)
        see->taken(see->arg, plan_place_prefix(place), place->number);
    else
        plan_space_look(space, top, &taken);
}

static void push(struct plan_walk *walk, uint32_t place)
{
    if (place)
        walk->stack[walk->height++] = place;
}

void plan_walk_begin(struct plan_walk *walk, const struct plan_space *space, struct ipv4_prefix within)
{
    *walk = (struct plan_walk){.space = space};
    push(walk, top_within(space, within));
}

void plan_walk_begin_behind(struct plan_walk *walk, const struct plan_space *space, struct ipv4_prefix within,
                            struct ipv4_prefix behind)
{
    uint32_t at = top_within(space, within);
    const struct plan_place *place = &space->places[at];

    /* Down the way to it: what is to the right of the way comes later. */
    *walk = (struct plan_walk){.space = space};
    while (at && place->len < behind.len && ipv4_prefix_covers(plan_place_prefix(place), behind)) {
        unsigned bit = ipv4_bit_behind(behind.addr, place->len);
        if (!bit)
            push(walk, place->child[1]);
        at = place->child[bit];
        place = &space->places[at];
    }
    if (at && ipv4_prefix_equal(plan_place_prefix(place), behind)) {
        push(walk, place->child[1]);
        push(walk, place->child[0]);
    } else if (place->addr > behind.addr || (place->addr == behind.addr && place->len > behind.len)) {
        push(walk, at);
    }
}

bool plan_walk_next(struct plan_walk *walk, struct ipv4_prefix *prefix, uint32_t *number)
{
    while (walk->height) {
        const struct plan_place *place = &walk->space->places[walk->stack[--walk->height]];
        push(walk, place->child[1]);
        push(walk, place->child[0]);
        if (!place->number)
            continue;
        *prefix = plan_place_prefix(place);
        *number = place->number;
        return true;
    }
    return false;
}
