#include "sched/calendar.h"

#include "base/compiler.h"
#include "base/lines.h"

#include <errno.h>
#include <stdlib.h>

static_assert(sizeof(struct calendar_chunk) == LINE, "a chunk is a line");

/* As many chunks as there can be: of those of a bucket all but the first and the last are full. */
int calendar_memory_open(struct calendar_memory *memory, uint32_t entries, unsigned calendars)
{
    uint64_t buckets = (uint64_t)CALENDAR_BUCKETS * calendars, used = entries < buckets ? entries : buckets,
             enough = 2 * used + entries / CALENDAR_CHUNK + 1;
    uint32_t count = enough < entries ? (uint32_t)enough : entries;
    struct calendar_chunk *chunks = lines_new(((size_t)count + 1) * sizeof(*chunks));

    if (!chunks)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++)
        chunks[i].next = i + 1;
    *memory = (struct calendar_memory){.chunks = chunks};
    return 0;
}

void calendar_memory_close(struct calendar_memory *memory)
{
    free(memory->chunks);
    *memory = (struct calendar_memory){0};
}

int calendar_open(struct calendar *calendar, struct calendar_memory *memory)
{
    struct calendar opened = {.memory = memory, .buckets = lines_new(CALENDAR_BUCKETS * sizeof(*opened.buckets))};

    if (!opened.buckets)
        return -ENOMEM;
    if (bit_tree_open(&opened.used, CALENDAR_BUCKETS) < 0) {
        free(opened.buckets);
        return -ENOMEM;
    }
    *calendar = opened;
    return 0;
}

void calendar_close(struct calendar *calendar)
{
    if (!calendar->buckets)
        return;
    bit_tree_close(&calendar->used);
    free(calendar->buckets);
    *calendar = (struct calendar){0};
}

static uint32_t chunk_new(struct calendar_memory *memory)
{
    uint32_t number = memory->free;
    struct calendar_chunk *chunk = &memory->chunks[number];

    memory->free = chunk->next;
    chunk->from = chunk->to = 0;
    return number;
}

/* As close to a bucket as the others allow. */
static int64_t within_reach(const struct calendar *calendar, int64_t bucket)
{
    if (bucket >= calendar->first + CALENDAR_BUCKETS)
        return calendar->first + CALENDAR_BUCKETS - 1;
    return bucket > calendar->last - CALENDAR_BUCKETS ? bucket : calendar->last - CALENDAR_BUCKETS + 1;
}

void calendar_put(struct calendar *calendar, int64_t bucket, struct calendar_entry entry)
{
    struct calendar_memory *memory = calendar->memory;

    if (!calendar->count++) {
        calendar->first = calendar->last = bucket;
    } else {
        bucket = within_reach(calendar, bucket);
        if (bucket < calendar->first)
            calendar->first = bucket;
        else if (bucket > calendar->last)
            calendar->last = bucket;
    }
    uint32_t place = (uint32_t)((uint64_t)bucket % CALENDAR_BUCKETS);
    struct calendar_bucket *in = &calendar->buckets[place];
    if (bit_tree_add(&calendar->used, place)) {
        in->first = in->last = chunk_new(memory);
    } else if (memory->chunks[in->last].to == CALENDAR_CHUNK) {
        uint32_t number = chunk_new(memory);
        memory->chunks[in->last].next = number;
        in->last = number;
    }
    struct calendar_chunk *chunk = &memory->chunks[in->last];
    chunk->entries[chunk->to++] = entry;
}

/* The first bucket is empty: find the next one. */
static void turn_page(struct calendar *calendar)
{
    uint32_t place = (uint32_t)((uint64_t)calendar->first % CALENDAR_BUCKETS), next;

    bit_tree_remove(&calendar->used, place);
    if (!calendar->count)
        return;
    if (!bit_tree_next(&calendar->used, place, &next))
        bit_tree_next(&calendar->used, 0, &next);
    calendar->first += (next - place) % CALENDAR_BUCKETS;
}

struct calendar_entry calendar_take(struct calendar *calendar)
{
    struct calendar_memory *memory = calendar->memory;
    struct calendar_bucket *of = &calendar->buckets[(uint64_t)calendar->first % CALENDAR_BUCKETS];
    uint32_t number = of->first;
    struct calendar_chunk *chunk = &memory->chunks[number];
    struct calendar_entry entry = chunk->entries[chunk->from++];

    calendar->count--;
    if (chunk->from < chunk->to)
        return entry;
    bool last = number == of->last;
    of->first = chunk->next;
    __builtin_prefetch(&memory->chunks[chunk->next]); /* or wherever it was last; which does no harm */
    chunk->next = memory->free;
    memory->free = number;
    if (last)
        turn_page(calendar);
    return entry;
}
