/* What the door counts, by name; and what it tells. */
#include "bpf/door.h"

#include "base/compiler.h"
#include "bpf/trace.h"

#include <string.h>

static const struct {
    const char *name, *help;
} punts[DOOR_PUNT_COUNT] = {
#define X(enumerator, name, help) [DOOR_PUNT_##enumerator] = {name, help},
    DOOR_PUNTS(X)
#undef X
};

/* A ring of records that begin with their numbers, from 1 on. The next one is copied; false: there is none yet. */
static bool ring_get(const uint64_t *count, const void *ring, uint32_t records, size_t bytes, uint64_t *next,
                     void *record)
{
    for (;;) {
        uint64_t written = __atomic_load_n(count, __ATOMIC_ACQUIRE);
        if (*next >= written)
            return false;
        if (written - *next > records)
            *next = written - records; /* those before are overwritten */
        const unsigned char *from = (const unsigned char *)ring + (*next & (records - 1)) * bytes;
        const uint64_t *is = (const uint64_t *)(const void *)from;
        uint64_t number = __atomic_load_n(is, __ATOMIC_ACQUIRE);
        if (number <= *next)
            return false; /* it is being written */
        memcpy(record, from, bytes);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        ++*next;
        if (number == *next && READ_ONCE(*is) == number)
            return true; /* otherwise it was overwritten, perhaps meanwhile */
    }
}

static_assert(offsetof(struct door_sample, number) == 0 && offsetof(struct door_traced, number) == 0,
              "records begin with their numbers");

bool door_sample_get(const struct door_samples *ring, uint64_t *next, struct door_sample *sample)
{
    return ring_get(&ring->count, ring->all, DOOR_SAMPLES, sizeof(*sample), next, sample);
}

bool door_trace_get(const struct door_trace *trace, uint64_t *next, struct door_traced *traced)
{
    return ring_get(&trace->count, trace->all, DOOR_TRACE_RECORDS, sizeof(*traced), next, traced);
}

const char *door_punt_name(unsigned reason)
{
    return reason < DOOR_PUNT_COUNT ? punts[reason].name : "unknown";
}

const char *door_punt_help(unsigned reason)
{
    return reason < DOOR_PUNT_COUNT ? punts[reason].help : "unknown";
}
