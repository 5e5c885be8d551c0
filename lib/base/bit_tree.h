/*
 * A set of numbers below a size, in which the next member from any number on is found in a handful of steps, however
 * full or empty it is: bits, and above each 64 of them one bit that says whether any of them is set, and so on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BIT_TREE_LEVELS 6 /* 64^6 is more than 2^32 */

/* All zeros is closed. */
struct bit_tree {
    uint32_t size; /* members are below it */
    uint32_t count;
    unsigned levels;
    uint64_t *words[BIT_TREE_LEVELS]; /* words[0] is the members themselves; one piece of memory */
};

/* An empty set of numbers below size, which is at least 1. 0; -ENOMEM. */
int bit_tree_open(struct bit_tree *tree, uint32_t size);
void bit_tree_close(struct bit_tree *tree);

/* number < size. Whether something was changed. */
bool bit_tree_add(struct bit_tree *tree, uint32_t number);
bool bit_tree_remove(struct bit_tree *tree, uint32_t number);

static inline bool bit_tree_has(const struct bit_tree *tree, uint32_t number)
{
    return tree->words[0][number / 64] >> (number % 64) & 1;
}

/* The lowest member that is not below `from`. False if there is none. */
bool bit_tree_next(const struct bit_tree *tree, uint32_t from, uint32_t *number);
