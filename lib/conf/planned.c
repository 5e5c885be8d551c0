#include "conf/planned.h"

#include "base/compiler.h"
#include "base/text.h"
#include "conf/conf.h"
#include "conf/tree.h"
#include "net/ipv4_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK        "planned"
#define DISCARDS     "planned-discards"
#define PREFIX_BYTES (sizeof(CONF_PLANNED) - 1)

/* --- who refers to what ------------------------------------------------------------------------------------------- */

/* The next reference in a text from *at on, which is where it begins: how many bytes it has; 0: there is none. */
static size_t next_reference(const char *text, size_t *at)
{
    size_t len = strlen(text), word;

    for (; (word = text_word(text, len, at)); *at += word)
        if (word > PREFIX_BYTES && memcmp(text + *at, CONF_PLANNED, PREFIX_BYTES) == 0)
            return word;
    return 0;
}

/* 0; -ENOMEM. */
static int add_names(const char *text, struct conf_references *references)
{
    size_t at = 0;

    for (size_t len; text && (len = next_reference(text, &at)); at += len) {
        struct conf_reference *added =
            arena_append(&references->arena, &references->all, &references->count, sizeof(*references->all));
        if (!added)
            return -ENOMEM;
        added->name = arena_text(&references->arena, text + at + PREFIX_BYTES, len - PREFIX_BYTES);
        if (!added->name)
            return -ENOMEM;
    }
    return 0;
}

static int add_all(const struct conf_node *node, struct conf_references *references)
{
    int error = add_names(node->label, references);

    for (size_t i = 0; !error && i < node->value_count; i++)
        error = add_names(node->values[i].text, references);
    for (size_t i = 0; !error && i < node->child_count; i++)
        error = add_all(&node->children[i], references);
    return error;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct conf_reference *)a)->name, ((const struct conf_reference *)b)->name);
}

/* A setting of a block, by its key; NULL: it has none, or a list. */
static const char *setting(const struct conf_node *block, const char *key)
{
    for (size_t i = 0; i < block->child_count; i++)
        if (strcmp(block->children[i].key, key) == 0 && block->children[i].value_count == 1)
            return block->children[i].values[0].text;
    return NULL;
}

static bool wants_discards(const struct conf_node *root)
{
    for (size_t i = 0; i < root->child_count; i++) {
        const char *discard =
            strcmp(root->children[i].key, "plan") == 0 ? setting(&root->children[i], "discard") : NULL;
        if (discard && strcmp(discard, "true") == 0)
            return true;
    }
    return false;
}

static int collect(const struct conf_node *root, struct conf_references *references)
{
    int error = add_all(root, references);
    size_t left = 0;

    references->wants_discards = wants_discards(root);
    if (error || !references->count)
        return error;
    qsort(references->all, references->count, sizeof(*references->all), by_name);
    for (size_t i = 1; i < references->count; i++)
        if (by_name(&references->all[left], &references->all[i]) != 0)
            references->all[++left] = references->all[i];
    references->count = left + 1;
    return 0;
}

bool conf_planned_possible(const char *text, size_t len)
{
    return memmem(text, len, "plan", strlen("plan"));
}

int conf_references_find(const char *text, size_t len, struct conf_references *references)
{
    *references = (struct conf_references){0};
    if (!conf_planned_possible(text, len))
        return 0;
    struct conf_errors *errors = calloc(1, sizeof(*errors)); /* which are found again when it is read */
    struct arena arena = {0};
    struct conf_node root;
    int error = errors ? conf_tree_parse(text, len, &arena, &root, errors) : -ENOMEM;
    if (error != -ENOMEM)
        error = collect(&root, references);
    arena_clear(&arena);
    free(errors);
    return error;
}

void conf_references_clear(struct conf_references *references)
{
    arena_clear(&references->arena);
    *references = (struct conf_references){0};
}

struct conf_reference *conf_references_get(const struct conf_references *references, const char *name)
{
    const struct conf_reference key = {.name = name};

    if (!references->count)
        return NULL;
    return bsearch(&key, references->all, references->count, sizeof(*references->all), by_name);
}

bool conf_references_any(const struct conf_references *references)
{
    return references->count || references->wants_discards;
}

int conf_references_discard(struct conf_references *references, struct ipv4_prefix prefix)
{
    struct ipv4_prefix *added = arena_append(&references->arena, &references->discards, &references->discard_count,
                                             sizeof(*references->discards));

    if (!added)
        return -ENOMEM;
    *added = prefix;
    return 0;
}

