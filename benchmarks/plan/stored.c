/*
 * The address plan on stable storage: stored FILE NODES SEED
 *
 * Makes a database with a plan of NODES named nodes in 4,000 blocks, unless it is there, and reads it again. Prints
 * lines "fact NAME VALUE": seconds, bytes of the file.
 */
#include "base/clock.h"
#include "base/random.h"
#include "book/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTAINERS 4000
#define GROUP      4096 /* orders a commit */

static const uint8_t hash_key[SIPHASH_KEY_SIZE] = {1};
static const struct book_by me = {.who = "root", .now_s = 1};

__attribute__((noreturn)) static void fail(const char *what)
{
    fprintf(stderr, "stored: %s\n", what);
    exit(EXIT_FAILURE);
}

static struct book *open_book(const char *path)
{
    struct book *book;
    const char *why;

    if (book_open(path, hash_key, &book, &why))
        fail(why);
    return book;
}

static void carry_out(struct book *book, const struct book_order *order)
{
    struct book_done done;

    if (book_do(book, order, &me, &done))
        fail(done.why);
}

static void make(const char *path, unsigned nodes, uint64_t seed)
{
    struct book *book = open_book(path);
    struct book_order order = {
        .operation = BOOK_ADD, .range = {10u << 24, (11u << 24) - 1}, .entry = {.kind = PLAN_BLOCK, .name = "all"}};
    char within[PLAN_NAME_MAX + 1], name[PLAN_NAME_MAX + 1];

    carry_out(book, &order);
    order = (struct book_order){.operation = BOOK_ALLOCATE, .node = "all", .len = 20, .entry = {.kind = PLAN_BLOCK}};
    for (unsigned i = 0; i < CONTAINERS; i++) {
        snprintf(name, sizeof(name), "site%u", i);
        order.entry.name = name;
        carry_out(book, &order);
    }
    order = (struct book_order){
        .operation = BOOK_ALLOCATE, .node = within, .entry = {.kind = PLAN_SUBNET, .status = PLAN_ASSIGNED}};
    for (unsigned i = CONTAINERS + 1; i < nodes; i++) {
        unsigned which = (unsigned)((random_u64(&seed) >> 32) % CONTAINERS);
        snprintf(within, sizeof(within), "site%u", which);
        snprintf(name, sizeof(name), "site%u/lan%u", which, i);
        order.entry.name = name;
        order.len = (uint8_t)(28 + (random_u64(&seed) >> 40) % 4);
        carry_out(book, &order);
        if (i % GROUP == 0 && book_commit(book))
            fail(book_why(book));
    }
    if (book_commit(book) || plan_store_checkpoint(book_store(book), 1))
        fail(book_why(book));
    book_close(book);
}

int main(int argc, char **argv)
{
    unsigned nodes = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    struct stat file;

    if (nodes <= CONTAINERS || !seed) {
        fputs("usage: stored FILE NODES SEED\n", stderr);
        return 2;
    }
    if (access(argv[1], F_OK) < 0)
        make(argv[1], nodes, seed);
    for (unsigned round = 0; round < 3; round++) {
        int64_t began = clock_now_ns();
        struct book *book = open_book(argv[1]);
        printf("fact load_s %.3f\n", (double)(clock_now_ns() - began) / 1e9);
        printf("fact nodes %u\n", plan_count(book_plan(book)));
        book_close(book);
    }
    if (stat(argv[1], &file) == 0)
        printf("fact file_bytes %lld\n", (long long)file.st_size);
    return 0;
}
