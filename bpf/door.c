/* What the door counts, by name; and what it tells. */
#include "bpf/door.h"

#include "base/compiler.h"

static const struct {
    const char *name, *help;
} punts[DOOR_PUNT_COUNT] = {
#define X(enumerator, name, help) [DOOR_PUNT_##enumerator] = {name, help},
    DOOR_PUNTS(X)
#undef X
};

bool door_sample_get(const struct door_samples *ring, uint64_t *next, struct door_sample *sample)
{
    for (;;) {
        uint64_t count = __atomic_load_n(&ring->count, __ATOMIC_ACQUIRE);
        if (*next >= count)
            return false;
        if (count - *next > DOOR_SAMPLES)
            *next = count - DOOR_SAMPLES; /* those before are overwritten */
        const struct door_sample *from = &ring->all[*next & (DOOR_SAMPLES - 1)];
        uint64_t number = __atomic_load_n(&from->number, __ATOMIC_ACQUIRE);
        if (number <= *next)
            return false; /* it is being written */
        *sample = *from;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        ++*next;
        if (number == *next && READ_ONCE(from->number) == number)
            return true; /* otherwise it was overwritten, perhaps meanwhile */
    }
}

const char *door_punt_name(unsigned reason)
{
    return reason < DOOR_PUNT_COUNT ? punts[reason].name : "unknown";
}

const char *door_punt_help(unsigned reason)
{
    return reason < DOOR_PUNT_COUNT ? punts[reason].help : "unknown";
}
