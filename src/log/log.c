/*
 * The system's log is known by its descriptor: where standard error is /dev/null, nobody would read a line there. So
 * the daemon's processes need share nothing but their descriptors, and the libraries have no state.
 */
#include "log/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_SIZE 1024 /* longer lines are cut */

static int is_nowhere(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

/* A pipe that has room has room for a line at least (PIPE_BUF). */
static bool would_wait(int fd)
{
    static_assert(LINE_SIZE + 100 < PIPE_BUF, "with what stands in front of it");
    struct pollfd poller = {.fd = fd, .events = POLLOUT};

    return poll(&poller, 1, 0) == 0;
}

void log_line(enum log_level level, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (is_nowhere(STDERR_FILENO)) {
        syslog(LOG_DAEMON | (int)level, "%s", line);
        return;
    }
    if (would_wait(STDERR_FILENO))
        return;
    /* One write, so that lines of several processes do not mix. */
    dprintf(STDERR_FILENO, "fairleadd: %s%s\n",
            level <= LOG_LEVEL_ERROR     ? "error: "
            : level == LOG_LEVEL_WARNING ? "warning: "
                                         : "",
            line);
}

int log_into(const char *path)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640) : nothing;
    int error = nothing < 0 || fd < 0 ? -errno : 0;

    if (!error && (dup2(nothing, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0))
        error = -errno;
    if (nothing >= 0)
        close(nothing);
    if (path && fd >= 0)
        close(fd);
    return error;
}
