/* fairlead show: lists of what the daemon knows. */
#include "client/show.h"
#include "base/compiler.h"
#include "base/text.h"
#include "client/command.h"
#include "client/output.h"
#include "client/server.h"
#include "client/table.h"
#include "client/times.h"
#include "net/ipv4_prefix.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

TABLE_CELL(cell_port, "port")
TABLE_CELL(cell_state, "state")
TABLE_CELL(cell_door, "door")
TABLE_CELL(cell_mac, "mac")
TABLE_CELL(cell_mtu, "mtu")
TABLE_CELL(cell_prefix, "prefix")
TABLE_CELL(cell_source, "source")
TABLE_CELL(cell_interface, "interface")
TABLE_CELL(cell_protocol, "protocol")
TABLE_CELL(cell_metric, "metric")
TABLE_CELL(cell_preference, "preference")
TABLE_CELL(cell_address, "address")
TABLE_CELL(cell_uid, "uid")
TABLE_CELL(cell_pid, "pid")
TABLE_CELL(cell_requests, "requests")
TABLE_CELL(cell_host_name, "host_name")
TABLE_CELL(cell_client_id, "client_id")
TABLE_CELL(cell_circuit_id, "circuit_id")
TABLE_CELL(cell_by_hand, "by_hand")
TABLE_CELL(cell_size, "size")
TABLE_CELL(cell_bound, "bound")
TABLE_CELL(cell_offered, "offered")
TABLE_CELL(cell_reserved, "reserved")
TABLE_CELL(cell_declined, "declined")
TABLE_CELL(cell_fresh, "fresh")
TABLE_CELL(cell_name, "name")
TABLE_CELL(cell_number, "count")
TABLE_CELL(cell_meaning, "meaning")

/* --- ports ------------------------------------------------------------------------------------------------------- */

static void cell_asides(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    json_t *asides = json_object_get(row, "aside");

    cell[0] = '\0';
    for (size_t i = 0; i < json_array_size(asides); i++)
        table_append(cell, json_string_value(json_object_get(json_array_get(asides, i), "meaning")));
}

static const struct table_column ports_columns[] = {{"PORT", 15, cell_port}, {"STATE", 8, cell_state},
                                                    {"DOOR", 4, cell_door},  {"MAC", 17, cell_mac},
                                                    {"MTU", 5, cell_mtu},    {"WHY", 0, cell_asides}};

/* --- counters ---------------------------------------------------------------------------------------------------- */

static void cell_count(const json_t *row, const char *key, char cell[static TABLE_CELL_SIZE])
{
    table_text(json_object_get(row, key), "packets", cell);
}

static void cell_in(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    cell_count(row, "in", cell);
}

static void cell_cut(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    cell_count(row, "cut", cell);
}

static void cell_out(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    cell_count(row, "out", cell);
}

static void cell_kernel(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    cell[0] = '\0';
    table_append_counts(cell, "", json_object_get(row, "kernel"));
    if (!cell[0])
        table_append(cell, "-");
}

static void cell_dropped(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    char text[60];
    json_int_t unsent = json_integer_value(json_object_get(row, "unsent"));

    cell[0] = '\0';
    table_append_counts(cell, "", json_object_get(row, "dropped"));
    if (unsent) {
        snprintf(text, sizeof(text), "unsent %" JSON_INTEGER_FORMAT, unsent);
        table_append(cell, text);
    }
    if (!cell[0])
        table_append(cell, "-");
}

static const struct table_column counters_columns[] = {{"PORT", 15, cell_port},
                                                       {"DOOR", 4, cell_door},
                                                       {"IN", 12, cell_in},
                                                       {"CUT THROUGH", 12, cell_cut},
                                                       {"OUT", 12, cell_out},
                                                       {"DROPPED", 9, cell_dropped},
                                                       {"LEFT TO THE KERNEL", 0, cell_kernel}};

/* --- routes, neighbours ------------------------------------------------------------------------------------------ */

static void cell_best(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    snprintf(cell, TABLE_CELL_SIZE, "%s", json_is_true(json_object_get(row, "best")) ? ">" : " ");
}

