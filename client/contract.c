/* fairlead contract: what is promised to whom; asked for, added and taken away. */
#include "base/compiler.h"
#include "client/command.h"
#include "client/server.h"
#include "client/table.h"

#include <stdio.h>
#include <string.h>

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

/* "2 Mbit/s", "5.0 ms" */
static void print_promise(const json_t *contract)
{
    const json_t *promised = json_object_get(contract, "promised");
    char rate[TABLE_CELL_SIZE], delay[TABLE_CELL_SIZE];

    table_rate(json_number_value(json_object_get(promised, "rate")), rate);
    table_time(json_number_value(json_object_get(promised, "delay_us")), delay);
    printf("%s/s, bursts of %" JSON_INTEGER_FORMAT " bytes, packets of %" JSON_INTEGER_FORMAT
           " to %" JSON_INTEGER_FORMAT " bytes on the link, leave %s within %s",
           rate, json_integer_value(json_object_get(promised, "burst")),
           json_integer_value(json_object_get(promised, "packet_min")),
           json_integer_value(json_object_get(promised, "packet_max")),
           json_string_value(json_object_get(contract, "out")), delay);
    if (json_is_integer(json_object_get(promised, "jitter_us"))) {
        table_time(json_number_value(json_object_get(promised, "jitter_us")), delay);
        printf(" and with a jitter of %s", delay);
    }
    putchar('\n');
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

struct showing {
    const struct options *options;
    const char *name;
    bool found;
};

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

static void print_contract(const json_t *contract)
{
    const json_t *match = json_object_get(contract, "match"), *promised = json_object_get(contract, "promised");
    const char *why = json_string_value(json_object_get(contract, "why"));
    char worst[TABLE_CELL_SIZE], wait[TABLE_CELL_SIZE];

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
    bool waits = json_integer_value(json_object_get(promised, "wait_us")) != 0;
    table_time(json_number_value(json_object_get(promised, "wait_us")), wait);
    printf("  %-11s %s%s%s\n", "excess", json_string_value(json_object_get(promised, "excess")),
           waits ? ", which waits at most " : "", waits ? wait : "");
    print_counts("came", json_object_get(contract, "came"));
    print_counts("left", json_object_get(contract, "left"));
    table_time(json_number_value(json_object_get(contract, "worst_us")), worst);
    printf("  %-11s %s\n", "worst delay", worst);
    printf("  %-11s %" JSON_INTEGER_FORMAT "; and %" JSON_INTEGER_FORMAT " with a stall of platform or port\n", "late",
           json_integer_value(json_object_get(contract, "late")),
           json_integer_value(json_object_get(contract, "late_stalled")));
}

static int find(void *arg, const json_t *result, bool last)
{
    struct showing *showing = arg;
    const json_t *contracts = json_object_get(result, "contracts");

    (void)last;
    for (size_t i = 0; i < json_array_size(contracts); i++) {
        const json_t *one = json_array_get(contracts, i);
        if (strcmp(json_string_value(json_object_get(one, "name")), showing->name) != 0)
            continue;
        showing->found = true;
        if (showing->options->json)
            server_done((void *)showing->options, one, true);
        else
            print_contract(one);
    }
    return 0;
}

static int show(const struct command *self, int count, char **words, const struct options *options)
{
    struct showing showing = {.options = options, .name = words[0]};

    (void)count;
    int status = server_ask(self, options, "contracts", NULL, find, &showing);
    if (status == EXIT_OK && !showing.found)
        return command_failed(self, "there is no contract '%s'", words[0]);
    return status;
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
    .arguments = "list|show NAME|check NAME SETTING VALUE ...|add NAME SETTING VALUE ...|remove NAME",
    .summary = "guarantees of throughput, delay and jitter",
    .help = "  list    all contracts, and whether they are kept (as 'fairlead show contracts')\n"
            "  show    one, with all that is promised and what has become of its packets\n"
            "  check   whether a contract would be admitted; if not, why, and what would be\n"
            "  add     the same, and it is in force from now on, also after a restart\n"
            "  remove  takes away what was added; contracts of the configuration are changed there\n"
            "\n"
            "Settings are those of the configuration, as\n"
            "  fairlead contract add voice out wan0 match 'dscp ef' rate 2Mbit burst 6kB packet 256B delay 5ms\n"
            "match may stand there more than once.\n"
            "\n"
            "Only root, and members of the group that the configuration names, may add and remove.\n",
    .run = contract,
};
