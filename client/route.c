/* fairlead route: where a packet to an address goes. */
#include "client/command.h"
#include "client/output.h"
#include "client/server.h"
#include "client/table.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* "203.0.113.1 at wan0" */
static void hop(const json_t *result, char text[static TABLE_CELL_SIZE])
{
    const char *next = text_of(result, "next_hop"), *interface = text_of(result, "interface");

    if (!next && !interface)
        snprintf(text, TABLE_CELL_SIZE, "none");
    else
        snprintf(text, TABLE_CELL_SIZE, "%s at %s", next ? next : "?", interface ? interface : "?");
}

/* Of several ways each, and its share of the flows. */
static void ways(struct output *out, const json_t *result)
{
    const json_t *way;
    size_t i;

    json_array_foreach(json_object_get(result, "ways"), i, way)
    {
        const char *reason = text_of(way, "reason");
        char text[TABLE_CELL_SIZE], place[TABLE_CELL_SIZE];
        hop(way, place);
        snprintf(text, sizeof(text), "%.60s, weight %" JSON_INTEGER_FORMAT ": %.1f %% of the flows%s%.60s", place,
                 json_integer_value(json_object_get(way, "weight")),
                 json_real_value(json_object_get(way, "share")) * 100, reason ? ", " : "", reason ? reason : "");
        output_line(out, "way", text);
    }
}

static void lines(struct output *out, const json_t *result)
{
    const char *prefix = text_of(result, "prefix"), *reason = text_of(result, "reason");
    const char *meaning = text_of(result, "meaning"), *verdict = text_of(result, "verdict");
    const json_t *adjacency = json_object_get(result, "adjacency");
    char text[TABLE_CELL_SIZE], protocol[TABLE_CELL_SIZE];

    output_line(out, "address", text_of(result, "address"));
    output_line(out, "prefix", prefix ? prefix : "no route");
    if (prefix) {
        json_int_t candidates = json_integer_value(json_object_get(result, "candidates"));
        table_text(result, "protocol", protocol);
        snprintf(text, sizeof(text),
                 "%s (protocol %.40s, metric %" JSON_INTEGER_FORMAT ", %" JSON_INTEGER_FORMAT " candidate%s)",
                 text_of(result, "source"), protocol, json_integer_value(json_object_get(result, "metric")), candidates,
                 candidates == 1 ? "" : "s");
        output_line(out, "source", text);
        output_line(out, "type", text_of(result, "type"));
        if (json_object_get(result, "ways")) {
            ways(out, result);
        } else {
            hop(result, text);
            output_line(out, "next hop", text);
        }
    }
    if (json_is_object(adjacency)) {
        snprintf(text, sizeof(text), "to %s from %s, at most %" JSON_INTEGER_FORMAT " bytes", text_of(adjacency, "mac"),
                 text_of(adjacency, "own_mac"), json_integer_value(json_object_get(adjacency, "mtu")));
        output_line(out, "adjacency", text);
    }
    if (strcmp(verdict ? verdict : "", "cut-through") == 0)
        snprintf(text, sizeof(text), "yes");
    else
        snprintf(text, sizeof(text), "no: %s: %s (%s)",
                 strcmp(verdict ? verdict : "", "drop") == 0 ? "dropped" : "left to the kernel",
                 meaning ? meaning : "?", reason ? reason : "?");
    output_line(out, "cut through", text);
}

static int print_result(void *arg, const json_t *result, bool last)
{
    const struct options *options = arg;
    int error = 0;

    (void)last;
    if (options->json) {
        json_dumpf(result, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        struct output *out = output_new();
        lines(out, result);
        error = output_print(out, false, stdout);
        output_free(out);
    }
    return error;
}

static int route(const struct command *self, int argc, char **argv, const struct options *options)
{
    if (argc != 2)
        return command_usage(self);
    json_t *arguments = json_pack("{s:s}", "address", argv[1]);
    if (!arguments)
        return command_failed(self, "the address is not UTF-8");
    int status = server_ask(self, options, "route", arguments, print_result, (void *)options);
    if (fflush(stdout) == EOF || ferror(stdout))
        return command_failed(self, "standard output: write error");
    return status;
}

const struct command command_route = {
    .name = "route",
    .arguments = "ADDRESS",
    .summary = "where a packet to an address goes",
    .help =
        "Prints the longest prefix that covers the address, where that route comes from, its next hop, and whether\n"
        "Fairlead's door cuts such packets through, or why not.\n",
    .run = route,
};
