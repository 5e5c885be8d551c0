/* fairlead plan map: the plan as a picture. */
#include "client/plan.h"

#include "base/arena.h"
#include "client/server.h"
#include "interchange/entry_json.h"
#include "interchange/map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct map {
    const struct command *self;
    struct arena arena;
    struct map_node *nodes;
    size_t count;
};

static int add_node(struct map *map, const json_t *node)
{
    const json_t *usage = json_object_get(node, "usage");
    double addresses = (double)json_integer_value(json_object_get(usage, "addresses")),
           free = (double)json_integer_value(json_object_get(usage, "free"));
    char wrong[ENTRY_JSON_WRONG_SIZE];
    struct plan_wanted read;

    if (!entry_json_read(node, &read, wrong))
        return command_failed(map->self, "the daemon's answer: %s", wrong);
    struct map_node *added = arena_append(&map->arena, &map->nodes, &map->count, sizeof(*added));
    if (!added)
        return command_failed(map->self, "%s", strerror(ENOMEM));
    *added = (struct map_node){read.entry, addresses > 0 ? 1 - free / addresses : 0};
    if (plan_entry_copy(&added->entry, &map->arena))
        return 0;
    return command_failed(map->self, "%s", strerror(ENOMEM));
}

static int map_line(void *arg, const json_t *result, bool last)
{
    const json_t *nodes = json_object_get(result, "nodes");
    struct map *map = arg;
    int status = 0;

    (void)last;
    for (size_t i = 0; !status && i < json_array_size(nodes); i++)
        status = add_node(map, json_array_get(nodes, i));
    return status;
}

/* A pool may have addresses elsewhere, too. */
static void cut_to(struct map *map, struct ipv4_range range)
{
    for (size_t i = 0; i < map->count; i++) {
        struct ipv4_range *one = &map->nodes[i].entry.range;
        one->first = one->first < range.first ? range.first : one->first;
        one->last = one->last > range.last ? range.last : one->last;
    }
}

static int draw(struct map *map, const char *within, enum map_colours colours)
{
    struct ipv4_range range;
    bool said = within && ipv4_range_parse(within, strlen(within), IPV4_PREFIX_ALLOW_ADDRESS, &range, NULL) == 0;
    struct ipv4_prefix whole = said ? ipv4_range_around(range) : (struct ipv4_prefix){0, 0};

    if (said)
        cut_to(map, ipv4_range_of(whole));
    if (map_write(stdout, map->nodes, map->count, said ? &whole : NULL, colours))
        return command_failed(map->self, "%s", strerror(ENOMEM));
    if (fflush(stdout) == EOF || ferror(stdout))
        return command_failed(map->self, "standard output: write error");
    return EXIT_OK;
}

int command_plan_map(const struct command *self, int count, char **words, const struct options *options)
{
    bool utilisation =
             count >= 2 && strcmp(words[count - 2], "by") == 0 && strcmp(words[count - 1], "utilisation") == 0,
         status_said = count >= 2 && strcmp(words[count - 2], "by") == 0 && strcmp(words[count - 1], "status") == 0;
    int places = count - (utilisation || status_said ? 2 : 0);
    struct map map = {.self = self};

    if (places > 1)
        return command_usage(self);
    json_t *arguments = places ? json_pack("{s:s}", "within", words[0]) : NULL;
    if (places && !arguments)
        return command_failed(self, "the argument is not UTF-8");
    int status = server_ask(self, options, "plan", arguments, map_line, &map);
    if (status == EXIT_OK)
        status = draw(&map, places ? words[0] : NULL, utilisation ? MAP_BY_UTILISATION : MAP_BY_STATUS);
    arena_clear(&map.arena);
    return status;
}
