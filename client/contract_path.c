/* fairlead contract check --path: what comes of a contract from end to end. */
#include "client/command.h"
#include "client/table.h"
#include "conf/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- asking ------------------------------------------------------------------------------------------------------ */

/* The words as lib/conf reads them. False: one of them is no setting, or has no value; that is said. */
static bool write_path(const struct command *self, int count, char **words, FILE *stream)
{
    bool in_hop = false;

    for (int i = 0; i < count; i += 2) {
        bool hop = strcmp(words[i], "hop") == 0;
        if (!conf_is_key(words[i]) || i + 1 == count) {
            command_failed(self,
                           conf_is_key(words[i]) ? "'%s': expected a value behind it"
                                                 : "'%s': expected a setting, as rate, or hop and its name",
                           words[i]);
            return false;
        }
        if (strpbrk(words[i + 1], "\r\n")) {
            command_failed(self, "'%s': expected a value of one line", words[i]);
            return false;
        }
        if (hop && in_hop)
            fputs("}\n", stream);
        in_hop |= hop;
        fputs(words[i], stream);
        fputs(hop ? " " : " = ", stream);
        conf_print_text(words[i + 1], stream);
        fputs(hop ? " {\n" : "\n", stream);
    }
    if (in_hop)
        fputs("}\n", stream);
    return true;
}

/* What comes of the words; NULL: what is wrong has been said. */
static struct conf_path *read_path(const struct command *self, int count, char **words)
{
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);
    struct conf_errors *errors = calloc(1, sizeof(*errors));
    struct conf_path *path = NULL;
    int error = -ENOMEM;

    if (stream && errors && write_path(self, count, words, stream)) {
        if (fclose(stream) == 0)
            error = conf_path_parse(text, len, &path, errors);
        for (size_t i = 0; i < errors->count && i < CONF_ERRORS_KEPT; i++)
            command_failed(self, "%s", errors->all[i].text);
        if (error == -ENOMEM)
            command_failed(self, "%s", strerror(ENOMEM));
    } else if (stream) {
        fclose(stream);
    }
    free(errors);
    free(text);
    return path;
}

/* --- showing ----------------------------------------------------------------------------------------------------- */

static bool is_kept(const struct conf_path *path)
{
    return (!path->wanted_delay_ns || path->delay_ns <= path->wanted_delay_ns) &&
           (!path->wanted_jitter_ns || path->jitter_ns <= path->wanted_jitter_ns);
}

static const char *text_of_ns(int64_t ns, char text[static TABLE_CELL_SIZE])
{
    table_time((double)ns / 1000, text);
    return text;
}

static void print_people(const struct conf_path *path)
{
    char rate[TABLE_CELL_SIZE], delay[TABLE_CELL_SIZE], line[TABLE_CELL_SIZE], wait[TABLE_CELL_SIZE];

    printf("%-15s %12s %10s %10s   %s\n", "HOP", "PORT", "DELAY", "LINE", "CONTRACT THERE");
    for (size_t i = 0; i < path->hop_count; i++) {
        const struct conf_hop *hop = &path->hops[i];
        const struct contract *terms = &path->terms[i];
        table_rate((double)hop->shape.rate * 8, rate);
        table_known_time((double)hop->line_ns / 1000, line);
        printf("%-15s %12s %10s %10s   ", hop->name, rate, text_of_ns(terms->delay_ns, delay), line);
        if (i)
            printf("excess shape, wait %s at least\n", text_of_ns(terms->wait_ns, wait));
        else
            puts("its sender keeps to it");
    }
    printf("end to end within %s", text_of_ns(path->delay_ns, delay));
    if (path->wanted_delay_ns)
        printf(" (wanted: %s)", text_of_ns(path->wanted_delay_ns, delay));
    printf("; delays differ by at most %s", text_of_ns(path->jitter_ns, delay));
    if (path->wanted_jitter_ns)
        printf(" (wanted: %s)", text_of_ns(path->wanted_jitter_ns, delay));
    puts(is_kept(path) ? "" : ": that is too much");
}

/* Of a delay that is known; null. */
static json_t *json_us(int64_t ns)
{
    return ns ? json_integer((json_int_t)((ns + 999) / 1000)) : json_null();
}

static void print_json(const struct conf_path *path)
{
    json_t *hops = json_array(), *all;

    for (size_t i = 0; i < path->hop_count; i++) {
        const struct conf_hop *hop = &path->hops[i];
        const struct contract *terms = &path->terms[i];
        json_array_append_new(
            hops, json_pack("{s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:s}", "hop", hop->name, "port_rate",
                            (json_int_t)hop->shape.rate * 8, "link", link_kind_name(hop->shape.link), "delay_us",
                            (json_int_t)((terms->delay_ns + 999) / 1000), "line_us", (json_int_t)(hop->line_ns / 1000),
                            "wait_us", (json_int_t)((terms->wait_ns + 999) / 1000), "rate", (json_int_t)terms->rate * 8,
                            "burst", (json_int_t)terms->burst, "excess", contract_treatment_name(terms->treatment)));
    }
    all = json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "hops", hops, "delay_us", json_us(path->delay_ns), "jitter_us",
                    json_us(path->jitter_ns), "wanted_delay_us", json_us(path->wanted_delay_ns), "wanted_jitter_us",
                    json_us(path->wanted_jitter_ns), "kept", (int)is_kept(path));
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

int command_contract_path(const struct command *self, int count, char **words, const struct options *options)
{
    struct conf_path *path = read_path(self, count, words);

    if (!path)
        return EXIT_FAILED;
    if (options->json)
        print_json(path);
    else
        print_people(path);
    bool kept = is_kept(path);
    conf_path_free(path);
    return kept ? EXIT_OK : EXIT_FAILED;
}
