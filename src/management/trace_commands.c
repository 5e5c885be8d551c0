/* Traces: what the front door decides for packets, as it does. */
#include "management/commands.h"

#include "base/clock.h"
#include "net/match.h"
#include "query/trace_steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOOK_MS 50 /* how often the engine is asked */

/* --- which packets ------------------------------------------------------------------------------------------------ */

#define NO_WORD UINT32_MAX

static uint32_t word_of_verdict(const char *name)
{
    for (enum door_kind kind = DOOR_PUNT; kind <= DOOR_DROP; kind++)
        if (strcmp(name, json_verdict(kind)) == 0)
            return door_word(kind, 0, 0);
    return NO_WORD;
}

/* No reason is of both verdicts. */
static uint32_t word_of_reason(const char *name)
{
    for (unsigned i = 0; i < DOOR_PUNT_COUNT; i++)
        if (strcmp(name, door_punt_name(i)) == 0)
            return door_word(DOOR_PUNT, i, 0);
    for (unsigned i = 1; i < DROP_REASON_COUNT; i++)
        if (strcmp(name, drop_reason_name(i)) == 0)
            return door_word(DOOR_DROP, i, 0);
    return NO_WORD;
}

/* What became of them, by the words that clients are told. NULL; or what is wrong. */
static const char *read_outcome(const json_t *arguments, struct door_trace_filter *filter)
{
    const json_t *verdict = json_object_get(arguments, "verdict"), *reason = json_object_get(arguments, "reason");
    const char *what = json_string_value(verdict), *why = json_string_value(reason);

    if (verdict) {
        filter->word_mask = DOOR_WORD_KIND;
        filter->word = what ? word_of_verdict(what) : NO_WORD;
        if (filter->word == NO_WORD)
            return "verdict: expected cut-through, kernel or drop";
    }
    if (reason) {
        uint32_t word = why ? word_of_reason(why) : NO_WORD;
        if (word == NO_WORD || (verdict && door_word_kind(word) != door_word_kind(filter->word)))
            return "reason: expected one of that verdict, as counters have them";
        filter->word_mask = DOOR_WORD_KIND | DOOR_WORD_REASON;
        filter->word = word;
    }
    return NULL;
}

/* The port of that name; 0: there is none. */
static unsigned find_port(const struct session *session, const char *name)
{
    for (unsigned i = 1; i <= session->page.ports && i < DOOR_PORTS; i++)
        if (strcmp(session->page.all[i].name, name) == 0)
            return i;
    return 0;
}

static void read_match(const struct match *match, unsigned port, struct door_trace_filter *filter)
{
    filter->src_mask = ipv4_mask(match->from.len);
    filter->src = match->from.addr & filter->src_mask;
    filter->dst_mask = ipv4_mask(match->to.len);
    filter->dst = match->to.addr & filter->dst_mask;
    filter->src_port_first = match->from_ports.first;
    filter->src_port_last = match->from_ports.last;
    filter->dst_port_first = match->to_ports.first;
    filter->dst_port_last = match->to_ports.last;
    filter->protocol = match->protocol;
    filter->only_dscp = match->dscp != MATCH_ANY_DSCP;
    filter->dscp = match->dscp;
    filter->port = (uint8_t)port;
    filter->only_ports = !match_ports_are_any(match->from_ports) || !match_ports_are_any(match->to_ports);
    filter->only_ipv4 = filter->only_ports || filter->only_dscp || match->protocol || match->from.len || match->to.len;
}

/* False: what is wrong is in the line. */
static bool read_filter(struct session *session, const json_t *arguments, struct door_trace_filter *filter,
                        char line[static 256])
{
    const json_t *given = json_object_get(arguments, "match");
    const char *text = json_string_value(given), *wrong;
    struct match match = MATCH_ANY;
    struct text_error wrong_text = {.expected = "words, as \"icmp to 10.0.2.2\""};
    unsigned port = 0;

    *filter = (struct door_trace_filter){.word = 0};
    if (given && (!text || match_parse(text, strlen(text), &match, &wrong_text))) {
        snprintf(line, 256, "match: '%.80s': character %zu: expected %s", text ? text : "", wrong_text.at + 1,
                 wrong_text.expected);
        return false;
    }
    if (match.in[0] && !(port = find_port(session, match.in))) {
        snprintf(line, 256, "match: in %s: expected a port", match.in);
        return false;
    }
    read_match(&match, port, filter);
    wrong = read_outcome(arguments, filter);
    if (wrong)
        snprintf(line, 256, "%s", wrong);
    return !wrong;
}

/* --- what is told ------------------------------------------------------------------------------------------------- */

static void set_ipv4(json_t *one, const struct door_traced *packet)
{
    const struct door_frame frame = door_traced_frame(packet);
    struct door_trace_key key;

    door_trace_key(&frame, &key);
    if (!key.ipv4)
        return;
    const struct ipv4_hdr *ip = door_frame_ip(&frame);
    const char *name = match_protocol_name(key.protocol);
    json_object_set_new(one, "source", json_address(key.src));
    json_object_set_new(one, "destination", json_address(key.dst));
    json_object_set_new(one, "protocol", name ? json_string(name) : json_integer(key.protocol));
    json_object_set_new(one, "ttl", json_integer(ip->ttl));
    json_object_set_new(one, "total_length", json_integer(be16_to_cpu(ip->total_length_be)));
    if (key.ports) {
        json_object_set_new(one, "source_port", json_integer(key.src_port));
        json_object_set_new(one, "destination_port", json_integer(key.dst_port));
    }
}

