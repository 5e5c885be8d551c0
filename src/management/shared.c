/* What commands share. */
#include "management/commands.h"

#include <string.h>

json_t *json_text(const char *text)
{
    json_t *value = text && text[0] ? json_string(text) : NULL;

    return value ? value : json_null();
}

json_t *json_address(uint32_t addr)
{
    char text[IPV4_TEXT_SIZE];

    ipv4_addr_format(addr, text);
    return json_string(text);
}

json_t *json_prefix(struct ipv4_prefix prefix)
{
    char text[IPV4_PREFIX_TEXT_SIZE];

    ipv4_prefix_format(prefix, text);
    return json_string(text);
}

json_t *json_mac(const uint8_t mac[ETH_ADDR_SIZE])
{
    return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

json_t *json_count(const struct door_count *count)
{
    return json_pack("{s:I, s:I}", "packets", (json_int_t)count->packets, "bytes", (json_int_t)count->bytes);
}

json_t *json_delay(const struct histogram_summary *delay)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "packets", (json_int_t)delay->count, "p50_us",
                     (json_int_t)(delay->p50_ns / 1000), "p99_us", (json_int_t)(delay->p99_ns / 1000), "max_us",
                     (json_int_t)(delay->max_ns / 1000));
}

json_t *json_reasons(const uint64_t *counts, unsigned first, unsigned count, const char *(*name)(unsigned))
{
    json_t *reasons = json_object();

    for (unsigned i = first; i < count; i++)
        if (counts[i])
            json_object_set_new(reasons, name(i), json_integer((json_int_t)counts[i]));
    return reasons;
}

const char *json_verdict(enum door_kind kind)
{
    return kind == DOOR_FORWARD ? "cut-through" : kind == DOOR_DROP ? "drop" : "kernel";
}

void json_set_verdict(json_t *result, uint32_t word)
{
    enum door_kind kind = door_word_kind(word);
    unsigned reason = door_word_reason(word);
    const char *name = kind == DOOR_DROP ? drop_reason_name(reason) : door_punt_name(reason);
    const char *meaning = kind == DOOR_DROP ? drop_reason_help(reason) : door_punt_help(reason);

    json_object_set_new(result, "cut_through", json_boolean(kind == DOOR_FORWARD));
    json_object_set_new(result, "verdict", json_string(json_verdict(kind)));
    json_object_set_new(result, "reason", kind == DOOR_FORWARD ? json_null() : json_string(name));
    json_object_set_new(result, "meaning", kind == DOOR_FORWARD ? json_null() : json_string(meaning));
}

/* A list, as many lines as the engine takes answers for it. */
int session_list(struct session *session, const json_t *id, struct query *query, size_t record_bytes, const char *key,
                 json_t *(*record)(const void *))
{
    int error = 0;

    for (;;) {
        int code = session_ask(session, query, record_bytes);
        if (code)
            return session_fail(session, id, (enum wire_code)code, wire_meaning(code));
        json_t *records = json_array();
        const unsigned char *at = query_records(&session->buffer);
        for (uint32_t i = 0; i < session->buffer.answer.count; i++, at += record_bytes)
            json_array_append_new(records, record(at));
        bool more = session->buffer.answer.more;
        error = session_answer(session, id, more ? WIRE_MORE : WIRE_OK, json_pack("{s:o}", key, records));
        if (error || !more)
            return error;
        query->range.started = true;
        query->range.after = session->buffer.answer.last;
        query->range.after_s = session->buffer.answer.last_s;
    }
}

const char within_expected[] = "within: expected a prefix or an address, as \"10.0.0.0/8\"";

/* Which part of a list is asked for; all of it if nothing is said. False: that is no prefix, and no address. */
bool read_within(const json_t *arguments, struct ipv4_prefix *prefix)
{
    json_t *within = json_object_get(arguments, "within");
    const char *text = json_string_value(within);

    return !within || (text && ipv4_prefix_parse(text, strlen(text), IPV4_PREFIX_ALLOW_ADDRESS, prefix, NULL) == 0);
}
