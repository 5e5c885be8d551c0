/* Commands of the address plan. */
#include "base/compiler.h"
#include "management/commands.h"
#include "management/plan_json.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#define LIMIT_MAX         INT64_MAX
#define ORDERS_WRONG_SIZE (PLAN_JSON_WRONG_SIZE + 40)

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* Ask; what the planner says of the question itself is told. False: it has been answered, and *error is what that
 * returned. */
static bool ask(struct session *session, const json_t *id, const struct query *query, int *error)
{
    int code = session_ask(session, query, 1);
    int said = session->buffer.answer.error;

    if (code)
        *error = session_fail(session, id, (enum wire_code)code, wire_meaning(code));
    else if (said == -ENOENT)
        *error = session_fail(session, id, WIRE_REFUSED, "there is no such node in the plan");
    else if (said)
        *error = session_fail(session, id, WIRE_INTERNAL, strerror(-said));
    return !code && !said;
}

static json_t *take_nodes(union query_buffer *buffer)
{
    struct unpack records = query_plan_records(buffer);
    json_t *nodes = json_array();
    struct query_plan_node node;

    while (query_plan_take_node(&records, &node))
        json_array_append_new(nodes, json_plan_node(&node));
    return nodes;
}

static json_t *take_entries(union query_buffer *buffer)
{
    struct unpack records = query_plan_records(buffer);
    json_t *nodes = json_array();
    struct plan_entry entry;

    while (query_plan_take_entry(&records, &entry))
        json_array_append_new(nodes, entry_json(&entry));
    return nodes;
}

/* A line of an answer. */
static int tell(struct session *session, const json_t *id, const char *key, json_t *records, bool more)
{
    return session_answer(session, id, more ? WIRE_MORE : WIRE_OK, json_pack("{s:o}", key, records));
}

/* --- nodes -------------------------------------------------------------------------------------------------------- */

/* A number that may be left out. False: it is none. */
static bool read_count(const json_t *arguments, const char *key, json_int_t *count)
{
    const json_t *value = json_object_get(arguments, key);

    if (value)
        *count = json_integer_value(value);
    return !value || (json_is_integer(value) && *count >= 0);
}

int command_plan(struct session *session, const json_t *id, const json_t *arguments)
{
    const json_t *within = json_object_get(arguments, "within"), *having = json_object_get(arguments, "having"),
                 *bare = json_object_get(arguments, "bare");
    struct query_plan_list list = {.within.range = {0, UINT32_MAX}, .having = json_string_value(having)};
    struct query query = {0};
    char wrong[PLAN_JSON_WRONG_SIZE];
    json_int_t depth = UINT32_MAX;
    int error = 0;

    if (within && !plan_json_place(within, "within", &list.within, wrong))
        return session_fail(session, id, WIRE_BAD_REQUEST, wrong);
    if (!read_count(arguments, "depth", &depth))
        return session_fail(session, id, WIRE_BAD_REQUEST, "depth: expected an integer that is not negative");
    if (having && (!list.having || !list.having[0] || strlen(list.having) > PLAN_TEXT_MAX))
        return session_fail(session, id, WIRE_BAD_REQUEST, "having: expected a string of 1 to 255 bytes");
    if (bare && !json_is_boolean(bare))
        return session_fail(session, id, WIRE_BAD_REQUEST, "bare: expected true or false");
    list.bare = json_is_true(bare);
    list.depth = depth < UINT32_MAX ? (uint32_t)depth : UINT32_MAX;
    for (;;) {
        query_plan_ask_list(&query, &list);
        if (!ask(session, id, &query, &error))
            return error;
        const struct query_answer answer = session->buffer.answer;
        error = tell(session, id, "nodes", list.bare ? take_entries(&session->buffer) : take_nodes(&session->buffer),
                     answer.more);
        if (error || !answer.more)
            return error;
        list.started = true;
        list.behind = query_plan_behind(&answer);
    }
}

/* --- what was before ---------------------------------------------------------------------------------------------- */

struct then {
    struct ipv4_range range;
    json_t *node;
};

/* Nodes around a range, as they were: the plan now, and then step by step back. */
struct back {
    struct ipv4_range about;
    uint32_t at_s;
    struct then *all;
    size_t count;
    bool done, failed;
};

static void put_then(struct back *back, const struct plan_entry *entry, json_t *node)
{
    struct then *wider = realloc(back->all, (back->count + 1) * sizeof(*wider));

    back->failed |= !wider;
    if (!wider) {
        json_decref(node);
        return;
    }
    back->all = wider;
    back->all[back->count++] = (struct then){entry->range, node};
}

static void drop_then(struct back *back, struct ipv4_range range)
{
    for (size_t i = 0; i < back->count; i++) {
        if (!ipv4_range_equal(back->all[i].range, range))
            continue;
        json_decref(back->all[i].node);
        back->all[i] = back->all[--back->count];
        return;
    }
}

