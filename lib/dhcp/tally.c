/* Open addressing, at most half full; what is removed leaves no gap behind (Knuth, volume 3, 6.4, algorithm R). */
#include "dhcp/tally.h"

#include <assert.h>
#include <stdlib.h>

struct entry {
    uint64_t hash; /* 0: free */
    uint32_t count;
};

struct dhcp_tally {
    uint64_t mask;
    struct entry entries[];
};

struct dhcp_tally *dhcp_tally_new(uint64_t most)
{
    uint64_t room = 4;

    while (room < 2 * most)
        room *= 2;
    struct dhcp_tally *tally = calloc(1, sizeof(*tally) + room * sizeof(tally->entries[0]));
    if (tally)
        tally->mask = room - 1;
    return tally;
}

struct dhcp_tally *dhcp_tally_free(struct dhcp_tally *tally)
{
    free(tally);
    return NULL;
}

/* Where it is, or would be. */
static uint64_t find(const struct dhcp_tally *tally, uint64_t hash)
{
    uint64_t at = hash & tally->mask;

    while (tally->entries[at].hash && tally->entries[at].hash != hash)
        at = (at + 1) & tally->mask;
    return at;
}

void dhcp_tally_add(struct dhcp_tally *tally, uint64_t hash)
{
    struct entry *entry = &tally->entries[find(tally, hash)];

    entry->hash = hash;
    entry->count++;
}

void dhcp_tally_remove(struct dhcp_tally *tally, uint64_t hash)
{
    uint64_t gap = find(tally, hash), at = gap;

    assert(tally->entries[gap].hash == hash);
    if (--tally->entries[gap].count)
        return;
    /* Whoever is behind it only because it was there moves up. */
    while (tally->entries[at = (at + 1) & tally->mask].hash) {
        uint64_t home = tally->entries[at].hash & tally->mask;
        if (((at - home) & tally->mask) < ((at - gap) & tally->mask))
            continue;
        tally->entries[gap] = tally->entries[at];
        gap = at;
    }
    tally->entries[gap] = (struct entry){0};
}

uint32_t dhcp_tally_count(const struct dhcp_tally *tally, uint64_t hash)
{
    return tally->entries[find(tally, hash)].count;
}
