#include "interchange/interchange.h"

#include "interchange/inside.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- places ------------------------------------------------------------------------------------------------------- */

/* Something about a node that has been read. */
__attribute__((format(printf, 4, 5))) static void
remark_node(struct interchange *to, const struct interchange_node *node, bool fault, const char *format, ...)
{
    const struct interchange_remark where = {.place = node->place, .fault = fault};
    va_list args;

    va_start(args, format);
    reading_say(to, &where, format, args);
    va_end(args);
}

void interchange_place_format(const struct interchange_place *place, char out[static INTERCHANGE_PLACE_SIZE])
{
    if (place->list)
        snprintf(out, INTERCHANGE_PLACE_SIZE, "%.200s: %s[%u]: ", place->path, place->list, place->number);
    else
        snprintf(out, INTERCHANGE_PLACE_SIZE, "%.200s:%u: ", place->path, place->number);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind spaces, and comments as Kea's configuration may have them. */
static bool looks_like_json(struct source source)
{
    while (source.at < source.end) {
        size_t left = (size_t)(source.end - source.at);
        const char *end = NULL;
        if (*source.at == '{' || *source.at == '[')
            return true;
        if (left > 1 && source.at[0] == '/' && source.at[1] == '*')
            end = memmem(source.at, left, "*/", 2);
        else if (*source.at == '#' || (left > 1 && source.at[0] == '/' && source.at[1] == '/'))
            end = memchr(source.at, '\n', left);
        else if (is_space(*source.at))
            end = source.at;
        if (!end)
            return false;
        source.at = end + 1;
    }
    return false;
}

/* A heading of several columns, or the only one that is enough. */
static bool looks_like_csv(struct source source)
{
    size_t left = (size_t)(source.end - source.at);
    const char *end = memchr(source.at, '\n', left);
    size_t len = end ? (size_t)(end - source.at) : left;

    while (len && is_space(source.at[len - 1]))
        len--;
    return *source.at != '#' && ((memchr(source.at, ',', len) && !memchr(source.at, ';', len)) ||
                                 (len == 5 && memcmp(source.at, "range", len) == 0) ||
                                 (len == 6 && strncasecmp(source.at, "prefix", len) == 0) ||
                                 (len == 7 && strncasecmp(source.at, "address", len) == 0));
}

int interchange_read(struct interchange *interchange, const char *path, const char *text, size_t len)
{
    struct reading reading = {
        .to = interchange, .place.path = path, .source = {.at = text, .end = text + len, .line = 1}};
    struct source *source = &reading.source;

    interchange->wrong[0] = '\0';
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* as some programs begin UTF-8 */
        source->at += 3;
    while (source->at < source->end && is_space(*source->at))
        source->line += *source->at++ == '\n';
    int error = source->at == source->end  ? reading_wrong(&reading, "the file is empty")
                : looks_like_json(*source) ? read_json(&reading)
                : looks_like_csv(*source)  ? read_csv(&reading)
                                           : read_dhcpd(&reading);
    if (!error && reading.failed)
        error = -ENOMEM;
    if (!error && !reading.known) {
        source->line = 0;
        error = reading_wrong(&reading, "there is nothing of a plan in it: expected JSON, CSV of Fairlead or NetBox, "
                                        "Kea's configuration, dhcpd.conf, or ip -j route");
    }
    return error;
}

void interchange_clear(struct interchange *interchange)
{
    arena_clear(&interchange->arena);
    *interchange = (struct interchange){.vrf = interchange->vrf};
}

/* --- joining ------------------------------------------------------------------------------------------------------ */

static int by_place(const void *a, const void *b)
{
    const struct interchange_node *const *one = a, *const *other = b;
    int order = ipv4_range_compare((*one)->wanted.entry.range, (*other)->wanted.entry.range);

    return order ? order : (*one > *other) - (*one < *other);
}

/* A later word on the same range. */
static void join(struct interchange *interchange, struct interchange_node *node, const struct interchange_node *later)
{
    char place[INTERCHANGE_PLACE_SIZE];
    uint32_t both = node->wanted.gives & later->wanted.gives;

    if (both & PLAN_GIVES_KIND && node->wanted.entry.kind != later->wanted.entry.kind) {
        interchange_place_format(&node->place, place);
        place[strlen(place) - 2] = '\0';
        remark_node(interchange, later, true, "the same addresses are a %s in %s, and a %s here",
                    plan_kind_name(node->wanted.entry.kind), place, plan_kind_name(later->wanted.entry.kind));
        return;
    }
    plan_entry_give(&node->wanted.entry, &later->wanted.entry, later->wanted.gives);
    node->wanted.gives |= later->wanted.gives;
    node->beside_pools &= later->beside_pools;
    if (later->wanted.gives & PLAN_GIVES_NAME)
        node->soft_name = later->soft_name;
}

static int by_name(const void *a, const void *b)
{
    const struct interchange_node *const *one = a, *const *other = b;
    int order = strcmp((*one)->wanted.entry.name, (*other)->wanted.entry.name);

    if (!order) /* those that must have it come first */
        order = (*one)->soft_name - (*other)->soft_name;
    return order ? order : (*one > *other) - (*one < *other);
}

static void drop_name(struct interchange *interchange, struct interchange_node *node, const char *why)
{
    remark_node(interchange, node, false, "without its name '%.63s': %s", node->wanted.entry.name, why);
    node->wanted.entry.name = NULL;
    node->wanted.gives &= ~(uint32_t)PLAN_GIVES_NAME;
}

/* Names of hosts that cannot be. `room` is for pointers to all nodes. */
static void check_names(struct interchange *interchange, struct interchange_node **room)
{
    size_t count = 0;

    for (size_t i = 0; i < interchange->count; i++) {
        struct interchange_node *node = &interchange->all[i];
        const char *name = node->wanted.entry.name;
        if (name && node->soft_name && !plan_is_name(name))
            drop_name(interchange, node, "a name has 1 to 63 letters, digits and any of -_./");
        if (node->wanted.entry.name)
            room[count++] = node;
    }
    if (count)
        qsort(room, count, sizeof(struct interchange_node *), by_name);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (strcmp(room[first]->wanted.entry.name, room[i]->wanted.entry.name) != 0)
            first = i;
        else if (room[i]->soft_name)
            drop_name(interchange, room[i], "another one has it");
    }
}

