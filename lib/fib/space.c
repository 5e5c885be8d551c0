/*
 * Lists 1 to FIB_SPACE_MAX hold free stretches of just that many units, the last list those that are larger. A stretch
 * is at most UINT16_MAX units: beyond that, neighbours stay apart.
 *
 * Invariants: no two free stretches that could be joined are neighbours; stretch[] is right at the first and last unit
 * of what is free and of what is not, and is never looked at elsewhere.
 */
#include "fib/space.h"

#include "base/compiler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LARGE       (FIB_SPACE_MAX + 1)
#define NONE        UINT32_MAX
#define WAITING_MAX 65536

static_assert(LARGE < 128, "two words of bits say which lists are not empty");

struct links {
    uint32_t next, previous;
};

static_assert(sizeof(struct links) <= FIB_SPACE_UNIT, "the smallest stretch holds its links");

static struct links *links_of(struct fib_space *space, uint32_t at)
{
    return (struct links *)(void *)(space->pool + (size_t)at * FIB_SPACE_UNIT);
}

static unsigned list_of(uint32_t units)
{
    return units < LARGE ? units : LARGE;
}

static void insert(struct fib_space *space, uint32_t at, uint32_t units)
{
    unsigned list = list_of(units);
    uint32_t next = space->lists[list];

    *links_of(space, at) = (struct links){.next = next, .previous = NONE};
    if (next != NONE)
        links_of(space, next)->previous = at;
    space->lists[list] = at;
    space->not_empty[list / 64] |= (uint64_t)1 << list % 64;
    space->stretch[at] = space->stretch[at + units - 1] = (uint16_t)units;
}

static void take_out(struct fib_space *space, uint32_t at, uint32_t units)
{
    unsigned list = list_of(units);
    struct links links = *links_of(space, at);

    if (links.next != NONE)
        links_of(space, links.next)->previous = links.previous;
    if (links.previous != NONE)
        links_of(space, links.previous)->next = links.next;
    else if ((space->lists[list] = links.next) == NONE)
        space->not_empty[list / 64] &= ~((uint64_t)1 << list % 64);
    space->stretch[at] = space->stretch[at + units - 1] = 0;
}

/* A stretch has become free. */
static void release(struct fib_space *space, uint32_t at, uint32_t units)
{
    uint32_t before = at ? space->stretch[at - 1] : 0;
    uint32_t behind = at + units < space->units ? space->stretch[at + units] : 0;

    space->free += units;
    if (before && before + units <= UINT16_MAX) {
        take_out(space, at - before, before);
        at -= before;
        units += before;
    }
    if (behind && behind + units <= UINT16_MAX) {
        take_out(space, at + units, behind);
        units += behind;
    }
    insert(space, at, units);
}

/* The list of the smallest stretches that hold `units`; 0 if there is none. */
static unsigned find_list(const struct fib_space *space, uint32_t units)
{
    for (unsigned word = units / 64; word < ARRAY_SIZE(space->not_empty); word++) {
        uint64_t bits = space->not_empty[word] & (word == units / 64 ? UINT64_MAX << units % 64 : UINT64_MAX);
        if (bits)
            return word * 64 + (unsigned)__builtin_ctzll(bits);
    }
    return 0;
}

static void reclaim(struct fib_space *space)
{
    if (space->wait_for_readers)
        space->wait_for_readers(space->arg);
    for (size_t i = 0; i < space->waiting_count; i++)
        release(space, space->waiting[i].at, space->waiting[i].units);
    space->waiting_count = 0;
    space->retired = 0;
}

bool fib_space_take(struct fib_space *space, uint32_t units, uint32_t *at_bytes)
{
    unsigned list = find_list(space, units);

    if (!list && space->waiting_count) {
        reclaim(space);
        list = find_list(space, units);
    }
    if (!list)
        return false;
    uint32_t at = space->lists[list];
    uint32_t found = space->stretch[at];
    take_out(space, at, found);
    space->stretch[at] = space->stretch[at + units - 1] = 0;
    if (found > units)
        insert(space, at + units, found - units);
    space->free -= units;
    space->used += units;
    *at_bytes = at * FIB_SPACE_UNIT;
    return true;
}

void fib_space_give(struct fib_space *space, uint32_t at_bytes, uint32_t units)
{
    space->used -= units;
    release(space, at_bytes / FIB_SPACE_UNIT, units);
}

void fib_space_retire(struct fib_space *space, uint32_t at_bytes, uint32_t units)
{
    space->used -= units;
    space->retired += units;
    space->waiting[space->waiting_count++] = (struct fib_space_piece){.at = at_bytes / FIB_SPACE_UNIT, .units = units};
    if (space->waiting_count == space->waiting_max)
        reclaim(space);
}

uint32_t fib_space_largest(const struct fib_space *space)
{
    uint32_t largest = 0;

    for (unsigned list = FIB_SPACE_MAX; list > 0 && !largest; list--)
        if (space->lists[list] != NONE)
            largest = list;
    for (uint32_t at = space->lists[LARGE]; at != NONE;
         at = ((const struct links *)(const void *)(space->pool + (size_t)at * FIB_SPACE_UNIT))->next)
        if (space->stretch[at] > largest)
            largest = space->stretch[at];
    return largest;
}

size_t fib_space_bytes(const struct fib_space *space)
{
    return space->units * sizeof(*space->stretch) + space->waiting_max * sizeof(*space->waiting);
}

int fib_space_open(struct fib_space *space, uint8_t *pool, uint32_t bytes, void (*wait_for_readers)(void *arg),
                   void *arg)
{
    struct fib_space new = {.pool = pool,
                            .units = bytes / FIB_SPACE_UNIT,
                            .waiting_max = WAITING_MAX,
                            .wait_for_readers = wait_for_readers,
                            .arg = arg};

    new.stretch = calloc(new.units, sizeof(*new.stretch));
    new.waiting = calloc(new.waiting_max, sizeof(*new.waiting));
    if (!new.stretch || !new.waiting) {
        fib_space_close(&new);
        return -ENOMEM;
    }
    for (size_t list = 0; list < ARRAY_SIZE(new.lists); list++)
        new.lists[list] = NONE;
    *space = new;
    for (uint32_t end = space->units; end > 1;) { /* the first units are to be handed out first */
        uint32_t units = (end - 1) % UINT16_MAX ? (end - 1) % UINT16_MAX : UINT16_MAX;
        end -= units;
        insert(space, end, units);
    }
    space->free = space->units - 1;
    return 0;
}

void fib_space_close(struct fib_space *space)
{
    free(space->stretch);
    free(space->waiting);
    *space = (struct fib_space){0};
}
