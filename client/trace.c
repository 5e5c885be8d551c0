/* fairlead trace: what the front door decides for packets, step by step, as they pass. */
#include "base/text.h"
#include "client/command.h"
#include "client/server.h"
#include "client/table.h"

#include <string.h>
#include <time.h>

#define MATCH_MAX 1024 /* bytes of words */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* "10.0.1.2 > 10.0.2.2 udp 4000 > 53"; how long it is if it is not IPv4. */
static void print_packet(const json_t *packet)
{
    char protocol[TABLE_CELL_SIZE], from[TABLE_CELL_SIZE], to[TABLE_CELL_SIZE];

    if (json_object_get(packet, "source")) {
        table_text(packet, "protocol", protocol);
        printf("  %s > %s  %s", text_of(packet, "source"), text_of(packet, "destination"), protocol);
    }
    if (json_object_get(packet, "source_port")) {
        table_text(packet, "source_port", from);
        table_text(packet, "destination_port", to);
        printf(" %s > %s", from, to);
    }
    printf("  %" JSON_INTEGER_FORMAT " bytes\n", json_integer_value(json_object_get(packet, "bytes")));
}

static void print_outcome(const json_t *packet)
{
    const char *verdict = text_of(packet, "verdict");

    if (strcmp(verdict, "cut-through") == 0)
        printf("  %-12s %s\n", verdict, text_of(packet, "interface"));
    else
        printf("  %-12s %s: %s\n", verdict, text_of(packet, "reason"), text_of(packet, "meaning"));
}

static void print_people(const json_t *packet)
{
    double at = json_number_value(json_object_get(packet, "at"));
    time_t seconds = (time_t)at;
    const json_t *step;
    char when[32] = "";
    struct tm local;
    size_t i;

    if (localtime_r(&seconds, &local))
        strftime(when, sizeof(when), "%T", &local);
    printf("%s.%06u  %s (%s)", when, (unsigned)((at - (double)seconds) * 1e6), text_of(packet, "port"),
           text_of(packet, "door"));
    print_packet(packet);
    json_array_foreach(json_object_get(packet, "steps"), i, step)
    {
        printf("  %-12s %s\n", text_of(step, "step"), text_of(step, "says"));
    }
    print_outcome(packet);
    putchar('\n');
}

struct reader {
    const struct options *options;
    bool ready; /* and has said so */
};

static int packets(void *arg, const json_t *result, bool last)
{
    struct reader *reader = arg;
    const json_t *list = json_object_get(result, "packets"), *lost = json_object_get(result, "lost");

    (void)last;
    if (!reader->ready)
        fprintf(stderr, "fairlead: trace: ready\n");
    reader->ready = true;
    if (json_is_null(lost))
        fprintf(stderr, "fairlead: trace: the engine has been restarted; what passed meanwhile is not told\n");
    else if (json_integer_value(lost))
        fprintf(stderr, "fairlead: trace: %" JSON_INTEGER_FORMAT " packets came too fast and are not told\n",
                json_integer_value(lost));
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (reader->options->json) {
            json_dumpf(json_array_get(list, i), stdout, 0);
            putchar('\n');
        } else {
            print_people(json_array_get(list, i));
        }
    }
    return fflush(stdout) == EOF;
}

/* One more word of `match`. False: there is no room. */
static bool add_word(char match[static MATCH_MAX], const char *word)
{
    size_t len = strlen(match);

    return snprintf(match + len, MATCH_MAX - len, "%s%s", len ? " " : "", word) < (int)(MATCH_MAX - len);
}

/* The command's arguments, of its words; NULL: they are none. */
static json_t *read_words(int count, char **words)
{
    json_t *arguments = json_object();
    char match[MATCH_MAX] = "";
    uint32_t number;
    bool right = true;

    for (int i = 0; i < count && right; i++) {
        const char *next = i + 1 < count ? words[i + 1] : NULL;
        if (strcmp(words[i], "-c") == 0) {
            right = next && text_number(next, INT32_MAX, &number) && number;
            if (right)
                json_object_set_new(arguments, "count", json_integer(number));
            i++;
        } else if (strcmp(words[i], "reason") == 0) {
            right = next && json_object_set_new(arguments, "reason", json_string(next)) == 0;
            i++;
        } else if (strcmp(words[i], "cut-through") == 0 || strcmp(words[i], "kernel") == 0 ||
                   strcmp(words[i], "drop") == 0) {
            right = json_object_set_new(arguments, "verdict", json_string(words[i])) == 0;
        } else {
            right = add_word(match, words[i]);
        }
    }
    if (right && match[0])
        right = json_object_set_new(arguments, "match", json_string(match)) == 0;
    if (right)
        return arguments;
    json_decref(arguments);
    return NULL;
}

static int trace(const struct command *self, int argc, char **argv, const struct options *options)
{
    json_t *arguments = read_words(argc - 1, argv + 1);
    struct reader reader = {.options = options};

    return arguments ? server_ask(self, options, "trace", arguments, packets, &reader) : command_usage(self);
}

const struct command command_trace = {
    .name = "trace",
    .arguments = "[-c COUNT] [cut-through | kernel | drop] [reason REASON] [PACKETS]",
    .summary = "what the front door decides for packets, step by step",
    .help =
        "  PACKETS  which of them, in the words of contracts: a protocol (tcp, udp, icmp, ..., protocol NUMBER),\n"
        "           from and to with an address or a prefix, and port behind these, dscp, in with a port's name\n"
        "  kernel   those that are left to the kernel; or cut-through, or drop\n"
        "  reason   those with this one, by the name that 'fairlead show counters' has for it\n"
        "\n"
        "Each step that was taken, what it saw, and what became of the packet: cut through to another port, left to\n"
        "the kernel, or dropped, and why. Until it is interrupted, or COUNT packets were told; with -j a JSON object\n"
        "each. Packets that come faster than they can be told are counted. For administrators.\n",
    .own_option = "-c",
    .run = trace,
};