/* An address that its pool gives out anyway. */
static bool lies_in(const struct interchange_node *node, const struct interchange_node *pool)
{
    return pool && pool->wanted.entry.kind == PLAN_POOL && node->beside_pools &&
           ipv4_range_covers(pool->wanted.entry.range, node->wanted.entry.range);
}

int interchange_join(struct interchange *interchange)
{
    struct interchange_node **sorted = calloc(interchange->count + 1, sizeof(struct interchange_node *));
    struct interchange_node *joined = calloc(interchange->count + 1, sizeof(*joined)), *pool = NULL;
    size_t count = 0;

    for (size_t i = 0; sorted && i < interchange->count; i++)
        sorted[i] = &interchange->all[i];
    if (sorted && joined && interchange->count)
        qsort(sorted, interchange->count, sizeof(struct interchange_node *), by_place);
    for (size_t i = 0; sorted && joined && i < interchange->count; i++) {
        const struct interchange_node *node = sorted[i];
        if (count && ipv4_range_equal(joined[count - 1].wanted.entry.range, node->wanted.entry.range)) {
            join(interchange, &joined[count - 1], node);
        } else if (lies_in(node, pool)) {
            remark_node(interchange, node, false, "left out: it lies in a pool, which has it");
        } else {
            joined[count++] = *node;
            if (node->wanted.gives & PLAN_GIVES_KIND && node->wanted.entry.kind == PLAN_POOL)
                pool = &joined[count - 1];
        }
    }
    if (sorted && joined) {
        for (size_t i = 0; i < count; i++)
            interchange->all[i] = joined[i];
        interchange->count = count;
        check_names(interchange, sorted);
    }
    int error = sorted && joined ? 0 : -ENOMEM;
    free(sorted);
    free(joined);
    return error;
}
