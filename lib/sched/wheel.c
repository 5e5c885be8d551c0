#include "sched/wheel.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int wheel_open(struct wheel *wheel, uint32_t members, int64_t now_ns)
{
    memset(wheel, 0, sizeof(*wheel));
    wheel->hand = now_ns >> WHEEL_SLOT_LOG;
    wheel->links = calloc(members, sizeof(*wheel->links));
    return wheel->links ? 0 : -ENOMEM;
}

void wheel_close(struct wheel *wheel)
{
    free(wheel->links);
    wheel->links = NULL;
}

void wheel_put(struct wheel *wheel, uint32_t member, int64_t at_ns)
{
    int64_t at = at_ns >> WHEEL_SLOT_LOG;

    if (at < wheel->hand)
        at = wheel->hand;
    else if (at >= wheel->hand + WHEEL_SLOTS)
        at = wheel->hand + WHEEL_SLOTS - 1;
    uint32_t slot = (uint32_t)at % WHEEL_SLOTS;
    bool used = wheel->used[slot / 64] >> slot % 64 & 1;
    wheel->links[member] = used ? wheel->slots[slot] : WHEEL_NONE;
    wheel->slots[slot] = member;
    wheel->used[slot / 64] |= UINT64_C(1) << slot % 64;
    wheel->count++;
}

/* The first slot in use from the hand on; there is one. */
static int64_t first_used(const struct wheel *wheel)
{
    uint32_t from = (uint32_t)wheel->hand % WHEEL_SLOTS, word = from / 64;
    uint64_t bits = wheel->used[word] & ~UINT64_C(0) << from % 64;

    while (!bits) /* ends in the word that it began with, at the bits before the hand */
        bits = wheel->used[word = (word + 1) % (WHEEL_SLOTS / 64)];
    uint32_t slot = word * 64 + (uint32_t)__builtin_ctzll(bits);
    return wheel->hand + (slot - from) % WHEEL_SLOTS;
}

uint32_t wheel_take(struct wheel *wheel, int64_t now_ns)
{
    int64_t now = now_ns >> WHEEL_SLOT_LOG;

    if (wheel->hand >= now)
        return WHEEL_NONE;
    int64_t first = wheel->count ? first_used(wheel) : now;
    if (first >= now) {
        wheel->hand = now;
        return WHEEL_NONE;
    }
    wheel->hand = first;
    uint32_t slot = (uint32_t)first % WHEEL_SLOTS, member = wheel->slots[slot];
    wheel->slots[slot] = wheel->links[member];
    if (wheel->links[member] == WHEEL_NONE)
        wheel->used[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    wheel->count--;
    return member;
}

int64_t wheel_next_ns(const struct wheel *wheel)
{
    return wheel->count ? (first_used(wheel) + 1) << WHEEL_SLOT_LOG : INT64_MAX;
}
