/* fairlead plan aggregate: the smallest table that forwards as a table does, of a file or of the daemon's routes. */
#include "aggregate/ortc.h"

#include "base/arena.h"
#include "base/compiler.h"
#include "base/text.h"
#include "client/output.h"
#include "client/plan.h"
#include "client/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A route as it was said: a type (may be empty), the prefix, and all else, which says where to. */
struct said {
    struct ipv4_prefix prefix;
    const char *type, *to;
    uint32_t hop; /* number of the two */
    unsigned line;
};

struct routing_table {
    const struct command *self;
    const char *path; /* for errors */
    struct arena arena;
    struct said *all;
    size_t count;
    const struct said **hops; /* one that has each, from number 1 on */
    uint32_t hop_count;
};

static int no_memory(const struct command *self)
{
    return command_failed(self, "%s", strerror(ENOMEM));
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static struct said *add_said(struct routing_table *table)
{
    struct said *said = arena_append(&table->arena, &table->all, &table->count, sizeof(*said));

    if (said)
        *said = (struct said){.type = "", .to = ""};
    return said;
}

/* As iproute2 calls them: what stands in front of a prefix. */
static bool is_type(const char *text, size_t len)
{
    static const char *const types[] = {"unicast", "local",       "broadcast", "anycast",  "multicast",
                                        "throw",   "unreachable", "prohibit",  "blackhole"};

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (text_is(text, len, types[i]))
            return true;
    return false;
}

/* The words from a place on, with one space between them. NULL: no memory. */
static const char *rest_of(struct routing_table *table, const char *line, size_t len, size_t at)
{
    char *rest = arena_get(&table->arena, len - at + 1);
    size_t bytes = 0;

    for (size_t word; rest && (word = text_word(line, len, &at)); at += word) {
        if (bytes)
            rest[bytes++] = ' ';
        memcpy(rest + bytes, line + at, word);
        bytes += word;
    }
    return rest;
}

/* [TYPE] PREFIX [WHERE TO]. An enum exit_status. */
static int read_line(struct routing_table *table, const char *line, size_t len, unsigned number)
{
    struct text_error err;
    size_t at = 0, word = text_word(line, len, &at);

    if (!word)
        return EXIT_OK;
    struct said *said = add_said(table);
    if (!said)
        return no_memory(table->self);
    said->line = number;
    if (is_type(line + at, word)) {
        if (!(said->type = arena_text(&table->arena, line + at, word)))
            return no_memory(table->self);
        at += word;
        word = text_word(line, len, &at);
    }
    if (!text_is(line + at, word, "default") &&
        ipv4_prefix_parse(line + at, word, IPV4_PREFIX_ALLOW_ADDRESS, &said->prefix, &err))
        return command_failed(table->self, "%s:%u: character %zu: expected %s", table->path, number, at + err.at + 1,
                              err.expected);
    if (!(said->to = rest_of(table, line, len, at + word)))
        return no_memory(table->self);
    return EXIT_OK;
}

static int read_stream(struct routing_table *table, FILE *stream)
{
    char *line = NULL;
    size_t room = 0;
    unsigned number = 0;
    int status = EXIT_OK;

    for (ssize_t len; status == EXIT_OK && (len = getline(&line, &room, stream)) >= 0;) {
        size_t end = strcspn(line, "#\r\n"); /* a comment; lines of other systems */
        for (size_t i = 0; i < end; i++)
            if (line[i] == '\t')
                line[i] = ' ';
        status = read_line(table, line, end < (size_t)len ? end : (size_t)len, ++number);
    }
    free(line);
    if (status == EXIT_OK && ferror(stream))
        status = command_failed(table->self, "%s: %s", table->path, strerror(errno));
    return status;
}

static int read_file(struct routing_table *table, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *stream = standard ? stdin : fopen(path, "re");

    table->path = standard ? "standard input" : path;
    if (!stream)
        return command_failed(table->self, "%s: %s", path, strerror(errno));
    int status = read_stream(table, stream);
    if (!standard)
        fclose(stream);
    return status;
}

/* --- the daemon's ------------------------------------------------------------------------------------------------- */

/* Where a route leads, as iproute2 writes it. */
static int write_to(FILE *stream, const json_t *route)
{
    const char *via = json_string_value(json_object_get(route, "via")),
               *interface = json_string_value(json_object_get(route, "interface"));

    if (json_is_true(json_object_get(route, "multipath")) || json_is_true(json_object_get(route, "kernel_only")))
        fprintf(stream, "several of %s", json_string_value(json_object_get(route, "prefix"))); /* its own */
    else if (via)
        fprintf(stream, "via %s", via);
    if (interface)
        fprintf(stream, "%sdev %s", via ? " " : "", interface);
    return fclose(stream);
}

static bool add_route(struct routing_table *table, const json_t *route)
{
    const char *prefix = json_string_value(json_object_get(route, "prefix")),
               *type = json_string_value(json_object_get(route, "type"));
    struct said *said = add_said(table);
    char *to = NULL;
    size_t len;
    FILE *stream = open_memstream(&to, &len);

    if (!said || !stream || !prefix || !type || write_to(stream, route))
        return false;
    said->to = arena_text(&table->arena, to, len);
    if (strcmp(type, "unicast") != 0)
        said->type = arena_text(&table->arena, type, strlen(type));
    free(to);
    return said->to && said->type && ipv4_prefix_parse(prefix, strlen(prefix), 0, &said->prefix, NULL) == 0;
}

static int routes_line(void *arg, const json_t *result, bool last)
{
    struct routing_table *table = arg;
    const json_t *routes = json_object_get(result, "routes"), *route;
    size_t i;

    (void)last;
    json_array_foreach(routes, i, route) if (json_is_true(json_object_get(route, "best")) &&
                                             !add_route(table, route)) return no_memory(table->self);
    return 0;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static int by_hop(const void *a, const void *b)
{
    const struct said *one = a, *other = b;
    int types = strcmp(one->type, other->type);

    return types ? types : strcmp(one->to, other->to);
}

/* Number what routes lead to. */
static bool number_hops(struct routing_table *table)
{
    if (table->count)
        qsort(table->all, table->count, sizeof(*table->all), by_hop);
    if (!(table->hops = calloc(table->count + 1, sizeof(struct said *))))
        return false;
    for (size_t i = 0; i < table->count; i++) {
        if (!i || by_hop(&table->all[i - 1], &table->all[i]))
            table->hops[++table->hop_count] = &table->all[i];
        table->all[i].hop = table->hop_count;
    }
    return true;
}

static int by_prefix(const void *a, const void *b)
{
    const struct said *const *one = a, *const *other = b;
    int order = ipv4_prefix_compare((*one)->prefix, (*other)->prefix);

    return order ? order : ((*one)->line > (*other)->line) - ((*one)->line < (*other)->line);
}

/* The routes in their order, each prefix once; those for the caller to free. NULL: what is wrong has been said. */
static struct ortc_route *sort_routes(struct routing_table *table, size_t *count)
{
    const struct said **sorted = calloc(table->count + 1, sizeof(struct said *));
    struct ortc_route *routes = calloc(table->count + 1, sizeof(*routes));
    size_t found = 0;

    for (size_t i = 0; sorted && i < table->count; i++)
        sorted[i] = &table->all[i];
    if (sorted && table->count)
        qsort(sorted, table->count, sizeof(struct said *), by_prefix);
    if (!sorted || !routes)
        no_memory(table->self);
    for (size_t i = 0; sorted && routes && i < table->count; i++) {
        const struct said *before = i ? sorted[i - 1] : NULL, *said = sorted[i];
        bool again = before && ipv4_prefix_equal(before->prefix, said->prefix);
        char text[IPV4_PREFIX_TEXT_SIZE];
        if (again && before->hop != said->hop) {
            ipv4_prefix_format(said->prefix, text);
            command_failed(table->self, "%s:%u: %s leads elsewhere in line %u: expected each prefix once", table->path,
                           said->line, text, before->line);
            free(routes);
            routes = NULL;
        } else if (!again) {
            routes[found++] = (struct ortc_route){said->prefix, said->hop};
        }
    }
    free(sorted);
    *count = found;
    return routes;
}

/* --- showing ------------------------------------------------------------------------------------------------------ */

#define DISCARD "blackhole"

static void print_route(const struct routing_table *table, const struct ortc_route *route)
{
    static const struct said discard = {.type = DISCARD, .to = ""};
    const struct said *hop = route->next_hop == ORTC_NONE ? &discard : table->hops[route->next_hop];
    char prefix[IPV4_PREFIX_TEXT_SIZE];

    ipv4_prefix_format(route->prefix, prefix);
    printf("%s%s%s%s%s\n", hop->type, hop->type[0] ? " " : "", prefix, hop->to[0] ? " " : "", hop->to);
}

static json_t *route_json(const struct routing_table *table, const struct ortc_route *route)
{
    const struct said *hop = route->next_hop == ORTC_NONE ? NULL : table->hops[route->next_hop];
    char prefix[IPV4_PREFIX_TEXT_SIZE];

    ipv4_prefix_format(route->prefix, prefix);
    return json_pack("{s:s, s:s, s:s}", "prefix", prefix, "type",
                     !hop           ? DISCARD
                     : hop->type[0] ? hop->type
                                    : "unicast",
                     "to", hop ? hop->to : "");
}

static int print_table(const struct routing_table *table, size_t before, const struct ortc_route *routes, size_t count,
                       const struct options *options)
{
    if (options->json) {
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(list, route_json(table, &routes[i]));
        json_t *all = json_pack("{s:I, s:I, s:I, s:o}", "before", (json_int_t)before, "after", (json_int_t)count,
                                "next_hops", (json_int_t)table->hop_count, "routes", list);
        if (!all)
            return command_failed(table->self, "%s: next hops must be UTF-8", table->path);
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(all);
    } else {
        for (size_t i = 0; i < count; i++)
            print_route(table, &routes[i]);
        printf("# %zu of %zu prefixes, %u next hops: %.1f %% fewer\n", count, before, table->hop_count,
               before ? 100.0 * ((double)before - (double)count) / (double)before : 0.0);
    }
    return fflush(stdout) ? command_failed(table->self, "standard output: write error") : EXIT_OK;
}

static int minimise(struct routing_table *table, bool discards, const struct options *options)
{
    struct ortc_route *result = NULL;
    size_t before, after;

    if (!number_hops(table))
        return no_memory(table->self);
    struct ortc_route *routes = sort_routes(table, &before);
    if (!routes)
        return EXIT_FAILED;
    int status = ortc_minimise(routes, before, discards, &result, &after)
                     ? no_memory(table->self)
                     : print_table(table, before, result, after, options);
    free(routes);
    free(result);
    return status;
}

int command_plan_aggregate(const struct command *self, int count, char **words, const struct options *options)
{
    struct routing_table table = {.self = self, .path = "the daemon's routes"};
    bool discards = count && strcmp(words[count - 1], "discards") == 0;
    int files = count - discards, status;

    if (files > 1)
        return command_usage(self);
    if (files)
        status = read_file(&table, words[0]);
    else
        status = server_ask(self, options, "routes", NULL, routes_line, &table);
    if (status == EXIT_OK)
        status = minimise(&table, discards, options);
    free(table.hops);
    arena_clear(&table.arena);
    return status;
}
