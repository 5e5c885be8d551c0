/* fairlead plan show, find and history. */
#include "base/compiler.h"
#include "base/text.h"
#include "client/plan.h"
#include "client/server.h"
#include "client/table.h"
#include "client/times.h"
#include "net/ipv4_range.h"

#include <stdlib.h>
#include <string.h>

#define BAR          10 /* characters of a bar */
#define RANGE_WIDTH  28
#define HISTORY_ROWS 20 /* of the history, if nothing is said */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* --- the tree ----------------------------------------------------------------------------------------------------- */

/* A list that is written as it comes. */
struct tree {
    const struct options *options;
    struct table json; /* for scripts */
    const char *none;
    json_int_t top; /* depth of the first */
    size_t rows;
};

/* '#' used, '=' reserved, '~' quarantined, '.' free; as many of each as its share, and of what there is any at least
 * one. */
static void draw_bar(const json_t *usage, char bar[static BAR + 1])
{
    static const struct {
        const char *key;
        char mark;
    } parts[] = {{"used", '#'}, {"reserved", '='}, {"quarantined", '~'}};
    double addresses = (double)json_integer_value(json_object_get(usage, "addresses"));
    int at = 0;

    memset(bar, '.', BAR);
    bar[BAR] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        json_int_t count = json_integer_value(json_object_get(usage, parts[i].key));
        int cells = (int)((double)count / addresses * BAR + 0.5);
        if (count && !cells)
            cells = 1;
        for (; cells > 0 && at < BAR; cells--)
            bar[at++] = parts[i].mark;
    }
    /* Not full as long as anything is free. */
    if (at == BAR && json_integer_value(json_object_get(usage, "free")))
        bar[BAR - 1] = '.';
}

/* How full it is, and the largest block that is free. */
static void print_usage(const json_t *node)
{
    const json_t *usage = json_object_get(node, "usage"), *largest = json_object_get(usage, "largest");
    double addresses = (double)json_integer_value(json_object_get(usage, "addresses"));
    char bar[BAR + 1];

    draw_bar(usage, bar);
    printf(" [%s] %5.1f %%", bar, 100 - (double)json_integer_value(json_object_get(usage, "free")) / addresses * 100);
    if (json_is_integer(largest))
        printf("  /%" JSON_INTEGER_FORMAT " free", json_integer_value(largest));
    else
        printf("  full");
}

static bool holds(const json_t *node)
{
    const char *kind = text_of(node, "kind");

    return strcmp(kind, "block") == 0 || strcmp(kind, "subnet") == 0;
}

static void print_node(struct tree *tree, const json_t *node)
{
    const char *owner = text_of(node, "owner"), *name = text_of(node, "name"), *note = text_of(node, "note");
    json_int_t depth = json_integer_value(json_object_get(node, "depth"));

    if (!tree->rows++) {
        tree->top = depth;
        printf("%-*s %-6s %-11s %-16s %-16s USED\n", RANGE_WIDTH, "RANGE", "KIND", "STATUS", "NAME", "OWNER");
    }
    int indent = depth > tree->top ? (int)(2 * (depth - tree->top)) : 0;
    bool full = holds(node) && json_object_get(node, "usage"),
         delegated = json_is_true(json_object_get(node, "delegated"));
    printf("%*s%-*s %-6s %-11s %-16s %s", indent, "", RANGE_WIDTH > indent ? RANGE_WIDTH - indent : 0,
           text_of(node, "range"), text_of(node, "kind"), text_of(node, "status"), name[0] ? name : "-",
           delegated ? "*" : "");
    printf("%-*s", full ? 16 - delegated : 0, owner[0] ? owner : "-");
    if (full)
        print_usage(node);
    if (note[0])
        printf("  # %s", note);
    putchar('\n');
}

