/*
 * fairleadd: the daemon. Reads its command line and its configuration, goes into the background, and becomes the parent
 * role.
 */
#include "conf/conf.h"
#include "daemon/configuration.h"
#include "daemon/launch.h"
#include "daemon/parent.h"
#include "log/log.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE        2
#define DEFAULT_DIRECTORY "/run/fairlead"
#define DEFAULT_STATE     "/var/lib/fairlead"

/* The command line; what the parent role calls back for has no other way to know of it. */
struct options {
    const char *path, *directory, *state, *log;
    bool foreground, check, print, state_said;
};

static struct options options = {.path = CONF_DEFAULT_PATH, .directory = DEFAULT_DIRECTORY, .state = DEFAULT_STATE};

static void print_usage(FILE *stream)
{
    fputs(
        "usage: fairleadd [--foreground] [--config FILE] [--run-directory DIRECTORY] [--state-directory DIRECTORY]\n"
        "                 [--log FILE]\n"
        "       fairleadd --check FILE [--state-directory DIRECTORY]\n"
        "       fairleadd --print FILE\n"
        "       fairleadd --help | --version\n"
        "\n"
        "Forward IPv4 between interfaces, give them and hosts their addresses, follow and install routes, as the\n"
        "configuration says. It goes into the background, and its launcher's exit status says whether it has started.\n"
        "\n"
        "  -c, --config FILE              the configuration (" CONF_DEFAULT_PATH ")\n"
        "  -f, --foreground               stay in the foreground, and log to standard error\n"
        "  -r, --run-directory DIRECTORY  pid file and sockets (" DEFAULT_DIRECTORY ")\n"
        "  -S, --state-directory DIR      what is to survive: leases, contracts added by hand (" DEFAULT_STATE ")\n"
        "  -l, --log FILE                 in the background: log to this file, not to the system's log\n"
        "      --check FILE               list what is wrong with a configuration, and do nothing else; with a state\n"
        "                                 directory, together with the contracts that were added by hand. What it\n"
        "                                 takes from the address plan is looked up there\n"
        "      --print FILE               print it with all defaults written out\n"
        "\n"
        "SIGHUP reads the configuration anew; SIGTERM or Ctrl-C stops it and takes everything away again.\n"
        "Ask it with fairlead(1).\n",
        stream);
}

static int check(const char *path)
{
    const struct configuration_source source = {
        .program = "fairleadd", .path = path, .state_directory = options.state, .by_hand = options.state_said};
    struct configuration configuration;

    if (configuration_read(&source, &configuration, stderr))
        return EXIT_FAILURE;
    const struct conf *conf = configuration.conf;
    if (options.print)
        conf_print(conf, stdout);
    else
        printf("%s: no errors: %zu interfaces, %zu routes, %zu contracts\n", path, conf->interface_count,
               conf->route_count, conf->contract_count);
    conf_free(configuration.conf);
    configuration_forget_text(&configuration);
    return fflush(stdout) == EOF ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void open_log(void)
{
    int error = options.foreground ? 0 : log_into(options.log);

    if (error)
        log_error("%s: %s", options.log, strerror(-error));
}

static void started_in_foreground(void)
{
}

static void started_in_background(void)
{
    launch_started(EXIT_SUCCESS);
    open_log();
}

/* The same path from any working directory; as it is if there is no memory. */
static const char *absolute(const char *path)
{
    char directory[PATH_MAX], *whole;

    if (path[0] == '/' || !getcwd(directory, sizeof(directory)) || asprintf(&whole, "%s/%s", directory, path) < 0)
        return path;
    return whole;
}

static int run(void)
{
    options.directory = absolute(options.directory);
    options.state = absolute(options.state);

    struct parent_config config = {.path = options.path,
                                   .directory = options.directory,
                                   .state_directory = options.state,
                                   .started = options.foreground ? started_in_foreground : started_in_background,
                                   .open_log = open_log};
    const struct configuration_source source = {
        .program = "fairleadd", .path = options.path, .state_directory = options.state, .at_all = true};
    char *path = realpath(options.path, NULL); /* the working directory will be another */

    if (configuration_read(&source, &config.configuration, stderr)) {
        free(path);
        return EXIT_FAILURE;
    }
    if (path)
        config.path = path;
    if (!options.foreground) {
        int error = launch(options.log);
        if (error) {
            fprintf(stderr, "fairleadd: %s\n", strerror(-error));
            conf_free(config.configuration.conf);
            configuration_forget_text(&config.configuration);
            free(path);
            return EXIT_FAILURE;
        }
    }
    int status = parent_run(&config);
    if (!options.foreground && status)
        launch_started(status);
    free(path);
    return status;
}

int main(int argc, char **argv)
{
    enum { OPTION_CHECK = 256, OPTION_PRINT, OPTION_VERSION };
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"foreground", no_argument, NULL, 'f'},
                                          {"run-directory", required_argument, NULL, 'r'},
                                          {"state-directory", required_argument, NULL, 'S'},
                                          {"log", required_argument, NULL, 'l'},
                                          {"check", required_argument, NULL, OPTION_CHECK},
                                          {"print", required_argument, NULL, OPTION_PRINT},
                                          {"version", no_argument, NULL, OPTION_VERSION},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    int option;

    argv[0] = (char[]){"fairleadd"}; /* for getopt's own messages */
    while ((option = getopt_long(argc, argv, "c:fr:S:l:h", known, NULL)) >= 0) {
        switch (option) {
        case 'c':
            options.path = optarg;
            break;
        case 'f':
            options.foreground = true;
            break;
        case 'r':
            options.directory = optarg;
            break;
        case 'S':
            options.state = optarg;
            options.state_said = true;
            break;
        case 'l':
            options.log = optarg;
            break;
        case OPTION_CHECK:
        case OPTION_PRINT:
            options.path = optarg;
            options.check = true;
            options.print = option == OPTION_PRINT;
            break;
        case OPTION_VERSION:
            puts("fairleadd " FAIRLEAD_VERSION);
            return EXIT_SUCCESS;
        case 'h':
            print_usage(stdout);
            return EXIT_SUCCESS;
        default:
            fputs("Try 'fairleadd --help'.\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr,
                "fairleadd: '%s': no argument expected; ports stand in the configuration\n"
                "Try 'fairleadd --help'.\n",
                argv[optind]);
        return EXIT_USAGE;
    }
    return options.check ? check(options.path) : run();
}
