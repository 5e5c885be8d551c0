#include "conf/errors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int conf_wrong(struct conf_errors *errors, unsigned line, const char *format, ...)
{
    if (errors->count < CONF_ERRORS_KEPT) {
        struct conf_error *error = &errors->all[errors->count];
        va_list args;
        error->line = line;
        va_start(args, format);
        vsnprintf(error->text, sizeof(error->text), format, args);
        va_end(args);
    }
    errors->count++;
    return -EINVAL;
}

void conf_errors_print(const struct conf_errors *errors, const char *path, FILE *stream)
{
    for (size_t i = 0; i < errors->count && i < CONF_ERRORS_KEPT; i++)
        if (errors->all[i].line)
            fprintf(stream, "%s:%u: %s\n", path, errors->all[i].line, errors->all[i].text);
        else
            fprintf(stream, "%s: %s\n", path, errors->all[i].text);
    if (errors->count > CONF_ERRORS_KEPT)
        fprintf(stream, "%s: and %zu more errors\n", path, errors->count - CONF_ERRORS_KEPT);
}

void conf_errors_sort(struct conf_errors *errors)
{
    size_t kept = errors->count < CONF_ERRORS_KEPT ? errors->count : CONF_ERRORS_KEPT;

    /* Insertion: few, mostly in order already, and those of one line stay as they were found. */
    for (size_t i = 1; i < kept; i++) {
        struct conf_error error = errors->all[i];
        size_t at = i;
        for (; at > 0 && errors->all[at - 1].line > error.line; at--)
            errors->all[at] = errors->all[at - 1];
        errors->all[at] = error;
    }
}
