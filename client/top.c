/* fairlead top: what ports and queues do now, a look a second. */
#include "base/clock.h"
#include "base/text.h"
#include "client/command.h"
#include "client/server.h"
#include "client/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVERY_NS  1000000000
#define TIMES_MAX 1000000
#define BAR       20 /* characters */
#define DECADE    5  /* of them for each factor of ten of time */
#define BAR_US    100.0
#define CLEAR     "\033[H\033[2J"

/* What there was at one time: lists of the daemon. */
struct look {
    json_t *counters, *queues;
    int64_t at_ns;
};

/* --- looking ------------------------------------------------------------------------------------------------------ */

static int keep(void *arg, const json_t *result, bool last)
{
    json_t **kept = arg;

    (void)last;
    json_object_update_missing(*kept, (json_t *)result);
    return 0;
}

static int take_look(const struct command *self, const struct options *options, struct look *look)
{
    json_t *all = json_object();
    int status = server_ask(self, options, "counters", NULL, keep, &all);

    if (status == EXIT_OK)
        status = server_ask(self, options, "queues", NULL, keep, &all);
    *look = (struct look){.counters = json_incref(json_object_get(all, "counters")),
                          .queues = json_incref(json_object_get(all, "queues")),
                          .at_ns = clock_now_ns()};
    json_decref(all);
    return status;
}

static void forget(struct look *look)
{
    json_decref(look->counters);
    json_decref(look->queues);
}

/* The same port in an earlier list, and the same class of it; NULL: it is new. */
static const json_t *earlier(const json_t *list, const json_t *row)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *other = json_array_get(list, i);
        if (json_equal(json_object_get(other, "port"), json_object_get(row, "port")) &&
            json_equal(json_object_get(other, "class"), json_object_get(row, "class")))
            return other;
    }
    return NULL;
}

static double number_at(const json_t *row, const char *key, const char *inner)
{
    const json_t *value = json_object_get(row, key);

    return json_number_value(inner ? json_object_get(value, inner) : value);
}

/* How much it grows a second. A counter that began anew counts from 0. */
static double growth(const json_t *now, const json_t *then, const char *key, const char *inner, double seconds)
{
    double new = number_at(now, key, inner), old = then ? number_at(then, key, inner) : 0;

    return (new >= old ? new - old : new) / seconds;
}

static double sum_of(const json_t *counts)
{
    double sum = 0;
    const char *cause;
    json_t *count;

    json_object_foreach((json_t *)counts, cause, count) sum += json_number_value(count);
    return sum;
}

static double sum_growth(const json_t *now, const json_t *then, const char *key, double seconds)
{
    double new = sum_of(json_object_get(now, key)), old = then ? sum_of(json_object_get(then, key)) : 0;

    return (new >= old ? new - old : new) / seconds;
}

/* --- what follows from two looks ---------------------------------------------------------------------------------- */

static json_t *port_rates(const json_t *now, const json_t *then, double seconds)
{
    return json_pack("{s:O, s:f, s:f, s:f, s:f, s:f}", "port", json_object_get(now, "port"), "in_pps",
                     growth(now, then, "in", "packets", seconds), "in_bps",
                     growth(now, then, "in", "bytes", seconds) * 8, "cut_pps",
                     growth(now, then, "cut", "packets", seconds), "out_pps",
                     growth(now, then, "out", "packets", seconds), "out_bps",
                     growth(now, then, "out", "bytes", seconds) * 8);
}

static json_t *queue_rates(const json_t *now, const json_t *then, double seconds)
{
    double rate = number_at(now, "rate", NULL), bps = growth(now, then, "left", "bytes", seconds) * 8;

    return json_pack("{s:O, s:O, s:O, s:O, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "port",
                     json_object_get(now, "port"), "class", json_object_get(now, "class"), "queue",
                     json_object_get(now, "queue"), "state", json_object_get(now, "state"), "rate", rate, "used",
                     rate > 0 ? bps / rate : 0, "waiting_packets", number_at(now, "waiting", "packets"), "waiting_us",
                     rate > 0 ? number_at(now, "waiting", "bytes") * 8e6 / rate : 0, "p50_us",
                     number_at(now, "recent_delay", "p50_us"), "p99_us", number_at(now, "recent_delay", "p99_us"),
                     "dropped_pps", sum_growth(now, then, "dropped", seconds), "marked_pps",
                     sum_growth(now, then, "marked", seconds));
}

static json_t *rates_between(const struct look *then, const struct look *now)
{
    double seconds = (double)(now->at_ns - then->at_ns) / 1e9;
    json_t *ports = json_array(), *queues = json_array();

    for (size_t i = 0; i < json_array_size(now->counters); i++) {
        const json_t *row = json_array_get(now->counters, i);
        json_array_append_new(ports, port_rates(row, earlier(then->counters, row), seconds));
    }
    for (size_t i = 0; i < json_array_size(now->queues); i++) {
        const json_t *row = json_array_get(now->queues, i);
        json_array_append_new(queues, queue_rates(row, earlier(then->queues, row), seconds));
    }
    return json_pack("{s:o, s:o}", "ports", ports, "queues", queues);
}

/* --- for people --------------------------------------------------------------------------------------------------- */

/* 12.3 M, with a unit. */
static void scaled(double value, const char *unit, char text[static 16])
{
    static const char prefixes[] = " kMGT";
    unsigned at = 0;

    for (; value >= 999.5 && at + 1 < sizeof(prefixes) - 1; at++)
        value /= 1000;
    snprintf(text, 16, value < 9.95 && at ? "%.1f %c%s" : "%.0f %c%s", value, prefixes[at], unit);
    if (!at) /* without a prefix there is one space */
        snprintf(text, 16, "%.0f %s", value, unit);
}

