#include "management/plan_json.h"

#include "base/compiler.h"
#include "management/commands.h"

#include <stdio.h>

/* --- out ---------------------------------------------------------------------------------------------------------- */

static json_t *json_usage(const struct plan_usage *usage)
{
    json_t *blocks = json_object();
    char len[4];

    for (unsigned i = 0; i <= 32; i++) {
        if (!usage->free_blocks[i])
            continue;
        snprintf(len, sizeof(len), "%u", i);
        json_object_set_new(blocks, len, json_integer((json_int_t)usage->free_blocks[i]));
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:f, s:o}", "addresses", (json_int_t)usage->addresses,
                     "used", (json_int_t)usage->used, "reserved", (json_int_t)usage->reserved, "quarantined",
                     (json_int_t)usage->quarantined, "edges", (json_int_t)usage->edges, "free", (json_int_t)usage->free,
                     "nodes", (json_int_t)usage->nodes, "largest",
                     usage->largest <= 32 ? json_integer(usage->largest) : json_null(), "fragmentation",
                     plan_usage_fragmentation(usage), "free_blocks", blocks);
}

json_t *json_plan_node(const struct query_plan_node *node)
{
    json_t *object = entry_json(&node->entry);

    json_object_set_new(object, "depth", json_integer(node->depth));
    json_object_set_new(object, "usage", json_usage(&node->usage));
    return object;
}

static json_t *number_or_null(uint64_t number)
{
    return number ? json_integer((json_int_t)number) : json_null();
}

json_t *json_plan_step(const struct plan_stored_step *step)
{
    const struct plan_operation *operation = &step->operation;

    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:I, s:o, s:o}", "operation",
                     (json_int_t)operation->number, "at", (json_int_t)operation->at_s, "who", json_text(operation->who),
                     "as", json_text(operation->holder), "what", json_text(operation->what), "steps",
                     (json_int_t)operation->steps, "undoes", number_or_null(operation->undoes), "undone",
                     number_or_null(operation->undone), "key", json_text(operation->key), "step",
                     (json_int_t)step->number, "before",
                     step->change.was ? entry_json(&step->change.before) : json_null(), "after",
                     step->change.is ? entry_json(&step->change.after) : json_null());
}

json_t *json_plan_done(const struct book_done *done)
{
    if (done->error)
        return json_pack("{s:i, s:o}", "code", WIRE_REFUSED, "error", json_text(done->why));
    return json_pack("{s:i, s:I, s:b, s:I, s:b, s:o}", "code", WIRE_OK, "operation", (json_int_t)done->operation,
                     "repeated", done->repeated, "steps", (json_int_t)done->steps, "there", done->is, "node",
                     done->steps ? entry_json(&done->node) : json_null());
}

/* --- in ----------------------------------------------------------------------------------------------------------- */

bool plan_json_place(const json_t *value, const char *key, struct query_plan_place *place,
                     char wrong[static PLAN_JSON_WRONG_SIZE])
{
    const char *text = json_string_value(value);

    place->name = NULL;
    if (!text)
        return entry_json_expected(wrong, key, value, "a node's name, an address, a prefix or a range, as a string");
    if (ipv4_range_parse(text, strlen(text), IPV4_PREFIX_ALLOW_ADDRESS, &place->range, NULL) == 0)
        return true;
    if (!text[strspn(text, "0123456789-_./")]) /* no name has no letter */
        return entry_json_expected(wrong, key, value,
                                   "an address, a prefix without host bits, a range FIRST-LAST, or a node's name");
    if (strlen(text) > PLAN_NAME_MAX)
        return entry_json_expected(wrong, key, value, "a name of at most 63 characters");
    place->name = text;
    return true;
}

/* A field of an order, whose value is read into it. */
typedef bool read_field(const json_t *value, const char *key, struct book_order *order,
                        char wrong[static PLAN_JSON_WRONG_SIZE]);

static bool read_node(const json_t *value, const char *key, struct book_order *order,
                      char wrong[static PLAN_JSON_WRONG_SIZE])
{
    struct query_plan_place place = {0};
    bool right = plan_json_place(value, key, &place, wrong);

    order->node = place.name;
    order->range = place.range;
    return right;
}

static bool read_range(const json_t *value, const char *key, struct book_order *order,
                       char wrong[static PLAN_JSON_WRONG_SIZE])
{
    return entry_json_range(key, value, &order->range, wrong);
}

