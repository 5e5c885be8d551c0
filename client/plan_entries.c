#include "client/plan_entries.h"

#include "client/server.h"
#include "interchange/entry_json.h"

struct entries {
    const struct command *self;
    plan_each_entry *each;
    void *arg;
};

static int entries_line(void *arg, const json_t *result, bool last)
{
    const struct entries *entries = arg;
    const json_t *nodes = json_object_get(result, "nodes");
    char wrong[ENTRY_JSON_WRONG_SIZE];
    struct plan_wanted node;

    (void)last;
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        if (!entry_json_read(json_array_get(nodes, i), &node, wrong))
            return command_failed(entries->self, "the daemon's answer: %s", wrong);
        if (entries->each(entries->arg, &node.entry))
            return -1;
    }
    return 0;
}

int plan_entries(const struct command *self, const struct options *options, const char *within, plan_each_entry *each,
                 void *arg)
{
    struct entries entries = {self, each, arg};
    json_t *arguments = within ? json_pack("{s:b, s:s}", "bare", 1, "within", within) : json_pack("{s:b}", "bare", 1);

    if (!arguments)
        return command_failed(self, "the argument is not UTF-8");
    return server_ask(self, options, "plan", arguments, entries_line, &entries);
}