/* How far a time is along a bar: from 0.1 ms to 1 s. */
static unsigned along(double us)
{
    double at = us > BAR_US ? log10(us / BAR_US) * DECADE : 0;

    return at > BAR ? BAR : (unsigned)ceil(at);
}

/* '#' up to one place, '=' from there up to another. */
static void bar(unsigned solid, unsigned light, char text[static BAR + 1])
{
    memset(text, '.', BAR);
    memset(text, '=', light > solid ? light : solid);
    memset(text, '#', solid);
    text[BAR] = '\0';
}

static void print_ports(const json_t *ports)
{
    printf("%-15s  %12s  %12s  %12s  %12s  %12s\n", "PORT", "IN", "", "CUT THROUGH", "OUT", "");
    for (size_t i = 0; i < json_array_size(ports); i++) {
        static const char *const keys[] = {"in_pps", "in_bps", "cut_pps", "out_pps", "out_bps"};
        const json_t *port = json_array_get(ports, i);
        printf("%-15s", json_string_value(json_object_get(port, "port")));
        for (size_t j = 0; j < sizeof(keys) / sizeof(*keys); j++) {
            char text[16];
            scaled(number_at(port, keys[j], NULL), strstr(keys[j], "bps") ? "bit/s" : "/s", text);
            printf("  %12s", text);
        }
        putchar('\n');
    }
}

static void print_queue(const json_t *queue)
{
    char rate[16], waiting[TABLE_CELL_SIZE], p50[TABLE_CELL_SIZE], p99[TABLE_CELL_SIZE], used_bar[BAR + 1],
        waiting_bar[BAR + 1], delay_bar[BAR + 1];
    double used = number_at(queue, "used", NULL);

    scaled(number_at(queue, "rate", NULL), "bit/s", rate);
    table_time(number_at(queue, "waiting_us", NULL), waiting);
    table_time(number_at(queue, "p50_us", NULL), p50);
    table_time(number_at(queue, "p99_us", NULL), p99);
    bar((unsigned)fmin(BAR, round(used * BAR)), 0, used_bar);
    bar(along(number_at(queue, "waiting_us", NULL)), 0, waiting_bar);
    bar(along(number_at(queue, "p50_us", NULL)), along(number_at(queue, "p99_us", NULL)), delay_bar);
    printf("\n%-15s  %-15s  %s  %s%s\n", json_string_value(json_object_get(queue, "port")),
           json_string_value(json_object_get(queue, "class")), json_string_value(json_object_get(queue, "queue")), rate,
           strcmp(json_string_value(json_object_get(queue, "state")), "shaped") == 0 ? "" : "  PASSED BY");
    printf("  used     [%s]  %5.1f %%    dropped %.0f/s, marked %.0f/s\n", used_bar, 100 * used,
           number_at(queue, "dropped_pps", NULL), number_at(queue, "marked_pps", NULL));
    printf("  depth    [%s]  %8s   %.0f packets\n", waiting_bar, waiting, number_at(queue, "waiting_packets", NULL));
    printf("  delay    [%s]  %8s   %s of 99 in 100\n", delay_bar, p50, p99);
}

static void print_people(const json_t *rates)
{
    const json_t *queues = json_object_get(rates, "queues");
    time_t now = time(NULL);
    struct tm local;
    char when[32] = "";

    if (localtime_r(&now, &local))
        strftime(when, sizeof(when), "%F %T", &local);
    printf("%s%s\n\n", isatty(STDOUT_FILENO) ? CLEAR : "", when);
    print_ports(json_object_get(rates, "ports"));
    for (size_t i = 0; i < json_array_size(queues); i++)
        print_queue(json_array_get(queues, i));
    if (json_array_size(queues))
        printf("\n            0.1  1 ms 10   100  1 s\n");
    putchar('\n');
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static int top(const struct command *self, int argc, char **argv, const struct options *options)
{
    struct look then, now;
    uint32_t times = 0;

    if (argc > 2 || (argc == 2 && (!text_number(argv[1], TIMES_MAX, &times) || !times)))
        return command_usage(self);
    int status = take_look(self, options, &then);
    for (uint32_t i = 0; status == EXIT_OK && (!times || i < times); i++) {
        const struct timespec wait = {.tv_sec = EVERY_NS / 1000000000};
        nanosleep(&wait, NULL);
        status = take_look(self, options, &now);
        if (status == EXIT_OK) {
            json_t *rates = rates_between(&then, &now);
            if (options->json) {
                json_dumpf(rates, stdout, JSON_REAL_PRECISION(9));
                putchar('\n');
            } else {
                print_people(rates);
            }
            json_decref(rates);
            if (fflush(stdout) == EOF)
                status = command_failed(self, "standard output: write error");
        }
        forget(&then);
        then = now;
    }
    forget(&then);
    return status;
}

const struct command command_top = {
    .name = "top",
    .arguments = "[TIMES]",
    .summary = "what ports and queues do now, a look a second",
    .help =
        "Packets and bits a second of each port, as its door sees them, and of each port with a rate: how much of it\n"
        "is used, how much waits (its time on the link), and how long packets waited in the last second: half of\n"
        "them (#), and 99 of 100 (=). The bars of times grow by a fifth of a factor of ten.\n"
        "\n"
        "Until it is interrupted, or TIMES looks; with -j a JSON object each.\n",
    .run = top,
};
