/*
 * Addresses on a plane, along Hilbert's curve: neighbours stay neighbours, and every prefix is a square, or two of them
 * side by side.
 */
#pragma once

#include "net/ipv4_prefix.h"

/* In sides of one address' square. */
struct ipv4_rect {
    uint32_t x, y, width, height;
};

/* Where a prefix is on the map of one that covers it, whose first address is at the top left; a map is as wide as high,
 * or twice as wide. */
struct ipv4_rect ipv4_hilbert(struct ipv4_prefix map, struct ipv4_prefix prefix);