static int tree_line(void *arg, const json_t *result, bool last)
{
    const json_t *nodes = json_object_get(result, "nodes");
    struct tree *tree = arg;

    if (tree->options->json)
        return table_write(&tree->json, nodes, last, stdout);
    for (size_t i = 0; i < json_array_size(nodes); i++)
        print_node(tree, json_array_get(nodes, i));
    if (last && !tree->rows)
        puts(tree->none);
    return ferror(stdout);
}

static int print_tree(const struct command *self, const char *command, json_t *arguments, const char *none,
                      const struct options *options)
{
    struct tree tree = {.options = options, .none = none, .json = {.key = "nodes", .none = none, .json = true}};

    if (!arguments)
        return command_failed(self, "the argument is not UTF-8");
    int status = server_ask(self, options, command, arguments, tree_line, &tree);
    if (fflush(stdout) == EOF || ferror(stdout))
        return command_failed(self, "standard output: write error");
    return status;
}

int command_plan_show(const struct command *self, int count, char **words, const struct options *options)
{
    json_t *arguments = json_object();
    bool right = true;

    for (int i = 0; right && i < count; i++) {
        uint32_t depth;
        if (strcmp(words[i], "depth") != 0) {
            right = i == 0 && json_object_set_new(arguments, "within", json_string(words[i])) == 0;
        } else if (i + 1 < count && text_number(words[i + 1], UINT32_MAX, &depth)) {
            json_object_set_new(arguments, "depth", json_integer(depth));
            i++;
        } else {
            right = false;
        }
    }
    if (!right) {
        json_decref(arguments);
        return command_usage(self);
    }
    return print_tree(self, "plan", arguments, "nothing is planned there", options);
}

int command_plan_find(const struct command *self, int count, char **words, const struct options *options)
{
    struct ipv4_range range;
    json_int_t at;

    if (ipv4_range_parse(words[0], strlen(words[0]), IPV4_PREFIX_ALLOW_ADDRESS, &range, NULL) && count == 1)
        return print_tree(self, "plan", json_pack("{s:s}", "having", words[0]), "no node has that in it", options);
    if (count == 1)
        return print_tree(self, "plan-find", json_pack("{s:s}", "node", words[0]), "it is not planned", options);
    if (!times_read(words[1], &at))
        return command_failed(self, "'%s': expected " TIMES_EXPECTED, words[1]);
    return print_tree(self, "plan-find", json_pack("{s:s, s:I}", "node", words[0], "at", at), "it was not planned then",
                      options);
}

/* --- history ------------------------------------------------------------------------------------------------------ */

/* Members of a node that people set, in the order in which they are told. */
static const char *const told[] = {"range", "kind",     "status",   "delegated", "name",
                                   "owner", "provider", "contract", "note"};

static void value_of(const json_t *node, const char *key, char out[static TABLE_CELL_SIZE])
{
    const json_t *value = json_object_get(node, key);

    if (json_is_boolean(value))
        snprintf(out, TABLE_CELL_SIZE, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_null(value))
        snprintf(out, TABLE_CELL_SIZE, "none");
    else
        table_text(node, key, out);
}

/* What is different: "name lan0 -> lan1". */
static void append_differences(const json_t *before, const json_t *after, char cell[static TABLE_CELL_SIZE])
{
    char was[TABLE_CELL_SIZE], is[TABLE_CELL_SIZE], text[TABLE_CELL_SIZE];

    for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
        value_of(before, told[i], was);
        value_of(after, told[i], is);
        if (strcmp(was, is) == 0)
            continue;
        snprintf(text, sizeof(text), "%s %.80s -> %.80s", told[i], was, is);
        table_append(cell, text);
    }
}

static void append_node(const json_t *node, char cell[static TABLE_CELL_SIZE])
{
    char value[TABLE_CELL_SIZE], text[TABLE_CELL_SIZE];

    for (size_t i = 1; i < ARRAY_SIZE(told); i++) {
        value_of(node, told[i], value);
        if (strcmp(value, "none") == 0 || strcmp(value, "no") == 0)
            continue;
        snprintf(text, sizeof(text), "%s %.120s", told[i], value);
        table_append(cell, text);
    }
}

