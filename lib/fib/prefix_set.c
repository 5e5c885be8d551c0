/*
 * Open addressing with linear probing; a removal moves later entries back, so there are no tombstones. A slot is one
 * word: value << 40 | (length + 1) << 32 | address.
 */
#include "fib/prefix_set.h"

#include <errno.h>
#include <stdlib.h>

#define CAPACITY_MIN 64

static uint64_t key_of(struct ipv4_prefix prefix)
{
    return (uint64_t)(prefix.len + 1u) << 32 | prefix.addr;
}

static uint64_t key_in(uint64_t slot)
{
    return slot & 0xffffffffff;
}

static struct ipv4_prefix prefix_in(uint64_t slot)
{
    return (struct ipv4_prefix){.addr = (uint32_t)slot, .len = (uint8_t)((slot >> 32 & 0xff) - 1)};
}

static size_t home(const struct prefix_set *set, uint64_t key)
{
    return (key * 0x9e3779b97f4a7c15) >> 20 & (set->capacity - 1);
}

/* The slot that holds key, or the empty one where it would go. */
static size_t find(const struct prefix_set *set, uint64_t key)
{
    size_t at = home(set, key);

    while (set->slots[at] && key_in(set->slots[at]) != key)
        at = (at + 1) & (set->capacity - 1);
    return at;
}

static int grow(struct prefix_set *set)
{
    struct prefix_set bigger = *set;

    bigger.capacity = set->capacity ? set->capacity * 2 : CAPACITY_MIN;
    bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
    if (!bigger.slots)
        return -ENOMEM;
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i])
            bigger.slots[find(&bigger, key_in(set->slots[i]))] = set->slots[i];
    free(set->slots);
    *set = bigger;
    return 0;
}

void prefix_set_clear(struct prefix_set *set)
{
    free(set->slots);
    *set = (struct prefix_set){0};
}

int prefix_set_put(struct prefix_set *set, struct ipv4_prefix prefix, uint16_t value)
{
    if (set->count >= set->capacity / 4 * 3) {
        int error = grow(set);
        if (error)
            return error;
    }
    uint64_t key = key_of(prefix);
    size_t at = find(set, key);
    if (!set->slots[at]) {
        set->count++;
        set->by_length[prefix.len]++;
    }
    set->slots[at] = (uint64_t)value << 40 | key;
    return 0;
}

bool prefix_set_get(const struct prefix_set *set, struct ipv4_prefix prefix, uint16_t *value)
{
    if (!set->by_length[prefix.len])
        return false;
    uint64_t slot = set->slots[find(set, key_of(prefix))];
    if (!slot)
        return false;
    *value = (uint16_t)(slot >> 40);
    return true;
}

bool prefix_set_remove(struct prefix_set *set, struct ipv4_prefix prefix)
{
    if (!set->by_length[prefix.len])
        return false;
    size_t mask = set->capacity - 1;
    size_t hole = find(set, key_of(prefix));
    if (!set->slots[hole])
        return false;
    for (size_t at = (hole + 1) & mask; set->slots[at]; at = (at + 1) & mask) {
        /* An entry may fill the hole if the hole is not before its home on its way. */
        if (((at - home(set, key_in(set->slots[at]))) & mask) >= ((at - hole) & mask)) {
            set->slots[hole] = set->slots[at];
            hole = at;
        }
    }
    set->slots[hole] = 0;
    set->count--;
    set->by_length[prefix.len]--;
    return true;
}

bool prefix_set_cover(const struct prefix_set *set, uint32_t addr, unsigned max_length, struct ipv4_prefix *prefix,
                      uint16_t *value)
{
    for (unsigned len = max_length + 1; len-- > 0;) {
        struct ipv4_prefix candidate = {.addr = addr & ipv4_mask(len), .len = (uint8_t)len};
        if (prefix_set_get(set, candidate, value)) {
            *prefix = candidate;
            return true;
        }
    }
    return false;
}

bool prefix_set_any(struct prefix_set *set, struct ipv4_prefix *prefix)
{
    if (!set->count)
        return false;
    while (!set->slots[set->cursor & (set->capacity - 1)])
        set->cursor++;
    *prefix = prefix_in(set->slots[set->cursor & (set->capacity - 1)]);
    return true;
}
