#include "engine/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The descriptor is taken. */
static int write_into(int fd, bool stable, void (*write)(FILE *file, const void *arg), const void *arg)
{
    FILE *file = fdopen(fd, "w");

    if (!file) {
        int error = -errno;
        close(fd);
        return error;
    }
    write(file, arg);
    errno = 0;
    bool failed = fflush(file) || ferror(file) || (stable && fsync(fileno(file)) < 0);
    int error = failed ? (errno ? -errno : -EIO) : 0;
    if (fclose(file) != 0 && !error)
        error = errno ? -errno : -EIO;
    return error;
}

/* Of the folder that a file is in. */
static int sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return error;
}

int whole_file_write(const char *path, bool stable, void (*write)(FILE *file, const void *arg), const void *arg)
{
    char fresh[PATH_MAX];

    if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
        return -ENAMETOOLONG;
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -errno;
    int error = write_into(fd, stable, write, arg);
    if (!error && rename(fresh, path) < 0)
        error = -errno;
    if (error)
        unlink(fresh);
    return error || !stable ? error : sync_folder(path);
}
