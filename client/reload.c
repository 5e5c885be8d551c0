/* fairlead reload: read the configuration anew. */
#include "client/command.h"
#include "client/server.h"

static int reload(const struct command *self, int argc, char **argv, const struct options *options)
{
    (void)argv;
    if (argc != 1)
        return command_usage(self);
    return server_ask(self, options, "reload", NULL, server_done, (void *)options);
}

const struct command command_reload = {
    .name = "reload",
    .arguments = "",
    .summary = "read the configuration anew",
    .help =
        "What is the same in the new configuration is not touched. If it is wrong, every error is listed and the one\n"
        "in force stays. Only root, and members of the group that the configuration names, may do this.\n",
    .run = reload,
};
