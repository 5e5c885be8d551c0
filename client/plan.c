/* fairlead plan: the address plan, and what people do to it. */
#include "client/plan.h"

#include "base/compiler.h"
#include "base/text.h"
#include "client/server.h"
#include "client/times.h"
#include "net/ipv4_range.h"
#include "wire/wire.h"

#include <string.h>
#include <sys/random.h>

/* --- an order ----------------------------------------------------------------------------------------------------- */

/* What is to be done, and for whom. */
struct order {
    const struct command *self;
    json_t *object;
    const char *as;
};

/* Settings that follow, each with its value, but for those that are so if they are said, unless "no" follows. */
static const char *const settings[] = {"status", "name",     "owner",    "provider", "contract", "note",
                                       "until",  "strategy", "cool-off", "as",       "key",      "kind"};
static const char *const flags[] = {"delegated", "keep-sibling", "all"};

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static bool set(const struct order *order, const char *key, json_t *value)
{
    char name[16]; /* as the protocol writes it */
    size_t i = 0;

    for (; key[i] && i < sizeof(name) - 1; i++)
        name[i] = (char)(key[i] == '-' ? '_' : key[i]);
    name[i] = '\0';
    return json_object_set_new(order->object, name, value) == 0 ||
           (command_failed(order->self, "the argument is not UTF-8"), false);
}

static bool set_text(const struct order *order, const char *key, const char *word)
{
    return set(order, key, json_string(word));
}

/* False: its value is wrong, which has been said. */
static bool read_setting(struct order *order, const char *key, const char *word)
{
    json_int_t seconds;
    uint32_t duration;

    if (strcmp(key, "as") == 0) {
        order->as = word;
        return true;
    }
    if (strcmp(key, "until") == 0 && word[0]) {
        if (times_read(word, &seconds))
            return set(order, key, json_integer(seconds));
        command_failed(order->self, "until '%s': expected " TIMES_EXPECTED, word);
        return false;
    }
    if (strcmp(key, "cool-off") == 0) {
        if (text_duration(word, strlen(word), UINT32_MAX - 1, &duration, NULL) == 0)
            return set(order, key, json_integer(duration));
        command_failed(order->self, "cool-off '%s': expected a duration, as 7d or 12h", word);
        return false;
    }
    return set(order, key, word[0] ? json_string(word) : json_null());
}

static bool read_settings(struct order *order, int count, char **words)
{
    for (int i = 0; i < count; i++) {
        if (is_one_of(words[i], flags, ARRAY_SIZE(flags))) {
            bool no = i + 1 < count && strcmp(words[i + 1], "no") == 0;
            if (!set(order, words[i], json_boolean(!no)))
                return false;
            i += no;
        } else if (!is_one_of(words[i], settings, ARRAY_SIZE(settings))) {
            command_failed(order->self,
                           "'%s': expected kind, status, name, owner, provider, contract, note, until, strategy, "
                           "cool-off, as or key with a value, or delegated, keep-sibling or all",
                           words[i]);
            return false;
        } else if (i + 1 == count) {
            command_failed(order->self, "'%s': expected a value behind it", words[i]);
            return false;
        } else {
            if (!read_setting(order, words[i], words[i + 1]))
                return false;
            i++;
        }
    }
    return true;
}

/* "/24" or "24" */
static bool read_length(const struct order *order, const char *word)
{
    const char *digits = word[0] == '/' ? word + 1 : word;
    uint32_t length;

    if (text_number(digits, 32, &length))
        return set(order, "length", json_integer(length));
    command_failed(order->self, "'%s': expected the length of a prefix, as /24", word);
    return false;
}