static bool read_to(const json_t *value, const char *key, struct book_order *order,
                    char wrong[static PLAN_JSON_WRONG_SIZE])
{
    return entry_json_range(key, value, &order->to, wrong);
}

static bool read_number(const json_t *value, const char *key, json_int_t max, json_int_t *number,
                        char wrong[static PLAN_JSON_WRONG_SIZE])
{
    *number = json_integer_value(value);
    if (json_is_integer(value) && *number >= 0 && *number <= max)
        return true;
    snprintf(wrong, PLAN_JSON_WRONG_SIZE, "%s: expected an integer from 0 to %" JSON_INTEGER_FORMAT, key, max);
    return false;
}

static bool read_length(const json_t *value, const char *key, struct book_order *order,
                        char wrong[static PLAN_JSON_WRONG_SIZE])
{
    json_int_t number;
    bool right = read_number(value, key, 32, &number, wrong);

    order->len = (uint8_t)number;
    return right;
}

static bool read_cool_off(const json_t *value, const char *key, struct book_order *order,
                          char wrong[static PLAN_JSON_WRONG_SIZE])
{
    json_int_t number;
    bool right = read_number(value, key, UINT32_MAX, &number, wrong);

    order->cool_off_s = (uint32_t)number;
    return right;
}

static bool read_operation(const json_t *value, const char *key, struct book_order *order,
                           char wrong[static PLAN_JSON_WRONG_SIZE])
{
    json_int_t number;
    bool right = read_number(value, key, INT64_MAX, &number, wrong);

    order->undoes = (uint64_t)number;
    return right;
}

static bool read_strategy(const json_t *value, const char *key, struct book_order *order,
                          char wrong[static PLAN_JSON_WRONG_SIZE])
{
    const char *word = json_string_value(value);

    order->strategy = 0;
    while (order->strategy < PLAN_STRATEGY_COUNT && !(word && strcmp(word, plan_strategy_name(order->strategy)) == 0))
        order->strategy++;
    return order->strategy < PLAN_STRATEGY_COUNT || entry_json_expected(wrong, key, value, "first, best or sparse");
}

static bool read_flag(const json_t *value, const char *key, bool *flag, char wrong[static PLAN_JSON_WRONG_SIZE])
{
    *flag = json_is_true(value);
    return json_is_boolean(value) || entry_json_expected(wrong, key, value, "true or false");
}

static bool read_keep_sibling(const json_t *value, const char *key, struct book_order *order,
                              char wrong[static PLAN_JSON_WRONG_SIZE])
{
    return read_flag(value, key, &order->keep_sibling, wrong);
}

static bool read_all(const json_t *value, const char *key, struct book_order *order,
                     char wrong[static PLAN_JSON_WRONG_SIZE])
{
    return read_flag(value, key, &order->all, wrong);
}

/* Of at most so many bytes; null, or an empty one: none. */
static bool read_text(const json_t *value, const char *key, size_t max, const char **text,
                      char wrong[static PLAN_JSON_WRONG_SIZE])
{
    *text = json_string_value(value);
    if (*text && !(*text)[0])
        *text = NULL;
    if ((json_is_string(value) && (!*text || strlen(*text) <= max)) || json_is_null(value))
        return true;
    snprintf(wrong, PLAN_JSON_WRONG_SIZE, "%s: expected a string of at most %zu bytes, or null", key, max);
    return false;
}

/* What is said of a node. */
static bool read_member(const json_t *value, const char *key, struct book_order *order,
                        char wrong[static PLAN_JSON_WRONG_SIZE])
{
    struct plan_wanted wanted = {order->entry, order->gives};
    bool right = entry_json_member(key, value, &wanted, wrong) == ENTRY_JSON_READ;

    order->entry = wanted.entry;
    order->gives = wanted.gives;
    return right;
}

static bool read_key(const json_t *value, const char *key, struct book_order *order,
                     char wrong[static PLAN_JSON_WRONG_SIZE])
{
    return read_text(value, key, BOOK_KEY_MAX, &order->key, wrong);
}

static bool read_do(const json_t *value, const char *key, struct book_order *order,
                    char wrong[static PLAN_JSON_WRONG_SIZE])
{
    const char *name = json_string_value(value);

    order->operation = (uint8_t)(name ? book_operation_of(name) : BOOK_EXPIRE);
    return order->operation < BOOK_EXPIRE ||
           entry_json_expected(wrong, key, value,
                               "add, allocate, set, delegate, free, split, merge, move, "
                               "resize, import or undo");
}

