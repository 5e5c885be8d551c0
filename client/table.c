#include "client/table.h"

#include <errno.h>
#include <string.h>

void table_text(const json_t *row, const char *key, char cell[static TABLE_CELL_SIZE])
{
    const json_t *value = json_object_get(row, key);

    if (json_is_string(value))
        snprintf(cell, TABLE_CELL_SIZE, "%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(cell, TABLE_CELL_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_boolean(value))
        snprintf(cell, TABLE_CELL_SIZE, "%s", json_is_true(value) ? "yes" : "no");
    else
        snprintf(cell, TABLE_CELL_SIZE, "-");
}

void table_append(char cell[static TABLE_CELL_SIZE], const char *text)
{
    size_t len = strlen(cell);

    snprintf(cell + len, TABLE_CELL_SIZE - len, "%s%s", len ? ", " : "", text ? text : "?");
}

void table_append_count(char cell[static TABLE_CELL_SIZE], const char *before, const char *name, const json_t *count)
{
    char text[100];

    snprintf(text, sizeof(text), "%s%s %" JSON_INTEGER_FORMAT, before, name, json_integer_value(count));
    if (json_integer_value(count))
        table_append(cell, text);
}

void table_append_counts(char cell[static TABLE_CELL_SIZE], const char *before, const json_t *counts)
{
    const char *name;
    json_t *count;

    json_object_foreach((json_t *)counts, name, count) table_append_count(cell, before, name, count);
}

void table_time(double us, char cell[static TABLE_CELL_SIZE])
{
    if (us < 1000)
        snprintf(cell, TABLE_CELL_SIZE, "%.0f us", us);
    else if (us < 1e6)
        snprintf(cell, TABLE_CELL_SIZE, "%.1f ms", us / 1000);
    else
        snprintf(cell, TABLE_CELL_SIZE, "%.2f s", us / 1e6);
}

void table_known_time(double us, char cell[static TABLE_CELL_SIZE])
{
    if (us > 0)
        table_time(us, cell);
    else
        snprintf(cell, TABLE_CELL_SIZE, "-");
}

void table_rate(double rate, char cell[static TABLE_CELL_SIZE])
{
    snprintf(cell, TABLE_CELL_SIZE,
             rate < 1e6   ? "%.5g kbit"
             : rate < 1e9 ? "%.5g Mbit"
                          : "%.5g Gbit",
             rate < 1e6   ? rate / 1e3
             : rate < 1e9 ? rate / 1e6
                          : rate / 1e9);
}

void table_delay(const json_t *row, const char *delay, const char *key, char cell[static TABLE_CELL_SIZE])
{
    const json_t *times = json_object_get(row, delay);

    if (json_integer_value(json_object_get(times, "packets")) == 0)
        snprintf(cell, TABLE_CELL_SIZE, "-");
    else
        table_time(json_number_value(json_object_get(times, key)), cell);
}

static void write_row(const struct table *table, const json_t *row, FILE *stream)
{
    char cell[TABLE_CELL_SIZE];

    for (unsigned i = 0; i < table->count; i++) {
        const struct table_column *column = &table->columns[i];
        if (row)
            column->cell(row, cell);
        fprintf(stream, "%-*s%s", column->width, row ? cell : column->heading, i + 1 < table->count ? "  " : "\n");
    }
}

int table_write(struct table *table, const json_t *rows, bool last, FILE *stream)
{
    if (table->json && table->rows == 0)
        fprintf(stream, "{\n  \"%s\": [", table->key);
    for (size_t i = 0; i < json_array_size(rows); i++, table->rows++) {
        const json_t *row = json_array_get(rows, i);
        if (table->json) {
            fputs(table->rows ? ",\n    " : "\n    ", stream);
            json_dumpf(row, stream, 0);
            continue;
        }
        if (table->rows == 0)
            write_row(table, NULL, stream);
        write_row(table, row, stream);
    }
    if (last && table->json)
        fputs(table->rows ? "\n  ]\n}\n" : "]\n}\n", stream);
    else if (last && table->rows == 0)
        fprintf(stream, "%s\n", table->none);
    return ferror(stream) ? -EIO : 0;
}

int table_line(void *arg, const json_t *result, bool last)
{
    struct table *table = arg;

    return table_write(table, json_object_get(result, table->key), last, stdout);
}