static bool is_kind(const char *word)
{
    static const char *const kinds[] = {"block", "subnet", "pool", "host"};

    return is_one_of(word, kinds, ARRAY_SIZE(kinds));
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

static void print_done(const json_t *done)
{
    const json_t *node = json_object_get(done, "node");
    const char *name = json_string_value(json_object_get(node, "name")),
               *owner = json_string_value(json_object_get(node, "owner"));
    json_int_t steps = json_integer_value(json_object_get(done, "steps"));
    char until[TABLE_CELL_SIZE];

    printf("%s: ", json_string_value(json_object_get(node, "range")));
    if (json_is_true(json_object_get(done, "there"))) {
        printf("%s, %s", json_string_value(json_object_get(node, "kind")),
               json_string_value(json_object_get(node, "status")));
        if (json_is_integer(json_object_get(node, "until"))) {
            times_cell(node, "until", until);
            printf(" until %s", until);
        }
        if (name)
            printf(", name %s", name);
        if (owner)
            printf(json_is_true(json_object_get(node, "delegated")) ? ", delegated to %s" : ", owner %s", owner);
    } else {
        printf("free");
    }
    if (steps > 1)
        printf("; %" JSON_INTEGER_FORMAT " nodes in all", steps);
    printf(" (operation %" JSON_INTEGER_FORMAT "%s)\n", json_integer_value(json_object_get(done, "operation")),
           json_is_true(json_object_get(done, "repeated")) ? ", done before" : "");
}

/* What has come of it. */
struct outcome {
    const struct order *order;
    const struct options *options;
    bool refused;
};

static int answered(void *arg, const json_t *result, bool last)
{
    const json_t *done = json_array_get(json_object_get(result, "done"), 0);
    const char *error = json_string_value(json_object_get(done, "error"));
    struct outcome *outcome = arg;

    (void)last;
    outcome->refused = error;
    if (error)
        command_failed(outcome->order->self, "%s", error);
    else if (outcome->options->json)
        return server_done((void *)outcome->options, done, true);
    else
        print_done(done);
    return 0;
}

json_t *plan_new_key(void)
{
    unsigned char bytes[16];

    return getrandom(bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes) ? wire_hex(bytes, sizeof(bytes)) : NULL;
}

static int carry_out(const struct order *order, const struct options *options)
{
    struct outcome outcome = {order, options, false};

    if (!json_object_get(order->object, "key"))
        json_object_set_new(order->object, "key", plan_new_key());
    json_t *arguments = json_pack("{s:[O]}", "operations", order->object);
    if (order->as && json_object_set_new(arguments, "as", json_string(order->as))) {
        json_decref(arguments);
        return command_failed(order->self, "the argument is not UTF-8");
    }
    int status = server_ask_again(order->self, options, "plan-do", arguments, answered, &outcome);
    return status == EXIT_OK && outcome.refused ? EXIT_FAILED : status;
}

static bool read_to(const struct order *order, const char *word)
{
    return set_text(order, "to", word);
}

static bool read_owner(const struct order *order, const char *word)
{
    return set_text(order, "owner", word);
}

/* What is to be done, the key of its first word, and what its second one is read by. */
static const struct form {
    const char *name, *first;
    bool (*second)(const struct order *order, const char *word);
    bool takes_kind; /* as a word of its own, in front of settings */
} forms[] = {
    {"add", "range", NULL, true},       {"allocate", "within", read_length, true},
    {"set", "node", NULL, false},       {"delegate", "node", read_owner, false},
    {"free", "node", NULL, false},      {"split", "node", read_length, false},
    {"merge", "range", NULL, false},    {"move", "node", read_to, false},
    {"resize", "node", read_to, false},
};

/* The kind of a node of which it is not said: a host if it is one address, a pool if it is no block. */
static const char *usual_kind(const struct order *order)
{
    const char *text = json_string_value(json_object_get(order->object, "range"));
    struct ipv4_range range = {0, UINT32_MAX};
    struct ipv4_prefix prefix;

    if (json_integer_value(json_object_get(order->object, "length")) == 32)
        return "host";
    if (!text || ipv4_range_parse(text, strlen(text), IPV4_PREFIX_ALLOW_ADDRESS, &range, NULL))
        return "subnet";
    return range.first == range.last ? "host" : ipv4_range_is_prefix(range, &prefix) ? "subnet" : "pool";
}

static int read_and_carry_out(const struct form *form, struct order *order, int count, char **words,
                              const struct options *options)
{
    int at = form->second ? 2 : 1;

    if (!set_text(order, "do", form->name) || !set_text(order, form->first, words[0]) ||
        (form->second && !form->second(order, words[1])))
        return EXIT_FAILED;
    if (form->takes_kind && at < count && is_kind(words[at]) && !set_text(order, "kind", words[at++]))
        return EXIT_FAILED;
    if (!read_settings(order, count - at, words + at))
        return EXIT_FAILED;
    if (form->takes_kind && !json_object_get(order->object, "kind"))
        set_text(order, "kind", usual_kind(order));
    return carry_out(order, options);
}

/* One of `forms`, whose name stands in front of its words. */
static int change(const struct command *self, int count, char **words, const struct options *options)
{
    struct order order = {.self = self, .object = json_object()};
    const struct form *form = forms;

    while (strcmp(form->name, words[-1]) != 0)
        form++;
    int status = read_and_carry_out(form, &order, count, words, options);
    json_decref(order.object);
    return status;
}

static int undo(const struct command *self, int count, char **words, const struct options *options)
{
    struct order order = {.self = self, .object = json_pack("{s:s}", "do", "undo")};
    int at = 0, status = EXIT_FAILED;
    uint32_t number;

    if (count && text_number(words[0], UINT32_MAX, &number)) {
        json_object_set_new(order.object, "operation", json_integer(number));
        at = 1;
    }
    if (read_settings(&order, count - at, words + at))
        status = carry_out(&order, options);
    json_decref(order.object);
    return status;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

#define MANY 64 /* words */

static const struct subcommand subcommands[] = {
    {"show", 0, 3, command_plan_show},
    {"find", 1, 2, command_plan_find},
    {"history", 0, 3, command_plan_history},
    {"add", 1, MANY, change},
    {"allocate", 2, MANY, change},
    {"set", 3, MANY, change},
    {"delegate", 2, MANY, change},
    {"free", 1, MANY, change},
    {"split", 2, MANY, change},
    {"merge", 1, MANY, change},
    {"move", 2, MANY, change},
    {"resize", 2, MANY, change},
    {"undo", 0, MANY, undo},
    {"import", 1, MANY, command_plan_import},
    {"export", 1, 2, command_plan_export},
    {"map", 0, 3, command_plan_map},
    {"aggregate", 0, 2, command_plan_aggregate},
    {"check", 0, 0, command_plan_check},
    {"announce", 0, 1, command_plan_announce},
    {NULL, 0, 0, NULL},
};

static int plan(const struct command *self, int argc, char **argv, const struct options *options)
{
    return command_run(self, subcommands, argc, argv, options);
}

const struct command command_plan = {
    .name = "plan",
    .arguments = "show|find|check|add|allocate|set|delegate|free|split|merge|move|resize|history|undo|import|export|"
                 "announce|aggregate ...",
    .summary = "the address plan: who has which addresses",
    .help =
        "  show [NODE] [depth N]                the plan, or NODE and what is in it, and how full each part is: '#' "
        "used,\n"
        "                                       '=' reserved, '~' cooling off, '.' free\n"
        "  find ADDRESS|RANGE [TIME]            what it lies in, or lay in at TIME\n"
        "  find TEXT                            nodes with TEXT in name, owner, provider, contract or note\n"
        "  check                                where plan, configuration, leases, routes and the kernel's addresses "
        "do "
        "not\n"
        "                                       agree; exit status 1 if there is anything\n"
        "  add RANGE [KIND] [SETTING ...]       a node at a place that is known\n"
        "  allocate NODE /LENGTH [KIND] [SETTING ...]  a node in NODE where there is room\n"
        "  set NODE SETTING ...                 change what is known of it\n"
        "  delegate NODE OWNER                  within it, only OWNER acts from now on\n"
        "  free NODE [all] [cool-off TIME]      it goes, with all that is in it, and is free after TIME (7d)\n"
        "  split NODE /LENGTH                   it becomes several\n"
        "  merge RANGE                          the nodes that fill RANGE become one\n"
        "  move NODE ADDRESS                    it gets the addresses from ADDRESS on, with all that is in it\n"
        "  resize NODE RANGE                    it gets more addresses, or less\n"
        "  history [NODE|RANGE|NUMBER] [limit N]  what was done; about NODE or RANGE; all of operation NUMBER\n"
        "  undo [NUMBER]                        undo operation NUMBER, or the latest\n"
        "  import FILE ... [check] [skip] [vrf NAME]  nodes of FILE are added, or get what it says, all in one "
        "operation: JSON or CSV of\n"
        "                                       an export; NetBox's CSV (prefixes, aggregates, IP ranges, IP "
        "addresses; of\n"
        "                                       one VRF); Kea's configuration; dhcpd.conf; ip -j route. check: only "
        "say\n"
        "                                       what would be done; skip: leave out what cannot be. '-': standard "
        "input\n"
        "  export FORMAT [NODE]                 the plan, or NODE and what is in it, as json or csv (all of it), "
        "netbox-prefixes,\n"
        "                                       netbox-ranges, netbox-addresses, kea, dhcpd or routes\n"
        "  map [NODE|RANGE] [by utilisation]    a picture of the plan, or of NODE, as SVG: addresses along Hilbert's "
        "curve, so that\n"
        "                                       each prefix is a rectangle; in colours of what nodes are, or how full "
        "subnets are\n"
        "  announce [PROVIDER]                  what would be announced to each provider, exactly summarised\n"
        "  aggregate [FILE] [discards]          the smallest table that forwards as FILE does, whose lines are\n"
        "                                       [TYPE] PREFIX [NEXT HOP], as of ip route ('-': standard input); or as "
        "the\n"
        "                                       daemon does; with routes that discard, where that is smaller\n"
        "\n"
        "NODE is a name, or its range: an address, PREFIX/LENGTH or FIRST-LAST. KIND is block, subnet, pool or host.\n"
        "A SETTING is one of these with its value: kind, status (allocated, assigned, reserved), name, owner, "
        "provider,\n"
        "contract, note, until; strategy (first, best, sparse) when allocating; or keep-sibling; or delegated, which\n"
        "`delegated no` takes back. An empty value (\"\") takes a setting away. With all changes: as OWNER, to act in "
        "what\n"
        "is delegated to OWNER; key KEY, so that the same change is not made twice (one is made up if none is given).\n"
        "\n"
        "Only root, and members of the group that the configuration names, may change something.\n",
    .run = plan,
};
