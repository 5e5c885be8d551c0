/*
 * For tests of the book: orders by words, and orders by chance.
 */
#pragma once

#include "book/book.h"
#include "tests/draw.h"
#include "tests/plan_dump.h"
#include "tests/unit.h"

#include <string.h>

static const uint8_t book_hash_key[SIPHASH_KEY_SIZE] = {5, 3};

static inline struct book *open_book(const char *path)
{
    struct book *book = NULL;
    const char *why;

    if (book_open(path, book_hash_key, &book, &why))
        fail_msg("%s: %s", path, why);
    return book;
}

static inline struct ipv4_range range_of(const char *text)
{
    struct ipv4_range range = {0};

    assert_int_equal(ipv4_range_parse(text, strlen(text), IPV4_PREFIX_ALLOW_ADDRESS, &range, NULL), 0);
    return range;
}

/* One of many that fit a plan with the block 10.0.0.0/20, and some that do not. Texts are static. */
static inline struct book_order draw_order(uint64_t *seed)
{
    static char node[16], name[16];
    static const char *const owners[] = {NULL, "ada", "bob"};
    struct book_order order = {.operation = (uint8_t)(draw_u32(seed) % BOOK_EXPIRE)};
    uint8_t len = (uint8_t)(20 + draw_u32(seed) % 9);

    if (draw_u32(seed) % 2)
        order.operation = BOOK_ALLOCATE;
    snprintf(node, sizeof(node), "n%u", draw_u32(seed) % 40);
    snprintf(name, sizeof(name), "n%u", draw_u32(seed) % 40);
    order.range = ipv4_range_of(ipv4_prefix_network((struct ipv4_prefix){0x0a000000 + draw_u32(seed) % 4096, len}));
    order.to = ipv4_range_of(ipv4_prefix_network((struct ipv4_prefix){0x0a000000 + draw_u32(seed) % 4096, len}));
    order.node = draw_u32(seed) % 3 ? node : NULL;
    if (order.operation == BOOK_ALLOCATE && draw_u32(seed) % 2) {
        order.node = NULL;
        order.range = range_of("10.0.0.0/20");
    }
    order.entry = (struct plan_entry){.kind = (uint8_t)(draw_u32(seed) % 2),
                                      .status = draw_u32(seed) % 2,
                                      .name = draw_u32(seed) % 3 ? NULL : name,
                                      .owner = owners[draw_u32(seed) % 3],
                                      .note = draw_u32(seed) % 4 ? NULL : "a note, and not the shortest one"};
    order.gives = draw_u32(seed) % 512;
    order.len = (uint8_t)(21 + draw_u32(seed) % 10);
    order.strategy = (uint8_t)(draw_u32(seed) % PLAN_STRATEGY_COUNT);
    order.keep_sibling = draw_u32(seed) % 4 == 0;
    order.all = draw_u32(seed) % 2;
    order.cool_off_s = draw_u32(seed) % 2 ? draw_u32(seed) % 100 : 0;
    return order;
}

/* What an order for an import is about comes before it. */
static inline void stage_order(struct book *book, struct book_order *order, uint64_t *seed)
{
    static char key[16], names[8][16];
    struct plan_wanted wanted[8];
    size_t count = 1 + draw_u32(seed) % 8, first = draw_u32(seed) % count;

    if (order->operation != BOOK_IMPORT)
        return;
    for (size_t i = 0; i < count; i++) {
        uint8_t len = (uint8_t)(21 + draw_u32(seed) % 10);
        struct ipv4_prefix prefix = {0x0a000000 + draw_u32(seed) % 4096, len};
        wanted[i] = (struct plan_wanted){.entry = order->entry, .gives = order->gives & ~(uint32_t)PLAN_GIVES_KIND};
        wanted[i].entry.range = ipv4_range_of(ipv4_prefix_network(prefix));
        snprintf(names[i], sizeof(names[i]), "n%u", draw_u32(seed) % 200);
        wanted[i].entry.name = draw_u32(seed) % 2 ? NULL : names[i];
    }
    snprintf(key, sizeof(key), "k%x", draw_u32(seed));
    order->key = key;
    assert_int_equal(book_stage(book, key, 0, wanted, first), 0);
    assert_int_equal(book_stage(book, key, first, wanted + first, count - first), 0);
}

static inline const struct book_by *book_draw_by(uint64_t *seed, uint32_t now_s)
{
    static struct book_by by = {.who = "root"};

    by.holder = draw_u32(seed) % 10 ? NULL : "ada";
    by.now_s = now_s;
    return &by;
}

/* The block that draw_order() is about, committed. */
static inline void begin_book(struct book *book)
{
    const struct book_by by = {.who = "root", .now_s = 1000};
    const struct book_order order = {
        .operation = BOOK_ADD, .range = range_of("10.0.0.0/20"), .entry = {.kind = PLAN_BLOCK}};
    struct book_done done;

    assert_int_equal(book_do(book, &order, &by, &done), 0);
    assert_int_equal(book_commit(book), 0);
}
