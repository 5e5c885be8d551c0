/* Of fairlead show: what probes have measured, and whom reflectors have answered. */
#include "client/show.h"

TABLE_CELL(cell_probe, "probe")
TABLE_CELL(cell_to, "to")
TABLE_CELL(cell_dscp, "dscp")
TABLE_CELL(cell_state, "state")
TABLE_CELL(cell_sent, "sent")
TABLE_CELL(cell_lost, "lost")
TABLE_CELL(cell_port, "port")
TABLE_CELL(cell_udp_port, "udp_port")
TABLE_CELL(cell_rate, "rate")

static void cell_p50(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_delay(row, "round_trip", "p50_us", cell);
}

static void cell_p99(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_delay(row, "round_trip", "p99_us", cell);
}

static void cell_max(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_delay(row, "round_trip", "max_us", cell);
}

static void cell_there(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_delay(row, "there_variation", "p99_us", cell);
}

static void cell_back(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_delay(row, "back_variation", "p99_us", cell);
}

static void append_count(const json_t *row, const char *key, char cell[static TABLE_CELL_SIZE])
{
    json_int_t count = json_integer_value(json_object_get(row, key));
    char text[64];

    if (count == 0)
        return;
    snprintf(text, sizeof(text), "%s %" JSON_INTEGER_FORMAT, key, count);
    table_append(cell, text);
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
    cell[0] = '\0';
    append_count(row, "late", cell);
    append_count(row, "duplicate", cell);
    append_count(row, "reordered", cell);
    append_count(row, "strange", cell);
    append_count(row, "unreachable", cell);
    end_notes(row, cell);
}

static void cell_reflected(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    json_int_t count = json_integer_value(json_object_get(json_object_get(row, "packets"), "reflected"));

    snprintf(cell, TABLE_CELL_SIZE, "%" JSON_INTEGER_FORMAT, count);
}

static void cell_reflector_notes(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    const json_t *packets = json_object_get(row, "packets");

    cell[0] = '\0';
    append_count(packets, "stranger", cell);
    append_count(packets, "short", cell);
    append_count(packets, "too-many", cell);
    append_count(row, "missed", cell);
    append_count(row, "unsent", cell);
    end_notes(row, cell);
}

const struct table_column probes_columns[PROBES_COLUMNS] = {
    {"PROBE", 15, cell_probe}, {"TO", 15, cell_to},      {"DSCP", 4, cell_dscp}, {"STATE", 8, cell_state},
    {"SENT", 9, cell_sent},    {"LOST", 6, cell_lost},   {"P50", 8, cell_p50},   {"P99", 8, cell_p99},
    {"MAX", 8, cell_max},      {"THERE", 8, cell_there}, {"BACK", 8, cell_back}, {"NOTES", 0, cell_probe_notes}};

const struct table_column reflectors_columns[REFLECTORS_COLUMNS] = {
    {"PORT", 15, cell_port}, {"UDP", 5, cell_udp_port},         {"STATE", 8, cell_state},
    {"RATE", 6, cell_rate},  {"REFLECTED", 12, cell_reflected}, {"NOTES", 0, cell_reflector_notes}};
