/*
 * Longest prefix match with Fairlead's forwarding table, from a program of your own: lookup TABLE [ADDRESS ...]
 *
 * TABLE is a file of lines "ADDRESS/LENGTH NEXT-HOP"; next hops are numbers from 1 to 65535. Addresses are those of the
 * command line or else, one a line, of standard input. Prints each with its next hop, or "none".
 *
 *     cc -O2 lookup.c $(pkg-config --cflags --libs fairlead-fib) -o lookup
 */
#include <fairlead/fib/lookup.h>
#include <fairlead/fib/table.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 64 /* addresses looked up together: their cache misses overlap */

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "lookup: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static _Noreturn void fail_in_line(const char *file, unsigned long line, const struct text_error *wrong)
{
    fprintf(stderr, "lookup: %s, line %lu, character %zu: expected %s\n", file, line, wrong->at + 1, wrong->expected);
    exit(EXIT_FAILURE);
}

/* --- the table -------------------------------------------------------------------------------------------------- */

/* 0; -EINVAL with what is wrong, as all that reads text here. */
static int read_route(const char *line, struct fib_change *route, struct text_error *wrong)
{
    const char *const expected = "a next hop of 1 to 65535";
    size_t length = strcspn(line, "\r\n"), at = strcspn(line, " \t\r\n");
    uint32_t next_hop;
    int error = ipv4_prefix_parse(line, at, 0, &route->prefix, wrong);

    if (error)
        return error;
    at += strspn(line + at, " \t");
    size_t begin = at;
    error = text_decimal(line, length, &at, FIB_NEXT_HOP_MAX, expected, &next_hop, wrong);
    if (error)
        return error;
    if (next_hop == FIB_NO_ROUTE)
        return text_wrong(wrong, begin, expected);
    if (at != length)
        return text_wrong(wrong, at, "the end of the line");
    route->next_hop = (uint16_t)next_hop;
    return 0;
}

/* All prefixes of a file, put into the table together: that is several times as fast as one by one. */
static void load(struct fib_table *table, const char *name)
{
    FILE *file = fopen(name, "r");
    struct fib_change *routes = NULL;
    size_t count = 0, room = 0;
    struct text_error wrong;
    char line[256];

    if (!file)
        fail(name, strerror(errno));
    while (fgets(line, sizeof(line), file)) {
        if (count == room) {
            room = room ? 2 * room : 1024;
            routes = realloc(routes, room * sizeof(*routes));
            if (!routes)
                fail(name, "no memory");
        }
        if (read_route(line, &routes[count], &wrong))
            fail_in_line(name, count + 1, &wrong);
        count++;
    }
    if (ferror(file))
        fail(name, strerror(errno));
    fclose(file);
    if (fib_table_update(table, routes, count))
        fail(name, "the table has no room for all of its prefixes");
    free(routes);
}

/* --- lookups ---------------------------------------------------------------------------------------------------- */

struct batch {
    uint32_t addrs[BATCH];
    size_t count;
};

static void answer(const struct fib_memory *memory, struct batch *batch)
{
    uint32_t next_hops[BATCH];
    char text[IPV4_TEXT_SIZE];

    fib_lookup_batch(memory, batch->addrs, next_hops, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        ipv4_addr_format(batch->addrs[i], text);
        if (next_hops[i] == FIB_NO_ROUTE)
            printf("%s none\n", text);
        else
            printf("%s %u\n", text, (unsigned)next_hops[i]);
    }
    batch->count = 0;
}

/* An address of `source`, of whose lines it is the `line`th. */
static void ask(const struct fib_memory *memory, struct batch *batch, const char *word, const char *source,
                unsigned long line)
{
    struct text_error wrong;

    if (ipv4_addr_parse(word, strcspn(word, "\r\n"), &batch->addrs[batch->count], &wrong))
        fail_in_line(source, line, &wrong);
    if (++batch->count == BATCH)
        answer(memory, batch);
}

int main(int argc, char **argv)
{
    struct fib_table_config config = {.memory = fib_memory_new(FIB_POOL_BYTES), .pool_bytes = FIB_POOL_BYTES};
    struct batch batch = {.count = 0};
    struct fib_table *table;
    char line[64];

    if (argc < 2)
        fail("usage", "lookup TABLE [ADDRESS ...]");
    if (!config.memory || fib_table_new(&config, &table))
        fail("table", "no memory");
    load(table, argv[1]);
    for (int i = 2; i < argc; i++)
        ask(config.memory, &batch, argv[i], argv[i], 1);
    for (unsigned long number = 1; argc == 2 && fgets(line, sizeof(line), stdin); number++)
        ask(config.memory, &batch, line, "standard input", number);
    answer(config.memory, &batch);
    fib_table_free(table);
    free(config.memory);
    return 0;
}
