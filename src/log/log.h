/*
 * What the daemon has to say, a line at a time: on standard error. In the background that is a file, or nowhere, and
 * then lines go to the system's log.
 */
#pragma once

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
}; /* as syslog's */

/* printf's format without a newline at its end. It never waits: a line that whoever reads standard error leaves no room
 * for is left out. */
__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *format, ...);

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)

/*
 * Put standard output and standard error where lines go from now on, and standard input on nothing: into a file that is
 * appended to, or (NULL) nowhere, with lines in the system's log. Processes that are forked later inherit it. 0;
 * -errno.
 */
int log_into(const char *path);
