/*
 * What the kernel tells of things that have a number: a hash table of structures that begin with a struct id_node.
 *
 * The kernel may tell everything anew: between id_table_round_begin() and id_table_round_end() it names what there is,
 * and what it has not named then is gone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_TABLE_BUCKETS 1024

struct id_node {
    uint32_t id;
    uint32_t round; /* the last one in which it was named */
    struct id_node *next;
};

/* All zeros is empty. */
struct id_table {
    struct id_node *buckets[ID_TABLE_BUCKETS];
    uint32_t round;
};

void id_table_clear(struct id_table *table);

/* NULL if there is none. */
void *id_table_find(const struct id_table *table, uint32_t id);

/* It is named: the one that is there, or a new one of `bytes`, zeros but for its node. NULL if there is no memory. The
 * table owns it. */
void *id_table_name(struct id_table *table, uint32_t id, size_t bytes);

/* False if there was none. */
bool id_table_remove(struct id_table *table, uint32_t id);

/* One after the other, in no particular order; the first behind NULL, NULL behind the last. */
void *id_table_next(const struct id_table *table, const void *at);

void id_table_round_begin(struct id_table *table);
void id_table_round_end(struct id_table *table);
