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
    &command_show,
    &command_route,
    &command_reload,
    &command_calc,
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

static void print_help(FILE *stream)
{
    fputs("usage: fairlead COMMAND [-j] [ARGUMENT ...]\n"
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

static int run(const struct command *command, int argc, char **argv)
{
    const char *socket = getenv("FAIRLEAD_SOCKET");
    struct options options = {.socket = socket && socket[0] ? socket : DEFAULT_SOCKET};
    bool more_options = true;
    int kept = 1;

    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (!more_options || arg[0] != '-' || arg[1] == '\0') {
            argv[kept++] = argv[i];
        } else if (strcmp(arg, "--") == 0) {
            more_options = false;
        } else if (strcmp(arg, "-j") == 0 || strcmp(arg, "--json") == 0) {
            options.json = true;
        } else if (strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0) {
            print_usage(command, stdout);
            printf("\n%s", command->help);
            return flushed(EXIT_OK);
        } else if (!read_socket(argc, argv, &i, &options.socket)) {
            fprintf(stderr, "fairlead: %s: unknown option '%s'\n", command->name, arg);
            return command_usage(command);
        }
    }
    argv[kept] = NULL;
    return command->run(command, kept, argv, &options);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return flushed(EXIT_OK);
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("fairlead " FAIRLEAD_VERSION);
        return flushed(EXIT_OK);
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(argv[1], commands[i]->name) == 0)
            return run(commands[i], argc - 1, argv + 1);
    fprintf(stderr, "fairlead: unknown command '%s'\nTry 'fairlead --help'.\n", argv[1]);
    return EXIT_USAGE;
}
