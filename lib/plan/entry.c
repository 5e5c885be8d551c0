/* The texts of what a node is. */
#include "plan/plan.h"

#include "base/arena.h"
#include "base/compiler.h"

#include <string.h>

bool plan_entry_copy(struct plan_entry *entry, struct arena *arena)
{
    const char **const texts[] = {&entry->name, &entry->owner, &entry->provider, &entry->contract, &entry->note};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (*texts[i] && !(*texts[i] = arena_text(arena, *texts[i], strlen(*texts[i]))))
            return false;
    return true;
}

size_t plan_entry_text_bytes(const struct plan_entry *entry)
{
    const char *const texts[] = {entry->name, entry->owner, entry->provider, entry->contract, entry->note};
    size_t bytes = 0;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        bytes += texts[i] ? strlen(texts[i]) : 0;
    return bytes;
}