/* Where it leads: a gateway, or the type of a route that leads to none. */
static void cell_via(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    const char *type = json_string_value(json_object_get(row, "type"));

    if (json_is_true(json_object_get(row, "multipath")))
        snprintf(cell, TABLE_CELL_SIZE, "several");
    else if (json_is_string(json_object_get(row, "via")))
        table_text(row, "via", cell);
    else
        snprintf(cell, TABLE_CELL_SIZE, "%s", !type ? "?" : strcmp(type, "unicast") == 0 ? "attached" : type);
}

static const struct table_column routes_columns[] = {{" ", 1, cell_best},        {"PREFIX", 18, cell_prefix},
                                                     {"VIA", 15, cell_via},      {"INTERFACE", 15, cell_interface},
                                                     {"SOURCE", 6, cell_source}, {"PROTOCOL", 8, cell_protocol},
                                                     {"METRIC", 6, cell_metric}, {"PREFERENCE", 0, cell_preference}};

static const struct table_column neighbours_columns[] = {
    {"ADDRESS", 15, cell_address}, {"INTERFACE", 15, cell_interface}, {"MAC", 17, cell_mac}, {"STATE", 0, cell_state}};

/* --- sessions ---------------------------------------------------------------------------------------------------- */

static void cell_since(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    times_cell(row, "since", cell);
}

static void cell_rights(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    snprintf(cell, TABLE_CELL_SIZE, "%s%s", json_is_true(json_object_get(row, "may_change")) ? "may change" : "looks",
             json_is_true(json_object_get(row, "this")) ? " (this one)" : "");
}

static const struct table_column sessions_columns[] = {{"PID", 8, cell_pid},
                                                       {"UID", 6, cell_uid},
                                                       {"SINCE", 19, cell_since},
                                                       {"REQUESTS", 8, cell_requests},
                                                       {"RIGHTS", 0, cell_rights}};

/* --- addresses --------------------------------------------------------------------------------------------------- */

/* How long a lease lasts from now on. */
static void cell_left(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    static_assert(TEXT_DURATION_SIZE <= TABLE_CELL_SIZE, "a duration fits");
    json_int_t left = json_integer_value(json_object_get(row, "left"));

    if (json_is_null(json_object_get(row, "left")))
        snprintf(cell, TABLE_CELL_SIZE, "for ever");
    else if (left <= 0)
        snprintf(cell, TABLE_CELL_SIZE, "-");
    else
        text_format_duration((uint32_t)left, cell);
}

static void cell_pool(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    const char *first = json_string_value(json_object_get(row, "first"));
    const char *last = json_string_value(json_object_get(row, "last"));

    snprintf(cell, TABLE_CELL_SIZE, "%s-%s", first ? first : "?", last ? last : "?");
}

/* How much of a pool is not to be had. */
static void cell_share(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    double size = json_number_value(json_object_get(row, "size"));
    double taken =
        size - json_number_value(json_object_get(row, "fresh")) - json_number_value(json_object_get(row, "used"));

    snprintf(cell, TABLE_CELL_SIZE, "%.1f %%", size > 0 ? 100 * taken / size : 0);
}

/* When a pool will be full if it goes on as lately. */
static void cell_full_in(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    const json_t *full = json_object_get(row, "full_in");

    if (!json_is_integer(full))
        snprintf(cell, TABLE_CELL_SIZE, "-");
    else if (json_integer_value(full) == 0)
        snprintf(cell, TABLE_CELL_SIZE, "full");
    else
        text_format_duration((uint32_t)json_integer_value(full), cell);
}

static const struct table_column leases_columns[] = {
    {"ADDRESS", 15, cell_address}, {"STATE", 8, cell_state},          {"MAC", 17, cell_mac},
    {"LEFT", 12, cell_left},       {"INTERFACE", 15, cell_interface}, {"NAME", 0, cell_host_name}};

