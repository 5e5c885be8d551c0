/* Of fairlead show: the queues. */
#include "client/show.h"

#include <string.h>

TABLE_CELL(cell_port, "port")
TABLE_CELL(cell_class, "class")
TABLE_CELL(cell_queue, "queue")
TABLE_CELL(cell_state, "state")

TABLE_DELAY(cell_p50, "delay", "p50_us")
TABLE_DELAY(cell_p99, "delay", "p99_us")
TABLE_DELAY(cell_max, "delay", "max_us")

static void cell_rate(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_rate(json_number_value(json_object_get(row, "rate")), cell);
}

static void cell_waiting(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_text(json_object_get(row, "waiting"), "packets", cell);
}

static void cell_left(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_text(json_object_get(row, "left"), "packets", cell);
}

static void cell_dropped(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    cell[0] = '\0';
    table_append_counts(cell, "", json_object_get(row, "dropped"));
    table_append_counts(cell, "marked ", json_object_get(row, "marked"));
    table_append_counts(cell, "missed ", json_object_get(row, "missed"));
    if (!cell[0])
        snprintf(cell, TABLE_CELL_SIZE, "-");
}

/* "12.3 ms auto", "10240p" */
static void cell_limit(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    const json_t *limit = json_object_get(row, "limit"), *packets = json_object_get(limit, "packets");

    if (packets)
        snprintf(cell, TABLE_CELL_SIZE, "%" JSON_INTEGER_FORMAT "p", json_integer_value(packets));
    else
        table_time(json_number_value(json_object_get(limit, "us")), cell);
    size_t len = strlen(cell);
    if (json_is_true(json_object_get(limit, "auto")))
        snprintf(cell + len, TABLE_CELL_SIZE - len, " auto");
}

/* What such a limit follows from; "-": it follows nothing, or nothing is known yet. */
static void cell_rtt(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_known_time(json_number_value(json_object_get(json_object_get(row, "limit"), "rtt_us")), cell);
}

static void cell_flows(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    double flows = json_number_value(json_object_get(json_object_get(row, "limit"), "flows"));

    if (flows > 0)
        snprintf(cell, TABLE_CELL_SIZE, "%.0f", flows);
    else
        snprintf(cell, TABLE_CELL_SIZE, "-");
}

const struct table_column queues_columns[QUEUES_COLUMNS] = {
    {"PORT", 15, cell_port},      {"STATE", 9, cell_state},    {"RATE", 10, cell_rate}, {"CLASS", 15, cell_class},
    {"QUEUE", 9, cell_queue},     {"LIMIT", 12, cell_limit},   {"RTT", 8, cell_rtt},    {"FLOWS", 5, cell_flows},
    {"WAITING", 7, cell_waiting}, {"LEFT", 12, cell_left},     {"P50", 8, cell_p50},    {"P99", 8, cell_p99},
    {"MAX", 8, cell_max},         {"DROPPED", 0, cell_dropped}};
