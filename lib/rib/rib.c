#include "rib/rib.h"

#include "base/compiler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct rib {
    struct ipv4_map entries;
    uint32_t round[RIB_SOURCE_COUNT];
    rib_changed *changed;
    void *arg;
};

static_assert(sizeof(struct rib_path) == 32, "no padding: paths are compared as bytes");

const char *rib_source_name(unsigned source)
{
    static const char *const names[] = {
#define X(enumerator, name, help) [RIB_SOURCE_##enumerator] = (name),
        RIB_SOURCES(X)
#undef X
    };

    return source < ARRAY_SIZE(names) ? names[source] : "unknown";
}

const char *rib_type_name(unsigned type)
{
    static const char *const names[] = {
        [RIB_UNICAST] = "unicast",         [RIB_LOCAL] = "local",       [RIB_BLACKHOLE] = "blackhole",
        [RIB_UNREACHABLE] = "unreachable", [RIB_PROHIBIT] = "prohibit", [RIB_OTHER] = "other",
    };

    return type < ARRAY_SIZE(names) ? names[type] : "unknown";
}

struct rib *rib_new(rib_changed *changed, void *arg)
{
    struct rib *rib = calloc(1, sizeof(*rib));

    if (rib) {
        rib->changed = changed;
        rib->arg = arg;
    }
    return rib;
}

static void entry_free(struct rib_entry *entry)
{
    free(entry->paths);
    free(entry);
}

struct rib *rib_free(struct rib *rib)
{
    struct ipv4_prefix at, all = {0};

    if (!rib)
        return NULL;
    for (struct rib_entry *entry = ipv4_map_first(&rib->entries, all, &at); entry;
         entry = ipv4_map_next(&rib->entries, all, &at))
        entry_free(entry);
    ipv4_map_clear(&rib->entries);
    free(rib);
    return NULL;
}

