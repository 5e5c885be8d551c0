/*
 * The prefixes are changed first, then the blocks that they concern are drafted from them, and published if all drafts
 * found room; otherwise the prefixes are put back.
 *
 * Invariant, between calls: every block answers what the prefixes say, but for those in without_room, which answer
 * no_room_next_hop.
 */
#include "fib/table.h"

#include "base/lines.h"
#include "fib/table_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t room(const struct fib_table *table)
{
    return table->blocks.space.free + table->blocks.space.retired;
}

/* Draft what has changed within a prefix of FIB_SHORT to 24 bits. */
static int draft(struct fib_table *table, struct ipv4_prefix changed, struct fib_draft *draft)
{
    uint32_t block = changed.addr >> FIB_BLOCK_BITS;

    if (bit_tree_has(&table->without_room, block)) /* what is there says nothing about the rest of the block */
        changed = fib_block_prefix(block);
    return fib_blocks_draft(&table->blocks, changed, draft) ? 0 : -ENOSPC;
}

static int bring(struct fib_table *table, struct ipv4_prefix changed)
{
    struct fib_draft new;
    int error = draft(table, changed, &new);

    if (error && table->config.no_room_next_hop == FIB_NO_ROUTE)
        return error;
    if (error)
        fib_blocks_draft_uniform(&table->blocks, changed.addr >> FIB_BLOCK_BITS, table->config.no_room_next_hop, &new);
    fib_blocks_publish(&table->blocks, &new);
    if (error) {
        bit_tree_add(&table->without_room, new.block);
        table->room_at_last = room(table);
    } else {
        bit_tree_remove(&table->without_room, new.block);
    }
    return 0;
}

/* Only if there is more room than when a block last looked for some, since looking may mean to wait for readers. */
void fib_table_serve_waiting(struct fib_table *table)
{
    while (table->without_room.count && room(table) > table->room_at_last) {
        if (!bit_tree_next(&table->without_room, table->cursor, &table->cursor))
            bit_tree_next(&table->without_room, 0, &table->cursor);
        bring(table, fib_block_prefix(table->cursor)); /* or there is as much room as it saw itself */
    }
}

/* Whether the answers of a block come from prefixes as short as this, where no longer ones of its own cover. */
static bool shows_through(const struct fib_table *table, uint32_t block, unsigned len)
{
    struct fib_route cover;

    return !fib_prefixes_cover(&table->prefixes, block << FIB_BLOCK_BITS, FIB_SHORT, &cover) || cover.prefix.len <= len;
}

/* A prefix up to FIB_SHORT has changed: all of its blocks that it shows through in, or none. */
static int bring_all(struct fib_table *table, struct ipv4_prefix prefix)
{
    uint32_t first = prefix.addr >> FIB_BLOCK_BITS, last = ipv4_prefix_last(prefix) >> FIB_BLOCK_BITS;
    bool refuses = table->config.no_room_next_hop == FIB_NO_ROUTE;
    size_t count = 0;
    int error = 0;

    struct fib_draft *drafts = refuses ? malloc((last - first + 1) * sizeof(*drafts)) : NULL;
    if (refuses && !drafts)
        return -ENOMEM;
    for (uint32_t block = first; !error && block <= last; block++) {
        if (!shows_through(table, block, prefix.len))
            continue;
        if (!refuses)
            error = bring(table, fib_block_prefix(block));
        else if (!(error = draft(table, fib_block_prefix(block), &drafts[count])))
            count++;
    }
    for (size_t i = 0; i < count; i++)
        if (error)
            fib_blocks_drop(&table->blocks, &drafts[i]);
        else
            fib_blocks_publish(&table->blocks, &drafts[i]);
    free(drafts);
    return error;
}

static void mark_changed(struct fib_table *table, struct ipv4_prefix prefix)
{
    uint32_t last = ipv4_prefix_last(prefix) >> FIB_BLOCK_BITS;

    for (uint32_t block = prefix.addr >> FIB_BLOCK_BITS; block <= last; block++)
        bit_tree_add(&table->changed, block);
}

int fib_table_show(struct fib_table *table, struct ipv4_prefix changed)
{
    if (table->defers) {
        mark_changed(table, changed);
        return 0;
    }
    if (changed.len < FIB_SHORT)
        return bring_all(table, changed);
    if (changed.len > 24)
        changed = ipv4_prefix_network((struct ipv4_prefix){changed.addr, 24});
    return bring(table, changed);
}

int fib_table_change(struct fib_table *table, struct ipv4_prefix prefix, uint16_t next_hop)
{
    uint16_t old, undone;

    if (!fib_is_prefix(prefix))
        return -EINVAL;
    int error = fib_prefixes_set(&table->prefixes, prefix, next_hop, &old);
    if (error)
        return error;
    if (old == next_hop)
        return old == FIB_NO_ROUTE ? -ENOENT : 0;
    error = fib_table_show(table, prefix);
    if (error)
        fib_prefixes_set(&table->prefixes, prefix, old, &undone);
    return error;
}

