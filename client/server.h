/*
 * Asking the daemon, over its management socket (docs/protocol.md).
 */
#pragma once

#include "client/command.h"

#include <jansson.h>

/*
 * Called for each line of an answer with its result, borrowed; `last` with the last one. Returns 0 to go on.
 */
typedef int server_line(void *arg, const json_t *result, bool last);

/* A server_line for commands whose result says nothing to people; arg: struct options. */
int server_done(void *arg, const json_t *result, bool last);

/*
 * Send a command with its arguments (taken; NULL for none) and hand every line of the answer to line(). Returns an enum
 * exit_status; what went wrong is on standard error.
 */
int server_ask(const struct command *self, const struct options *options, const char *command, json_t *arguments,
               server_line *line, void *arg);

/* The same for what can be asked for twice without harm: again, if the connection breaks, or whoever would know is just
 * being restarted. */
int server_ask_again(const struct command *self, const struct options *options, const char *command, json_t *arguments,
                     server_line *line, void *arg);
