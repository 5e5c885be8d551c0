#include "engine/contract_file.h"

#include "log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* False: it is too long. */
static bool path_of(const char *directory, const char *suffix, char path[static PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/" CONTRACT_FILE_NAME "%s", directory, suffix) < PATH_MAX;
}

int contract_file_read(const char *directory, struct conf **conf)
{
    struct conf_errors *errors = calloc(1, sizeof(*errors));
    char path[PATH_MAX], *text = NULL;
    size_t len = 0;
    int error = !errors ? -ENOMEM : path_of(directory, "", path) ? conf_read(path, &text, &len) : -ENAMETOOLONG;

    if (error == -ENOENT)
        error = 0;
    if (!error)
        error = conf_parse_contracts(text ? text : "", len, conf, errors);
    for (size_t i = 0; errors && i < errors->count && i < CONF_ERRORS_KEPT; i++)
        log_error("%s:%u: %s", path, errors->all[i].line, errors->all[i].text);
    free(text);
    free(errors);
    return error;
}

static int write_whole(int fd, const struct conf_contract *const *contracts, size_t count)
{
    FILE *file = fdopen(fd, "w");

    if (!file) {
        int error = -errno;
        close(fd);
        return error;
    }
    fputs("# Contracts that were added with 'fairlead contract add'. fairleadd writes this file.\n", file);
    for (size_t i = 0; i < count; i++)
        conf_print_contract(contracts[i], file);
    errno = 0;
    bool failed = fflush(file) || ferror(file) || fsync(fileno(file)) < 0;
    int error = failed ? (errno ? -errno : -EIO) : 0;
    if (fclose(file) != 0 && !error)
        error = errno ? -errno : -EIO;
    return error;
}

static int sync_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = fd < 0 || fsync(fd) < 0 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    return error;
}

int contract_file_write(const char *directory, const struct conf_contract *const *contracts, size_t count)
{
    char path[PATH_MAX], fresh[PATH_MAX];

    if (!path_of(directory, "", path) || !path_of(directory, ".new", fresh))
        return -ENAMETOOLONG;
    if (mkdir(directory, 0755) < 0 && errno != EEXIST)
        return -errno;
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -errno;
    int error = write_whole(fd, contracts, count);
    if (!error && rename(fresh, path) < 0)
        error = -errno;
    if (error) {
        unlink(fresh);
        return error;
    }
    return sync_directory(directory);
}

int contract_file_check(const char *directory, const char *text, size_t len, struct conf_errors *errors)
{
    char path[PATH_MAX], *by_hand = NULL;
    size_t by_hand_len = 0;
    int error = path_of(directory, "", path) ? conf_read(path, &by_hand, &by_hand_len) : -ENAMETOOLONG;

    if (!error)
        error = conf_check_with(text, len, by_hand, by_hand_len, errors);
    free(by_hand);
    return error == -ENOENT ? 0 : error;
}
