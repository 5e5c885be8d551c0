/*
 * fairlead plan import: what files say becomes part of the plan, in one operation.
 *
 * It is tried on a copy of the daemon's plan first: so all that cannot be is said at once, with its place in the file.
 */
#include "client/plan.h"

#include "base/compiler.h"
#include "base/siphash.h"
#include "client/file.h"
#include "client/plan_entries.h"
#include "client/server.h"
#include "interchange/entry_json.h"
#include "interchange/interchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define REQUEST_BYTES 48000 /* of nodes in one request, which is at most WIRE_REQUEST_MAX long */
#define REMARKS_MAX   1000  /* that are told */

struct import {
    const struct command *self;
    const struct options *options;
    const char *as;
    bool check, skip;
    struct interchange files;
    struct plan *plan;            /* the copy */
    struct plan_wanted *wanted;   /* as many as the files have nodes; what cannot be is not among them */
    size_t count, added, changed; /* what becomes of them */
    size_t faults, remarks;       /* told */
    json_t *told;                 /* for scripts */
    json_int_t operation;         /* 0: there was none */
};

static int no_memory(const struct import *import)
{
    return command_failed(import->self, "%s", strerror(ENOMEM));
}

/* --- what is wrong ------------------------------------------------------------------------------------------------ */

static void tell(struct import *import, const struct interchange_remark *remark)
{
    char place[INTERCHANGE_PLACE_SIZE];

    import->faults += remark->fault;
    if (import->remarks++ >= REMARKS_MAX)
        return;
    interchange_place_format(&remark->place, place);
    if (import->options->json)
        json_array_append_new(import->told, json_pack("{s:b, s:s, s:s}", "fault", (int)remark->fault, "place", place,
                                                      "text", remark->text));
    else
        fprintf(stderr, "%s%s\n", place, remark->text);
}

static void tell_refused(struct import *import, const struct interchange_node *node, const struct plan_refusal *why)
{
    char text[PLAN_REFUSAL_SIZE];

    plan_refusal_format(import->plan, why, text);
    tell(import, &(struct interchange_remark){.place = node->place, .fault = true, .text = text});
}

static void tell_all(struct import *import)
{
    for (size_t i = 0; i < import->files.remark_count; i++)
        tell(import, &import->files.remarks[i]);
}

/* --- the copy ----------------------------------------------------------------------------------------------------- */

static int copy_entry(void *arg, const struct plan_entry *entry)
{
    const struct plan_change change = {.is = true, .after = *entry};
    const struct plan_by by = {.everywhere = true};
    const struct import *import = arg;
    char text[PLAN_REFUSAL_SIZE];
    struct plan_refusal why;

    if (plan_apply(import->plan, &change, 1, &by, &why) == 0)
        return 0;
    plan_refusal_format(import->plan, &why, text);
    return command_failed(import->self, "the daemon's plan, which was changed meanwhile: %s", text);
}

static int copy_plan(struct import *import)
{
    uint8_t key[SIPHASH_KEY_SIZE];

    if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key) || !(import->plan = plan_new(key)))
        return no_memory(import);
    return plan_entries(import->self, import->options, NULL, copy_entry, import);
}

/* --- the trial ---------------------------------------------------------------------------------------------------- */

/* The file's node of a range. */
static const struct interchange_node *node_of(const struct import *import, struct ipv4_range range)
{
    size_t first = 0, count = import->files.count;

    while (count > 1) {
        size_t half = count / 2;
        if (ipv4_range_compare(import->files.all[first + half].wanted.entry.range, range) <= 0)
            first += half;
        count -= half;
    }
    return &import->files.all[first];
}

/* Those that may be, in the plan as it is: the others are told. */
static void keep_allowed(struct import *import, const struct plan_by *by)
{
    size_t kept = 0;

    for (size_t i = 0; i < import->count; i++) {
        struct plan_refusal why;
        if (plan_wanted_allowed(import->plan, &import->wanted[i], by, &why))
            tell_refused(import, node_of(import, import->wanted[i].entry.range), &why);
        else
            import->wanted[kept++] = import->wanted[i];
    }
    import->count = kept;
}

