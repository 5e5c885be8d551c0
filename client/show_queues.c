/* Of fairlead show: the queues. */
#include "client/show.h"

#include <string.h>

/* In the largest unit that leaves one digit in front. */
static void cell_time(const json_t *row, const char *key, char cell[static TABLE_CELL_SIZE])
{
    const json_t *delay = json_object_get(row, "delay");
    double us = json_number_value(json_object_get(delay, key));

    if (json_integer_value(json_object_get(delay, "packets")) == 0)
        snprintf(cell, TABLE_CELL_SIZE, "-");
    else if (us < 1000)
        snprintf(cell, TABLE_CELL_SIZE, "%.0f us", us);
    else if (us < 1000000)
        snprintf(cell, TABLE_CELL_SIZE, "%.1f ms", us / 1000);
    else
        snprintf(cell, TABLE_CELL_SIZE, "%.2f s", us / 1000000);
}

static void cell_p50(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    cell_time(row, "p50_us", cell);
}

static void cell_p99(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    cell_time(row, "p99_us", cell);
}

static void cell_max(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    cell_time(row, "max_us", cell);
}

static void cell_rate(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    double rate = json_number_value(json_object_get(row, "rate"));

    snprintf(cell, TABLE_CELL_SIZE,
             rate < 1e6   ? "%.5g kbit"
             : rate < 1e9 ? "%.5g Mbit"
                          : "%.5g Gbit",
             rate < 1e6   ? rate / 1e3
             : rate < 1e9 ? rate / 1e6
                          : rate / 1e9);
}

static void cell_port(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_text(row, "port", cell);
}

static void cell_queue(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_text(row, "queue", cell);
}

static void cell_state(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_text(row, "state", cell);
}

static void cell_waiting(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_text(json_object_get(row, "waiting"), "packets", cell);
}

static void cell_left(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_text(json_object_get(row, "left"), "packets", cell);
}

static void append_counts(const json_t *counts, const char *before, char cell[static TABLE_CELL_SIZE])
{
    const char *cause;
    json_t *count;

    json_object_foreach((json_t *)counts, cause, count)
    {
        size_t len = strlen(cell);
        if (json_integer_value(count))
            snprintf(cell + len, TABLE_CELL_SIZE - len, "%s%s%s %" JSON_INTEGER_FORMAT, len ? ", " : "", before, cause,
                     json_integer_value(count));
    }
}

static void cell_dropped(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    cell[0] = '\0';
    append_counts(json_object_get(row, "dropped"), "", cell);
    append_counts(json_object_get(row, "marked"), "marked ", cell);
    append_counts(json_object_get(row, "missed"), "missed ", cell);
    if (!cell[0])
        snprintf(cell, TABLE_CELL_SIZE, "-");
}

const struct table_column queues_columns[QUEUES_COLUMNS] = {{"PORT", 15, cell_port},      {"STATE", 9, cell_state},
                                                            {"RATE", 10, cell_rate},      {"QUEUE", 9, cell_queue},
                                                            {"WAITING", 7, cell_waiting}, {"LEFT", 12, cell_left},
                                                            {"P50", 8, cell_p50},         {"P99", 8, cell_p99},
                                                            {"MAX", 8, cell_max},         {"DROPPED", 0, cell_dropped}};
