/*
 * Invariants: a node's prefix covers those of its children, which differ in the bit behind it. A node without a value
 * is a fork and has both children.
 */
#include "net/ipv4_map.h"

#include <errno.h>
#include <stdlib.h>

struct ipv4_map_node {
    struct ipv4_map_node *child[2];
    void *value;
    struct ipv4_prefix prefix;
};

/* Whether a stands before b in the order of a walk. */
static bool before(struct ipv4_prefix a, struct ipv4_prefix b)
{
    return a.addr < b.addr || (a.addr == b.addr && a.len < b.len);
}

static unsigned common_length(struct ipv4_prefix a, struct ipv4_prefix b)
{
    unsigned len = ipv4_common_length(a.addr, b.addr);

    if (a.len < len)
        len = a.len;
    return b.len < len ? b.len : len;
}

static void free_below(struct ipv4_map_node *node)
{
    if (!node)
        return;
    free_below(node->child[0]);
    free_below(node->child[1]);
    free(node);
}

void ipv4_map_clear(struct ipv4_map *map)
{
    free_below(map->root);
    *map = (struct ipv4_map){0};
}

/* The link at which prefix is, or would be put: what it points to is NULL, or not covering prefix, or prefix itself. */
static struct ipv4_map_node **find_link(struct ipv4_map_node **link, struct ipv4_prefix prefix)
{
    while (*link && (*link)->prefix.len < prefix.len && ipv4_prefix_covers((*link)->prefix, prefix))
        link = &(*link)->child[ipv4_bit_behind(prefix.addr, (*link)->prefix.len)];
    return link;
}

void *ipv4_map_get(const struct ipv4_map *map, struct ipv4_prefix prefix)
{
    struct ipv4_map_node *root = map->root;
    const struct ipv4_map_node *node = *find_link(&root, prefix);

    return node && ipv4_prefix_equal(node->prefix, prefix) ? node->value : NULL;
}

int ipv4_map_put(struct ipv4_map *map, struct ipv4_prefix prefix, void *value)
{
    struct ipv4_map_node **link = find_link(&map->root, prefix);
    struct ipv4_map_node *there = *link;

    if (there && ipv4_prefix_equal(there->prefix, prefix)) {
        map->count += !there->value;
        there->value = value;
        return 0;
    }
    struct ipv4_map_node *leaf = calloc(1, sizeof(*leaf));
    if (!leaf)
        return -ENOMEM;
    leaf->prefix = prefix;
    leaf->value = value;
    if (there) {
        unsigned common = common_length(there->prefix, prefix);
        if (common == prefix.len) {
            leaf->child[ipv4_bit_behind(there->prefix.addr, prefix.len)] = there;
        } else {
            struct ipv4_map_node *fork = calloc(1, sizeof(*fork));
            if (!fork) {
                free(leaf);
                return -ENOMEM;
            }
            fork->prefix = ipv4_prefix_network((struct ipv4_prefix){.addr = prefix.addr, .len = (uint8_t)common});
            fork->child[ipv4_bit_behind(there->prefix.addr, common)] = there;
            fork->child[ipv4_bit_behind(prefix.addr, common)] = leaf;
            leaf = fork;
        }
    }
    *link = leaf;
    map->count++;
    return 0;
}

/* A node without a value and without two children gives its place to the child that it has. */
static void tidy(struct ipv4_map_node **link)
{
    struct ipv4_map_node *node = *link;

    if (!node || node->value || (node->child[0] && node->child[1]))
        return;
    *link = node->child[0] ? node->child[0] : node->child[1];
    free(node);
}

void *ipv4_map_remove(struct ipv4_map *map, struct ipv4_prefix prefix)
{
    struct ipv4_map_node **parent = NULL, **link = &map->root;

    while (*link && (*link)->prefix.len < prefix.len && ipv4_prefix_covers((*link)->prefix, prefix)) {
        parent = link;
        link = &(*link)->child[ipv4_bit_behind(prefix.addr, (*link)->prefix.len)];
    }
    struct ipv4_map_node *node = *link;
    if (!node || !ipv4_prefix_equal(node->prefix, prefix) || !node->value)
        return NULL;
    void *value = node->value;
    node->value = NULL;
    map->count--;
    tidy(link);
    if (parent)
        tidy(parent);
    return value;
}

void *ipv4_map_cover(const struct ipv4_map *map, uint32_t addr, unsigned max_length, struct ipv4_prefix *found)
{
    const struct ipv4_map_node *best = NULL, *node = map->root;

    while (node && node->prefix.len <= max_length && ipv4_prefix_contains(node->prefix, addr)) {
        if (node->value)
            best = node;
        node = node->prefix.len < 32 ? node->child[ipv4_bit_behind(addr, node->prefix.len)] : NULL;
    }
    if (!best)
        return NULL;
    if (found)
        *found = best->prefix;
    return best->value;
}

/* The first node with a value below `node` that stands behind *after (anywhere if after is NULL). */
static const struct ipv4_map_node *first_behind(const struct ipv4_map_node *node, const struct ipv4_prefix *after)
{
    if (!node || (after && ipv4_prefix_last(node->prefix) < after->addr))
        return NULL;
    if (node->value && (!after || before(*after, node->prefix)))
        return node;
    const struct ipv4_map_node *found = first_behind(node->child[0], after);
    return found ? found : first_behind(node->child[1], after);
}

static void *step(const struct ipv4_map *map, struct ipv4_prefix within, const struct ipv4_prefix *after,
                  struct ipv4_prefix *at)
{
    struct ipv4_map_node *root = map->root;
    const struct ipv4_map_node *top = *find_link(&root, within);

    if (!top || !ipv4_prefix_covers(within, top->prefix))
        return NULL;
    const struct ipv4_map_node *node = first_behind(top, after);
    if (!node)
        return NULL;
    *at = node->prefix;
    return node->value;
}

void *ipv4_map_first(const struct ipv4_map *map, struct ipv4_prefix within, struct ipv4_prefix *at)
{
    return step(map, within, NULL, at);
}

void *ipv4_map_next(const struct ipv4_map *map, struct ipv4_prefix within, struct ipv4_prefix *at)
{
    struct ipv4_prefix after = *at;

    return step(map, within, &after, at);
}
