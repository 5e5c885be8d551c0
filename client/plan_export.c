/* fairlead plan export: the plan for other programs. */
#include "client/plan.h"

#include "client/plan_entries.h"
#include "interchange/write.h"

#include <stdio.h>
#include <string.h>

struct exporting {
    const struct command *self;
    struct interchange_writer writer;
};

static int write_entry(void *arg, const struct plan_entry *entry)
{
    struct exporting *to = arg;

    if (interchange_write(&to->writer, entry) == 0)
        return 0;
    return command_failed(to->self, "a text of the plan is not UTF-8");
}

int command_plan_export(const struct command *self, int count, char **words, const struct options *options)
{
    struct exporting to = {.self = self};
    enum interchange_format format = interchange_format_of(words[0]);

    if (format == INTERCHANGE_FORMAT_COUNT)
        return command_failed(self, "'%s': expected %s", words[0], interchange_format_list());
    interchange_write_begin(&to.writer, format, stdout);
    int status = plan_entries(self, options, count > 1 ? words[1] : NULL, write_entry, &to);
    if (status == EXIT_OK)
        interchange_write_end(&to.writer);
    if (fflush(stdout) == EOF || ferror(stdout))
        return command_failed(self, "standard output: write error");
    return status;
}
