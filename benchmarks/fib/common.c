#include "benchmarks/fib/bench.h"

#include "base/clock.h"
#include "base/random.h"
#include "fib/trie.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

uint32_t bench_draw(struct bench *bench, uint32_t below)
{
    return (uint32_t)((random_u64(&bench->random) >> 32) * below >> 32);
}

double bench_now(void)
{
    return (double)clock_now_ns() * 1e-9;
}

void *bench_memory(size_t bytes)
{
    size_t size = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    char *memory = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        bench_fail("no memory");
    memory += HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE;
    madvise(memory, size, MADV_HUGEPAGE);
    return memory;
}

unsigned long bench_argument(const char *word, unsigned long max)
{
    char *end;
    unsigned long value = strtoul(word, &end, 10);

    if (*end || !value || value > max)
        bench_fail("'%s': expected a number from 1 to %lu", word, max);
    return value;
}

void bench_read_table(struct bench *bench)
{
    char line[256];
    size_t capacity = 0;

    for (unsigned long number = 1; fgets(line, sizeof(line), stdin); number++) {
        struct ipv4_prefix prefix;
        size_t length = strcspn(line, " \t\r\n,;");
        if (!length || line[0] == '#')
            continue;
        if (ipv4_prefix_parse(line, length, 0, &prefix, NULL))
            bench_fail("line %lu of the table: '%.*s' is no prefix: expected ADDRESS/LENGTH", number, (int)length,
                       line);
        if (bench->count == capacity) {
            capacity = capacity ? capacity * 2 : 65536;
            bench->routes = realloc(bench->routes, capacity * sizeof(*bench->routes));
            if (!bench->routes)
                bench_fail("no memory");
        }
        bench->routes[bench->count++] =
            (struct fib_change){.prefix = prefix, .next_hop = (uint16_t)(1 + bench_draw(bench, bench->next_hops))};
    }
    if (!bench->count)
        bench_fail("the table is empty");
    for (size_t i = bench->count - 1; i > 0; i--) {
        size_t j = bench_draw(bench, (uint32_t)i + 1);
        struct fib_change other = bench->routes[i];
        bench->routes[i] = bench->routes[j];
        bench->routes[j] = other;
    }
}

struct fib_trie *bench_trie(const struct bench *bench)
{
    struct fib_trie *trie = fib_trie_new();
    bool fits = trie;

    for (size_t i = 0; fits && i < bench->count; i++)
        fits = fib_trie_set(trie, bench->routes[i].prefix, bench->routes[i].next_hop) == 0;
    if (!fits)
        bench_fail("no memory for the trie");
    return trie;
}

static int by_length(const void *a, const void *b)
{
    const struct fib_change *one = a, *other = b;

    return one->prefix.len - other->prefix.len;
}

struct dir24 *dir24_make(const struct bench *bench)
{
    struct dir24 *dir24 = bench_memory(sizeof(*dir24));
    struct fib_change *sorted = bench_memory(bench->count * sizeof(*sorted));
    uint32_t groups = 0;

    memcpy(sorted, bench->routes, bench->count * sizeof(*sorted));
    qsort(sorted, bench->count, sizeof(*sorted), by_length);
    dir24->root = bench_memory(((size_t)1 << 24) * sizeof(*dir24->root));
    dir24->group = bench_memory(((size_t)1 << 24) * sizeof(*dir24->group));
    dir24->groups =
        bench_memory((bench->count + 1) * 256 * sizeof(*dir24->groups)); /* pages that are not used do not exist */
    for (size_t i = 0; i < bench->count; i++) {
        struct ipv4_prefix prefix = sorted[i].prefix;
        uint32_t slot = prefix.addr >> 8;
        if (prefix.len <= 24) {
            for (uint32_t last = ipv4_prefix_last(prefix) >> 8; slot <= last; slot++)
                dir24->root[slot] = sorted[i].next_hop;
            continue;
        }
        if (dir24->root[slot] != DIR24_LONG) {
            for (unsigned at = 0; at < 256; at++)
                dir24->groups[groups * 256 + at] = dir24->root[slot];
            dir24->group[slot] = groups++;
            dir24->root[slot] = DIR24_LONG;
        }
        for (uint32_t at = prefix.addr & 255; at <= (ipv4_prefix_last(prefix) & 255); at++)
            dir24->groups[dir24->group[slot] * 256 + at] = sorted[i].next_hop;
    }
    munmap(sorted, bench->count * sizeof(*sorted));
    return dir24;
}
