/*
 * A calendar of packets: each is noted for a time, and they are taken in the order of times, to the resolution of a
 * bucket; those of one bucket in the order in which they were noted. Noting and taking are O(1).
 *
 * All that is noted at once lies within CALENDAR_BUCKETS buckets. What would lie further from the rest is noted as
 * close to its time as that allows; whoever keeps to it gets the exact order.
 *
 * Calendars share the memory of their entries, which is reused last in, first out, so that it stays in the cache.
 */
#pragma once

#include "base/bit_tree.h"

#define CALENDAR_BUCKETS 65536u
#define CALENDAR_CHUNK   7u /* entries that are linked together, in a line of the cache */

struct calendar_entry {
    uint32_t packet; /* number */
    uint32_t note;   /* whatever its owner wants to know of it */
};

struct calendar_chunk {
    struct calendar_entry entries[CALENDAR_CHUNK];
    uint32_t next;     /* behind it in its bucket, or among those that are free */
    uint16_t from, to; /* the entries in use */
};

/* Memory for the entries of several calendars. */
struct calendar_memory {
    struct calendar_chunk *chunks;
    uint32_t free; /* the first of them */
};

/* For `calendars` that have so many entries in all. 0; -ENOMEM. */
int calendar_memory_open(struct calendar_memory *memory, uint32_t entries, unsigned calendars);
void calendar_memory_close(struct calendar_memory *memory);

struct calendar_bucket {
    uint32_t first, last; /* chunks; valid while the bucket is in use */
};

struct calendar {
    struct calendar_memory *memory; /* borrowed */
    struct calendar_bucket *buckets;
    struct bit_tree used;
    int64_t first; /* the earliest bucket in use, counted from time 0; valid while count is not 0, as is */
    int64_t last;  /* the latest one since it was empty */
    uint32_t count;
};

/* All zeros is closed. 0; -ENOMEM. */
int calendar_open(struct calendar *calendar, struct calendar_memory *memory);
void calendar_close(struct calendar *calendar);

/* Note a packet for a bucket, 0 or later; at most `entries` are in all calendars of the memory. */
void calendar_put(struct calendar *calendar, int64_t bucket, struct calendar_entry entry);

/* The earliest entry, and which bucket it was in; there is one. */
struct calendar_entry calendar_take(struct calendar *calendar);

/* Fetch ahead what calendar_put touches first. */
static inline const struct calendar_bucket *calendar_bucket(const struct calendar *calendar, int64_t bucket)
{
    return &calendar->buckets[(uint64_t)bucket % CALENDAR_BUCKETS];
}
