/*
 * fairleadd: the daemon. Reads its command line and runs the engine.
 */
#include "base/compiler.h"
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2

static void print_usage(FILE *stream)
{
    fputs("usage: fairleadd --foreground PORT[=auto|xdp|tc] ...\n"
          "       fairleadd --help | --version\n"
          "\n"
          "Forward IPv4 between interfaces: what arrives at a PORT is cut through inside the kernel where Fairlead\n"
          "knows the way, and left to the kernel everywhere else. Addresses, routes and neighbours are the kernel's.\n"
          "\n"
          "  xdp   the door stands in the port's driver: for network cards\n"
          "  tc    it stands behind the driver: for virtual ports (veth, tap, bridge, VLAN, ...)\n"
          "  auto  what suits the port (the default)\n"
          "\n"
          "SIGTERM or Ctrl-C stops it and takes everything away again; SIGUSR1 prints the counters.\n",
          stream);
}

/* "lan0=tc" -> name (in place) and mode; false if the mode is none. */
static bool read_port(char *argument, struct engine_port *port)
{
    static const char *const modes[] = {[DOOR_AUTO] = "auto", [DOOR_XDP] = "xdp", [DOOR_TC] = "tc"};
    char *equals = strchr(argument, '=');

    port->name = argument;
    port->wanted = DOOR_AUTO;
    if (!equals)
        return true;
    *equals = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        if (strcmp(equals + 1, modes[i]) == 0) {
            port->wanted = (enum door_mode)i;
            return true;
        }
    }
    fprintf(stderr, "fairleadd: %s: '%s' is no door: auto, xdp or tc expected\n", argument, equals + 1);
    return false;
}

int main(int argc, char **argv)
{
    struct engine_port ports[DOOR_PORTS];
    unsigned count = 0;
    bool foreground = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_usage(stdout);
            return EXIT_SUCCESS;
        }
        if (strcmp(argv[i], "--version") == 0) {
            puts("fairleadd " FAIRLEAD_VERSION);
            return EXIT_SUCCESS;
        }
        if (strcmp(argv[i], "--foreground") == 0) {
            foreground = true;
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "fairleadd: unknown option '%s'\nTry 'fairleadd --help'.\n", argv[i]);
            return EXIT_USAGE;
        } else if (count == DOOR_PORTS - 1) {
            fprintf(stderr, "fairleadd: too many ports: at most %d\n", DOOR_PORTS - 1);
            return EXIT_USAGE;
        } else if (!read_port(argv[i], &ports[count++])) {
            return EXIT_USAGE;
        }
    }
    if (!foreground || !count) {
        fprintf(stderr, "fairleadd: %s\nTry 'fairleadd --help'.\n",
                count ? "it only runs with --foreground yet" : "no port is named");
        return EXIT_USAGE;
    }
    return engine_run(ports, count) ? EXIT_FAILURE : EXIT_SUCCESS;
}
