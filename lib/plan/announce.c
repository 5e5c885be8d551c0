#include "plan/announce.h"

#include "aggregate/summary.h"
#include "base/arena.h"
#include "plan/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct around {
    struct ipv4_range range;
    const char *provider; /* by which what is in it is reached; NULL: not said */
    size_t since;         /* the number of the node from which on that is so, from 1 on; 0: of none */
};

/* Before they are summarised. Those that lie in another provider's stay apart: what leads back into an aggregate from a
 * part of it that has moved must be announced, though the aggregate has it. */
struct begun {
    const char *provider;
    size_t within; /* the number of the node around it that began to be reached by another provider */
    struct ipv4_prefix prefix;
};

struct plan_announce {
    struct arena arena; /* behind all pointers */
    struct around around[PLAN_DEPTH_MAX];
    unsigned depth;
    size_t changes; /* of provider, so far */
    struct begun *begun;
    size_t count;
};

struct plan_announce *plan_announce_new(void)
{
    return calloc(1, sizeof(struct plan_announce));
}

struct plan_announce *plan_announce_free(struct plan_announce *announce)
{
    if (announce) {
        arena_clear(&announce->arena);
        free(announce);
    }
    return NULL;
}

int plan_announce_node(struct plan_announce *announce, const struct plan_entry *entry)
{
    while (announce->depth && announce->around[announce->depth - 1].range.last < entry->range.first)
        announce->depth--;
    if (announce->depth == PLAN_DEPTH_MAX)
        return -EINVAL;
    const struct around outside = announce->depth ? announce->around[announce->depth - 1] : (struct around){0};
    struct around *node = &announce->around[announce->depth++];
    struct ipv4_prefix prefix;

    *node = outside;
    node->range = entry->range;
    if (plan_is_closed(entry->status) || !entry->provider ||
        (outside.provider && strcmp(outside.provider, entry->provider) == 0))
        return 0;
    node->since = ++announce->changes;
    node->provider = arena_text(&announce->arena, entry->provider, strlen(entry->provider));
    if (!node->provider)
        return -ENOMEM;
    if (!plan_can_hold(entry->kind) || !ipv4_range_is_prefix(entry->range, &prefix))
        return 0;
    struct begun *begun = arena_append(&announce->arena, &announce->begun, &announce->count, sizeof(*begun));
    if (!begun)
        return -ENOMEM;
    *begun = (struct begun){node->provider, outside.since, prefix};
    return 0;
}

static int by_group(const void *a, const void *b)
{
    const struct begun *one = a, *other = b;
    int order = strcmp(one->provider, other->provider);

    return order ? order : (one->within > other->within) - (one->within < other->within);
}

static int by_provider(const void *a, const void *b)
{
    const struct plan_announcement *one = a, *other = b;
    int order = strcmp(one->provider, other->provider);

    return order ? order : ipv4_prefix_compare(one->prefix, other->prefix);
}

/* Those of one group, the first of which is at *at, which goes behind them. How many prefixes they are. */
static size_t summarise(const struct plan_announce *announce, struct ipv4_prefix *prefixes, size_t *at)
{
    const struct begun *first = &announce->begun[*at];
    size_t count = 0;

    do
        prefixes[count++] = announce->begun[(*at)++].prefix;
    while (*at < announce->count && by_group(first, &announce->begun[*at]) == 0);
    return summary_of_prefixes(prefixes, count);
}

int plan_announce_end(struct plan_announce *announce, const struct plan_announcement **all, size_t *count)
{
    struct ipv4_prefix *prefixes = arena_get(&announce->arena, announce->count * sizeof(*prefixes));
    struct plan_announcement *announced = arena_get(&announce->arena, announce->count * sizeof(*announced));

    *count = 0;
    if (!prefixes || !announced)
        return -ENOMEM;
    if (announce->count)
        qsort(announce->begun, announce->count, sizeof(*announce->begun), by_group);
    for (size_t at = 0; at < announce->count;) {
        const char *provider = announce->begun[at].provider;
        size_t left = summarise(announce, prefixes, &at);
        for (size_t i = 0; i < left; i++)
            announced[(*count)++] = (struct plan_announcement){provider, prefixes[i]};
    }
    if (*count)
        qsort(announced, *count, sizeof(*announced), by_provider);
    *all = announced;
    return 0;
}
