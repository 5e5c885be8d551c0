/* fairlead plan check: where the plan and what is in use do not agree. */
#include "client/plan.h"
#include "client/server.h"
#include "client/table.h"

struct disagreements {
    struct table json;
    const struct options *options;
    size_t count;
};

static int line(void *arg, const json_t *result, bool last)
{
    const json_t *findings = json_object_get(result, "findings"), *finding;
    struct disagreements *all = arg;
    size_t i;

    all->count += json_array_size(findings);
    if (all->options->json)
        return table_write(&all->json, findings, last, stdout);
    json_array_foreach(findings, i, finding)
        printf("%-12s %s\n", json_string_value(json_object_get(finding, "finding")),
               json_string_value(json_object_get(finding, "text")));
    if (last) {
        printf("%s%zu disagreement%s: %" JSON_INTEGER_FORMAT " nodes of the plan, %" JSON_INTEGER_FORMAT
               " uses of addresses\n",
               all->count ? "\n" : "", all->count, all->count == 1 ? "" : "s",
               json_integer_value(json_object_get(result, "nodes")),
               json_integer_value(json_object_get(result, "uses")));
    }
    return ferror(stdout);
}

int command_plan_check(const struct command *self, int count, char **words, const struct options *options)
{
    struct disagreements all = {.json = {.key = "findings", .json = true}, .options = options};

    (void)count;
    (void)words;
    int status = server_ask(self, options, "plan-check", NULL, line, &all);
    if (fflush(stdout) == EOF || ferror(stdout))
        return command_failed(self, "standard output: write error");
    return status == EXIT_OK && all.count ? EXIT_FAILED : status;
}