static bool equal(const struct rib_path *a, const struct rib_path *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* Below 0: a stands before b. Paths of equal rank stand as they were put. A TOS of its own comes first, as in Linux. */
static int rank(const struct rib_path *a, const struct rib_path *b)
{
    if (a->preference != b->preference)
        return a->preference < b->preference ? -1 : 1;
    if (a->tos != b->tos)
        return a->tos > b->tos ? -1 : 1;
    if (a->metric != b->metric)
        return a->metric < b->metric ? -1 : 1;
    return 0;
}

static int reserve(struct rib_entry *entry, uint32_t count)
{
    if (count <= entry->capacity)
        return 0;
    uint32_t capacity = entry->capacity ? entry->capacity * 2 : 1;
    if (capacity < count)
        capacity = count;
    struct rib_path *paths = realloc(entry->paths, capacity * sizeof(*paths));
    if (!paths)
        return -ENOMEM;
    entry->paths = paths;
    entry->capacity = capacity;
    return 0;
}

/* The entry with room for `more` paths; made if it is not there (then it is empty). NULL if there is no memory. */
static struct rib_entry *make_entry(struct rib *rib, struct ipv4_prefix prefix, unsigned more)
{
    struct rib_entry *entry = ipv4_map_get(&rib->entries, prefix);

    if (entry)
        return reserve(entry, entry->count + more) ? NULL : entry;
    entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL;
    if (reserve(entry, more) || ipv4_map_put(&rib->entries, prefix, entry)) {
        entry_free(entry);
        return NULL;
    }
    return entry;
}

static void insert(struct rib_entry *entry, uint32_t at, const struct rib_path *path)
{
    memmove(entry->paths + at + 1, entry->paths + at, (entry->count - at) * sizeof(*entry->paths));
    entry->paths[at] = *path;
    entry->count++;
}

static void take_out(struct rib_entry *entry, uint32_t at)
{
    entry->count--;
    memmove(entry->paths + at, entry->paths + at + 1, (entry->count - at) * sizeof(*entry->paths));
}

/* Tell the owner; an entry without paths goes first. */
static void tell(struct rib *rib, struct ipv4_prefix prefix, struct rib_entry *entry)
{
    if (entry->count == 0) {
        ipv4_map_remove(&rib->entries, prefix);
        entry_free(entry);
        entry = NULL;
    }
    rib->changed(rib->arg, prefix, entry);
}

int rib_put(struct rib *rib, struct ipv4_prefix prefix, const struct rib_path *path, enum rib_place place)
{
    struct rib_entry *entry = make_entry(rib, prefix, 1);

    if (!entry)
        return -ENOMEM;
    entry->seen[path->source] = rib->round[path->source];
    uint32_t at = 0, same = entry->count;
    for (uint32_t i = 0; i < entry->count; i++)
        if (equal(&entry->paths[i], path))
            same = i;
    while (at < entry->count && rank(&entry->paths[at], path) < 0)
        at++;
    if (same < entry->count && place != RIB_REPLACE)
        return 0;
    if (place == RIB_REPLACE && at < entry->count && rank(&entry->paths[at], path) == 0 &&
        entry->paths[at].source == path->source) {
        if (same < entry->count)
            return 0;
        entry->paths[at] = *path;
    } else {
        while (place == RIB_LAST && at < entry->count && rank(&entry->paths[at], path) == 0)
            at++;
        insert(entry, at, path);
    }
    tell(rib, prefix, entry);
    return 0;
}

int rib_withdraw(struct rib *rib, struct ipv4_prefix prefix, const struct rib_path *path)
{
    struct rib_entry *entry = ipv4_map_get(&rib->entries, prefix);

    for (uint32_t i = 0; entry && i < entry->count; i++) {
        if (equal(&entry->paths[i], path)) {
            take_out(entry, i);
            tell(rib, prefix, entry);
            return 0;
        }
    }
    return -ENOENT;
}

void rib_round_begin(struct rib *rib, enum rib_source source)
{
    rib->round[source]++;
}

/* Whether the entry's paths of this source are these, in this order. */
static bool says_already(const struct rib_entry *entry, enum rib_source source, const struct rib_path *paths,
                         unsigned count)
{
    unsigned next = 0;

    for (uint32_t i = 0; i < entry->count; i++)
        if (entry->paths[i].source == source && (next == count || !equal(&entry->paths[i], &paths[next++])))
            return false;
    return next == count;
}

static void withdraw_all(struct rib_entry *entry, enum rib_source source)
{
    for (uint32_t i = entry->count; i-- > 0;)
        if (entry->paths[i].source == source)
            take_out(entry, i);
}

int rib_round_set(struct rib *rib, enum rib_source source, struct ipv4_prefix prefix, const struct rib_path *paths,
                  unsigned count)
{
    struct rib_entry *entry = make_entry(rib, prefix, count);

    if (!entry)
        return -ENOMEM;
    entry->seen[source] = rib->round[source];
    if (says_already(entry, source, paths, count))
        return 0;
    withdraw_all(entry, source);
    for (unsigned i = 0; i < count; i++) {
        uint32_t at = 0;
        while (at < entry->count && rank(&entry->paths[at], &paths[i]) <= 0)
            at++;
        insert(entry, at, &paths[i]);
    }
    tell(rib, prefix, entry);
    return 0;
}

void rib_round_end(struct rib *rib, enum rib_source source)
{
    struct ipv4_prefix at, all = {0};

    for (struct rib_entry *entry = ipv4_map_first(&rib->entries, all, &at); entry;
         entry = ipv4_map_next(&rib->entries, all, &at)) {
        uint32_t before = entry->count;
        if (entry->seen[source] == rib->round[source])
            continue;
        withdraw_all(entry, source);
        if (entry->count != before)
            tell(rib, at, entry);
    }
}

bool rib_round_check(struct rib *rib, enum rib_source source, struct ipv4_prefix prefix, const struct rib_path *paths,
                     unsigned count)
{
    struct rib_entry *entry = ipv4_map_get(&rib->entries, prefix);

    if (!entry)
        return false;
    entry->seen[source] = rib->round[source];
    return says_already(entry, source, paths, count);
}

bool rib_is_missing(const struct rib *rib, enum rib_source source, const struct rib_entry *entry)
{
    if (entry->seen[source] == rib->round[source])
        return false;
    for (uint32_t i = 0; i < entry->count; i++)
        if (entry->paths[i].source == source)
            return true;
    return false;
}

const struct rib_entry *rib_get(const struct rib *rib, struct ipv4_prefix prefix)
{
    return ipv4_map_get(&rib->entries, prefix);
}

const struct rib_entry *rib_cover(const struct rib *rib, uint32_t addr, unsigned max_length, struct ipv4_prefix *found)
{
    return ipv4_map_cover(&rib->entries, addr, max_length, found);
}

const struct ipv4_map *rib_entries(const struct rib *rib)
{
    return &rib->entries;
}
