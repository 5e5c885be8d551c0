/* fairlead contract: what is promised to whom; asked for, added and taken away. */
#include "base/compiler.h"
#include "client/command.h"
#include "client/server.h"
#include "client/table.h"

#include <stdio.h>
#include <string.h>

#define BAR 40 /* characters of the longest one */

/* --- adding ------------------------------------------------------------------------------------------------------ */

/* A setting; a second value makes a list of it. False: it is not UTF-8. */
static bool add_setting(json_t *settings, const char *key, const char *word)
{
    json_t *before = json_object_get(settings, key), *value = json_string(word);

    if (!value)
        return false;
    if (!before)
        return json_object_set_new(settings, key, value) == 0;
    if (json_is_array(before))
        return json_array_append_new(before, value) == 0;
    return json_object_set_new(settings, key, json_pack("[O, o]", before, value)) == 0;
}

/* NAME, and settings with their values. NULL: one of them is wrong, which has been said. */
static json_t *read_contract(const struct command *self, int count, char **words)
{
    json_t *settings = json_object(), *arguments;

    for (int i = 1; i < count; i += 2) {
        if (i + 1 < count && add_setting(settings, words[i], words[i + 1]))
            continue;
        json_decref(settings);
        if (i + 1 == count)
            command_failed(self, "'%s': expected a value behind it", words[i]);
        else
            command_failed(self, "the argument is not UTF-8");
        return NULL;
    }
    arguments = json_pack("{s:s, s:o}", "name", words[0], "settings", settings);
    if (!arguments)
        command_failed(self, "the argument is not UTF-8");
    return arguments;
}

/* What is promised: "2 Mbit/s, ..., leave wan0 within 5 ms" */
static void print_promise(const json_t *contract)
{
    const json_t *promised = json_object_get(contract, "promised");
    const char *out = json_string_value(json_object_get(contract, "out"));
    char rate[TABLE_CELL_SIZE], delay[TABLE_CELL_SIZE];

    if (json_is_null(json_object_get(promised, "rate"))) {
        printf("nothing: its packets are best effort at %s\n", out);
        return;
    }
    table_rate(json_number_value(json_object_get(promised, "rate")), rate);
    printf("%s/s, bursts of %" JSON_INTEGER_FORMAT " bytes, packets of %" JSON_INTEGER_FORMAT
           " to %" JSON_INTEGER_FORMAT " bytes on the link, ",
           rate, json_integer_value(json_object_get(promised, "burst")),
           json_integer_value(json_object_get(promised, "packet_min")),
           json_integer_value(json_object_get(promised, "packet_max")));
    if (json_is_true(json_object_get(promised, "best_effort"))) {
        printf("are best effort at %s\n", out);
        return;
    }
    printf("leave %s", out);
    if (json_is_integer(json_object_get(promised, "delay_us"))) {
        table_time(json_number_value(json_object_get(promised, "delay_us")), delay);
        printf(" within %s", delay);
    }
    if (json_is_integer(json_object_get(promised, "jitter_us"))) {
        table_time(json_number_value(json_object_get(promised, "jitter_us")), delay);
        printf(" and with a jitter of %s", delay);
    }
    putchar('\n');
}

/* The same in the words of others. */
static void print_words(const json_t *contract)
{
    const json_t *words = json_object_get(contract, "words");
    const char *atm = json_string_value(json_object_get(words, "atm")),
               *tspec = json_string_value(json_object_get(words, "tspec")),
               *rspec = json_string_value(json_object_get(words, "rspec"));

    if (atm)
        printf("  %-11s %s\n", "in ATM", atm);
    if (tspec)
        printf("  %-11s TSpec %s%s%s\n", "in IntServ", tspec, rspec ? "; RSpec " : "", rspec ? rspec : "");
}

/* What an answer's line is for. */
struct said {
    const struct options *options;
    const char *before;
};

static int say(void *arg, const json_t *result, bool last)
{
    const struct said *said = arg;
    const json_t *contract = json_object_get(result, "contract");

    if (said->options->json)
        return server_done((void *)said->options, result, last);
    printf("contract %s %s: ", json_string_value(json_object_get(contract, "name")), said->before);
    print_promise(contract);
    print_words(contract);
    return 0;
}

