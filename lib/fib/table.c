/*
 * Every entry has a depth, known to the writer alone: 1 + the length of the prefix that put its next hop there, 0 for
 * no prefix. A new prefix takes the entries of its range that are not deeper; a removed one gives those of its own
 * depth to the prefix behind it.
 *
 * Invariants: a root entry with FIB_GROUP names a group that is full of valid entries; group_prefixes[g] is the number
 * of prefixes longer than /24 in its /24, above 0 for a group in use; a /24 in `without_group` has such prefixes, its
 * root entry holds no_group_next_hop and its depth is DEPTH_NO_GROUP, which no prefix of /24 or shorter overwrites.
 */
#include "fib/table.h"

#include "base/number_pool.h"
#include "fib/prefix_set.h"

#include <errno.h>
#include <stdlib.h>

#define DEPTH_NO_GROUP 255
#define NO_GROUP       UINT32_MAX

struct fib_table {
    struct fib_table_config config;
    struct prefix_set prefixes;
    struct prefix_set without_group; /* /24s */
    uint8_t *root_depth;             /* FIB_ROOT_ENTRIES */
    uint8_t *group_depth;            /* config.groups x FIB_GROUP_ENTRIES */
    uint16_t *group_prefixes;        /* config.groups */
    struct number_pool groups;
};

/* What an entry answers, and how deep. */
struct answer {
    uint16_t next_hop;
    uint8_t depth;
};

static uint16_t *root_entry(struct fib_table *table, uint32_t slot)
{
    return &table->config.memory->root[slot];
}

static uint16_t *group_entry(struct fib_table *table, uint32_t group, uint32_t at)
{
    return &table->config.memory->groups[group * FIB_GROUP_ENTRIES + at];
}

static void publish(uint16_t *entry, uint16_t value)
{
    WRITE_RELEASE(*entry, value);
}

static uint32_t group_of(struct fib_table *table, uint32_t slot)
{
    uint16_t entry = *root_entry(table, slot);
    return entry & FIB_GROUP ? entry & ~(uint32_t)FIB_GROUP : NO_GROUP;
}

static struct ipv4_prefix slot_prefix(uint32_t slot)
{
    return (struct ipv4_prefix){.addr = slot << 8, .len = 24};
}

/* The answer of the longest prefix of at most max_length bits that covers addr. */
static struct answer cover(const struct fib_table *table, uint32_t addr, unsigned max_length)
{
    struct ipv4_prefix prefix;
    uint16_t next_hop;

    if (!prefix_set_cover(&table->prefixes, addr, max_length, &prefix, &next_hop))
        return (struct answer){.next_hop = FIB_NO_ROUTE, .depth = 0};
    return (struct answer){.next_hop = next_hop, .depth = (uint8_t)(prefix.len + 1)};
}

static void set_root(struct fib_table *table, uint32_t slot, struct answer answer)
{
    table->root_depth[slot] = answer.depth;
    publish(root_entry(table, slot), answer.next_hop);
}

static void set_in_group(struct fib_table *table, uint32_t group, uint32_t at, struct answer answer)
{
    table->group_depth[group * FIB_GROUP_ENTRIES + at] = answer.depth;
    publish(group_entry(table, group, at), answer.next_hop);
}

/*
 * Give a prefix's entries a new answer, those of a depth between min and the prefix's own: from 0 on for a prefix that
 * comes, its own only for one that goes. In a group, of which a prefix of /24 or shorter has all.
 */
static void paint_in_group(struct fib_table *table, uint32_t group, struct ipv4_prefix prefix, unsigned min,
                           struct answer answer)
{
    const uint8_t *depth = &table->group_depth[(size_t)group * FIB_GROUP_ENTRIES];
    uint32_t first = prefix.len > 24 ? prefix.addr & 255 : 0;
    uint32_t last = prefix.len > 24 ? ipv4_prefix_last(prefix) & 255 : FIB_GROUP_ENTRIES - 1;