int fib_table_set(struct fib_table *table, struct ipv4_prefix prefix, uint16_t next_hop)
{
    int error = next_hop == FIB_NO_ROUTE ? -EINVAL : fib_table_change(table, prefix, next_hop);

    fib_table_serve_waiting(table);
    return error;
}

int fib_table_remove(struct fib_table *table, struct ipv4_prefix prefix)
{
    int error = fib_table_change(table, prefix, FIB_NO_ROUTE);

    fib_table_serve_waiting(table);
    return error == -EINVAL ? -ENOENT : error;
}

int fib_table_defer(struct fib_table *table)
{
    if (table->config.no_room_next_hop == FIB_NO_ROUTE)
        return -EINVAL;
    table->defers = true;
    return 0;
}

void fib_table_flush(struct fib_table *table)
{
    for (uint32_t block = 0; bit_tree_next(&table->changed, block, &block);) {
        bit_tree_remove(&table->changed, block);
        bring(table, fib_block_prefix(block));
    }
    fib_table_serve_waiting(table);
}

int fib_table_get(const struct fib_table *table, struct ipv4_prefix prefix, uint16_t *next_hop)
{
    uint16_t there = fib_is_prefix(prefix) ? fib_prefixes_get(&table->prefixes, prefix) : FIB_NO_ROUTE;

    if (there == FIB_NO_ROUTE)
        return -ENOENT;
    *next_hop = there;
    return 0;
}

bool fib_table_cover(const struct fib_table *table, uint32_t addr, unsigned max_length, struct fib_route *found)
{
    return fib_prefixes_cover(&table->prefixes, addr, max_length < 32 ? max_length : 32, found);
}

bool fib_table_first(const struct fib_table *table, struct ipv4_prefix within, struct fib_route *at)
{
    within = ipv4_prefix_network(within);
    return fib_prefixes_next(&table->prefixes, within, true, ipv4_prefix_last(within), at);
}

bool fib_table_next(const struct fib_table *table, struct ipv4_prefix within, struct fib_route *at)
{
    return fib_prefixes_next(&table->prefixes, at->prefix, false, ipv4_prefix_last(within), at);
}

size_t fib_table_largest_bytes(const struct fib_table *table)
{
    return (size_t)fib_space_largest(&table->blocks.space) * FIB_SPACE_UNIT;
}

struct fib_table_stats fib_table_stats(const struct fib_table *table)
{
    const struct fib_blocks *blocks = &table->blocks;
    struct fib_table_stats stats = {
        .prefixes = table->prefixes.count,
        .blocks = blocks->nodes[0] + blocks->nodes[1] + blocks->nodes[2],
        .blocks_wide = blocks->nodes[1],
        .blocks_more = blocks->nodes[2],
        .slash24_more = blocks->more,
        .without_room = table->without_room.count,
        .root_bytes = sizeof(table->config.memory->root),
        .pool_bytes = table->config.pool_bytes,
        .used_bytes = (size_t)blocks->space.used * FIB_SPACE_UNIT,
        .waiting_bytes = (size_t)blocks->space.retired * FIB_SPACE_UNIT,
        .writer_bytes = sizeof(*table) + fib_prefixes_bytes(&table->prefixes) + fib_blocks_bytes(blocks),
    };

    memcpy(stats.by_length, table->prefixes.by_length, sizeof(stats.by_length));
    return stats;
}

/* The answer of blocks without room has its own place for good, so that it never lacks room itself. */
static void keep_no_room(struct fib_table *table)
{
    struct fib_draft draft;

    if (table->config.no_room_next_hop != FIB_NO_ROUTE)
        fib_blocks_draft_uniform(&table->blocks, 0, table->config.no_room_next_hop, &draft);
}

static bool is_pool(uint32_t bytes)
{
    return bytes >= FIB_TABLE_POOL_MIN && bytes <= FIB_POOL_BYTES && bytes % FIB_SPACE_UNIT == 0;
}

struct fib_memory *fib_memory_new(uint32_t pool_bytes)
{
    return is_pool(pool_bytes) ? lines_new(offsetof(struct fib_memory, pool) + pool_bytes + FIB_POOL_PADDING) : NULL;
}

int fib_table_new(const struct fib_table_config *config, struct fib_table **table)
{
    if (!config->memory || !is_pool(config->pool_bytes))
        return -EINVAL;
    struct fib_table *new = calloc(1, sizeof(*new));
    if (!new)
        return -ENOMEM;
    new->config = *config;
    if (bit_tree_open(&new->changed, FIB_ROOT_ENTRIES) || bit_tree_open(&new->without_room, FIB_ROOT_ENTRIES) ||
        fib_prefixes_open(&new->prefixes) ||
        fib_blocks_open(&new->blocks, config->memory, config->pool_bytes, &new->prefixes, config->wait_for_readers,
                        config->arg)) {
        fib_table_free(new);
        return -ENOMEM;
    }
    keep_no_room(new);
    *table = new;
    return 0;
}

struct fib_table *fib_table_free(struct fib_table *table)
{
    if (table) {
        fib_blocks_close(&table->blocks);
        fib_prefixes_close(&table->prefixes);
        bit_tree_close(&table->without_room);
        bit_tree_close(&table->changed);
        free(table);
    }
    return NULL;
}
