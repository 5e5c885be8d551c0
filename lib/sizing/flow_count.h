/*
 * How many flows have sent at least FLOW_COUNT_LONG packets in a while: those that fill a buffer, among any number of
 * short ones. In memory of constant size: packets are counted in two rows of cells, of which a flow has one each
 * (Estan and Varghese, 2003, with conservative update); a flow whose cells are both full sets a bit, and from the bits
 * that are set follows how many there are (linear counting: Whang and others, 1990).
 */
#pragma once

#include <stdint.h>

#define FLOW_COUNT_LONG  64u
#define FLOW_COUNT_CELLS 8192u

struct flow_count {
    uint8_t cells[2][FLOW_COUNT_CELLS];
    uint64_t bits[FLOW_COUNT_CELLS / 64];
    uint32_t set; /* bits */
};

/* Zeros are one in which nothing was counted. */

/* A packet of a flow, by a hash of that which nobody outside can foresee. */
void flow_count_packet(struct flow_count *count, uint32_t hash);

/* How many long flows there were, and begin anew. */
double flow_count_take(struct flow_count *count);
