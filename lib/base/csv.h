/*
 * CSV as RFC 4180 has it: rows of fields, which may be in quotation marks.
 */
#pragma once

#include "base/source.h"

#include <stddef.h>
#include <stdio.h>

#define CSV_FIELDS_MAX 256   /* of a row */
#define CSV_ROW_MAX    65536 /* characters of its fields together, a zero byte behind each */

struct csv_row {
    unsigned line; /* where it begins */
    size_t count;
    char *fields[CSV_FIELDS_MAX]; /* in `text` */
    char text[CSV_ROW_MAX];
};

/* The next row; empty lines are none. 1; 0: the file ends; -EINVAL. */
int csv_next(struct source *source, struct csv_row *row);

/* A field of a row; an empty text if it has none of this number. */
static inline const char *csv_field(const struct csv_row *row, size_t number)
{
    return number < row->count ? row->fields[number] : "";
}

/* Write a field: in quotation marks where it must be. */
void csv_write(FILE *stream, const char *text);