/* The steps of an answer, the latest first. */
static void step_back(struct back *back, union query_buffer *buffer)
{
    struct unpack records = query_plan_records(buffer);
    struct plan_stored_step step;

    while (!back->done && query_plan_take_step(&records, &step)) {
        const struct plan_change *change = &step.change;
        back->done = step.operation.at_s <= back->at_s;
        if (back->done)
            return;
        if (change->is && ipv4_range_covers(change->after.range, back->about))
            drop_then(back, change->after.range);
        if (change->was && ipv4_range_covers(change->before.range, back->about))
            put_then(back, &change->before, entry_json(&change->before));
    }
}

/* The wider one first; of two pools or hosts there is one. */
static int by_width(const void *a, const void *b)
{
    const struct then *one = a, *other = b;
    uint64_t x = ipv4_range_size(one->range), y = ipv4_range_size(other->range);

    return (x < y) - (x > y);
}

/* Of nodes as they are: session->buffer. */
static int find_then(struct session *session, const json_t *id, struct back *back)
{
    struct query_plan_steps steps = {.about = back->about, .below = {session->buffer.answer.generation + 1, 0}};
    struct unpack records = query_plan_records(&session->buffer);
    struct query query = {0};
    struct query_plan_node node;
    json_t *nodes = json_array();
    bool more = true;
    int error = 0;

    while (query_plan_take_node(&records, &node))
        put_then(back, &node.entry, entry_json(&node.entry));
    while (more && !back->done) {
        query_plan_ask_steps(&query, &steps);
        if (!ask(session, id, &query, &error)) {
            json_decref(nodes);
            return error;
        }
        steps.below = query_plan_below(&session->buffer.answer);
        more = session->buffer.answer.more;
        step_back(back, &session->buffer);
    }
    if (back->count)
        qsort(back->all, back->count, sizeof(*back->all), by_width);
    for (size_t i = 0; i < back->count; i++) {
        json_object_set_new(back->all[i].node, "depth", json_integer((json_int_t)i));
        json_array_append(nodes, back->all[i].node);
    }
    if (back->failed) {
        json_decref(nodes);
        return session_fail(session, id, WIRE_INTERNAL, "no memory");
    }
    return tell(session, id, "nodes", nodes, false);
}

int command_plan_find(struct session *session, const json_t *id, const json_t *arguments)
{
    const json_t *node = json_object_get(arguments, "node"), *at = json_object_get(arguments, "at");
    struct query_plan_place place = {0};
    struct query query = {0};
    char wrong[PLAN_JSON_WRONG_SIZE];
    json_int_t at_s = 0;
    int error = 0;

    if (!plan_json_place(node, "node", &place, wrong))
        return session_fail(session, id, WIRE_BAD_REQUEST, wrong);
    if (!read_count(arguments, "at", &at_s) || at_s > UINT32_MAX)
        return session_fail(session, id, WIRE_BAD_REQUEST, "at: expected seconds since 1970");
    if (at && place.name)
        return session_fail(session, id, WIRE_BAD_REQUEST,
                            "node: with a time, expected an address, prefix or range: "
                            "names may have been others'");
    query_plan_ask_find(&query, &place);
    if (!ask(session, id, &query, &error))
        return error;
    if (!at)
        return tell(session, id, "nodes", take_nodes(&session->buffer), false);
    struct back back = {.about = place.range, .at_s = (uint32_t)at_s};
    error = find_then(session, id, &back);
    for (size_t i = 0; i < back.count; i++)
        json_decref(back.all[i].node);
    free(back.all);
    return error;
}

/* --- history ------------------------------------------------------------------------------------------------------ */

/* What is asked for: operations, the steps of one, or those about a range. */
struct past_wanted {
    struct query_plan_steps steps;
    uint64_t below; /* operations below it */
    bool about;
    json_int_t left; /* how many are still to be told */
};

static void ask_for_past(struct query *query, const struct past_wanted *wanted)
{
    if (wanted->about || wanted->steps.operation)
        query_plan_ask_steps(query, &wanted->steps);
    else
        query_plan_ask_operations(query, wanted->below);
}

static void go_on(struct past_wanted *wanted, const struct query_answer *answer)
{
    struct plan_store_place place = query_plan_below(answer);

    wanted->steps.below = place;
    wanted->steps.from = place.step + 1;
    wanted->below = place.operation;
}

static json_t *take_past(union query_buffer *buffer, json_int_t *left)
{
    struct unpack records = query_plan_records(buffer);
    json_t *operations = json_array();
    struct plan_stored_step step;

    while (*left > 0 && query_plan_take_step(&records, &step)) {
        json_array_append_new(operations, json_plan_step(&step));
        --*left;
    }
    return operations;
}

/* The range that a name has now. */
static bool resolve(struct session *session, const json_t *id, const struct query_plan_place *place,
                    struct ipv4_range *range, int *error)
{
    struct query query = {0};
    struct query_plan_node node;

    *range = place->range;
    if (!place->name)
        return true;
    query_plan_ask_find(&query, place);
    if (!ask(session, id, &query, error))
        return false;
    struct unpack records = query_plan_records(&session->buffer);
    while (query_plan_take_node(&records, &node))
        *range = node.entry.range;
    return true;
}

