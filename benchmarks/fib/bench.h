/*
 * What the parts of the lookup benchmark share: the table as an array of prefixes, the plain DIR-24-8 that serves both
 * as oracle and as a row of its own, keys, and the rows that are timed.
 */
#pragma once

#include "fib/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH 64 /* addresses in a call, ours and theirs */

struct bench {
    struct fib_change *routes; /* the table, in random order */
    size_t count;
    unsigned next_hops;
    uint64_t random;
    struct dir24 *dir24;
    struct fib_memory *memory;
    struct fib_table *table;
    uint32_t pool_bytes;
    bool lpm_add; /* fill rte_lpm by rte_lpm_add(), which takes minutes */
};

/* DIR-24-8 (Gupta, Lin and McKeown, 1998), with two bytes an entry and next hops below 65535: an entry of DIR24_LONG
 * refers to a table of 256 for its /24, which is found in a second array. 32 MiB and more. */
struct dir24 {
    uint16_t *root;   /* 2^24 */
    uint16_t *groups; /* 256 entries each */
    uint32_t *group;  /* of each /24 that has one */
};
#define DIR24_LONG 0xffff

static inline uint32_t dir24_lookup(const struct dir24 *dir24, uint32_t addr)
{
    uint32_t entry = dir24->root[addr >> 8];

    return likely(entry != DIR24_LONG) ? entry : dir24->groups[dir24->group[addr >> 8] * 256 + (addr & 255)];
}

/* A number below `below`, drawn from the bench's seed. */
uint32_t bench_draw(struct bench *bench, uint32_t below);
double bench_now(void);
/* Zeroed memory of 2 MiB pages where the system has them; ends the program if there is none. */
void *bench_memory(size_t bytes);
/* Says why, as printf() does, and ends the program. */
#define bench_fail(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), exit(EXIT_FAILURE))

/* A word of the command line: a number from 1 to max; ends the program if it is none. */
unsigned long bench_argument(const char *word, unsigned long max);
/* Routes from standard input, in random order and with random next hops: lines of ADDRESS/LENGTH; what follows on a
 * line, and lines that begin with #, are ignored. */
void bench_read_table(struct bench *bench);

/* The routes in the reference trie (fib/trie.h); ends the program if there is no memory. */
struct fib_trie *bench_trie(const struct bench *bench);

struct dir24 *dir24_make(const struct bench *bench);

/* A way to look addresses up. Batches answer 64-bit numbers where the peer's do. */
struct row {
    const char *name;
    bool single, ours;
    void (*batch)(const uint32_t *keys, void *answers); /* BATCH of them */
    uint64_t (*sum)(const uint32_t *keys);              /* of the answers of BATCH single lookups */
    unsigned answer_bytes;
};

/* Sets up all rows that this machine can run and returns them. */
const struct row *rows_make(struct bench *bench, size_t *count);

/* Rates of changes with and without a reader; prints facts. */
void change_measure(struct bench *bench, const uint32_t *keys, size_t count);
