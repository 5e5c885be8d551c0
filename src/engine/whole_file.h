/*
 * Files that are replaced as a whole: whoever reads one finds it as before or as now, whatever happens meanwhile.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* What write() writes becomes the file; if stable, on stable storage. The path is shorter than PATH_MAX by at least 5.
 * 0; -errno, and it is as before. */
int whole_file_write(const char *path, bool stable, void (*write)(FILE *file, const void *arg), const void *arg);
