/* Nodes of the plan that shall be imported, in pieces. */
#include "management/commands.h"
#include "management/plan_json.h"

#include <errno.h>
#include <stdlib.h>

#define WRONG_SIZE (PLAN_JSON_WRONG_SIZE + 32)

/* All nodes of a list, in an array that the caller frees. NULL: they are not what they should be. */
static struct plan_wanted *read_nodes(const json_t *nodes, char wrong[static WRONG_SIZE])
{
    struct plan_wanted *wanted = calloc(json_array_size(nodes) + 1, sizeof(*wanted));
    char why[PLAN_JSON_WRONG_SIZE] = "no memory";

    for (size_t i = 0; i < json_array_size(nodes) || !wanted; i++)
        if (!wanted || !entry_json_read(json_array_get(nodes, i), &wanted[i], why)) {
            snprintf(wrong, WRONG_SIZE, "nodes[%zu]: %s", i, why);
            free(wanted);
            return NULL;
        }
    return wanted;
}

static int refuse(struct session *session, const json_t *id, int error)
{
    if (error == -ESTALE)
        return session_fail(session, id, WIRE_REFUSED, "at: so many have not come under this key, or not any more");
    if (error == -E2BIG)
        return session_fail(session, id, WIRE_REFUSED, "nodes: expected at most 1048576 in all, and 256 MiB of texts");
    if (error == -EINVAL)
        return session_fail(session, id, WIRE_BAD_REQUEST, "key: expected 1 to 63 characters, and no spaces");
    return session_fail(session, id, WIRE_INTERNAL, strerror(-error));
}

/* As many of them at a time as have room in a question. */
static int stage(struct session *session, const json_t *id, const char *key, uint32_t at,
                 const struct plan_wanted *wanted, size_t count)
{
    const struct query_answer *answer = &session->buffer.answer;
    struct query query = {0};
    size_t i = 0;

    do {
        query_plan_ask_stage(&query, key, at);
        for (; i < count && query_plan_add_wanted(&query, &wanted[i]); i++)
            ;
        int code = session_ask(session, &query, 1);
        if (code)
            return session_fail(session, id, (enum wire_code)code, wire_meaning(code));
        if (answer->error)
            return refuse(session, id, answer->error);
        at = (uint32_t)answer->generation;
    } while (i < count);
    return session_answer(session, id, WIRE_OK, json_pack("{s:I}", "staged", (json_int_t)at));
}

int command_plan_stage(struct session *session, const json_t *id, const json_t *arguments)
{
    const json_t *key = json_object_get(arguments, "key"), *at = json_object_get(arguments, "at"),
                 *nodes = json_object_get(arguments, "nodes");
    json_int_t before = at ? json_integer_value(at) : 0;
    char wrong[WRONG_SIZE];

    if (!json_is_string(key) || !json_string_length(key) || json_string_length(key) > BOOK_KEY_MAX)
        return refuse(session, id, -EINVAL);
    if ((at && !json_is_integer(at)) || before < 0 || before > BOOK_IMPORT_MAX)
        return session_fail(session, id, WIRE_BAD_REQUEST, "at: expected how many have come before");
    if (!json_is_array(nodes))
        return session_fail(session, id, WIRE_BAD_REQUEST, "nodes: expected a list");
    struct plan_wanted *wanted = read_nodes(nodes, wrong);
    if (!wanted)
        return session_fail(session, id, WIRE_BAD_REQUEST, wrong);
    int error = stage(session, id, json_string_value(key), (uint32_t)before, wanted, json_array_size(nodes));
    free(wanted);
    return error;
}
