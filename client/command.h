/*
 * The client's commands: one file each, all of them in the table of main.c.
 */
#pragma once

#include <stdbool.h>

enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1, /* the input was wrong, or what was asked for could not be done */
    EXIT_USAGE = 2,  /* the command line itself was wrong */
};

/* What the options that all commands share say. */
struct options {
    bool json;
    const char *socket; /* the daemon's */
};

struct command {
    const char *name;
    const char *arguments;  /* for usage lines */
    const char *summary;    /* one line, for the list of commands */
    const char *help;       /* all that `fairlead NAME --help` says behind the usage line */
    const char *own_option; /* an option that only it has, which stays among its words; NULL: none */
    /* argv[0] is the command's name. Returns an enum exit_status. */
    int (*run)(const struct command *self, int argc, char **argv, const struct options *options);
};

extern const struct command command_audit, command_calc, command_contract, command_lease, command_plan, command_reload,
    command_route, command_show, command_top, command_trace, command_watch;

/* A command of several, by the word behind its name. */
struct subcommand {
    const char *name;
    int least, most; /* words behind it */
    int (*run)(const struct command *self, int count, char **words, const struct options *options);
};

/* fairlead contract check --path: words behind that. Needs no daemon. */
int command_contract_path(const struct command *self, int count, char **words, const struct options *options);

/* Run the one that is asked for, of those in a table that a name of NULL ends. Returns its status, or command_usage().
 */
int command_run(const struct command *self, const struct subcommand *all, int argc, char **argv,
                const struct options *options);

/* Print "fairlead: NAME: " and the message, or the command's usage line, to standard error. Return the status. */
__attribute__((format(printf, 2, 3))) int command_failed(const struct command *self, const char *format, ...);
int command_usage(const struct command *self);
