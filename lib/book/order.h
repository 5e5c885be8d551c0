/*
 * What is to be done to an address plan, said by names and ranges: by people, who know no numbers of nodes; and the
 * same as bytes, to be sent and to be told apart.
 */
#pragma once

#include "base/pack.h"
#include "plan/wanted.h"

#define BOOK_KEY_MAX 63 /* bytes */
#define BOOK_WHO_MAX 63

/* X(enumerator, name, help) */
#define BOOK_OPERATIONS(X)                                                     \
    X(ADD, "add", "a node at a place that is known")                           \
    X(ALLOCATE, "allocate", "a node where there is room")                      \
    X(SET, "set", "what is known of a node")                                   \
    X(DELEGATE, "delegate", "a node is its owner's, who alone acts within it") \
    X(FREE, "free", "a node goes")                                             \
    X(SPLIT, "split", "a node becomes several")                                \
    X(MERGE, "merge", "nodes become one")                                      \
    X(MOVE, "move", "a node gets other addresses, with all that is in it")     \
    X(RESIZE, "resize", "a node gets more addresses, or less")                 \
    X(IMPORT, "import", "nodes that have come in pieces are there")            \
    X(UNDO, "undo", "what an operation did is undone")                         \
    X(EXPIRE, "expire", "what has cooled off is free; nobody orders it but the clock")

enum book_operation {
#define X(enumerator, ...) BOOK_##enumerator,
    BOOK_OPERATIONS(X)
#undef X
        BOOK_OPERATION_COUNT
};

const char *book_operation_name(enum book_operation operation); /* static storage */
/* BOOK_OPERATION_COUNT: there is none of this name. */
enum book_operation book_operation_of(const char *name);

struct book_order {
    uint8_t operation; /* enum book_operation, but EXPIRE */
    /* The node that it is about, by its name, or, NULL, by its range: of ALLOCATE, the node that it lies in; of ADD and
     * MERGE, the range that there will be. */
    const char *node;
    struct ipv4_range range;
    struct plan_entry entry; /* ADD, ALLOCATE: what there will be, but for range and times; SET: `gives` says what of
                                it; DELEGATE: its owner, or NULL for the one it has */
    uint32_t gives;          /* PLAN_GIVES_... */
    struct ipv4_range to;    /* RESIZE; MOVE: `first` */
    uint8_t len, strategy;   /* ALLOCATE; SPLIT: the length */
    bool keep_sibling;       /* ALLOCATE */
    bool all;                /* FREE: with all that is in it */
    uint32_t cool_off_s;     /* FREE */
    uint64_t undoes;         /* UNDO: the number of an operation; 0: the latest that is not undone and can be */
    const char *key;         /* NULL; otherwise an order with a key that was carried out before is not again; of IMPORT
                                that under which they have come (book_stage()) */
};

#define BOOK_ORDER_BYTES_MAX 1536

/* Behind one another; texts of what is unpacked stay where they are. */
void book_pack_order(struct pack *pack, const struct book_order *order);
bool book_unpack_order(struct unpack *unpack, struct book_order *order); /* false: that is none */
void book_pack_range(struct pack *pack, struct ipv4_range range);
struct ipv4_range book_unpack_range(struct unpack *unpack);
void book_pack_entry(struct pack *pack, const struct plan_entry *entry);
void book_unpack_entry(struct unpack *unpack, struct plan_entry *entry);
