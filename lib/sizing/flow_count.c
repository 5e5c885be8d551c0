#include "sizing/flow_count.h"

#include <math.h>
#include <string.h>

#define CELL_MASK (FLOW_COUNT_CELLS - 1)

/* Murmur3's finalizer: of one hash, another. */
static uint32_t mix(uint32_t hash)
{
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

void flow_count_packet(struct flow_count *count, uint32_t hash)
{
    uint32_t mixed = mix(hash), bit = mixed >> 16 & CELL_MASK;
    uint8_t *one = &count->cells[0][hash & CELL_MASK], *other = &count->cells[1][mixed & CELL_MASK];
    uint8_t least = *one < *other ? *one : *other;

    if (least < FLOW_COUNT_LONG) {
        least++;
        if (*one < least)
            *one = least;
        if (*other < least)
            *other = least;
    }
    if (least == FLOW_COUNT_LONG && !(count->bits[bit / 64] >> bit % 64 & 1)) {
        count->bits[bit / 64] |= UINT64_C(1) << bit % 64;
        count->set++;
    }
}

double flow_count_take(struct flow_count *count)
{
    double bits = FLOW_COUNT_CELLS, zeros = fmax(bits - count->set, 0.5);
    double flows = bits * log(bits / zeros);

    memset(count, 0, sizeof(*count));
    return flows;
}