static int ask(const struct command *self, const char *command, const char *before, int count, char **words,
               const struct options *options)
{
    json_t *arguments = read_contract(self, count, words);
    struct said said = {options, before};

    return arguments ? server_ask(self, options, command, arguments, say, &said) : EXIT_FAILED;
}

static int check(const struct command *self, int count, char **words, const struct options *options)
{
    if (strcmp(words[0], "--path") == 0)
        return command_contract_path(self, count - 1, words + 1, options);
    return ask(self, "contract-check", "would be kept", count, words, options);
}

static int add(const struct command *self, int count, char **words, const struct options *options)
{
    return ask(self, "contract-add", "is kept", count, words, options);
}

static int take_away(const struct command *self, int count, char **words, const struct options *options)
{
    json_t *arguments = json_pack("{s:s}", "name", words[0]);

    (void)count;
    if (!arguments)
        return command_failed(self, "the argument is not UTF-8");
    return server_ask(self, options, "contract-remove", arguments, server_done, (void *)options);
}

/* --- seen -------------------------------------------------------------------------------------------------------- */

/* The same as `fairlead show contracts`. */
static int list(const struct command *self, int count, char **words, const struct options *options)
{
    char show[] = "show", contracts[] = "contracts", *all[] = {show, contracts, NULL};

    (void)count;
    (void)words;
    return command_show.run(self, 2, all, options);
}

static void print_counts(const char *name, const json_t *counts)
{
    char cell[TABLE_CELL_SIZE] = "";

    table_append_counts(cell, "", counts);
    printf("  %-11s %s\n", name, cell[0] ? cell : "nothing");
}

/* What has become of its delays; and each bucket of them, with a bar as long as it holds much. */
static void print_delays(const json_t *contract)
{
    const json_t *buckets = json_object_get(contract, "delays_ns"), *one;
    char least[TABLE_CELL_SIZE], most[TABLE_CELL_SIZE], middle[TABLE_CELL_SIZE], p99[TABLE_CELL_SIZE];
    json_int_t largest = 1,
               promised_us = json_integer_value(json_object_get(json_object_get(contract, "promised"), "delay_us"));
    size_t i;

    if (!json_array_size(buckets))
        return;
    table_delay(contract, "delay", "min_us", least);
    table_delay(contract, "delay", "max_us", most);
    table_delay(contract, "delay", "p50_us", middle);
    table_delay(contract, "delay", "p99_us", p99);
    printf("  %-11s %s to %s, half within %s, 99 of 100 within %s\n", "delay", least, most, middle, p99);
    table_delay(contract, "delay", "jitter_us", most);
    printf("  %-11s %s\n", "jitter", most);
    json_array_foreach((json_t *)buckets, i, one)
    {
        if (json_integer_value(json_array_get(one, 2)) > largest)
            largest = json_integer_value(json_array_get(one, 2));
    }
    printf("  %10s %10s %12s\n", "from", "to", "packets");
    json_array_foreach((json_t *)buckets, i, one)
    {
        json_int_t count = json_integer_value(json_array_get(one, 2));
        table_time(json_number_value(json_array_get(one, 0)) / 1000, least);
        table_time(json_number_value(json_array_get(one, 1)) / 1000, most);
        printf("  %10s %10s %12" JSON_INTEGER_FORMAT " ", least, most, count);
        for (json_int_t bar = 0; bar < BAR && bar * largest < count * BAR; bar++)
            putchar('#');
        bool beyond = promised_us && json_integer_value(json_array_get(one, 0)) >= promised_us * 1000;
        puts(beyond ? " later than promised" : "");
    }
}