/* --- what names mean ---------------------------------------------------------------------------------------------- */

void conf_references_print(const struct conf_references *references, FILE *stream)
{
    for (size_t i = 0; i < references->count; i++) {
        const struct conf_reference *reference = &references->all[i];
        char range[IPV4_RANGE_TEXT_SIZE];
        if (!reference->found)
            continue;
        ipv4_range_format(reference->range, range);
        fputs(BLOCK " ", stream);
        conf_print_text(reference->name, stream);
        fprintf(stream, " { range = \"%s\"  length = %u }\n", range, reference->len);
    }
    if (!references->discard_count)
        return;
    fputs(DISCARDS " = [", stream);
    for (size_t i = 0; i < references->discard_count; i++) {
        char prefix[IPV4_PREFIX_TEXT_SIZE];
        ipv4_prefix_format(references->discards[i], prefix);
        fprintf(stream, "%s\"%s\"", i ? ", " : "", prefix);
    }
    fputs("]\n", stream);
}

static void read_meaning(const struct conf_node *block, const struct conf_references *references,
                         struct conf_errors *errors)
{
    const char *range = setting(block, "range"), *length = setting(block, "length");
    struct conf_reference *reference = block->label ? conf_references_get(references, block->label) : NULL;
    struct conf_reference meaning = {.found = true, .len = 32};
    uint32_t len = 32;

    if (!block->is_block || !block->label || !range ||
        ipv4_range_parse(range, strlen(range), IPV4_PREFIX_ALLOW_ADDRESS, &meaning.range, NULL) ||
        (length && !text_number(length, 32, &len))) {
        conf_wrong(errors, block->line, BLOCK ": expected " BLOCK " \"NAME\" { range = \"...\"  length = ... }");
    } else if (reference) {
        meaning.name = reference->name;
        meaning.len = (uint8_t)len;
        *reference = meaning;
    }
}

/* Of several such lists the last one counts. 0; -ENOMEM. */
static int read_discards(const struct conf_node *node, struct conf_references *references, struct conf_errors *errors)
{
    int error = 0;

    references->discard_count = 0;
    for (size_t i = 0; !error && i < node->value_count; i++) {
        const struct conf_value *value = &node->values[i];
        struct ipv4_prefix prefix;
        if (ipv4_prefix_parse(value->text, strlen(value->text), 0, &prefix, NULL))
            conf_wrong(errors, value->line, DISCARDS ": '%s': expected a prefix", value->text);
        else
            error = conf_references_discard(references, prefix);
    }
    return error;
}

/* Take what says so out of the tree. 0; -ENOMEM. */
static int take_meanings(struct conf_node *root, struct conf_references *references, struct conf_errors *errors)
{
    size_t left = 0;
    int error = 0;

    for (size_t i = 0; i < root->child_count; i++) {
        struct conf_node *child = &root->children[i];
        if (strcmp(child->key, BLOCK) == 0)
            read_meaning(child, references, errors);
        else if (strcmp(child->key, DISCARDS) == 0)
            error = error ? error : read_discards(child, references, errors);
        else
            root->children[left++] = *child;
    }
    root->child_count = left;
    return error;
}

int conf_references_read(const char *text, size_t len, struct conf_references *references)
{
    struct conf_errors *errors = calloc(1, sizeof(*errors));
    struct arena arena = {0};
    struct conf_node root;
    int error = errors ? conf_tree_parse(text, len, &arena, &root, errors) : -ENOMEM;

    if (!error)
        error = take_meanings(&root, references, errors);
    if (!error && errors->count)
        error = -EINVAL;
    arena_clear(&arena);
    free(errors);
    return error;
}

/* --- in their place ----------------------------------------------------------------------------------------------- */

struct resolver {
    const struct conf_references *references;
    struct arena *arena;
    struct conf_errors *errors;
};

/* One reference's meaning. False: there is none, which is listed. */
static bool write_meaning(const struct resolver *resolver, const struct conf_node *node, unsigned line,
                          bool with_length, const char *name, FILE *stream)
{
    const struct conf_reference *reference = conf_references_get(resolver->references, name);
    char text[IPV4_RANGE_TEXT_SIZE];

    if (!reference || !reference->found) {
        conf_wrong(resolver->errors, line, "%s: '" CONF_PLANNED "%s': the address plan has no node of that name",
                   node->key, name);
        return false;
    }
    ipv4_range_format(reference->range, text);
    fputs(text, stream);
    if (with_length && reference->range.first == reference->range.last)
        fprintf(stream, "/%u", reference->len);
    return true;
}

