/*
 * Memory for tables that are read all over: it begins with a line of the cache, and is in huge pages where it is large
 * and the system has them.
 */
#pragma once

#include <stddef.h>

#define LINE 64 /* bytes of a cache line */

/* Zeros; given back with free(). NULL if there is no memory. */
void *lines_new(size_t bytes);
