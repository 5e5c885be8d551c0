/* fairlead plan announce: what of the plan would be announced to whom. */
#include "client/plan.h"

#include "base/compiler.h"
#include "client/server.h"
#include "client/table.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST 24 /* prefix that networks usually take from one another */

TABLE_CELL(cell_provider, "provider")
TABLE_CELL(cell_prefix, "prefix")

static void cell_notes(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    const json_t *within = json_object_get(row, "within");
    const char *prefix = json_string_value(json_object_get(row, "prefix")),
               *slash = prefix ? strchr(prefix, '/') : NULL;
    char text[TABLE_CELL_SIZE];

    cell[0] = '\0';
    if (json_is_object(within)) {
        snprintf(text, sizeof(text), "more specific than %s of %.120s",
                 json_string_value(json_object_get(within, "prefix")),
                 json_string_value(json_object_get(within, "provider")));
        table_append(cell, text);
    }
    if (!json_is_true(json_object_get(row, "global")))
        table_append(cell, "not globally reachable: not to be announced");
    if (slash && strtol(slash + 1, NULL, 10) > LONGEST)
        table_append(cell, "longer than /24: few networks take it");
    if (!json_is_true(json_object_get(row, "discarded")))
        table_append(cell, "no discard route");
    if (!cell[0])
        table_append(cell, "-");
}

static const struct table_column columns[] = {
    {"PROVIDER", 24, cell_provider}, {"PREFIX", 18, cell_prefix}, {"NOTES", 0, cell_notes}};

int command_plan_announce(const struct command *self, int count, char **words, const struct options *options)
{
    struct table table = {.columns = columns,
                          .count = ARRAY_SIZE(columns),
                          .key = "announcements",
                          .none = "no node says by which provider it is reached",
                          .json = options->json};
    json_t *arguments = count ? json_pack("{s:s}", "provider", words[0]) : NULL;

    if (count && !arguments)
        return command_failed(self, "the argument is not UTF-8");
    return server_ask(self, options, "plan-announce", arguments, table_line, &table);
}
