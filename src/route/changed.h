/*
 * Which addresses events have named since it was cleared: a filter of fixed size, which may say so of another one too.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define CHANGED_BITS 22

struct changed {
    uint64_t words[(1u << CHANGED_BITS) / 64];
};

static inline uint32_t changed_bit(uint32_t addr)
{
    return addr * 0x9e3779b1u >> (32 - CHANGED_BITS);
}

static inline void changed_clear(struct changed *changed)
{
    memset(changed->words, 0, sizeof(changed->words));
}

static inline void changed_note(struct changed *changed, uint32_t addr)
{
    uint32_t bit = changed_bit(addr);

    changed->words[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static inline bool changed_has(const struct changed *changed, uint32_t addr)
{
    uint32_t bit = changed_bit(addr);

    return changed->words[bit / 64] >> (bit % 64) & 1;
}
