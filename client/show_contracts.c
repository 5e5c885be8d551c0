/* Of fairlead show: the contracts. */
#include "client/show.h"

#include <string.h>

TABLE_CELL(cell_name, "name")
TABLE_CELL(cell_out, "out")
TABLE_CELL(cell_state, "state")
TABLE_CELL(cell_late, "late")
TABLE_CELL(cell_stalled, "late_stalled")

static void cell_rate(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    const json_t *rate = json_object_get(json_object_get(row, "promised"), "rate");

    if (json_is_null(rate)) /* nothing is promised, and everything conforms */
        snprintf(cell, TABLE_CELL_SIZE, "-");
    else
        table_rate(json_number_value(rate), cell);
}

static void cell_now(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_rate(json_number_value(json_object_get(json_object_get(row, "left"), "rate")), cell);
}

/* "-": none is promised */
static void cell_delay(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_known_time(json_number_value(json_object_get(json_object_get(row, "promised"), "delay_us")), cell);
}

TABLE_DELAY(cell_p99, "delay", "p99_us")
TABLE_DELAY(cell_worst, "delay", "max_us")
TABLE_DELAY(cell_jitter, "delay", "jitter_us")

static void cell_left(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    table_text(json_object_get(row, "left"), "packets", cell);
}

/* Why it is not kept; otherwise whose it is, and what has not conformed. */
static void cell_what(const json_t *row, char cell[static TABLE_CELL_SIZE])
{
    const json_t *match = json_object_get(row, "match"), *came = json_object_get(row, "came");
    const char *why = json_string_value(json_object_get(row, "why"));
    json_int_t matches = json_integer_value(json_object_get(row, "matches"));

    cell[0] = '\0';
    if (why) {
        snprintf(cell, TABLE_CELL_SIZE, "%s", why);
        return;
    }
    table_append(cell, json_string_value(json_array_get(match, 0)));
    if (matches > 1) {
        size_t len = strlen(cell);
        snprintf(cell + len, TABLE_CELL_SIZE - len, " and %" JSON_INTEGER_FORMAT " more", matches - 1);
    }
    table_append_count(cell, "", "shaped", json_object_get(came, "shaped"));
    table_append_count(cell, "", "demoted", json_object_get(came, "demoted"));
    table_append_count(cell, "", "dropped", json_object_get(came, "dropped"));
    table_append_count(cell, "", "too long", json_object_get(came, "too_long"));
}

const struct table_column contracts_columns[CONTRACTS_COLUMNS] = {
    {"CONTRACT", 15, cell_name}, {"STATE", 7, cell_state}, {"OUT", 15, cell_out},  {"RATE", 10, cell_rate},
    {"NOW", 10, cell_now},       {"DELAY", 8, cell_delay}, {"P99", 8, cell_p99},   {"WORST", 8, cell_worst},
    {"JITTER", 8, cell_jitter},  {"LEFT", 12, cell_left},  {"LATE", 6, cell_late}, {"STALLED", 7, cell_stalled},
    {"WHAT", 0, cell_what}};
