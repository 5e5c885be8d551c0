#include "base/bit_tree.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static uint64_t words_for(uint64_t bits)
{
    return (bits + 63) / 64;
}

int bit_tree_open(struct bit_tree *tree, uint32_t size)
{
    uint64_t total = 0, bits = size;
    unsigned levels = 0;

    do {
        bits = words_for(bits);
        total += bits;
        levels++;
    } while (bits > 1);
    uint64_t *words = calloc(total, sizeof(*words));
    if (!words)
        return -ENOMEM;
    *tree = (struct bit_tree){.size = size, .levels = levels};
    bits = size;
    for (unsigned i = 0; i < levels; i++) {
        tree->words[i] = words;
        bits = words_for(bits);
        words += bits;
    }
    return 0;
}

void bit_tree_close(struct bit_tree *tree)
{
    free(tree->words[0]);
    *tree = (struct bit_tree){0};
}

bool bit_tree_add(struct bit_tree *tree, uint32_t number)
{
    if (bit_tree_has(tree, number))
        return false;
    tree->count++;
    for (unsigned i = 0; i < tree->levels; i++, number /= 64) {
        uint64_t before = tree->words[i][number / 64];
        tree->words[i][number / 64] = before | (uint64_t)1 << (number % 64);
        if (before)
            break; /* the levels above know of this word */
    }
    return true;
}

bool bit_tree_remove(struct bit_tree *tree, uint32_t number)
{
    if (!bit_tree_has(tree, number))
        return false;
    tree->count--;
    for (unsigned i = 0; i < tree->levels; i++, number /= 64)
        if (tree->words[i][number / 64] &= ~((uint64_t)1 << (number % 64)))
            break;
    return true;
}

bool bit_tree_next(const struct bit_tree *tree, uint32_t from, uint32_t *number)
{
    uint64_t at = from; /* on level i: looked for from here on */
    unsigned i = 0;

    if (from >= tree->size)
        return false;
    /* Up, until a word has a bit at or behind the place. */
    for (uint64_t bits = tree->size;; i++) {
        if (at < bits) {
            uint64_t word = tree->words[i][at / 64] >> (at % 64);
            if (word) {
                at += (uint64_t)__builtin_ctzll(word);
                break;
            }
        }
        if (i + 1 == tree->levels)
            return false;
        at = at / 64 + 1;
        bits = words_for(bits);
    }
    /* Down, to the lowest bit of each word. */
    while (i-- > 0)
        at = at * 64 + (uint64_t)__builtin_ctzll(tree->words[i][at]);
    *number = (uint32_t)at;
    return true;
}
