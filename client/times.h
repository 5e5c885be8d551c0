/*
 * Times as people read and write them: by the clock where they are.
 */
#pragma once

#include "client/table.h"

#define TIMES_EXPECTED "a time, as \"2026-11-25 12:00\""

/* A time, or seconds since 1970 behind '@'. False: it is none. */
bool times_read(const char *text, json_int_t *seconds);

/* Seconds since 1970 under a key as a cell. */
void times_cell(const json_t *row, const char *key, char cell[static TABLE_CELL_SIZE]);
