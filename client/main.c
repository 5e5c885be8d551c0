/*
 * fairlead: the client. Finds the command, reads the options that all commands share, and runs it.
 */
#include "base/compiler.h"
#include "client/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SOCKET "/run/fairlead/management.sock"

static const struct command *const commands[] = {
    &command_show, &command_top,      &command_trace, &command_watch,  &command_route, &command_lease,
    &command_plan, &command_contract, &command_audit, &command_reload, &command_calc,
};

int command_failed(const struct command *self, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "fairlead: %s: ", self->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return EXIT_FAILED;
}

static void print_usage(const struct command *command, FILE *stream)
{
    fprintf(stream, "usage: fairlead %s [-j]%s%s\n", command->name, command->arguments[0] ? " " : "",
            command->arguments);
}

int command_usage(const struct command *self)
{
    print_usage(self, stderr);
    fprintf(stderr, "Try 'fairlead %s --help'.\n", self->name);
    return EXIT_USAGE;
}

int command_run(const struct command *self, const struct subcommand *all, int argc, char **argv,
                const struct options *options)
{
    for (; argc > 1 && all->name; all++)
        if (strcmp(all->name, argv[1]) == 0 && argc - 2 >= all->least && argc - 2 <= all->most)
            return all->run(self, argc - 2, argv + 2, options);
    return command_usage(self);
}

static void print_help(FILE *stream)
{
    fputs("usage: fairlead COMMAND [OPTION ...] [ARGUMENT ...]\n"
          "       fairlead COMMAND --help\n"
          "       fairlead --help | --version\n"
          "\n"
          "Commands:\n",
          stream);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        fprintf(stream, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n"
          "Options of every command:\n"
          "  -j, --json           answer with one JSON object\n"
          "  -s, --socket SOCKET  the daemon's (" DEFAULT_SOCKET ", or what FAIRLEAD_SOCKET says)\n"
          "  -h, --help           say what the command does\n"
          "\n"
          "Exit status: 0 done, 1 not done (the reason is on standard error), 2 wrong command line.\n",
          stream);
}

static int flushed(int status)
{
    if (fflush(stdout) == EOF) {
        perror("fairlead: standard output");
        return EXIT_FAILED;
    }
    return status;
}

/* `-s SOCKET`, `--socket SOCKET` and `--socket=SOCKET` at argv[*i]; false if it is none of these, or has no value. */
static bool read_socket(int argc, char **argv, int *i, const char **socket)
{
    static const char name[] = "--socket";
    const size_t len = sizeof(name) - 1;
    const char *arg = argv[*i];

    if (strncmp(arg, name, len) == 0 && arg[len] == '=') {
        *socket = arg + len + 1;
        return true;
    }
    if ((strcmp(arg, "-s") != 0 && strcmp(arg, name) != 0) || *i + 1 == argc)
        return false;
    *socket = argv[++*i];
    return true;
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    fprintf(stderr, "fairlead: unknown command '%s'\nTry 'fairlead --help'.\n", name);
    return NULL;
}

static int unknown_option(const struct command *command, const char *option)
{
    if (command) {
        fprintf(stderr, "fairlead: %s: unknown option '%s'\n", command->name, option);
        return command_usage(command);
    }
    fprintf(stderr, "fairlead: unknown option '%s'\nTry 'fairlead --help'.\n", option);
    return EXIT_USAGE;
}

static int help(const struct command *command)
{
    if (command) {
        print_usage(command, stdout);
        printf("\n%s", command->help);
    } else {
        print_help(stdout);
    }
    return flushed(EXIT_OK);
}

/* Options may stand in front of the command or behind it. What is no option moves to the front of argv. */
int main(int argc, char **argv)
{
    const char *socket = getenv("FAIRLEAD_SOCKET");
    struct options options = {.socket = socket && socket[0] ? socket : DEFAULT_SOCKET};
    const struct command *command = NULL;
    bool more_options = true;
    int kept = 0;

    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        bool own = command && command->own_option && strcmp(arg, command->own_option) == 0;
        if (!more_options || own || arg[0] != '-' || arg[1] == '\0') {
            if (!command && !(command = find(arg)))
                return EXIT_USAGE;
            argv[kept++] = argv[i];
        } else if (strcmp(arg, "--") == 0) {
            more_options = false;
        } else if (strcmp(arg, "-j") == 0 || strcmp(arg, "--json") == 0) {
            options.json = true;
        } else if (strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0) {
            return help(command);
        } else if (strcmp(arg, "--version") == 0 && !command) {
            puts("fairlead " FAIRLEAD_VERSION);
            return flushed(EXIT_OK);
        } else if (!read_socket(argc, argv, &i, &options.socket)) {
            return unknown_option(command, arg);
        }
    }
    if (!command) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    argv[kept] = NULL;
    return command->run(command, kept, argv, &options);
}
