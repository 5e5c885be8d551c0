#include "log/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_SIZE 1024 /* longer lines are cut */

void log_line(enum log_level level, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    /* One write, so that lines of several processes do not mix. */
    fprintf(stderr, "fairleadd: %s%s\n",
            level <= LOG_LEVEL_ERROR     ? "error: "
            : level == LOG_LEVEL_WARNING ? "warning: "
                                         : "",
            line);
}
