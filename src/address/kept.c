#include "address/kept.h"

#include "base/sorted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t none[ETH_ADDR_SIZE];

static uint64_t addr_of(const void *element)
{
    return ((const struct store_reservation *)element)->addr;
}

/* Where it stands, or would. */
static size_t place_of(const struct kept_reservations *kept, uint32_t addr)
{
    return sorted_find(kept->all, kept->count, sizeof(*kept->all), addr_of, addr);
}

const struct store_reservation *kept_find(const struct kept_reservations *kept, uint32_t addr)
{
    size_t at = place_of(kept, addr);

    return at < kept->count && kept->all[at].addr == addr ? &kept->all[at] : NULL;
}

static void take_away(struct kept_reservations *kept, size_t at)
{
    memmove(&kept->all[at], &kept->all[at + 1], (kept->count - at - 1) * sizeof(*kept->all));
    kept->count--;
}

int kept_put(struct kept_reservations *kept, const struct store_reservation *reservation)
{
    size_t at = place_of(kept, reservation->addr);
    bool is_there = at < kept->count && kept->all[at].addr == reservation->addr;
    bool ends = eth_addr_equal(reservation->mac, none);

    if (ends && is_there)
        take_away(kept, at);
    if (ends)
        return 0;
    if (!is_there && kept->count == kept->room) {
        size_t room = kept->room ? 2 * kept->room : 16;
        struct store_reservation *larger = realloc(kept->all, room * sizeof(*larger));
        if (!larger)
            return -ENOMEM;
        kept->all = larger;
        kept->room = room;
    }
    if (!is_there) {
        memmove(&kept->all[at + 1], &kept->all[at], (kept->count - at) * sizeof(*kept->all));
        kept->count++;
    }
    kept->all[at] = *reservation;
    return 0;
}

int kept_load(void *kept, const struct store_reservation *reservation)
{
    return kept_put(kept, reservation);
}

void kept_clear(struct kept_reservations *kept)
{
    free(kept->all);
    *kept = (struct kept_reservations){0};
}
