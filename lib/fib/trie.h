/*
 * The reference: a binary trie, a bit a level, slow and plain, that tests and audits hold the fast tables against.
 */
#pragma once

#include "net/ipv4_prefix.h"

struct fib_trie;

/* NULL if there is no memory. */
struct fib_trie *fib_trie_new(void);
/* Takes NULL, returns NULL. */
struct fib_trie *fib_trie_free(struct fib_trie *trie);

/* Next hops are above 0. 0; -ENOMEM with nothing changed. */
int fib_trie_set(struct fib_trie *trie, struct ipv4_prefix prefix, uint32_t next_hop);
/* 0; -ENOENT. */
int fib_trie_remove(struct fib_trie *trie, struct ipv4_prefix prefix);

/* The next hop of the longest prefix that covers addr; 0 if there is none. */
uint32_t fib_trie_lookup(const struct fib_trie *trie, uint32_t addr);