/* A text with meanings in the place of its references; as it is if one of them has none. 0; -ENOMEM. */
static int resolve_text(const struct resolver *resolver, const struct conf_node *node, unsigned line, bool with_length,
                        const char **text)
{
    size_t at = 0, behind = 0, size, len = *text ? next_reference(*text, &at) : 0;
    char *resolved = NULL;
    bool known = true;

    if (!len)
        return 0;
    FILE *stream = open_memstream(&resolved, &size);
    if (!stream)
        return -ENOMEM;
    for (; len; len = next_reference(*text, &at)) {
        char *name = strndup(*text + at + PREFIX_BYTES, len - PREFIX_BYTES);
        fwrite(*text + behind, 1, at - behind, stream);
        known &= name && write_meaning(resolver, node, line, with_length, name, stream);
        at += len;
        behind = at;
        free(name);
    }
    fputs(*text + behind, stream);
    const char *kept = fclose(stream) ? NULL : arena_text(resolver->arena, resolved, size);
    free(resolved);
    if (kept && known)
        *text = kept;
    return kept ? 0 : -ENOMEM;
}

static int resolve(const struct resolver *resolver, struct conf_node *in, struct conf_node *node)
{
    bool with_length = strcmp(in->key, "interface") == 0 && strcmp(node->key, "address") == 0;
    int error = resolve_text(resolver, node, node->line, false, &node->label);

    for (size_t i = 0; !error && i < node->value_count; i++)
        error = resolve_text(resolver, node, node->values[i].line, with_length, &node->values[i].text);
    for (size_t i = 0; !error && i < node->child_count; i++)
        error = resolve(resolver, node, &node->children[i]);
    return error;
}

/* The prefixes that routes are there for. 0; -ENOMEM. */
static int find_routes(const struct conf_node *root, struct ipv4_map *routes)
{
    int error = 0;

    for (size_t i = 0; !error && i < root->child_count; i++) {
        struct conf_node *child = &root->children[i];
        struct ipv4_prefix prefix;
        if (strcmp(child->key, "route") == 0 && child->label &&
            ipv4_prefix_parse(child->label, strlen(child->label), 0, &prefix, NULL) == 0)
            error = ipv4_map_put(routes, prefix, child);
    }
    return error;
}

/* A route that discards, as if it stood there. 0; -ENOMEM. */
static int add_discard(struct conf_node *root, const char *prefix, struct arena *arena)
{
    static const char *const settings[][2] = {{"type", "blackhole"}, {"preference", "254"}};
    struct conf_node route = {.key = "route", .is_block = true};

    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        struct conf_node *setting_of = arena_append(arena, &route.children, &route.child_count, sizeof(route));
        if (!setting_of)
            return -ENOMEM;
        *setting_of = (struct conf_node){.key = settings[i][0]};
        struct conf_value *value =
            arena_append(arena, &setting_of->values, &setting_of->value_count, sizeof(*setting_of->values));
        if (!value)
            return -ENOMEM;
        *value = (struct conf_value){.text = settings[i][1]};
    }
    route.label = arena_text(arena, prefix, strlen(prefix));
    struct conf_node *added = arena_append(arena, &root->children, &root->child_count, sizeof(route));
    if (!route.label || !added)
        return -ENOMEM;
    *added = route;
    return 0;
}

static int add_discards(struct conf_node *root, const struct conf_references *references, struct arena *arena)
{
    static_assert(CONF_PREFERENCE_MAX == 254, "the last of all");
    struct ipv4_map routes = {0};
    int error = find_routes(root, &routes);

    for (size_t i = 0; !error && i < references->discard_count; i++) {
        char text[IPV4_PREFIX_TEXT_SIZE];
        ipv4_prefix_format(references->discards[i], text);
        if (!ipv4_map_get(&routes, references->discards[i]))
            error = add_discard(root, text, arena);
    }
    ipv4_map_clear(&routes);
    return error;
}

int conf_planned_resolve(struct conf_node *root, struct arena *arena, struct conf_errors *errors)
{
    struct conf_references references = {0};
    const struct resolver resolver = {&references, arena, errors};
    size_t before = errors->count;
    int error = collect(root, &references);

    if (!error)
        error = take_meanings(root, &references, errors);
    for (size_t i = 0; !error && references.count && i < root->child_count; i++)
        error = resolve(&resolver, root, &root->children[i]);
    if (!error && references.wants_discards)
        error = add_discards(root, &references, arena);
    conf_references_clear(&references);
    return error ? error : errors->count > before ? -EINVAL : 0;
}
