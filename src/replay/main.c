/*
 * fairlead-replay: what the queues of an interface would make of a capture. The same queues as in the daemon, in the
 * time of the capture: nothing is random that was not before, and a second of it takes no second.
 */
#include "base/compiler.h"
#include "port/lift.h"
#include "port/pcap_io.h"
#include "shape/shaped.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EXIT_USAGE  2
#define DEFAULT_MTU 1500
#define MTU_MIN     68 /* RFC 791 3.2 */
#define SEED        1

static void print_usage(FILE *stream)
{
    fputs(
        "usage: fairlead-replay [-j] [--config FILE] [--mtu BYTES] INTERFACE IN.pcap OUT.pcap\n"
        "\n"
        "Let the packets of a capture come to the queues of an interface, as the configuration has them (rate, link,\n"
        "queue), and write those that leave, when they do, into another capture. Says what was dropped and marked, "
        "and\n"
        "how long packets waited.\n"
        "\n"
        "  -c, --config FILE   the configuration (" CONF_DEFAULT_PATH ")\n"
        "  -m, --mtu BYTES     of the interface (1500); packets that are longer are left out\n"
        "  -j, --json          one JSON object\n",
        stream);
}

static int fail(const char *text)
{
    fprintf(stderr, "fairlead-replay: %s\n", text);
    return EXIT_FAILURE;
}

/* --- what came of it ---------------------------------------------------------------------------------------------- */

static json_t *json_causes(const uint64_t *counts, unsigned count, const char *(*name)(unsigned))
{
    json_t *causes = json_object();

    for (unsigned i = 0; i < count; i++)
        if (counts[i])
            json_object_set_new(causes, name(i), json_integer((json_int_t)counts[i]));
    return causes;
}

static json_t *json_class(const struct queues_class *class)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:{s:I, s:I, s:I}}", "class", class->name, "queue",
                     queue_kind_name(class->kind), "arrived", (json_int_t) class->arrived_packets, "left",
                     (json_int_t) class->left_packets, "left_bytes", (json_int_t) class->left_bytes, "dropped",
                     json_causes(class->drops, QUEUE_DROP_COUNT, queue_drop_name), "marked",
                     json_causes(class->marks, QUEUE_MARK_COUNT, queue_mark_name), "delay", "p50_us",
                     (json_int_t) class->delay.p50_ns / 1000, "p99_us", (json_int_t) class->delay.p99_ns / 1000,
                     "max_us", (json_int_t) class->delay.max_ns / 1000);
}

/* What was made of the packets of an interface's contracts, for each of the configuration's. */
struct kept {
    const struct conf *conf;
    const char *out;
    const struct shaped *shaped;
};

/* The next one from number i on; the count of all: there is none. */
static size_t next_contract(const struct kept *kept, size_t i)
{
    while (i < kept->conf->contract_count && strcmp(kept->conf->contracts[i].out, kept->out) != 0)
        i++;
    return i;
}

static json_t *json_contract(const char *name, const struct query_figures *what)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "contract", name, "conforming",
                     (json_int_t)what->came.conforming, "shaped", (json_int_t)what->came.shaped, "demoted",
                     (json_int_t)what->came.demoted, "dropped", (json_int_t)what->came.dropped, "too_long",
                     (json_int_t)what->came.too_long, "left", (json_int_t)what->left.packets, "left_bytes",
                     (json_int_t)what->left.bytes, "late", (json_int_t)what->left.late, "min_us",
                     (json_int_t)(what->left.least_ns / 1000), "p99_us", (json_int_t)(what->left.delay.p99_ns / 1000),
                     "max_us", (json_int_t)(what->left.delay.max_ns / 1000));
}

static json_t *json_contracts(const struct kept *kept)
{
    json_t *contracts = json_array();

    for (size_t i = next_contract(kept, 0); i < kept->conf->contract_count; i = next_contract(kept, i + 1)) {
        const struct query_figures what = shaped_contract(kept->shaped, (uint32_t)i, 0);
        json_array_append_new(contracts, json_contract(kept->conf->contracts[i].name, &what));
    }
    return contracts;
}

static void print_contracts(const struct kept *kept)
{
    for (size_t i = next_contract(kept, 0); i < kept->conf->contract_count; i = next_contract(kept, i + 1)) {
        const struct query_figures what = shaped_contract(kept->shaped, (uint32_t)i, 0);
        printf("contract %s:\n", kept->conf->contracts[i].name);
        printf("came     %" PRIu64 " that conformed; shaped %" PRIu64 ", demoted %" PRIu64 ", dropped %" PRIu64
               ", too long %" PRIu64 "\n",
               what.came.conforming, what.came.shaped, what.came.demoted, what.came.dropped, what.came.too_long);
        printf("left     %" PRIu64 ", after %.3f to %.3f ms, 99 of 100 within %.3f; late %" PRIu64 "\n",
               what.left.packets, (double)what.left.least_ns / 1e6, (double)what.left.delay.max_ns / 1e6,
               (double)what.left.delay.p99_ns / 1e6, what.left.late);
    }
}

static int print_json(const struct queues *queues, const struct kept *kept)
{
    const json_int_t missed = (json_int_t)queues->lost_no_frame + (json_int_t)queues->lost_other;
    json_t *classes = json_array();

    for (unsigned i = 0; i < queues->class_count; i++)
        json_array_append_new(classes, json_class(&queues->classes[i]));
    json_t *result = json_pack("{s:I, s:I, s:o, s:o}", "rate", (json_int_t)queues->rate * 8, "missed", missed,
                               "classes", classes, "contracts", json_contracts(kept));
    int error = !result || json_dumpf(result, stdout, JSON_INDENT(2)) || putchar('\n') == EOF;

    json_decref(result);
    return error;
}