static const struct table_column pools_columns[] = {{"POOL", 31, cell_pool},        {"INTERFACE", 15, cell_interface},
                                                    {"SIZE", 8, cell_size},         {"BOUND", 8, cell_bound},
                                                    {"OFFERED", 8, cell_offered},   {"RESERVED", 8, cell_reserved},
                                                    {"DECLINED", 8, cell_declined}, {"NEVER USED", 10, cell_fresh},
                                                    {"TAKEN", 7, cell_share},       {"FULL IN", 0, cell_full_in}};

static const struct table_column reservations_columns[] = {
    {"ADDRESS", 15, cell_address},     {"MAC", 17, cell_mac},
    {"CLIENT-ID", 20, cell_client_id}, {"CIRCUIT-ID", 20, cell_circuit_id},
    {"INTERFACE", 15, cell_interface}, {"BY HAND", 0, cell_by_hand}};

static const struct table_column dhcp_columns[] = {
    {"WHAT", 26, cell_name}, {"COUNT", 12, cell_number}, {"MEANING", 0, cell_meaning}};

static void cell_began(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    times_cell(row, "began", cell);
}

static void cell_ended(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    if (json_is_null(json_object_get(row, "ended")))
        snprintf(cell, TABLE_CELL_SIZE, "never");
    else
        times_cell(row, "ended", cell);
}

static const struct table_column history_columns[] = {{"ADDRESS", 15, cell_address}, {"MAC", 17, cell_mac},
                                                      {"FROM", 19, cell_began},      {"UNTIL", 19, cell_ended},
                                                      {"STATE", 8, cell_state},      {"NAME", 0, cell_host_name}};

/* --- version ----------------------------------------------------------------------------------------------------- */

static int version_line(void *arg, const json_t *result, bool last)
{
    const struct options *options = arg;
    struct output *out = output_new();
    const char *key;
    json_t *value;
    char text[TABLE_CELL_SIZE];

    (void)last;
    json_object_foreach((json_t *)result, key, value)
    {
        if (strcmp(key, "engine_since") == 0)
            times_cell(result, key, text);
        else
            table_text(result, key, text);
        output_field(out, key, json_incref(value), key, text, NULL);
    }
    int error = output_print(out, options->json, stdout);
    output_free(out);
    return error;
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static const struct what {
    const char *name,
        *arguments[2]; /* optional ones of its own; "at" is a time, "like" what leases are looked for by */
    const struct table_column *columns;
    unsigned count;
    const char *none;
} whats[] = {
    {"ports", {NULL}, ports_columns, ARRAY_SIZE(ports_columns), "no ports"},
    {"routes", {"within"}, routes_columns, ARRAY_SIZE(routes_columns), "no routes"},
    {"neighbours", {NULL}, neighbours_columns, ARRAY_SIZE(neighbours_columns), "no neighbours"},
    {"counters", {NULL}, counters_columns, ARRAY_SIZE(counters_columns), "no ports"},
    {"queues", {NULL}, queues_columns, QUEUES_COLUMNS, "no port has a rate, so nothing waits"},
    {"contracts", {NULL}, contracts_columns, CONTRACTS_COLUMNS, "no contracts"},
    {"probes", {NULL}, probes_columns, PROBES_COLUMNS, "no delay is measured"},
    {"reflectors", {NULL}, reflectors_columns, REFLECTORS_COLUMNS, "no reflector is configured"},
    {"leases", {"like"}, leases_columns, ARRAY_SIZE(leases_columns), "no leases"},
    {"history", {"within", "at"}, history_columns, ARRAY_SIZE(history_columns), "nobody had an address"},
    {"pools", {NULL}, pools_columns, ARRAY_SIZE(pools_columns), "no pools"},
    {"reservations", {NULL}, reservations_columns, ARRAY_SIZE(reservations_columns), "nothing is reserved"},
    {"dhcp", {NULL}, dhcp_columns, ARRAY_SIZE(dhcp_columns), "nothing"},
    {"sessions", {NULL}, sessions_columns, ARRAY_SIZE(sessions_columns), "no sessions"},
    {"version", {NULL}, NULL, 0, NULL},
};

/* By what leases are looked for: a prefix or an address, a hardware address, otherwise (part of) a name. */
static const char *key_of(const char *text)
{
    struct ipv4_prefix prefix;
    size_t len = strlen(text);
    unsigned digits = 0, others = 0;

    if (ipv4_prefix_parse(text, len, IPV4_PREFIX_ALLOW_ADDRESS, &prefix, NULL) == 0 || strchr(text, '/'))
        return "within";
    for (size_t i = 0; i < len; i++) {
        digits += isxdigit((unsigned char)text[i]) != 0;
        others += text[i] == ':' || text[i] == '-';
    }
    return digits == 12 && others == 5 && len == 17 ? "mac" : "name";
}

/* What the command line says behind the name, as the arguments that it stands for; NULL: it is wrong, which has been
 * said. */
static json_t *read_arguments(const struct command *self, const struct what *what, int count, char **words)
{
    json_t *arguments = json_object();

    for (int i = 0; arguments && i < count; i++) {
        json_int_t seconds;
        bool time = strcmp(what->arguments[i], "at") == 0;
        const char *key = strcmp(what->arguments[i], "like") == 0 ? key_of(words[i]) : what->arguments[i];
        if (time && !times_read(words[i], &seconds)) {
            json_decref(arguments);
            command_failed(self, "'%s': expected " TIMES_EXPECTED, words[i]);
            return NULL;
        }
        if (json_object_set_new(arguments, key, time ? json_integer(seconds) : json_string(words[i]))) {
            json_decref(arguments);
            command_failed(self, "the argument is not UTF-8");
            return NULL;
        }
    }
    return arguments;
}

static int show(const struct command *self, int argc, char **argv, const struct options *options)
{
    const struct what *what = NULL;

    for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(whats); i++)
        if (strcmp(whats[i].name, argv[1]) == 0)
            what = &whats[i];
    int most = what ? (what->arguments[0] ? 1 : 0) + (what->arguments[1] ? 1 : 0) : 0;
    if (!what || argc - 2 > most)
        return command_usage(self);
    json_t *arguments = argc > 2 ? read_arguments(self, what, argc - 2, argv + 2) : NULL;
    if (argc > 2 && !arguments)
        return EXIT_FAILED;
    struct table table = {
        .columns = what->columns, .count = what->count, .key = what->name, .none = what->none, .json = options->json};
    int status = what->columns ? server_ask(self, options, what->name, arguments, table_line, &table)
                               : server_ask(self, options, what->name, arguments, version_line, (void *)options);
    if (fflush(stdout) == EOF || ferror(stdout))
        return command_failed(self, "standard output: write error");
    return status;
}