#define OF(operation) (1u << BOOK_##operation)
#define OF_ENTRY      (OF(ADD) | OF(ALLOCATE) | OF(SET))
#define OF_NODE       (OF(SET) | OF(DELEGATE) | OF(FREE) | OF(SPLIT) | OF(MOVE) | OF(RESIZE))
#define OF_ALL        ((1u << BOOK_EXPIRE) - 1)

/* The fields that there are, and of which operations; those that these need, too. */
static const struct field {
    const char *key;
    read_field *read;
    unsigned of, needed;
} fields[] = {
    {"do", read_do, OF_ALL, OF_ALL},
    {"node", read_node, OF_NODE, OF_NODE},
    {"within", read_node, OF(ALLOCATE), OF(ALLOCATE)},
    {"range", read_range, OF(ADD) | OF(MERGE), OF(ADD) | OF(MERGE)},
    {"to", read_to, OF(MOVE) | OF(RESIZE), OF(MOVE) | OF(RESIZE)},
    {"length", read_length, OF(ALLOCATE) | OF(SPLIT), OF(ALLOCATE) | OF(SPLIT)},
    {"kind", read_member, OF_ENTRY, OF(ADD) | OF(ALLOCATE)},
    {"status", read_member, OF_ENTRY, 0},
    {"delegated", read_member, OF_ENTRY, 0},
    {"name", read_member, OF_ENTRY, 0},
    {"owner", read_member, OF_ENTRY | OF(DELEGATE), 0},
    {"provider", read_member, OF_ENTRY, 0},
    {"contract", read_member, OF_ENTRY, 0},
    {"note", read_member, OF_ENTRY, 0},
    {"until", read_member, OF_ENTRY, 0},
    {"strategy", read_strategy, OF(ALLOCATE), 0},
    {"keep_sibling", read_keep_sibling, OF(ALLOCATE), 0},
    {"all", read_all, OF(FREE), 0},
    {"cool_off", read_cool_off, OF(FREE), 0},
    {"operation", read_operation, OF(UNDO), 0},
    {"key", read_key, OF_ALL, OF(IMPORT)},
};

static const struct field *find_field(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (strcmp(fields[i].key, key) == 0)
            return &fields[i];
    return NULL;
}

/* Those of an operation, as a list. */
static void list_fields(unsigned operation, char list[static PLAN_JSON_WRONG_SIZE])
{
    size_t len = 0;

    list[0] = '\0';
    for (size_t i = 1; i < ARRAY_SIZE(fields) && len < PLAN_JSON_WRONG_SIZE; i++)
        if (fields[i].of >> operation & 1)
            len += (size_t)snprintf(list + len, PLAN_JSON_WRONG_SIZE - len, "%s%s", len ? ", " : "", fields[i].key);
}

bool plan_json_order(const json_t *object, struct book_order *order, char wrong[static PLAN_JSON_WRONG_SIZE])
{
    char list[PLAN_JSON_WRONG_SIZE];
    const char *key;
    json_t *value;

    *order = (struct book_order){0};
    if (!json_is_object(object)) {
        snprintf(wrong, PLAN_JSON_WRONG_SIZE, "expected an object");
        return false;
    }
    if (!read_do(json_object_get(object, "do"), "do", order, wrong))
        return false;
    json_object_foreach((json_t *)object, key, value)
    {
        const struct field *field = find_field(key);
        if (!field || !(field->of >> order->operation & 1)) {
            list_fields(order->operation, list);
            snprintf(wrong, PLAN_JSON_WRONG_SIZE, "'%.30s' is not of %s: expected %.80s", key,
                     book_operation_name(order->operation), list);
            return false;
        }
        if (!field->read(value, key, order, wrong))
            return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (fields[i].needed >> order->operation & 1 && !json_object_get(object, fields[i].key)) {
            snprintf(wrong, PLAN_JSON_WRONG_SIZE, "%s is missing", fields[i].key);
            return false;
        }
    if (order->operation != BOOK_SET && !(order->gives & PLAN_GIVES_STATUS))
        order->entry.status = order->entry.kind == PLAN_BLOCK ? PLAN_ALLOCATED : PLAN_ASSIGNED;
    return true;
}
