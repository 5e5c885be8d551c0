#include "fib/trie.h"

#include <errno.h>
#include <stdlib.h>

struct node {
    struct node *child[2];
    uint32_t next_hop; /* 0: no prefix ends here */
};

struct fib_trie {
    struct node root;
};

struct fib_trie *fib_trie_new(void)
{
    return calloc(1, sizeof(struct fib_trie));
}

static void free_below(struct node *node)
{
    for (unsigned i = 0; i < 2; i++) {
        if (node->child[i])
            free_below(node->child[i]);
        free(node->child[i]);
    }
}

struct fib_trie *fib_trie_free(struct fib_trie *trie)
{
    if (trie)
        free_below(&trie->root);
    free(trie);
    return NULL;
}

int fib_trie_set(struct fib_trie *trie, struct ipv4_prefix prefix, uint32_t next_hop)
{
    struct node *node = &trie->root;

    for (unsigned depth = 0; depth < prefix.len; depth++) {
        struct node **child = &node->child[ipv4_bit_behind(prefix.addr, depth)];
        if (!*child)
            *child = calloc(1, sizeof(**child));
        if (!*child)
            return -ENOMEM;
        node = *child;
    }
    node->next_hop = next_hop;
    return 0;
}

int fib_trie_remove(struct fib_trie *trie, struct ipv4_prefix prefix)
{
    struct node *node = &trie->root;

    for (unsigned depth = 0; node && depth < prefix.len; depth++)
        node = node->child[ipv4_bit_behind(prefix.addr, depth)];
    if (!node || !node->next_hop)
        return -ENOENT;
    node->next_hop = 0; /* empty nodes stay until the trie goes */
    return 0;
}

uint32_t fib_trie_lookup(const struct fib_trie *trie, uint32_t addr)
{
    uint32_t best = 0;
    const struct node *node = &trie->root;

    for (unsigned depth = 0; node; depth++) {
        if (node->next_hop)
            best = node->next_hop;
        node = depth < 32 ? node->child[ipv4_bit_behind(addr, depth)] : NULL;
    }
    return best;
}