static void print_contract(const json_t *contract)
{
    const json_t *match = json_object_get(contract, "match"), *promised = json_object_get(contract, "promised"),
                 *left = json_object_get(contract, "left");
    const char *why = json_string_value(json_object_get(contract, "why"));
    char rate[TABLE_CELL_SIZE], wait[TABLE_CELL_SIZE];

    printf("contract %s: %s: %s%s\n", json_string_value(json_object_get(contract, "name")),
           json_string_value(json_object_get(contract, "state")),
           json_string_value(json_object_get(contract, "meaning")),
           json_is_true(json_object_get(contract, "by_hand")) ? " (added by hand)" : "");
    if (why)
        printf("  %-11s %s\n", "why", why);
    for (size_t i = 0; i < json_array_size(match); i++)
        printf("  %-11s %s\n", "match", json_string_value(json_array_get(match, i)));
    printf("  %-11s ", "promised");
    print_promise(contract);
    print_words(contract);
    bool waits = json_integer_value(json_object_get(promised, "wait_us")) != 0;
    table_time(json_number_value(json_object_get(promised, "wait_us")), wait);
    printf("  %-11s %s%s%s\n", "excess", json_string_value(json_object_get(promised, "excess")),
           waits ? ", which waits at most " : "", waits ? wait : "");
    print_counts("came", json_object_get(contract, "came"));
    if (json_is_true(json_object_get(promised, "best_effort")))
        return;
    table_rate(json_number_value(json_object_get(left, "rate")), rate);
    printf("  %-11s packets %" JSON_INTEGER_FORMAT ", bytes %" JSON_INTEGER_FORMAT ", now %s/s\n", "left",
           json_integer_value(json_object_get(left, "packets")), json_integer_value(json_object_get(left, "bytes")),
           rate);
    printf("  %-11s %" JSON_INTEGER_FORMAT "; and %" JSON_INTEGER_FORMAT
           " with a stall of platform or port (%" JSON_INTEGER_FORMAT " stalls of the platform)\n",
           "late", json_integer_value(json_object_get(contract, "late")),
           json_integer_value(json_object_get(contract, "late_stalled")),
           json_integer_value(json_object_get(contract, "stalls")));
    print_delays(contract);
}

static int show_one(void *arg, const json_t *result, bool last)
{
    const struct options *options = arg;

    if (options->json)
        return server_done(arg, result, last);
    print_contract(json_object_get(result, "contract"));
    return 0;
}

static int show(const struct command *self, int count, char **words, const struct options *options)
{
    json_t *arguments = json_pack("{s:s}", "name", words[0]);

    (void)count;
    if (!arguments)
        return command_failed(self, "the argument is not UTF-8");
    return server_ask(self, options, "contract", arguments, show_one, (void *)options);
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static const struct subcommand subcommands[] = {
    {"list", 0, 0, list},  {"show", 1, 1, show},        {"check", 1, 1000, check},
    {"add", 1, 1000, add}, {"remove", 1, 1, take_away}, {NULL, 0, 0, NULL},
};

static int contract(const struct command *self, int argc, char **argv, const struct options *options)
{
    return command_run(self, subcommands, argc, argv, options);
}

const struct command command_contract = {
    .name = "contract",
    .arguments = "list|show NAME|check NAME|--path SETTING VALUE ...|add NAME SETTING VALUE ...|remove NAME",
    .summary = "guarantees of throughput, delay and jitter",
    .help =
        "  list    all contracts, and whether they are kept (as 'fairlead show contracts')\n"
        "  show    one, with all that is promised and what has become of its packets\n"
        "  check   whether a contract would be admitted; if not, why, and what would be\n"
        "  add     the same, and it is in force from now on, also after a restart\n"
        "  remove  takes away what was added; contracts of the configuration are changed there\n"
        "\n"
        "Settings are those of the configuration, as\n"
        "  fairlead contract add voice out wan0 match 'dscp ef' rate 2Mbit burst 6kB packet 256B delay 5ms\n"
        "match may stand there more than once.\n"
        "\n"
        "check --path says what comes of a contract from end to end, where each hop keeps it and regulates again,\n"
        "and what to say to each hop; it needs no daemon:\n"
        "  fairlead contract check --path rate 2Mbit burst 6kB packet 256B delay 20ms \\\n"
        "    hop edge rate 50Mbit delay 5ms line 4ms  hop core rate 1Gbit\n"
        "Settings of a hop: rate and link of its port, mtu, delay (without it the shortest that its port could keep\n"
        "if nothing else were there), and line, how long what has left is on its way.\n"
        "\n"
        "Only root, and members of the group that the configuration names, may add and remove.\n",
    .own_option = "--path",
    .run = contract,
};
