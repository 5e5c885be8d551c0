/* Commands of contracts. */
#include "conf/conf.h"
#include "management/commands.h"
#include "management/contract_json.h"
#include "query/contracts.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int command_contracts(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_CONTRACTS};

    (void)arguments;
    return session_list(session, id, &query, sizeof(struct query_contract), "contracts", json_contract);
}

/* The question that names a contract. False: the arguments do not. */
static bool name_contract(const json_t *arguments, struct query *query)
{
    const char *name = json_string_value(json_object_get(arguments, "name"));

    if (!name || strlen(name) >= QUERY_CONTRACT_NAME_SIZE)
        return false;
    query->text_bytes = (uint32_t)strlen(name) + 1;
    memcpy(query->text, name, query->text_bytes);
    return true;
}

int command_contract(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_CONTRACT};

    if (!name_contract(arguments, &query))
        return session_fail(session, id, WIRE_BAD_REQUEST, "name: expected the contract's name");
    int code = session_ask(session, &query, sizeof(struct query_contract_seen));
    if (code)
        return session_fail(session, id, (enum wire_code)code, wire_meaning(code));
    if (session->buffer.answer.error)
        return session_fail(session, id, WIRE_REFUSED, "there is no such contract");
    const struct query_contract_seen *seen = query_records(&session->buffer);
    json_t *one = json_contract(&seen->contract);
    json_object_set_new(one, "delays_ns", json_delays(&seen->delays));
    return session_answer(session, id, WIRE_OK, json_pack("{s:o}", "contract", one));
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

static bool is_line(const json_t *value)
{
    const char *text = json_string_value(value);

    return text && !strpbrk(text, "\r\n");
}

/* One setting: a text or a list of them. False: its value is neither. */
static bool write_setting(FILE *stream, const char *key, const json_t *value)
{
    bool list = json_is_array(value);

    fprintf(stream, "%s = %s", key, list ? "[" : "");
    for (size_t i = 0; i < (list ? json_array_size(value) : 1); i++) {
        const json_t *one = list ? json_array_get(value, i) : value;
        if (!is_line(one))
            return false;
        fputs(i ? ", " : "", stream);
        conf_print_text(json_string_value(one), stream);
    }
    fputs(list ? "]\n" : "\n", stream);
    return true;
}

/* The contract that the arguments say, as a configuration has it. What is wrong with them; NULL. */
static const char *write_contract(const json_t *arguments, FILE *stream)
{
    const json_t *name = json_object_get(arguments, "name"), *settings = json_object_get(arguments, "settings");
    const char *key;
    json_t *value;

    if (!is_line(name))
        return "name: expected the contract's name";
    if (!json_is_object(settings))
        return "settings: expected an object";
    fputs("contract ", stream);
    conf_print_text(json_string_value(name), stream);
    fputs(" {\n", stream);
    json_object_foreach((json_t *)settings, key, value)
    {
        if (!conf_is_key(key) || !write_setting(stream, key, value))
            return "settings: expected names of settings, each with a text or a list of texts";
    }
    fputs("}\n", stream);
    return NULL;
}

/* The same as the text of a question. */
static const char *write_question(const json_t *arguments, struct query *query)
{
    static_assert(QUERY_TEXT_SIZE == 16384, "the text says so");
    static const char no_memory[] = "there is no memory for the contract";
    char *written = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&written, &len);
    const char *wrong = stream ? write_contract(arguments, stream) : no_memory;

    if (stream && fclose(stream) == EOF)
        wrong = no_memory;
    if (!wrong && len >= QUERY_TEXT_SIZE)
        wrong = "the contract is too long: expected at most 16383 bytes";
    if (!wrong) {
        memcpy(query->text, written, len + 1);
        query->text_bytes = (uint32_t)len + 1;
    }
    free(written);
    return wrong;
}

/* What is wrong, a line for each error, with what would be admitted. */
static int refuse(struct session *session, const json_t *id)
{
    const struct query_contract *records = query_records(&session->buffer);
    json_t *more = json_object(), *errors = json_array();

    for (uint32_t i = 0; i < session->buffer.answer.count; i++)
        json_array_append_new(errors, json_text(records[i].why));
    json_object_set_new(more, "errors", errors);
    if (session->buffer.answer.error == -EDQUOT) {
        json_object_set_new(more, "offer", json_offer(&records[0].offer));
        json_object_set_new(more, "contract", json_contract(&records[0]));
        return session_fail_with(session, id, WIRE_REFUSED, "the contract is not admitted", more);
    }
    return session_fail_with(session, id, WIRE_REFUSED, "the contract is wrong", more);
}

static int ask_to_add(struct session *session, const json_t *id, const json_t *arguments, enum query_kind kind)
{
    struct query query = {.kind = kind};
    const char *wrong = write_question(arguments, &query);

    if (wrong)
        return session_fail(session, id, WIRE_BAD_REQUEST, wrong);
    int code = session_ask(session, &query, sizeof(struct query_contract));
    int error = session->buffer.answer.error;
    if (code)
        return session_fail(session, id, (enum wire_code)code, wire_meaning(code));
    if (error == -EINVAL || error == -EDQUOT)
        return refuse(session, id);
    if (error)
        return session_fail(session, id, WIRE_INTERNAL, strerror(-error));
    return session_answer(session, id, WIRE_OK,
                          json_pack("{s:o}", "contract", json_contract(query_records(&session->buffer))));
}

int command_contract_check(struct session *session, const json_t *id, const json_t *arguments)
{
    return ask_to_add(session, id, arguments, QUERY_CONTRACT_CHECK);
}

int command_contract_add(struct session *session, const json_t *id, const json_t *arguments)
{
    return ask_to_add(session, id, arguments, QUERY_CONTRACT_ADD);
}

/* A session is a process of its own: nobody else waits. */
static void wait_for(uint64_t ns)
{
    const struct timespec time = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};

    nanosleep(&time, NULL);
}

/* Answers when the last packets have left, and so its share is free for others. */
int command_contract_remove(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_CONTRACT_REMOVE};

    if (!name_contract(arguments, &query))
        return session_fail(session, id, WIRE_BAD_REQUEST, "name: expected the contract's name");
    int code = session_ask(session, &query, sizeof(struct query_contract));
    if (code)
        return session_fail(session, id, (enum wire_code)code, wire_meaning(code));
    switch (session->buffer.answer.error) {
    case 0:
        wait_for(session->buffer.answer.generation);
        return session_answer(session, id, WIRE_OK, json_object());
    case -ENOENT:
        return session_fail(session, id, WIRE_REFUSED, "there is no such contract");
    case -EEXIST:
        return session_fail(session, id, WIRE_REFUSED, "it is the configuration's: change it there");
    default:
        return session_fail(session, id, WIRE_INTERNAL, strerror(-session->buffer.answer.error));
    }
}
