/*
 * Times in files: "2026-11-27T12:00:00Z" (RFC 3339), or seconds since 1970.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TIME_TEXT_SIZE 24

bool time_text_read(const char *text, uint32_t *seconds); /* false: it is none, or not one of the plan's */
void time_text_write(uint32_t seconds, char out[static TIME_TEXT_SIZE]);