static json_t *json_steps(const struct query_traced *record)
{
    enum trace_step decided = trace_decided(&record->packet);
    json_t *steps = json_array();
    char text[TRACE_TEXT_SIZE];

    for (unsigned i = 0; i < TRACE_STEP_COUNT; i++) {
        if (!trace_was_asked(&record->packet, (enum trace_step)i))
            continue;
        trace_say(record, (enum trace_step)i, text);
        json_array_append_new(steps, json_pack("{s:s, s:b, s:s}", "step", trace_step_name(i), "passed",
                                               (int)(i != (unsigned)decided), "says", text));
    }
    return steps;
}

/* `offset_ns`: what the clock of the time of day is ahead of that of packets. */
static json_t *traced_record(const struct session *session, const struct query_traced *record, int64_t offset_ns)
{
    const struct door_traced *packet = &record->packet;
    bool sent = door_word_kind(packet->word) == DOOR_FORWARD;
    json_t *one = json_pack("{s:f, s:o, s:s, s:i, s:o}", "at", (double)((int64_t)packet->now_ns + offset_ns) / 1e9,
                            "port", json_text(session->page.all[packet->port].name), "door", packet->xdp ? "xdp" : "tc",
                            "bytes", (int)packet->wire_bytes, "headers", wire_hex(packet->bytes, packet->captured));

    set_ipv4(one, packet);
    json_set_verdict(one, packet->word);
    json_object_set_new(one, "next_hop", sent && record->gateway ? json_address(record->gateway) : json_null());
    json_object_set_new(one, "interface", json_text(record->egress));
    json_object_set_new(one, "steps", json_steps(record));
    return one;
}

/* The answer in the buffer as a line. *left: so many packets may be told yet. */
static int tell_packets(struct session *session, const json_t *id, json_int_t *left)
{
    const struct query_traced *records = query_records(&session->buffer);
    const struct query_answer *answer = &session->buffer.answer;
    json_t *packets = json_array();
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    int64_t offset_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - clock_now_ns();
    session_page(session); /* for ports' names */
    for (uint32_t i = 0; i < answer->count && *left; i++, --*left)
        json_array_append_new(packets, traced_record(session, &records[i], offset_ns));
    return session_answer(session, id, *left ? WIRE_MORE : WIRE_OK,
                          json_pack("{s:o, s:I}", "packets", packets, "lost", (json_int_t)answer->lost));
}

static int tell_nothing(struct session *session, const json_t *id, enum wire_code code, json_t *lost)
{
    return session_answer(session, id, code, json_pack("{s:[], s:o}", "packets", "lost", lost));
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static void end_trace(struct session *session, uint64_t trace)
{
    struct query query = {.kind = QUERY_TRACE_END, .generation = trace};

    session_ask(session, &query, 0);
}

/* 0, and *trace is what it is asked by; or the code to fail with. */
static int begin_trace(struct session *session, const struct door_trace_filter *filter, uint64_t *trace)
{
    struct query query = {.kind = QUERY_TRACE_BEGIN, .filter = *filter};
    int code = session_ask(session, &query, 0);

    if (code)
        return code;
    *trace = session->buffer.answer.generation;
    return session->buffer.answer.error ? WIRE_REFUSED : 0;
}

/* Until the other side says something, or as many packets as it wants were told. -errno; or 0, or a code to fail with.
 */
static int tell_until_enough(struct session *session, const json_t *id, const struct door_trace_filter *filter,
                             json_int_t left)
{
    int64_t told_ns = 0;
    uint64_t trace = 0;
    bool began = false;
    int error = 0;

    while (!error && left) {
        struct query query = {.kind = QUERY_TRACE, .generation = trace};
        int code = trace ? session_ask(session, &query, sizeof(struct query_traced)) : WIRE_UNAVAILABLE;
        if (code || session->buffer.answer.error) { /* not yet, or not any more: the next engine knows nothing of it */
            code = begin_trace(session, filter, &trace);
            if (code)
                return code;
            error = tell_nothing(session, id, WIRE_MORE, began ? json_null() : json_integer(0));
            began = true;
            told_ns = clock_now_ns();
        } else if (session->buffer.answer.count || session->buffer.answer.lost) {
            error = tell_packets(session, id, &left);
            told_ns = clock_now_ns();
        } else if (clock_now_ns() - told_ns > SESSION_QUIET_MS * INT64_C(1000000)) {
            error = tell_nothing(session, id, WIRE_MORE, json_integer(0));
            told_ns = clock_now_ns();
        }
        if (!error && left && session_is_spoken_to(session, LOOK_MS)) {
            error = tell_nothing(session, id, WIRE_OK, json_integer(0));
            break;
        }
    }
    end_trace(session, trace);
    return error;
}

int command_trace(struct session *session, const json_t *id, const json_t *arguments)
{
    const json_t *count = json_object_get(arguments, "count");
    struct door_trace_filter filter;
    char line[256];

    if (count && (!json_is_integer(count) || json_integer_value(count) < 1))
        return session_fail(session, id, WIRE_BAD_REQUEST, "count: expected an integer from 1 on");
    if (!session_page(session))
        return session_fail(session, id, WIRE_UNAVAILABLE, wire_meaning(WIRE_UNAVAILABLE));
    if (!read_filter(session, arguments, &filter, line))
        return session_fail(session, id, WIRE_BAD_REQUEST, line);
    int code = tell_until_enough(session, id, &filter, count ? json_integer_value(count) : INT64_MAX);
    if (code == WIRE_REFUSED) {
        snprintf(line, sizeof(line), "there are %u traces already", DOOR_TRACES);
        return session_fail(session, id, WIRE_REFUSED, line);
    }
    return code > 0 ? session_fail(session, id, (enum wire_code)code, wire_meaning(code)) : code;
}