/* One after the other, so that each that cannot be is told. */
static void keep_possible(struct import *import, const struct plan_by *everywhere)
{
    size_t kept = 0, changes;

    for (size_t i = 0; i < import->count; i++) {
        struct plan_refusal why;
        if (plan_import(import->plan, &import->wanted[i], 1, everywhere, &why)) {
            tell_refused(import, node_of(import, import->wanted[i].entry.range), &why);
            continue;
        }
        const struct plan_change *change = plan_changes(import->plan, &changes);
        import->added += changes && !change->was;
        import->changed += changes && change->was;
        import->wanted[kept++] = import->wanted[i];
    }
    import->count = kept;
}

static void count_changes(struct import *import)
{
    size_t count;
    const struct plan_change *changes = plan_changes(import->plan, &count);

    for (size_t i = 0; i < count; i++) {
        import->added += !changes[i].was;
        import->changed += changes[i].was;
    }
}

/* What of the files can be. An enum exit_status. */
static int try(struct import *import)
{
    const struct plan_by by = {.holder = import->as, .now_s = (uint32_t)time(NULL)},
                         everywhere = {.holder = by.holder, .everywhere = true, .now_s = by.now_s};

    if (!(import->wanted = calloc(import->files.count + 1, sizeof(*import->wanted))))
        return no_memory(import);
    for (size_t i = 0; i < import->files.count; i++)
        import->wanted[import->count++] = import->files.all[i].wanted;
    plan_wanted_settle(import->plan, import->wanted, import->count);
    keep_allowed(import, &by);
    if (plan_import(import->plan, import->wanted, import->count, &everywhere, NULL) == 0)
        count_changes(import);
    else
        keep_possible(import, &everywhere);
    return EXIT_OK;
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

/* A node's part of a request, whose texts may be escaped. */
static size_t bytes_of(const struct plan_wanted *wanted)
{
    return 350 + 6 * plan_entry_text_bytes(&wanted->entry);
}

static int staged(void *arg, const json_t *result, bool last)
{
    (void)arg;
    (void)result;
    (void)last;
    return 0;
}

/* Send all of them, so many at a time. */
static int stage(struct import *import, const char *key)
{
    int status = EXIT_OK;

    for (size_t i = 0; status == EXIT_OK && i < import->count;) {
        json_t *nodes = json_array();
        size_t at = i;
        for (size_t bytes = 0; i < import->count && bytes < REQUEST_BYTES; bytes += bytes_of(&import->wanted[i++]))
            if (json_array_append_new(nodes, entry_json_given(&import->wanted[i])))
                status = no_memory(import);
        json_t *arguments = json_pack("{s:s, s:I, s:o}", "key", key, "at", (json_int_t)at, "nodes", nodes);
        if (status == EXIT_OK)
            status = server_ask(import->self, import->options, "plan-stage", arguments, staged, NULL);
        else
            json_decref(arguments);
    }
    return status;
}

static int answered(void *arg, const json_t *result, bool last)
{
    const json_t *done = json_array_get(json_object_get(result, "done"), 0);
    const char *error = json_string_value(json_object_get(done, "error"));
    struct import *import = arg;

    (void)last;
    if (error)
        return command_failed(import->self, "nothing is imported: %s", error);
    import->operation = json_integer_value(json_object_get(done, "operation"));
    return 0;
}

/* All of them, as one operation. */
static int carry_out(struct import *import)
{
    json_t *key = plan_new_key();
    int status = key ? stage(import, json_string_value(key)) : no_memory(import);

    if (status == EXIT_OK) {
        json_t *arguments =
            json_pack("{s:[{s:s, s:O}], s:s*}", "operations", "do", "import", "key", key, "as", import->as);
        status = arguments ? server_ask_again(import->self, import->options, "plan-do", arguments, answered, import)
                           : command_failed(import->self, "the argument is not UTF-8");
    }
    json_decref(key);
    return status;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static int read_files(struct import *import, int count, char **words)
{
    int status = EXIT_OK;

    for (int i = 0; status == EXIT_OK && i < count; i++) {
        size_t len;
        const char *path = strcmp(words[i], "-") == 0 ? "standard input" : words[i];
        char *text = file_read(import->self, words[i], &len);
        int error = text ? interchange_read(&import->files, path, text, len) : -EIO;
        free(text);
        if (error == -EINVAL && import->files.wrong_line)
            status = command_failed(import->self, "%s:%u: %s", path, import->files.wrong_line, import->files.wrong);
        else if (error == -EINVAL)
            status = command_failed(import->self, "%s: %s", path, import->files.wrong);
        else if (error)
            status = text ? no_memory(import) : EXIT_FAILED;
    }
    return status;
}

static void print_summary(struct import *import, bool done)
{
    size_t same = import->count - import->added - import->changed;

    if (import->options->json) {
        json_t *json =
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:O}", "added", (json_int_t)import->added, "changed",
                      (json_int_t)import->changed, "same", (json_int_t)same, "faults", (json_int_t)import->faults,
                      "ipv6", (json_int_t)import->files.ipv6, "other_vrfs", (json_int_t)import->files.other_vrfs,
                      "operation", import->operation ? json_integer(import->operation) : json_null(), "remarks",
                      import->told);
        json_dumpf(json, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(json);
        return;
    }
    if (import->remarks > REMARKS_MAX)
        fprintf(stderr, "... and %zu more\n", import->remarks - REMARKS_MAX);
    if (import->files.ipv6)
        fprintf(stderr, "%zu addresses of IPv6 are left out: a plan has none\n", import->files.ipv6);
    printf("%s%zu nodes new, %zu changed, %zu as they are", done ? "" : "would be imported: ", import->added,
           import->changed, same);
    if (import->operation)
        printf(" (operation %" JSON_INTEGER_FORMAT ")", import->operation);
    putchar('\n');
}

static int run(struct import *import, int count, char **words)
{
    int status = read_files(import, count, words);

    if (status == EXIT_OK)
        status = copy_plan(import);
    if (status != EXIT_OK)
        return status;
    if (interchange_join(&import->files))
        return no_memory(import);
    tell_all(import);
    if ((status = try(import)) != EXIT_OK)
        return status;
    bool refused = import->faults && !import->skip;
    bool send = !refused && !import->check && import->added + import->changed;
    if (send && (status = carry_out(import)) != EXIT_OK)
        return status;
    if (refused && !import->check && !import->options->json)
        return command_failed(import->self, "nothing is imported: %zu faults (`skip` leaves them out)", import->faults);
    print_summary(import, !import->check && !refused);
    return refused ? EXIT_FAILED : EXIT_OK;
}

/* Files, and what is said behind them. False: that is wrong. */
static bool read_words(struct import *import, int count, char **words, int *files)
{
    *files = 0;
    for (int i = 0; i < count; i++) {
        bool last = i + 1 == count;
        if (strcmp(words[i], "check") == 0)
            import->check = true;
        else if (strcmp(words[i], "skip") == 0)
            import->skip = true;
        else if (strcmp(words[i], "vrf") == 0 && !last)
            import->files.vrf = words[++i];
        else if (strcmp(words[i], "as") == 0 && !last)
            import->as = words[++i];
        else if (*files == i)
            ++*files;
        else
            return false;
    }
    return *files;
}

int command_plan_import(const struct command *self, int count, char **words, const struct options *options)
{
    struct import import = {.self = self, .options = options, .told = json_array()};
    int files;
    int status = read_words(&import, count, words, &files) ? run(&import, files, words) : command_usage(self);

    json_decref(import.told);
    plan_free(import.plan);
    free(import.wanted);
    interchange_clear(&import.files);
    return status;
}