int command_plan_history(struct session *session, const json_t *id, const json_t *arguments)
{
    const json_t *about = json_object_get(arguments, "about");
    struct past_wanted wanted = {.about = about, .left = LIMIT_MAX};
    struct query query = {0};
    struct query_plan_place place = {0};
    char wrong[PLAN_JSON_WRONG_SIZE];
    json_int_t operation = 0;
    int error = 0;

    if (!read_count(arguments, "operation", &operation))
        return session_fail(session, id, WIRE_BAD_REQUEST, "operation: expected its number");
    if (!read_count(arguments, "limit", &wanted.left))
        return session_fail(session, id, WIRE_BAD_REQUEST, "limit: expected an integer that is not negative");
    if (about && operation)
        return session_fail(session, id, WIRE_BAD_REQUEST, "operation: expected either this or about");
    if (about && !plan_json_place(about, "about", &place, wrong))
        return session_fail(session, id, WIRE_BAD_REQUEST, wrong);
    if (about && !resolve(session, id, &place, &wanted.steps.about, &error))
        return error;
    wanted.steps.operation = (uint64_t)operation;
    for (;;) {
        ask_for_past(&query, &wanted);
        if (!ask(session, id, &query, &error))
            return error;
        const struct query_answer answer = session->buffer.answer;
        json_t *operations = take_past(&session->buffer, &wanted.left);
        bool more = answer.more && wanted.left;
        error = tell(session, id, "operations", operations, more);
        if (error || !more)
            return error;
        go_on(&wanted, &answer);
    }
}

/* --- orders ------------------------------------------------------------------------------------------------------- */

static void name_user(const struct session *session, char name[static BOOK_WHO_MAX + 1])
{
    const struct passwd *user = getpwuid(session->self->uid);

    if (user && strlen(user->pw_name) <= BOOK_WHO_MAX)
        snprintf(name, BOOK_WHO_MAX + 1, "%s", user->pw_name);
    else
        snprintf(name, BOOK_WHO_MAX + 1, "uid %u", session->self->uid);
}

/* All orders of a list, in an array that the caller frees. NULL: they are not what they should be. */
static struct book_order *read_orders(const json_t *operations, char wrong[static ORDERS_WRONG_SIZE])
{
    struct book_order *orders = calloc(json_array_size(operations), sizeof(*orders));
    char why[PLAN_JSON_WRONG_SIZE] = "no memory";

    for (size_t i = 0; i < json_array_size(operations); i++)
        if (!orders || !plan_json_order(json_array_get(operations, i), &orders[i], why)) {
            snprintf(wrong, ORDERS_WRONG_SIZE, "operations[%zu]: %s", i, why);
            free(orders);
            return NULL;
        }
    return orders;
}

static json_t *take_done(union query_buffer *buffer)
{
    struct unpack records = query_plan_records(buffer);
    json_t *done = json_array();
    struct book_done one;

    while (query_plan_take_done(&records, &one))
        json_array_append_new(done, json_plan_done(&one));
    return done;
}

/* What could not be stored, and why. */
static int not_stored(struct session *session, const json_t *id)
{
    struct unpack records = query_plan_records(&session->buffer);
    const char *why = unpack_text(&records);
    char line[256];

    snprintf(line, sizeof(line), "the plan could not be stored, and is not changed: %.150s",
             why ? why : strerror(-session->buffer.answer.error));
    return session_fail(session, id, WIRE_INTERNAL, line);
}

/* As many of them at a time as have room in a question, and their answers in one. */
static int carry_out(struct session *session, const json_t *id, const char *as, const struct book_order *orders,
                     size_t count)
{
    struct query query = {0};
    char who[BOOK_WHO_MAX + 1];
    int error = 0;

    name_user(session, who);
    for (size_t i = 0; !error && i < count;) {
        query_plan_ask_do(&query, who, as);
        for (size_t end = i; end < count && query_plan_add_order(&query, &orders[end]); end++)
            ;
        int code = session_ask(session, &query, 1);
        if (code)
            return session_fail(session, id, (enum wire_code)code, wire_meaning(code));
        if (session->buffer.answer.error)
            return not_stored(session, id);
        i += session->buffer.answer.generation;
        error = tell(session, id, "done", take_done(&session->buffer), i < count);
    }
    return error;
}

int command_plan_do(struct session *session, const json_t *id, const json_t *arguments)
{
    const json_t *as = json_object_get(arguments, "as"), *operations = json_object_get(arguments, "operations");
    const size_t count = json_array_size(operations);
    char wrong[ORDERS_WRONG_SIZE];

    if (!count)
        return session_fail(session, id, WIRE_BAD_REQUEST, "operations: expected a list that is not empty");
    if (as && (!json_is_string(as) || !json_string_length(as) || json_string_length(as) > PLAN_TEXT_MAX))
        return session_fail(session, id, WIRE_BAD_REQUEST, "as: expected an owner, of 1 to 255 bytes");
    struct book_order *orders = read_orders(operations, wrong);
    if (!orders)
        return session_fail(session, id, WIRE_BAD_REQUEST, wrong);
    int error = carry_out(session, id, json_string_value(as), orders, count);
    free(orders);
    return error;
}
