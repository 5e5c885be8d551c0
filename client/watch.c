/* fairlead watch: what happens, as it happens, until it is interrupted. */
#include "client/command.h"
#include "client/server.h"
#include "client/table.h"

#include <string.h>
#include <time.h>

static void print_event(const json_t *event)
{
    char cells[5][TABLE_CELL_SIZE], when[32] = "";
    static const char *const keys[] = {"event", "address", "mac", "interface", "host_name"};
    time_t at = (time_t)json_integer_value(json_object_get(event, "at"));
    struct tm local;

    if (localtime_r(&at, &local))
        strftime(when, sizeof(when), "%F %T", &local);
    for (unsigned i = 0; i < 5; i++)
        table_text(event, keys[i], cells[i]);
    printf("%s  %-8s  %-15s  %-17s  %-15s  %s\n", when, cells[0], cells[1], cells[2], cells[3], cells[4]);
}

static int events(void *arg, const json_t *result, bool last)
{
    const struct options *options = arg;
    const json_t *list = json_object_get(result, "events"), *lost = json_object_get(result, "lost");

    (void)last;
    if (json_is_null(lost))
        fprintf(stderr, "fairlead: watch: the DHCP server has been restarted; what happened meanwhile is not told\n");
    else if (json_integer_value(lost))
        fprintf(stderr, "fairlead: watch: %" JSON_INTEGER_FORMAT " events came too fast and are not told\n",
                json_integer_value(lost));
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (options->json) {
            json_dumpf(json_array_get(list, i), stdout, 0);
            putchar('\n');
        } else {
            print_event(json_array_get(list, i));
        }
    }
    return fflush(stdout) == EOF;
}

static int watch(const struct command *self, int argc, char **argv, const struct options *options)
{
    if (argc != 2 || strcmp(argv[1], "leases") != 0)
        return command_usage(self);
    return server_ask(self, options, "watch", json_pack("{s:s}", "what", argv[1]), events, (void *)options);
}

const struct command command_watch = {
    .name = "watch",
    .arguments = "leases",
    .summary = "what happens, as it happens",
    .help = "  leases  each lease that is bound, renewed, released, declined or expires, once it is on stable storage\n"
            "\n"
            "A line each, until it is interrupted; with -j a JSON object each.\n",
    .run = watch,
};
