#include "fib/prefixes.h"

#include "base/sorted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t heap_index(uint32_t addr, unsigned len)
{
    return len ? 1u << len | addr >> (32 - len) : 1;
}

static struct fib_bucket *bucket_of(const struct fib_prefixes *prefixes, uint32_t addr)
{
    return &prefixes->buckets[addr >> FIB_BLOCK_BITS];
}

static uint64_t number_of(const void *item)
{
    return *(const fib_item *)item;
}

uint32_t fib_prefixes_find(const struct fib_bucket *bucket, struct ipv4_prefix prefix)
{
    return (uint32_t)sorted_find(bucket->items, bucket->count, sizeof(*bucket->items), number_of,
                                 fib_item_of(prefix, 0));
}

static bool is_at(const struct fib_bucket *bucket, uint32_t at, struct ipv4_prefix prefix)
{
    return at < bucket->count && ipv4_prefix_equal(fib_item_prefix(bucket->items[at]), prefix);
}

uint16_t fib_prefixes_get(const struct fib_prefixes *prefixes, struct ipv4_prefix prefix)
{
    if (prefix.len <= FIB_SHORT)
        return prefixes->shorts[heap_index(prefix.addr, prefix.len)];
    const struct fib_bucket *bucket = bucket_of(prefixes, prefix.addr);
    uint32_t at = fib_prefixes_find(bucket, prefix);
    return is_at(bucket, at, prefix) ? fib_item_next_hop(bucket->items[at]) : FIB_NO_ROUTE;
}

static void count(struct fib_prefixes *prefixes, unsigned len, int change)
{
    prefixes->count += (uint32_t)change;
    prefixes->by_length[len] += (uint32_t)change;
}

static int make_room(struct fib_prefixes *prefixes, struct fib_bucket *bucket)
{
    if (bucket->count < bucket->capacity)
        return 0;
    uint32_t capacity = bucket->capacity + bucket->capacity / 4 + 4;
    fib_item *items = realloc(bucket->items, capacity * sizeof(*items));
    if (!items)
        return -ENOMEM;
    prefixes->item_bytes += (capacity - bucket->capacity) * sizeof(*items);
    bucket->items = items;
    bucket->capacity = capacity;
    return 0;
}

static int set_item(struct fib_prefixes *prefixes, struct ipv4_prefix prefix, uint16_t next_hop, uint16_t *old)
{
    struct fib_bucket *bucket = bucket_of(prefixes, prefix.addr);
    uint32_t at = fib_prefixes_find(bucket, prefix);
    uint16_t was = is_at(bucket, at, prefix) ? fib_item_next_hop(bucket->items[at]) : FIB_NO_ROUTE;
    fib_item *item;

    if (was == FIB_NO_ROUTE && next_hop != FIB_NO_ROUTE) {
        int error = make_room(prefixes, bucket);
        if (error)
            return error;
        item = &bucket->items[at];
        memmove(item + 1, item, (bucket->count++ - at) * sizeof(*item));
        count(prefixes, prefix.len, 1);
    } else if (was != FIB_NO_ROUTE && next_hop == FIB_NO_ROUTE) { /* the array keeps its room, should it come back */
        item = &bucket->items[at];
        memmove(item, item + 1, (--bucket->count - at) * sizeof(*item));
        count(prefixes, prefix.len, -1);
    }
    if (next_hop != FIB_NO_ROUTE)
        bucket->items[at] = fib_item_of(prefix, next_hop);
    *old = was;
    return 0;
}

int fib_prefixes_set(struct fib_prefixes *prefixes, struct ipv4_prefix prefix, uint16_t next_hop, uint16_t *old)
{
    if (prefix.len > FIB_SHORT)
        return set_item(prefixes, prefix, next_hop, old);
    uint16_t *place = &prefixes->shorts[heap_index(prefix.addr, prefix.len)];
    *old = *place;
    count(prefixes, prefix.len, (next_hop != FIB_NO_ROUTE) - (*old != FIB_NO_ROUTE));
    *place = next_hop;
    return 0;
}

int fib_prefixes_merge(struct fib_prefixes *prefixes, uint32_t block, const fib_item *items, size_t changes,
                       struct fib_bucket *old)
{
    struct fib_bucket *bucket = &prefixes->buckets[block];
    struct fib_bucket new = {.capacity = bucket->count + (uint32_t)changes};

    new.items = malloc(new.capacity * sizeof(*new.items));
    if (!new.items)
        return -ENOMEM;
    uint32_t at = 0;
    for (size_t i = 0; i < changes; i++) {
        struct ipv4_prefix prefix = fib_item_prefix(items[i]);
        while (at < bucket->count && bucket->items[at] < fib_item_of(prefix, 0))
            new.items[new.count++] = bucket->items[at++];
        if (is_at(bucket, at, prefix)) {
            at++;
            count(prefixes, prefix.len, -1);
        }
        if (fib_item_next_hop(items[i]) != FIB_NO_ROUTE) {
            new.items[new.count++] = items[i];
            count(prefixes, prefix.len, 1);
        }
    }
    if (at < bucket->count) /* an empty bucket has no items to point to */
        memcpy(new.items + new.count, bucket->items + at, (bucket->count - at) * sizeof(*new.items));
    new.count += bucket->count - at;
    prefixes->item_bytes += new.capacity * sizeof(*new.items);
    *old = *bucket;
    *bucket = new;
    return 0;
}

