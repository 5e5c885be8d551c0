#include "engine/contract_file.h"

#include "engine/whole_file.h"
#include "log/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* False: it is too long. */
static bool path_of(const char *directory, char path[static PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/" CONTRACT_FILE_NAME, directory) < PATH_MAX;
}

int contract_file_read(const char *directory, struct conf **conf)
{
    struct conf_errors *errors = calloc(1, sizeof(*errors));
    char path[PATH_MAX], *text = NULL;
    size_t len = 0;
    int error = !errors ? -ENOMEM : path_of(directory, path) ? conf_read(path, &text, &len) : -ENAMETOOLONG;

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

struct list {
    const struct conf_contract *const *contracts;
    size_t count;
};

static void write_list(FILE *file, const void *arg)
{
    const struct list *list = arg;

    fputs("# Contracts that were added with 'fairlead contract add'. fairleadd writes this file.\n", file);
    for (size_t i = 0; i < list->count; i++)
        conf_print_contract(list->contracts[i], file);
}

int contract_file_write(const char *directory, const struct conf_contract *const *contracts, size_t count)
{
    const struct list list = {contracts, count};
    char path[PATH_MAX];

    if (!path_of(directory, path))
        return -ENAMETOOLONG;
    if (mkdir(directory, 0755) < 0 && errno != EEXIST)
        return -errno;
    return whole_file_write(path, true, write_list, &list);
}

int contract_file_check(const char *directory, const char *text, size_t len, struct conf_errors *errors)
{
    char path[PATH_MAX], *by_hand = NULL;
    size_t by_hand_len = 0;
    int error = path_of(directory, path) ? conf_read(path, &by_hand, &by_hand_len) : -ENAMETOOLONG;

    if (!error)
        error = conf_check_with(text, len, by_hand, by_hand_len, errors);
    free(by_hand);
    return error == -ENOENT ? 0 : error;
}
