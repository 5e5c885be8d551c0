#include "route/group.h"

#include <stdint.h>

/* 65536 * log2(1 + i / 64), for i from 0 to 64. */
static const uint32_t log2_table[65] = {
    0,     1466,  2909,  4331,  5732,  7112,  8473,  9814,  11136, 12440, 13727, 14996, 16248,
    17484, 18704, 19909, 21098, 22272, 23433, 24579, 25711, 26830, 27936, 29029, 30109, 31178,
    32234, 33279, 34312, 35334, 36346, 37346, 38336, 39316, 40286, 41246, 42196, 43137, 44068,
    44990, 45904, 46809, 47705, 48593, 49472, 50344, 51207, 52063, 52911, 53751, 54584, 55410,
    56229, 57040, 57845, 58643, 59434, 60219, 60997, 61769, 62534, 63294, 64047, 64794, 65536,
};

/* 65536 * -log2(hash / 2^32), to about four digits; more than 0. */
static uint32_t minus_log2(uint32_t hash)
{
    if (!hash)
        return 33u << 16;
    unsigned zeros = (unsigned)__builtin_clz(hash);
    uint32_t rest = (uint32_t)((uint64_t)hash << (zeros + 1)); /* behind the leading one, as a fraction of 2^32 */
    uint32_t at = rest >> 26, between = rest >> 10 & 0xffff;
    uint32_t log = log2_table[at] + (uint32_t)((uint64_t)(log2_table[at + 1] - log2_table[at]) * between >> 16);

    return ((zeros + 1) << 16) - log + 1;
}

static uint32_t mix(uint64_t key, uint32_t bucket)
{
    uint64_t hash = (key ^ (bucket + 1) * 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9; /* as SplitMix64 does it */

    hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
    return (uint32_t)((hash ^ hash >> 31) >> 16);
}

/* The member of the least -log2(h) / weight: with h drawn evenly, each wins as often as its weight says. */
static uint16_t best(const struct group_member *members, const bool *usable, unsigned count, uint32_t bucket)
{
    const struct group_member *winner = &members[0];
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < count; i++) {
        const struct group_member *member = &members[i];
        if (usable && !usable[i])
            continue;
        /* least / winner->weight against score / member->weight */
        uint64_t score = minus_log2(mix(member->key, bucket)), by_winner = score * winner->weight;
        bool first = least == UINT64_MAX;
        if (first || by_winner < least * member->weight ||
            (by_winner == least * member->weight && member->key < winner->key)) {
            winner = member;
            least = score;
        }
    }
    return winner->number;
}

void group_fill(uint16_t buckets[static DOOR_BUCKETS], const struct group_member *members, const bool *usable,
                unsigned count)
{
    bool any = false;

    for (unsigned i = 0; i < count; i++)
        any |= usable[i];
    for (uint32_t bucket = 0; bucket < DOOR_BUCKETS; bucket++) {
        uint16_t number = best(members, any ? usable : NULL, count, bucket);
        if (buckets[bucket] != number)
            WRITE_RELEASE(buckets[bucket], number);
    }
}