const struct command command_show = {
    .name = "show",
    .arguments =
        "ports|routes [PREFIX]|neighbours|counters|queues|contracts|probes|reflectors|leases [PREFIX|MAC|NAME]|"
        "history [PREFIX [TIME]]|pools|reservations|"
        "dhcp|sessions|version",
    .summary = "what the daemon knows and does",
    .help =
        "  ports       the ports, their doors, and why a door stands aside\n"
        "  routes      every candidate for every prefix, the best marked '>'; those within PREFIX\n"
        "  neighbours  which link-layer address answers for an address\n"
        "  counters    frames in, cut through, out; dropped and left to the kernel, by reason\n"
        "  queues      what waits at shaped ports, for how long, and what is dropped or marked, by cause\n"
        "  contracts   what is promised, to whom, and whether it is kept\n"
        "  probes      round trips that were measured, and by how much each way's time varies (THERE, BACK: its p99)\n"
        "  reflectors  who was answered that measures delays to here\n"
        "  leases      which client has or had an address, and until when; those within PREFIX, of a hardware\n"
        "              address, or with NAME in their names\n"
        "  history     who had an address from when to when, and has it; within PREFIX, at TIME (\"2026-11-25 "
        "12:00\")\n"
        "  pools       how much of each range of addresses is taken, and when it will be full if it goes on as lately\n"
        "  reservations  what is reserved for whom\n"
        "  dhcp        what has become of the messages of DHCP clients\n"
        "  sessions    who is connected to the daemon's management socket\n"
        "  version     the daemon, and how it is\n",
    .run = show,
};