static void print_causes(const char *what, const uint64_t *counts, unsigned count, const char *(*name)(unsigned))
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < count; i++)
        sum += counts[i];
    printf("%-8s %" PRIu64, what, sum);
    for (unsigned i = 0; i < count; i++)
        if (counts[i])
            printf(", %s %" PRIu64, name(i), counts[i]);
    putchar('\n');
}

static void print_class(const struct queues_class *class, bool alone)
{
    if (!alone)
        printf("class %s:\n", class->name);
    printf("came     %" PRIu64 " packets to a %s queue\n", class->arrived_packets, queue_kind_name(class->kind));
    printf("left     %" PRIu64 ", and had waited %.3f ms (median), %.3f ms (99 of 100), %.3f ms (the longest)\n",
           class->left_packets, (double)class->delay.p50_ns / 1e6, (double)class->delay.p99_ns / 1e6,
           (double)class->delay.max_ns / 1e6);
    print_causes("dropped", class->drops, QUEUE_DROP_COUNT, queue_drop_name);
    print_causes("marked", class->marks, QUEUE_MARK_COUNT, queue_mark_name);
}

static void print_lines(const struct queues *queues, const struct kept *kept)
{
    uint64_t missed = queues->lost_no_frame + queues->lost_other;

    for (unsigned i = 0; i < queues->class_count; i++)
        print_class(&queues->classes[i], queues->class_count == 1);
    print_contracts(kept);
    if (missed)
        printf("missed   %" PRIu64 " that were too long, or more than there was memory for\n", missed);
}

/* --- replaying ---------------------------------------------------------------------------------------------------- */

/* From the first packet to the last that leaves. */
static int64_t replay(struct shaped *shaped, struct frame_io *io, int64_t now_ns)
{
    for (;;) {
        pcap_io_set_time(io, now_ns);
        int64_t next_ns = shaped_turn(shaped, now_ns), comes_ns = pcap_io_next_ns(io);
        if (comes_ns < next_ns)
            next_ns = comes_ns;
        if (next_ns == INT64_MAX)
            return now_ns;
        if (next_ns > now_ns)
            now_ns = next_ns;
    }
}

static bool same_file(const char *a, const char *b)
{
    struct stat one, other;

    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static int run(const struct conf *conf, const struct conf_interface *interface, uint32_t mtu, const char *in,
               const char *out, bool json)
{
    struct shaped_config config = {.shape = &interface->shape,
                                   .ifindex = 1,
                                   .mtu = mtu,
                                   .contracts = conf_has_contracts(conf, interface->name),
                                   .seed = SEED};
    struct shaped *shaped = NULL;
    struct queue_fault fault;
    struct frame_io *io;
    struct queues queues;
    char why[400];

    int error = shaped_new(&config, 0, &shaped, &fault);
    if (error) {
        if (error == -EINVAL)
            snprintf(why, sizeof(why), "interface %s: queue: %s: %s", interface->name, fault.setting, fault.why);
        return fail(error == -EINVAL ? why : strerror(-error));
    }
    error = pcap_io_open(in, out, shaped_frames(shaped), why, sizeof(why), &io);
    if (error) {
        shaped_free(shaped);
        return fail(error == -EINVAL ? why : strerror(-error));
    }
    shaped_connect(shaped, io);
    error = shaped_keep(shaped, conf, interface->name);
    if (error) {
        shaped_free(shaped);
        return fail(strerror(-error));
    }
    int64_t first_ns = pcap_io_next_ns(io);
    int64_t end_ns = first_ns < INT64_MAX ? replay(shaped, io, first_ns) : 0;
    shaped_describe(shaped, end_ns, &queues);
    const struct kept kept = {.conf = conf, .out = interface->name, .shaped = shaped};
    bool failed = pcap_io_failed(io, why, sizeof(why));
    if (!failed && json)
        error = print_json(&queues, &kept);
    else if (!failed)
        print_lines(&queues, &kept);
    shaped_free(shaped);
    if (failed)
        return fail(why);
    return error || fflush(stdout) == EOF ? fail("standard output: write error") : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"mtu", required_argument, NULL, 'm'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    static_assert(LIFT_MTU_MAX == 3400, "the text says so");
    const char *path = CONF_DEFAULT_PATH;
    uint32_t mtu = DEFAULT_MTU;
    bool json = false;
    int option;

    while ((option = getopt_long(argc, argv, "c:m:jh", options, NULL)) >= 0) {
        size_t at = 0;
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case 'm':
            if (text_decimal(optarg, strlen(optarg), &at, LIFT_MTU_MAX, "", &mtu, NULL) || optarg[at] ||
                mtu < MTU_MIN) {
                fail("--mtu: expected a number from 68 to 3400");
                return EXIT_USAGE;
            }
            break;
        case 'j':
            json = true;
            break;
        case 'h':
            print_usage(stdout);
            return EXIT_SUCCESS;
        default:
            print_usage(stderr);
            return EXIT_USAGE;
        }
    }
    if (argc - optind != 3) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (same_file(argv[optind + 1], argv[optind + 2]))
        return fail("both captures are the same file: expected another one to write to");
    struct conf *conf = conf_load("fairlead-replay", path, stderr);
    if (!conf)
        return EXIT_FAILURE;
    const struct conf_interface *interface = conf_find_shaped(conf, argv[optind], "fairlead-replay", path, stderr);
    int status = interface ? run(conf, interface, mtu, argv[optind + 1], argv[optind + 2], json) : EXIT_FAILURE;
    conf_free(conf);
    return status;
}
