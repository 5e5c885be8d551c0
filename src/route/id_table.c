#include "route/id_table.h"

#include <stdlib.h>

static struct id_node **bucket_of(struct id_table *table, uint32_t id)
{
    return &table->buckets[id % ID_TABLE_BUCKETS];
}

static void remove_at(struct id_node **place)
{
    struct id_node *node = *place;

    *place = node->next;
    free(node);
}

void id_table_clear(struct id_table *table)
{
    for (unsigned i = 0; i < ID_TABLE_BUCKETS; i++)
        while (table->buckets[i])
            remove_at(&table->buckets[i]);
}

void *id_table_find(const struct id_table *table, uint32_t id)
{
    struct id_node *node = table->buckets[id % ID_TABLE_BUCKETS];

    while (node && node->id != id)
        node = node->next;
    return node;
}

void *id_table_name(struct id_table *table, uint32_t id, size_t bytes)
{
    struct id_node *node = id_table_find(table, id);

    if (!node) {
        node = calloc(1, bytes);
        if (!node)
            return NULL;
        node->id = id;
        node->next = *bucket_of(table, id);
        *bucket_of(table, id) = node;
    }
    node->round = table->round;
    return node;
}

bool id_table_remove(struct id_table *table, uint32_t id)
{
    struct id_node **place = bucket_of(table, id);

    while (*place && (*place)->id != id)
        place = &(*place)->next;
    if (!*place)
        return false;
    remove_at(place);
    return true;
}

void *id_table_next(const struct id_table *table, const void *at)
{
    const struct id_node *node = at;
    unsigned bucket = 0;

    if (node && node->next)
        return node->next;
    if (node)
        bucket = node->id % ID_TABLE_BUCKETS + 1;
    while (bucket < ID_TABLE_BUCKETS && !table->buckets[bucket])
        bucket++;
    return bucket < ID_TABLE_BUCKETS ? table->buckets[bucket] : NULL;
}

void id_table_round_begin(struct id_table *table)
{
    table->round++;
}

void id_table_round_end(struct id_table *table)
{
    for (unsigned i = 0; i < ID_TABLE_BUCKETS; i++) {
        struct id_node **place = &table->buckets[i];
        while (*place) {
            if ((*place)->round != table->round)
                remove_at(place);
            else
                place = &(*place)->next;
        }
    }
}
