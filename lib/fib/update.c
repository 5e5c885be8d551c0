/*
 * Many changes at once (fib_table_update()). A lot of them is sorted by block, so that each block is drafted once; a
 * few are made one by one, with what each needs first fetched ahead.
 */
#include "fib/table_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SLASH24S (1u << (FIB_BLOCK_BITS - 8))
#define MANY           4096 /* changes, from which on it pays to sort them by block */
#define AHEAD          16

/* Changes longer than FIB_SHORT, by block and in it by prefix; of a prefix named twice the later one behind. */
struct order {
    fib_item item;
    uint32_t change;
};

static fib_item key(const struct order *order)
{
    return order->item >> 16; /* without the next hop */
}

/* Stable, and fast for what is nearly sorted. */
static void insertion_sort(struct order *orders, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct order this = orders[i];
        size_t at = i;
        for (; at && key(&orders[at - 1]) > key(&this); at--)
            orders[at] = orders[at - 1];
        orders[at] = this;
    }
}

static unsigned slash24_of(const struct order *order)
{
    return order->item >> 40 & (BLOCK_SLASH24S - 1);
}

/* The changes of one block, by way of the /24s that they are in. `scratch` has room for as many. */
static void sort(struct order *orders, size_t count, struct order *scratch)
{
    uint32_t end[BLOCK_SLASH24S] = {0};
    bool sorted = true;

    for (size_t i = 1; sorted && i < count; i++)
        sorted = key(&orders[i - 1]) <= key(&orders[i]);
    if (!sorted && count >= BLOCK_SLASH24S / 4) {
        for (size_t i = 0; i < count; i++)
            end[slash24_of(&orders[i])]++;
        for (unsigned i = 1; i < BLOCK_SLASH24S; i++)
            end[i] += end[i - 1];
        for (size_t i = count; i-- > 0;)
            scratch[--end[slash24_of(&orders[i])]] = orders[i];
        memcpy(orders, scratch, count * sizeof(*orders));
    }
    if (!sorted)
        insertion_sort(orders, count);
}

/* The changes of one block, which belong together. `items` has room for them. */
static int update_block(struct fib_table *table, uint32_t block, const struct order *orders, size_t count,
                        fib_item *items)
{
    struct fib_bucket old;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || key(&orders[i]) != key(&orders[i + 1]))
            items[kept++] = orders[i].item;
    int error = fib_prefixes_merge(&table->prefixes, block, items, kept, &old);
    if (error)
        return error;
    error = fib_table_show(table, fib_block_prefix(block));
    if (error)
        fib_prefixes_swap(&table->prefixes, block, &old);
    fib_prefixes_forget(&table->prefixes, &old);
    return error;
}

/* Make one by itself. 1 if it could not be made; what was to go and is not there is as it should be. */
static size_t make(struct fib_table *table, struct fib_change *change)
{
    int error = fib_table_change(table, change->prefix, change->next_hop);

    change->error = error == -ENOENT ? 0 : error;
    return change->error != 0;
}

/* Fewer changes than this in a block are cheaper one by one, since most of the block stays as it is. */
#define FEW 3

static size_t update_group(struct fib_table *table, uint32_t block, const struct order *orders, size_t count,
                           fib_item *items, struct fib_change *changes)
{
    size_t failed = 0;

    if (count < FEW) {
        for (size_t i = 0; i < count; i++)
            failed += make(table, &changes[orders[i].change]);
        return failed;
    }
    int error = update_block(table, block, orders, count, items);
    for (size_t i = 0; i < count; i++)
        changes[orders[i].change].error = error;
    return error ? count : 0;
}

static bool is_grouped(const struct fib_change *change)
{
    return fib_is_prefix(change->prefix) && change->prefix.len > FIB_SHORT;
}

/* Sorts the changes of long prefixes by block: those of block b are orders[first[b]] up to orders[first[b + 1]]. */
static void group(const struct fib_change *changes, size_t count, struct order *orders, uint32_t *first)
{
    for (size_t i = 0; i < count; i++)
        if (is_grouped(&changes[i]))
            first[changes[i].prefix.addr >> FIB_BLOCK_BITS]++;
    for (uint32_t block = 1; block <= FIB_ROOT_ENTRIES; block++)
        first[block] += first[block - 1];
    for (size_t i = count; i-- > 0;) /* from the end of each block to its beginning */
        if (is_grouped(&changes[i]))
            orders[--first[changes[i].prefix.addr >> FIB_BLOCK_BITS]] =
                (struct order){.item = fib_item_of(changes[i].prefix, changes[i].next_hop), .change = (uint32_t)i};
}

/* The others, in turn. */
static size_t update_short(struct fib_table *table, struct fib_change *changes, size_t count)
{
    size_t failed = 0;

    for (size_t i = 0; i < count; i++)
        if (!is_grouped(&changes[i]))
            failed += make(table, &changes[i]);
    return failed;
}

/*
 * Few changes, all over the table: what each needs first is fetched while the ones before are made.
 */
static size_t update_few(struct fib_table *table, struct fib_change *changes, size_t count)
{
    size_t failed = 0;

    for (size_t i = 0; i < count + AHEAD; i++) {
        if (i < count) {
            fib_prefixes_prefetch(&table->prefixes, changes[i].prefix.addr);
            __builtin_prefetch(&table->config.memory->root[changes[i].prefix.addr >> FIB_BLOCK_BITS]);
        }
        if (i >= AHEAD / 2 && i - AHEAD / 2 < count) {
            struct ipv4_prefix prefix = changes[i - AHEAD / 2].prefix;
            fib_prefixes_prefetch_item(&table->prefixes, prefix.addr);
            fib_blocks_prefetch(&table->blocks, prefix.addr >> FIB_BLOCK_BITS);
        }
        if (i >= AHEAD)
            failed += make(table, &changes[i - AHEAD]);
    }
    fib_table_serve_waiting(table);
    return failed;
}

size_t fib_table_update(struct fib_table *table, struct fib_change *changes, size_t count)
{
    if (count < MANY)
        return update_few(table, changes, count);
    struct order *orders = malloc(count * sizeof(*orders)), *scratch = malloc(count * sizeof(*scratch));
    fib_item *items = malloc(count * sizeof(*items));
    uint32_t *first = calloc((size_t)FIB_ROOT_ENTRIES + 1, sizeof(*first));
    size_t failed = count;

    if (orders && scratch && items && first) {
        failed = update_short(table, changes, count);
        group(changes, count, orders, first);
        for (uint32_t block = 0; block < FIB_ROOT_ENTRIES; block++) {
            struct order *own = orders + first[block];
            size_t many = first[block + 1] - first[block];
            if (many) {
                sort(own, many, scratch);
                failed += update_group(table, block, own, many, items, changes);
            }
        }
        fib_table_serve_waiting(table);
    } else {
        for (size_t i = 0; i < count; i++)
            changes[i].error = -ENOMEM;
    }
    free(first);
    free(items);
    free(scratch);
    free(orders);
    return failed;
}
