/* Of fairlead show: what probes have measured, and whom reflectors have answered. */
#include "client/show.h"

#include "base/compiler.h"

TABLE_CELL(cell_probe, "probe")
TABLE_CELL(cell_to, "to")
TABLE_CELL(cell_dscp, "dscp")
TABLE_CELL(cell_state, "state")
TABLE_CELL(cell_sent, "sent")
TABLE_CELL(cell_lost, "lost")
TABLE_CELL(cell_port, "port")
TABLE_CELL(cell_udp_port, "udp_port")
TABLE_CELL(cell_rate, "rate")

TABLE_DELAY(cell_p50, "round_trip", "p50_us")
TABLE_DELAY(cell_p99, "round_trip", "p99_us")
TABLE_DELAY(cell_max, "round_trip", "max_us")
TABLE_DELAY(cell_there, "there_variation", "p99_us")
TABLE_DELAY(cell_back, "back_variation", "p99_us")

/* Those of a row's counts that are not 0. */
static void append(const json_t *row, const char *const *names, size_t count, char cell[static TABLE_CELL_SIZE])
{
    for (size_t i = 0; i < count; i++)
        table_append_count(cell, "", names[i], json_object_get(row, names[i]));
}

/* Why there is nothing, and what else there was. */
static void end_notes(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    const char *why = json_string_value(json_object_get(row, "why"));

    if (why)
        table_append(cell, why);
    if (!cell[0])
        snprintf(cell, TABLE_CELL_SIZE, "-");
}

static void cell_probe_notes(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    static const char *const names[] = {"late", "duplicate", "reordered", "strange", "unreachable"};

    cell[0] = '\0';
    append(row, names, ARRAY_SIZE(names), cell);
    end_notes(row, cell);
}

static void cell_reflected(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    json_int_t count = json_integer_value(json_object_get(json_object_get(row, "packets"), "reflected"));

    snprintf(cell, TABLE_CELL_SIZE, "%" JSON_INTEGER_FORMAT, count);
}

static void cell_reflector_notes(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    static const char *const packets[] = {"stranger", "short", "too-many"}, *const others[] = {"missed", "unsent"};

    cell[0] = '\0';
    append(json_object_get(row, "packets"), packets, ARRAY_SIZE(packets), cell);
    append(row, others, ARRAY_SIZE(others), cell);
    end_notes(row, cell);
}

const struct table_column probes_columns[PROBES_COLUMNS] = {
    {"PROBE", 15, cell_probe}, {"TO", 15, cell_to},      {"DSCP", 4, cell_dscp}, {"STATE", 8, cell_state},
    {"SENT", 9, cell_sent},    {"LOST", 6, cell_lost},   {"P50", 8, cell_p50},   {"P99", 8, cell_p99},
    {"MAX", 8, cell_max},      {"THERE", 8, cell_there}, {"BACK", 8, cell_back}, {"NOTES", 0, cell_probe_notes}};

const struct table_column reflectors_columns[REFLECTORS_COLUMNS] = {
    {"PORT", 15, cell_port}, {"UDP", 5, cell_udp_port},         {"STATE", 8, cell_state},
    {"RATE", 6, cell_rate},  {"REFLECTED", 12, cell_reflected}, {"NOTES", 0, cell_reflector_notes}};
