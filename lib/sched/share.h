/*
 * Packet memory that many queues share: a queue may hold at most alpha times what is free (Choudhury and Hahne,
 * "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", 1998). So one that fills leaves room for the
 * others, and one that is alone gets nearly everything: of n that are full each holds alpha / (1 + n alpha).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* alpha: a power of two, as its exponent. */
#define SHARE_SHIFT_MIN (-7)
#define SHARE_SHIFT_MAX 7

static inline bool share_allows(uint32_t held, uint32_t free, int alpha_shift)
{
    uint64_t limit = alpha_shift >= 0 ? (uint64_t)free << alpha_shift : free >> -alpha_shift;

    return held < limit;
}
