#include "daemon/configuration.h"

#include "conf/planned.h"
#include "daemon/privileges.h"
#include "engine/contract_file.h"
#include "engine/whole_file.h"
#include "planner/names.h"
#include "planner/planner.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_NAME "planned.conf"

static bool path_of(const char *directory, const char *name, char path[static PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/%s", directory, name) < PATH_MAX;
}

/* --- names of the plan -------------------------------------------------------------------------------------------- */

/* What is not found is as it was when it was in force last; what is announced too, if the plan could not be read. 0;
 * -ENOMEM. */
static int take_kept(const struct configuration_source *source, const char *text, size_t len, bool unread,
                     struct conf_references *references, FILE *report)
{
    struct conf_references kept;
    char path[PATH_MAX], range[IPV4_RANGE_TEXT_SIZE], *kept_text = NULL;
    size_t kept_len = 0;
    int error = conf_references_find(text, len, &kept); /* the same names */

    if (!error && path_of(source->state_directory, KEPT_NAME, path) && !conf_read(path, &kept_text, &kept_len))
        error = conf_references_read(kept_text, kept_len, &kept);
    for (size_t i = 0; !error && i < kept.count; i++) {
        if (references->all[i].found || !kept.all[i].found)
            continue;
        const char *name = references->all[i].name;
        references->all[i] = kept.all[i];
        references->all[i].name = name;
        ipv4_range_format(kept.all[i].range, range);
        fprintf(report, "%s: '" CONF_PLANNED "%s': the address plan does not say it any more: %s, as it was\n",
                source->path, name, range);
    }
    for (size_t i = 0; unread && !error && i < kept.discard_count; i++)
        error = conf_references_discard(references, kept.discards[i]);
    conf_references_clear(&kept);
    free(kept_text);
    return error == -ENOMEM ? error : 0;
}

/* Write what they mean behind the text. 0; -ENOMEM. */
static int append_meanings(const struct conf_references *references, struct configuration *configuration)
{
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);

    if (!stream)
        return -ENOMEM;
    fwrite(configuration->text, 1, configuration->len, stream);
    putc('\n', stream);
    conf_references_print(references, stream);
    if (fclose(stream)) {
        free(text);
        return -ENOMEM;
    }
    free(configuration->text);
    configuration->text = text;
    configuration->len = len;
    return 0;
}

static int look_up_names(const struct configuration_source *source, struct configuration *configuration,
                         struct conf_errors *errors, FILE *report)
{
    struct conf_references references;
    char path[PATH_MAX], why[PLANNER_NAMES_WHY_SIZE];
    int error = conf_references_find(configuration->text, configuration->len, &references);

    if (!error && conf_references_any(&references) && path_of(source->state_directory, PLANNER_BOOK_NAME, path)) {
        error = planner_names_look_up(path, privileges_of_nobody, &references, why);
        if (error)
            conf_wrong(errors, 0, "%s: %s", path, why);
    }
    if (conf_references_any(&references) && source->at_all && error != -ENOMEM)
        error = take_kept(source, configuration->text, configuration->len, error != 0, &references, report);
    if (!error && conf_references_any(&references))
        error = append_meanings(&references, configuration);
    conf_references_clear(&references);
    return error;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static int read_and_parse(const struct configuration_source *source, struct configuration *configuration,
                          struct conf_errors *errors, FILE *report)
{
    int error = conf_read(source->path, &configuration->text, &configuration->len);

    if (error)
        return error;
    configuration->file_len = configuration->len;
    error = look_up_names(source, configuration, errors, report);
    if (!error)
        error = conf_parse(configuration->text, configuration->len, &configuration->conf, errors);
    if (!error && source->by_hand)
        error = contract_file_check(source->state_directory, configuration->text, configuration->len, errors);
    return error;
}

int configuration_read(const struct configuration_source *source, struct configuration *configuration, FILE *report)
{
    struct conf_errors *errors = calloc(1, sizeof(*errors));

    *configuration = (struct configuration){0};
    int error = errors ? read_and_parse(source, configuration, errors, report) : -ENOMEM;
    if (errors)
        conf_errors_print(errors, source->path, report);
    if (error && (!errors || !errors->count))
        fprintf(report, "%s%s%s: %s\n", source->program ? source->program : "", source->program ? ": " : "",
                source->path, strerror(-error));
    if (error) {
        conf_free(configuration->conf);
        configuration->conf = NULL;
        configuration_forget_text(configuration);
    }
    free(errors);
    return error;
}

void configuration_forget_text(struct configuration *configuration)
{
    free(configuration->text);
    configuration->text = NULL;
    configuration->len = configuration->file_len = 0;
}

static void write_meanings(FILE *file, const void *arg)
{
    const struct configuration *configuration = arg;

    fputs("# What the address plan said of names in the configuration that is in force. fairleadd writes this file.\n",
          file);
    fwrite(configuration->text + configuration->file_len, 1, configuration->len - configuration->file_len, file);
}

int configuration_keep(const char *state_directory, const struct configuration *configuration)
{
    char path[PATH_MAX];

    if (!path_of(state_directory, KEPT_NAME, path))
        return -ENAMETOOLONG;
    if (configuration->len == configuration->file_len)
        return access(path, F_OK) == 0 && unlink(path) < 0 ? -errno : 0; /* nothing: a disk may be read-only then */
    if (mkdir(state_directory, 0755) < 0 && errno != EEXIST)
        return -errno;
    return whole_file_write(path, true, write_meanings, configuration);
}
