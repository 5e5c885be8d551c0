/*
 * What is wrong with a configuration: all of it, each with the line that it stands in.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#define CONF_ERRORS_KEPT     100 /* the others are only counted */
#define CONF_ERROR_TEXT_SIZE 300 /* longer ones are cut */

struct conf_error {
    unsigned line; /* from 1; 0: the file as a whole */
    char text[CONF_ERROR_TEXT_SIZE];
};

/* All zeros is none. */
struct conf_errors {
    size_t count; /* those beyond CONF_ERRORS_KEPT included */
    struct conf_error all[CONF_ERRORS_KEPT];
};

/* printf's format. Returns -EINVAL, so that a parser can say `return conf_wrong(...)`. */
__attribute__((format(printf, 3, 4))) int conf_wrong(struct conf_errors *errors, unsigned line, const char *format,
                                                     ...);

/* "PATH:LINE: TEXT" for each that was kept, a line each, and how many more there are. */
void conf_errors_print(const struct conf_errors *errors, const char *path, FILE *stream);

/* In the order of their lines. */
void conf_errors_sort(struct conf_errors *errors);
