/*
 * Files that people name.
 */
#pragma once

#include "client/command.h"

#include <stddef.h>

#define FILE_READ_MAX 1073741824 /* bytes */

/* The file's text ("-": standard input), which the caller frees. NULL: it cannot be read, which has been said. */
char *file_read(const struct command *self, const char *path, size_t *len);
