/*
 * fairlead-simulate: what TCP flows would make of the queues of an interface. The same queues as in the daemon, with
 * senders and a line in virtual time: a minute of it takes some seconds, and comes out the same each time.
 */
#include "base/compiler.h"
#include "port/lift.h"
#include "queue/settings.h"
#include "simulate/network.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE  2
#define DEFAULT_MTU 1500
#define MTU_MIN     68 /* RFC 791 3.2 */
#define SECONDS_MAX 3600
#define SECOND      INT64_C(1000000000)
#define RTT_LONGEST (10 * SECOND)
#define PING_NS     50000000

static void print_usage(FILE *stream)
{
    fputs("usage: fairlead-simulate [-j] [--config FILE] [--flows N] [--rtt TIME] [--spread N] [--senders KIND]\n"
          "                         [--seconds N] [--before N] [--mtu BYTES] [--seed N] INTERFACE\n"
          "\n"
          "Let TCP flows that always have something to send, and a small packet now and then, pass through the queues "
          "of\n"
          "an interface, as the configuration has them (rate, link, queue), in virtual time. Says how much of the rate "
          "is\n"
          "used, and how long packets wait.\n"
          "\n"
          "  -c, --config FILE    the configuration (" CONF_DEFAULT_PATH ")\n"
          "  -f, --flows N        so many, 1 to 4096 (4)\n"
          "  -r, --rtt TIME       their round-trip time with nothing in the queue (40ms),\n"
          "  -S, --spread N       which differs by so many percent, 0 to 90 (20)\n"
          "  -k, --senders KIND   what they do about congestion (cubic):\n",
          stream);
    for (unsigned i = 0; i < CONGESTION_COUNT; i++)
        fprintf(stream, "                         %-10s %s\n", congestion_name(i), congestion_help(i));
    fputs("  -s, --seconds N      so long it is measured (20),\n"
          "  -b, --before N       after so long (10)\n"
          "  -m, --mtu BYTES      of the interface (1500)\n"
          "  -e, --seed N         of everything random (1)\n"
          "  -j, --json           one JSON object\n",
          stream);
}

static int fail(const char *text)
{
    fprintf(stderr, "fairlead-simulate: %s\n", text);
    return EXIT_FAILURE;
}

/* --- what came of it ---------------------------------------------------------------------------------------------- */

static json_t *json_delay(const struct histogram_summary *delay)
{
    return json_pack("{s:I, s:f, s:f, s:f}", "packets", (json_int_t)delay->count, "p50_ms", (double)delay->p50_ns / 1e6,
                     "p99_ms", (double)delay->p99_ns / 1e6, "max_ms", (double)delay->max_ns / 1e6);
}

/* Of classes there may be several; the flows are all in one. */
static const struct queues_class *class_of_flows(const struct queues *queues)
{
    const struct queues_class *most = &queues->classes[0];

    for (unsigned i = 1; i < queues->class_count; i++)
        if (queues->classes[i].arrived_packets > most->arrived_packets)
            most = &queues->classes[i];
    return most;
}

static int print_json(const struct network_config *config, const struct network_result *result)
{
    const struct queues_class *class = class_of_flows(&result->queues);
    json_t *object =
        json_pack("{s:I, s:s, s:s, s:i, s:f, s:f, s:f, s:f, s:o, s:o, s:I, s:I}", "rate",
                  (json_int_t)config->shape->rate * 8, "queue", queue_kind_name(class->kind), "senders",
                  congestion_name(config->senders), "flows", (int)config->flows, "rtt_ms", result->rtt_ns / 1e6,
                  "seconds", (double)config->measure_ns / 1e9, "utilisation", result->utilisation, "jain", result->jain,
                  "delay", json_delay(&result->delay), "ping", json_delay(&result->ping), "lost",
                  (json_int_t)result->lost, "marked", (json_int_t)result->marked);

    if (object && class->limit_auto)
        json_object_set_new(object, "auto",
                            json_pack("{s:f, s:f, s:f, s:f}", "limit_ms",
                                      (double)class->limit_bytes * 1e3 / (double)config->shape->rate, "rtt_ms",
                                      (double)class->rtt_ns / 1e6, "flows", (double)class->flows_thousandths / 1e3,
                                      "guard", (double)class->guard_thousandths / 1e3));
    int error = !object || json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) || putchar('\n') == EOF;
    json_decref(object);
    return error;
}

static void print_delay(const char *what, const struct histogram_summary *delay)
{
    printf("%-10s %.2f ms (median), %.2f ms (99 of 100), %.2f ms (the longest)\n", what, (double)delay->p50_ns / 1e6,
           (double)delay->p99_ns / 1e6, (double)delay->max_ns / 1e6);
}

static void print_lines(const struct network_config *config, const struct network_result *result)
{
    const struct queues_class *class = class_of_flows(&result->queues);

    printf("%u flows of %s senders, %.1f ms, through a %s queue\n", config->flows, congestion_name(config->senders),
           result->rtt_ns / 1e6, queue_kind_name(class->kind));
    printf("used       %.2f %% of the rate\nfairness   %.4f (Jain's index)\n", result->utilisation * 100, result->jain);
    print_delay("waited", &result->delay);
    print_delay("a ping", &result->ping);
    printf("lost       %" PRIu64 ", marked %" PRIu64 "\n", result->lost, result->marked);
    if (class->limit_auto)
        printf("measured   %.1f ms, %.1f flows: a limit of %.2f ms\n", (double)class->rtt_ns / 1e6,
               (double)class->flows_thousandths / 1e3, (double)class->limit_bytes * 1e3 / (double)config->shape->rate);
}