static void cell_change(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    const json_t *before = json_object_get(row, "before"), *after = json_object_get(row, "after");

    cell[0] = '\0';
    if (json_is_object(before) && json_is_object(after)) {
        append_differences(before, after, cell);
        if (!cell[0])
            snprintf(cell, TABLE_CELL_SIZE, "nothing");
    } else if (json_is_object(after)) {
        table_append(cell, "new");
        append_node(after, cell);
    } else if (json_is_object(before)) {
        table_append(cell, "gone");
    }
    json_int_t steps = json_integer_value(json_object_get(row, "steps"));
    char text[64];
    if (steps > 1 && !json_integer_value(json_object_get(row, "step"))) {
        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT " nodes in all", steps);
        table_append(cell, text);
    }
    if (json_is_integer(json_object_get(row, "undone"))) {
        snprintf(text, sizeof(text), "undone by %" JSON_INTEGER_FORMAT,
                 json_integer_value(json_object_get(row, "undone")));
        table_append(cell, text);
    }
}

TABLE_CELL(cell_operation, "operation")

static void cell_at(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    times_cell(row, "at", cell);
}

static void cell_who(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    const char *as = json_string_value(json_object_get(row, "as"));

    snprintf(cell, TABLE_CELL_SIZE, "%s%s%s", text_of(row, "who"), as ? " as " : "", as ? as : "");
}

static void cell_what(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    const json_t *undoes = json_object_get(row, "undoes");
    size_t len = (size_t)snprintf(cell, TABLE_CELL_SIZE, "%s", text_of(row, "what"));

    if (json_is_integer(undoes) && len < TABLE_CELL_SIZE)
        snprintf(cell + len, TABLE_CELL_SIZE - len, " %" JSON_INTEGER_FORMAT, json_integer_value(undoes));
}

static void cell_node(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    const json_t *node = json_object_get(row, "after");

    if (!json_is_object(node))
        node = json_object_get(row, "before");
    const char *name = text_of(node, "name");
    snprintf(cell, TABLE_CELL_SIZE, "%s%s%s", text_of(node, "range"), name[0] ? " " : "", name);
}

static const struct table_column history_columns[] = {{"NUMBER", 7, cell_operation}, {"TIME", 19, cell_at},
                                                      {"WHO", 12, cell_who},         {"WHAT", 9, cell_what},
                                                      {"NODE", 26, cell_node},       {"CHANGE", 0, cell_change}};

int command_plan_history(const struct command *self, int count, char **words, const struct options *options)
{
    struct table table = {.columns = history_columns,
                          .count = ARRAY_SIZE(history_columns),
                          .key = "operations",
                          .none = "nothing was done",
                          .json = options->json};
    uint32_t number, limit = HISTORY_ROWS;
    json_t *arguments = json_object();
    bool right = true, whole = false;

    for (int i = 0; right && i < count; i++) {
        if (strcmp(words[i], "limit") == 0) {
            right = i + 1 < count && text_number(words[i + 1], UINT32_MAX, &limit);
            i++;
        } else if (i == 0 && text_number(words[i], UINT32_MAX, &number)) {
            json_object_set_new(arguments, "operation", json_integer(number));
            whole = true;
        } else {
            right = i == 0 && json_object_set_new(arguments, "about", json_string(words[i])) == 0;
        }
    }
    if (!right) {
        json_decref(arguments);
        return command_usage(self);
    }
    if (!whole || limit != HISTORY_ROWS)
        json_object_set_new(arguments, "limit", json_integer(limit));
    int status = server_ask(self, options, "plan-history", arguments, table_line, &table);
    if (fflush(stdout) == EOF || ferror(stdout))
        return command_failed(self, "standard output: write error");
    return status;
}
