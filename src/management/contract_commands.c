/* Commands of contracts. */
#include "management/commands.h"
#include "query/contracts.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

/* What stands in the lines of a text. */
static json_t *json_lines(const char *text)
{
    json_t *lines = json_array();

    while (*text) {
        size_t len = strcspn(text, "\n");
        json_array_append_new(lines, json_stringn(text, len));
        text += len + (text[len] == '\n');
    }
    return lines;
}

/* A number; null for 0: that is not said, or not promised. */
static json_t *json_said(uint64_t number)
{
    return number ? json_integer((json_int_t)number) : json_null();
}

static json_t *json_offer(const struct admission_offer *offer)
{
    if (!offer->delay_ns && !offer->rate && !offer->burst)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "delay_us", json_said((uint64_t)(offer->delay_ns + 999) / 1000),
                     "jitter_us", json_said((uint64_t)(offer->jitter_ns + 999) / 1000), "rate",
                     json_said(offer->rate * 8), "burst", json_said(offer->burst));
}

static json_t *contract_record(const void *record)
{
    const struct query_contract *contract = record;
    const struct contract *terms = &contract->terms;
    const struct query_figures *figures = &contract->figures;
    json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:i}", "name", contract->name, "out", contract->out,
                            "state", query_contract_state_name(contract->state), "meaning",
                            query_contract_state_help(contract->state), "by_hand", (int)contract->by_hand, "match",
                            json_lines(contract->matches), "matches", (int)contract->match_count);
    json_t *promised =
        json_pack("{s:I, s:I, s:o, s:o, s:i, s:i, s:I, s:o, s:s, s:I}", "rate", (json_int_t)terms->rate * 8, "burst",
                  (json_int_t)terms->burst, "peak", json_said(terms->peak_rate * 8), "peak_burst",
                  json_said(terms->peak_rate ? terms->peak_burst : 0), "packet_min", (int)terms->packet_min,
                  "packet_max", (int)terms->packet_max, "delay_us", (json_int_t)(terms->delay_ns / 1000), "jitter_us",
                  json_said((uint64_t)terms->jitter_ns / 1000), "excess", contract_treatment_name(terms->treatment),
                  "wait_us", (json_int_t)(contract_wait_ns(terms) / 1000));
    json_t *came = json_pack("{s:I, s:I, s:I, s:I, s:I}", "conforming", (json_int_t)figures->came.conforming, "shaped",
                             (json_int_t)figures->came.shaped, "demoted", (json_int_t)figures->came.demoted, "dropped",
                             (json_int_t)figures->came.dropped, "too_long", (json_int_t)figures->came.too_long);

    json_object_set_new(one, "promised", promised);
    json_object_set_new(one, "why", json_text(contract->why));
    json_object_set_new(one, "offer", json_offer(&contract->offer));
    json_object_set_new(one, "came", came);
    json_object_set_new(one, "left",
                        json_pack("{s:I, s:I}", "packets", (json_int_t)figures->left.packets, "bytes",
                                  (json_int_t)figures->left.bytes));
    json_object_set_new(one, "late", json_integer((json_int_t)figures->left.late));
    json_object_set_new(one, "late_stalled", json_integer((json_int_t)figures->left.late_stalled));
    json_object_set_new(one, "worst_us", json_integer((json_int_t)(figures->left.worst_ns / 1000)));
    return one;
}

int command_contracts(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_CONTRACTS};

    (void)arguments;
    return session_list(session, id, &query, sizeof(struct query_contract), "contracts", contract_record);
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

/* A text that grows as far as a question has room. */
struct writing {
    char *text;
    size_t len;
    bool whole;
};

static void write_bytes(struct writing *writing, const char *bytes, size_t len)
{
    writing->whole &= len < QUERY_TEXT_SIZE - writing->len;
    if (!writing->whole)
        return;
    memcpy(writing->text + writing->len, bytes, len);
    writing->len += len;
    writing->text[writing->len] = '\0';
}

static void write_text(struct writing *writing, const char *text)
{
    write_bytes(writing, text, strlen(text));
}

/* As a string of a configuration. */
static void write_string(struct writing *writing, const char *text)
{
    write_text(writing, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            write_text(writing, "\\");
        write_bytes(writing, text, 1);
    }
    write_text(writing, "\"");
}

static bool is_key(const char *text)
{
    return text[0] && strspn(text, "abcdefghijklmnopqrstuvwxyz-") == strlen(text);
}

static bool is_line(const json_t *value)
{
    const char *text = json_string_value(value);

    return text && !strpbrk(text, "\r\n");
}

/* One setting: a text or a list of them. False: its value is neither. */
static bool write_setting(struct writing *writing, const char *key, const json_t *value)
{
    bool list = json_is_array(value);

    write_text(writing, key);
    write_text(writing, list ? " = [" : " = ");
    for (size_t i = 0; i < (list ? json_array_size(value) : 1); i++) {
        const json_t *one = list ? json_array_get(value, i) : value;
        if (!is_line(one))
            return false;
        write_text(writing, i ? ", " : "");
        write_string(writing, json_string_value(one));
    }
    write_text(writing, list ? "]\n" : "\n");
    return true;
}

/* The contract that the arguments say, as a configuration has it. What is wrong with them; NULL. */
static const char *write_contract(const json_t *arguments, char text[static QUERY_TEXT_SIZE])
{
    const json_t *name = json_object_get(arguments, "name"), *settings = json_object_get(arguments, "settings");
    struct writing writing = {.text = text, .whole = true};
    const char *key;
    json_t *value;

    if (!is_line(name))
        return "name: expected the contract's name";
    if (!json_is_object(settings))
        return "settings: expected an object";
    write_text(&writing, "contract ");
    write_string(&writing, json_string_value(name));
    write_text(&writing, " {\n");
    json_object_foreach((json_t *)settings, key, value)
    {
        if (!is_key(key) || !write_setting(&writing, key, value))
            return "settings: expected names of settings, each with a text or a list of texts";
    }
    write_text(&writing, "}\n");
    return writing.whole ? NULL : "the contract is too long: expected at most 3071 bytes";
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
        json_object_set_new(more, "contract", contract_record(&records[0]));
        return session_fail_with(session, id, WIRE_REFUSED, "the contract is not admitted", more);
    }
    return session_fail_with(session, id, WIRE_REFUSED, "the contract is wrong", more);
}

static int ask_to_add(struct session *session, const json_t *id, const json_t *arguments, enum query_kind kind)
{
    static_assert(QUERY_TEXT_SIZE == 3072, "the text says so");
    struct query query = {.kind = kind};
    const char *wrong = write_contract(arguments, query.text);

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
                          json_pack("{s:o}", "contract", contract_record(query_records(&session->buffer))));
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
    const char *name = json_string_value(json_object_get(arguments, "name"));
    struct query query = {.kind = QUERY_CONTRACT_REMOVE};

    if (!name || strlen(name) >= QUERY_CONTRACT_NAME_SIZE)
        return session_fail(session, id, WIRE_BAD_REQUEST, "name: expected the contract's name");
    memcpy(query.text, name, strlen(name) + 1);
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