void fib_prefixes_swap(struct fib_prefixes *prefixes, uint32_t block, struct fib_bucket *other)
{
    struct fib_bucket *bucket = &prefixes->buckets[block];
    struct fib_bucket now = *bucket;

    for (uint32_t i = 0; i < now.count; i++)
        count(prefixes, fib_item_prefix(now.items[i]).len, -1);
    for (uint32_t i = 0; i < other->count; i++)
        count(prefixes, fib_item_prefix(other->items[i]).len, 1);
    *bucket = *other;
    *other = now;
}

void fib_prefixes_forget(struct fib_prefixes *prefixes, struct fib_bucket *old)
{
    prefixes->item_bytes -= old->capacity * sizeof(*old->items);
    free(old->items);
    *old = (struct fib_bucket){0};
}

size_t fib_prefixes_bytes(const struct fib_prefixes *prefixes)
{
    return (size_t)FIB_ROOT_ENTRIES * (sizeof(*prefixes->buckets) + 2 * sizeof(*prefixes->shorts)) +
           prefixes->item_bytes;
}

bool fib_prefixes_cover(const struct fib_prefixes *prefixes, uint32_t addr, unsigned max_length,
                        struct fib_route *found)
{
    unsigned len = max_length;

    for (const struct fib_bucket *bucket = bucket_of(prefixes, addr); bucket->count && len > FIB_SHORT; len--) {
        struct ipv4_prefix prefix = ipv4_prefix_network((struct ipv4_prefix){.addr = addr, .len = (uint8_t)len});
        if (!prefixes->by_length[len])
            continue;
        uint32_t at = fib_prefixes_find(bucket, prefix);
        if (is_at(bucket, at, prefix)) {
            *found = (struct fib_route){.prefix = prefix, .next_hop = fib_item_next_hop(bucket->items[at])};
            return true;
        }
    }
    len = len < FIB_SHORT ? len : FIB_SHORT;
    for (uint32_t index = heap_index(addr, len); index; index >>= 1, len--)
        if (prefixes->shorts[index] != FIB_NO_ROUTE) {
            *found = (struct fib_route){
                .prefix = ipv4_prefix_network((struct ipv4_prefix){.addr = addr, .len = (uint8_t)len}),
                .next_hop = prefixes->shorts[index]};
            return true;
        }
    return false;
}

/* In the heap, of those that begin at addr and have at least min_length bits. */
static bool next_short(const struct fib_prefixes *prefixes, uint32_t addr, unsigned min_length, struct fib_route *found)
{
    for (unsigned len = min_length; len <= FIB_SHORT; len++) {
        struct ipv4_prefix prefix = {.addr = addr, .len = (uint8_t)len};
        uint16_t next_hop = prefixes->shorts[heap_index(addr, len)];
        if (next_hop != FIB_NO_ROUTE && ipv4_prefix_first(prefix) == addr) {
            *found = (struct fib_route){.prefix = prefix, .next_hop = next_hop};
            return true;
        }
    }
    return false;
}

bool fib_prefixes_next(const struct fib_prefixes *prefixes, struct ipv4_prefix after, bool inclusive, uint32_t last,
                       struct fib_route *found)
{
    struct ipv4_prefix from = {.addr = after.addr, .len = (uint8_t)(after.len + !inclusive)};

    for (uint32_t block = after.addr >> FIB_BLOCK_BITS; block <= last >> FIB_BLOCK_BITS; block++) {
        const struct fib_bucket *bucket = &prefixes->buckets[block];
        uint32_t first = block << FIB_BLOCK_BITS;
        if (from.addr <= first) {
            unsigned min_length = from.addr == first ? from.len : 0;
            if (next_short(prefixes, first, min_length, found))
                return true;
        }
        uint32_t at = from.addr < first ? 0 : fib_prefixes_find(bucket, from);
        if (at < bucket->count) {
            *found = (struct fib_route){.prefix = fib_item_prefix(bucket->items[at]),
                                        .next_hop = fib_item_next_hop(bucket->items[at])};
            return found->prefix.addr <= last;
        }
    }
    return false;
}

int fib_prefixes_open(struct fib_prefixes *prefixes)
{
    struct fib_prefixes new = {
        .shorts = calloc((size_t)2 * FIB_ROOT_ENTRIES, sizeof(*new.shorts)),
        .buckets = calloc(FIB_ROOT_ENTRIES, sizeof(*new.buckets)),
    };
    if (!new.shorts || !new.buckets) {
        free(new.shorts);
        free(new.buckets);
        return -ENOMEM;
    }
    *prefixes = new;
    return 0;
}

void fib_prefixes_close(struct fib_prefixes *prefixes)
{
    for (uint32_t block = 0; prefixes->buckets && block < FIB_ROOT_ENTRIES; block++)
        free(prefixes->buckets[block].items);
    free(prefixes->buckets);
    free(prefixes->shorts);
    *prefixes = (struct fib_prefixes){0};
}