    for (uint32_t at = first; at <= last; at++)
        if (depth[at] >= min && depth[at] <= prefix.len + 1)
            set_in_group(table, group, at, answer);
}

/* The same for a prefix of /24 or shorter, in all its /24s. */
static void paint(struct fib_table *table, struct ipv4_prefix prefix, unsigned min, struct answer answer)
{
    uint32_t last = ipv4_prefix_last(prefix) >> 8;

    for (uint32_t slot = prefix.addr >> 8; slot <= last; slot++) {
        uint32_t group = group_of(table, slot);
        if (group != NO_GROUP)
            paint_in_group(table, group, prefix, min, answer);
        else if (table->root_depth[slot] >= min && table->root_depth[slot] <= prefix.len + 1)
            set_root(table, slot, answer);
    }
}

/* How many prefixes longer than /24 this /24 holds. */
static unsigned count_long(const struct fib_table *table, uint32_t slot)
{
    unsigned count = 0;
    uint16_t next_hop;

    for (unsigned len = 25; len <= 32; len++)
        for (uint32_t at = 0; table->prefixes.by_length[len] && at < FIB_GROUP_ENTRIES; at += 1u << (32 - len))
            count += prefix_set_get(&table->prefixes, (struct ipv4_prefix){.addr = slot << 8 | at, .len = (uint8_t)len},
                                    &next_hop);
    return count;
}

/* Give a /24 that holds longer prefixes a group, filled with what each of its addresses answers. */
static bool give_group(struct fib_table *table, uint32_t slot, unsigned long_prefixes)
{
    uint32_t group;

    if (!number_pool_take(&table->groups, &group))
        return false;
    for (uint32_t at = 0; at < FIB_GROUP_ENTRIES; at++)
        set_in_group(table, group, at, cover(table, slot << 8 | at, 32));
    table->group_prefixes[group] = (uint16_t)long_prefixes;
    publish(root_entry(table, slot), (uint16_t)(FIB_GROUP | group));
    return true;
}

/* A group has become free: the next /24 that waits for one gets it. */
static void serve_waiting(struct fib_table *table)
{
    struct ipv4_prefix waiting;

    if (!prefix_set_any(&table->without_group, &waiting))
        return;
    uint32_t slot = waiting.addr >> 8;
    if (give_group(table, slot, count_long(table, slot)))
        prefix_set_remove(&table->without_group, waiting);
}

/* The prefix (longer than /24) is in the set; bring its entries in line. Its /24 may have to wait for a group: then
 * -ENOMEM says that there was not even memory to remember that. */
static int add_long(struct fib_table *table, struct ipv4_prefix prefix, struct answer answer, bool is_new)
{
    uint32_t slot = prefix.addr >> 8;
    uint32_t group = group_of(table, slot);

    if (group != NO_GROUP) {
        paint_in_group(table, group, prefix, 0, answer);
        table->group_prefixes[group] += is_new;
        return 0;
    }
    if (table->root_depth[slot] == DEPTH_NO_GROUP || give_group(table, slot, 1))
        return 0;
    int error = prefix_set_put(&table->without_group, slot_prefix(slot), 0);
    if (error)
        return error;
    set_root(table, slot, (struct answer){.next_hop = table->config.no_group_next_hop, .depth = DEPTH_NO_GROUP});
    return 0;
}

/* The prefix (longer than /24) has left the set. */
static void remove_long(struct fib_table *table, struct ipv4_prefix prefix)
{
    uint32_t slot = prefix.addr >> 8;
    uint32_t group = group_of(table, slot);

    if (group == NO_GROUP) {
        if (count_long(table, slot) == 0) {
            prefix_set_remove(&table->without_group, slot_prefix(slot));
            set_root(table, slot, cover(table, slot << 8, 24));
        }
    } else if (--table->group_prefixes[group] == 0) {
        set_root(table, slot, cover(table, slot << 8, 24));
        number_pool_retire(&table->groups, group);
        serve_waiting(table);
    } else {
        paint_in_group(table, group, prefix, prefix.len + 1u, cover(table, prefix.addr, prefix.len - 1u));
    }
}