/* --- arguments ---------------------------------------------------------------------------------------------------- */

struct options {
    const char *path;
    struct network_config network;
    bool json;
};

/* False, and said: it is none, or out of bounds. */
static bool read_number(const char *option, const char *text, uint32_t low, uint32_t high, uint32_t *number)
{
    size_t at = 0;

    if (!text_decimal(text, strlen(text), &at, high, "", number, NULL) && !text[at] && *number >= low)
        return true;
    fprintf(stderr, "fairlead-simulate: --%s: '%s': expected a number from %u to %u\n", option, text, low, high);
    return false;
}

static bool read_rtt(const char *text, int64_t *rtt_ns)
{
    struct queue_length length;

    if (queue_length_parse(text, strlen(text), &length, NULL) || length.unit != QUEUE_NS ||
        length.value > (uint64_t)RTT_LONGEST) {
        fprintf(stderr, "fairlead-simulate: --rtt: '%s': expected a time, as \"40ms\", up to 10 s\n", text);
        return false;
    }
    *rtt_ns = (int64_t)length.value;
    return true;
}

static bool read_senders(const char *text, enum congestion_kind *senders)
{
    for (unsigned i = 0; i < CONGESTION_COUNT; i++) {
        if (strcmp(text, congestion_name(i)) == 0) {
            *senders = (enum congestion_kind)i;
            return true;
        }
    }
    fprintf(stderr, "fairlead-simulate: --senders: '%s': expected reno, cubic, scalable or bbr\n", text);
    return false;
}

static bool read_option(int option, const char *text, struct options *options)
{
    static_assert(NETWORK_FLOWS == 4096, "the text says so");
    struct network_config *network = &options->network;
    uint32_t number;

    switch (option) {
    case 'c':
        options->path = text;
        return true;
    case 'j':
        return options->json = true;
    case 'f':
        return read_number("flows", text, 1, NETWORK_FLOWS, &network->flows);
    case 'r':
        return read_rtt(text, &network->rtt_ns);
    case 'S':
        if (!read_number("spread", text, 0, 90, &number))
            return false;
        network->spread = number / 100.0;
        return true;
    case 'k':
        return read_senders(text, &network->senders);
    case 's':
        if (!read_number("seconds", text, 1, SECONDS_MAX, &number))
            return false;
        network->measure_ns = number * SECOND;
        return true;
    case 'b':
        if (!read_number("before", text, 0, SECONDS_MAX, &number))
            return false;
        network->before_ns = number * SECOND;
        return true;
    case 'm':
        return read_number("mtu", text, MTU_MIN, LIFT_MTU_MAX, &network->mtu);
    case 'e':
        if (!read_number("seed", text, 0, UINT32_MAX, &number))
            return false;
        network->seed = number;
        return true;
    default:
        print_usage(stderr);
        return false;
    }
}

static int run(const struct options *options, const char *name)
{
    struct network_config config = options->network;
    struct network_result result;
    struct queue_fault fault = {.setting = NULL};
    struct conf *conf = conf_load("fairlead-simulate", options->path, stderr);

    if (!conf)
        return EXIT_FAILURE;
    const struct conf_interface *interface = conf_find_shaped(conf, name, "fairlead-simulate", options->path, stderr);
    int error = -ENOENT;
    if (interface) {
        config.shape = &interface->shape;
        error = network_run(&config, &result, &fault);
        if (error)
            fprintf(stderr, "fairlead-simulate: interface %s: %s%s%s\n", name, fault.setting ? fault.setting : "",
                    fault.setting ? ": " : "", fault.setting ? fault.why : strerror(-error));
        else if (options->json)
            error = print_json(&config, &result);
        else
            print_lines(&config, &result);
    }
    conf_free(conf);
    if (!error && fflush(stdout) == EOF)
        return fail("standard output: write error");
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"config", required_argument, NULL, 'c'},  {"flows", required_argument, NULL, 'f'},
        {"rtt", required_argument, NULL, 'r'},     {"spread", required_argument, NULL, 'S'},
        {"senders", required_argument, NULL, 'k'}, {"seconds", required_argument, NULL, 's'},
        {"before", required_argument, NULL, 'b'},  {"mtu", required_argument, NULL, 'm'},
        {"seed", required_argument, NULL, 'e'},    {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    struct options options = {.path = CONF_DEFAULT_PATH,
                              .network = {.mtu = DEFAULT_MTU,
                                          .flows = 4,
                                          .senders = CONGESTION_CUBIC,
                                          .rtt_ns = 40000000,
                                          .spread = 0.2,
                                          .before_ns = 10 * SECOND,
                                          .measure_ns = 20 * SECOND,
                                          .ping_ns = PING_NS,
                                          .seed = 1}};
    int option;

    while ((option = getopt_long(argc, argv, "c:f:r:S:k:s:b:m:e:jh", known, NULL)) >= 0) {
        if (option == 'h') {
            print_usage(stdout);
            return EXIT_SUCCESS;
        }
        if (!read_option(option, optarg, &options))
            return EXIT_USAGE;
    }
    if (argc - optind != 1) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    return run(&options, argv[optind]);
}
