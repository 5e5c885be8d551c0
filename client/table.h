/*
 * Lists: rows for people under a heading, or a JSON array for scripts, written as they come.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define TABLE_CELL_SIZE 256

struct table_column {
    const char *heading;
    int width; /* longer cells push the rest of their row aside; 0: the last one */
    /* What stands there, for a row's object. */
    void (*cell)(const json_t *row, char cell[static TABLE_CELL_SIZE]);
};

struct table {
    const struct table_column *columns;
    unsigned count;
    const char *key;  /* of the array in the JSON object */
    const char *none; /* what people read where there are no rows */
    bool json;
    size_t rows; /* written so far */
};

/* Write the rows of an array; `last` ends the table. 0; -EIO. */
int table_write(struct table *table, const json_t *rows, bool last, FILE *stream);

/* A server_line: those under the table's key, to standard output. arg: the struct table. */
int table_line(void *arg, const json_t *result, bool last);

/* Cells: the value under a key as text; "-" for null and what is missing. */
void table_text(const json_t *row, const char *key, char cell[static TABLE_CELL_SIZE]);

/* A function for a column that is just that. */
#define TABLE_CELL(name, key)                                              \
    static void name(const json_t *row, char cell[static TABLE_CELL_SIZE]) \
    {                                                                      \
        table_text(row, key, cell);                                        \
    }

/* One more of what a cell lists; a count only if it is not 0. */
void table_append(char cell[static TABLE_CELL_SIZE], const char *text);
void table_append_count(char cell[static TABLE_CELL_SIZE], const char *before, const char *name, const json_t *count);
/* An object's counts that are not 0, each with its name behind `before`. */
void table_append_counts(char cell[static TABLE_CELL_SIZE], const char *before, const json_t *counts);

/* A time, with a unit in which it is easily read. */
void table_time(double us, char cell[static TABLE_CELL_SIZE]);
/* The same; "-" for 0: it is not known yet. */
void table_known_time(double us, char cell[static TABLE_CELL_SIZE]);
/* Bits a second, the same. */
void table_rate(double rate, char cell[static TABLE_CELL_SIZE]);
/* One of a delay's times: "p50_us", "p99_us" or "max_us"; "-" if it is of no packets. */
void table_delay(const json_t *row, const char *delay, const char *key, char cell[static TABLE_CELL_SIZE]);

/* A function for a column that is just that. */
#define TABLE_DELAY(name, delay, key)                                      \
    static void name(const json_t *row, char cell[static TABLE_CELL_SIZE]) \
    {                                                                      \
        table_delay(row, delay, key, cell);                                \
    }