static bool is_prefix(struct ipv4_prefix prefix)
{
    return prefix.len <= 32 && prefix.addr == ipv4_prefix_first(prefix);
}

int fib_table_set(struct fib_table *table, struct ipv4_prefix prefix, uint16_t next_hop)
{
    uint16_t old;

    if (!is_prefix(prefix) || next_hop == FIB_NO_ROUTE || next_hop > FIB_NEXT_HOP_MAX)
        return -EINVAL;
    bool is_new = !prefix_set_get(&table->prefixes, prefix, &old);
    if (!is_new && old == next_hop)
        return 0;
    int error = prefix_set_put(&table->prefixes, prefix, next_hop);
    if (error)
        return error;
    struct answer answer = {.next_hop = next_hop, .depth = (uint8_t)(prefix.len + 1)};
    if (prefix.len <= 24) {
        paint(table, prefix, 0, answer);
        return 0;
    }
    error = add_long(table, prefix, answer, is_new);
    if (error) /* only a new one can find itself without a group and without memory */
        prefix_set_remove(&table->prefixes, prefix);
    return error;
}

int fib_table_remove(struct fib_table *table, struct ipv4_prefix prefix)
{
    if (!is_prefix(prefix) || !prefix_set_remove(&table->prefixes, prefix))
        return -ENOENT;
    if (prefix.len > 24)
        remove_long(table, prefix);
    else
        paint(table, prefix, prefix.len + 1u,
              prefix.len ? cover(table, prefix.addr, prefix.len - 1u) : (struct answer){.next_hop = FIB_NO_ROUTE});
    return 0;
}

int fib_table_get(const struct fib_table *table, struct ipv4_prefix prefix, uint16_t *next_hop)
{
    return is_prefix(prefix) && prefix_set_get(&table->prefixes, prefix, next_hop) ? 0 : -ENOENT;
}

struct fib_table_stats fib_table_stats(const struct fib_table *table)
{
    return (struct fib_table_stats){
        .prefixes = (uint32_t)table->prefixes.count,
        .groups_used = number_pool_in_use(&table->groups),
        .without_group = (uint32_t)table->without_group.count,
    };
}

int fib_table_new(const struct fib_table_config *config, struct fib_table **table)
{
    if (!config->memory || config->groups < 1 || config->groups > FIB_GROUPS ||
        config->no_group_next_hop > FIB_NEXT_HOP_MAX)
        return -EINVAL;
    struct fib_table *new = calloc(1, sizeof(*new));
    if (!new)
        return -ENOMEM;
    new->config = *config;
    new->root_depth = calloc(FIB_ROOT_ENTRIES, sizeof(*new->root_depth));
    new->group_depth = calloc(config->groups, FIB_GROUP_ENTRIES * sizeof(*new->group_depth));
    new->group_prefixes = calloc(config->groups, sizeof(*new->group_prefixes));
    if (!new->root_depth || !new->group_depth || !new->group_prefixes ||
        number_pool_open(&new->groups, 0, config->groups, config->wait_for_readers, config->arg)) {
        fib_table_free(new);
        return -ENOMEM;
    }
    for (uint32_t slot = 0; slot < FIB_ROOT_ENTRIES; slot++)
        if (*root_entry(new, slot)) /* memory that nobody has touched stays untouched */
            publish(root_entry(new, slot), FIB_NO_ROUTE);
    *table = new;
    return 0;
}

struct fib_table *fib_table_free(struct fib_table *table)
{
    if (table) {
        prefix_set_clear(&table->prefixes);
        prefix_set_clear(&table->without_group);
        free(table->root_depth);
        free(table->group_depth);
        free(table->group_prefixes);
        number_pool_close(&table->groups);
        free(table);
    }
    return NULL;
}
