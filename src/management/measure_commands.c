/* What is asked about delay measurement: of its role. */
#include "management/commands.h"

#include "net/dscp.h"
#include "query/measured.h"

#include <string.h>

static json_t *json_error(int error)
{
    return error ? json_string(strerror(-error)) : json_null();
}

static json_t *probe_record(const void *record)
{
    const struct query_probe *probe = record;
    uint64_t answered = probe->verdicts[TWAMP_TAKEN];
    char dscp[DSCP_TEXT_SIZE];
    const char *state = probe->error ? "fails" : answered ? "answered" : probe->lost == 0 ? "waits" : "silent";

    dscp_format(probe->dscp, dscp);
    return json_pack("{s:s, s:o, s:i, s:s, s:i, s:I, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}",
                     "probe", probe->name, "to", json_address(probe->to), "udp_port", (int)probe->port, "dscp", dscp,
                     "size", (int)probe->size, "interval_us", (json_int_t)(probe->interval_ns / 1000), "state", state,
                     "why", json_error(probe->error), "sent", (json_int_t)probe->sent, "answered", (json_int_t)answered,
                     "lost", (json_int_t)probe->lost, "late", (json_int_t)probe->verdicts[TWAMP_LATE], "duplicate",
                     (json_int_t)probe->verdicts[TWAMP_DUPLICATE], "reordered", (json_int_t)probe->reordered, "strange",
                     (json_int_t)probe->verdicts[TWAMP_STRANGE], "unreachable", (json_int_t)probe->unreachable,
                     "round_trip", json_delay(&probe->round), "there_variation", json_delay(&probe->there),
                     "back_variation", json_delay(&probe->back));
}

static json_t *reflector_record(const void *record)
{
    const struct query_reflector *reflector = record;

    return json_pack("{s:s, s:i, s:s, s:o, s:I, s:o, s:I, s:I}", "port", reflector->interface, "udp_port",
                     (int)reflector->port, "state", reflector->there ? "answers" : "missing", "why",
                     json_error(reflector->there ? 0 : reflector->error), "rate", (json_int_t)reflector->rate,
                     "packets", json_reasons(reflector->answers, 0, TWAMP_ANSWER_COUNT, twamp_answer_name), "missed",
                     (json_int_t)reflector->missed, "unsent", (json_int_t)reflector->unsent);
}

/* Nothing is measured: that is an empty list. */
static int list(struct session *session, const json_t *id, enum query_kind kind, size_t record_bytes, const char *key,
                json_t *(*record)(const void *))
{
    struct query query = {.kind = kind};

    if (!session->config->measure_path)
        return session_answer(session, id, WIRE_OK, json_pack("{s:[]}", key));
    return session_list(session, id, &query, record_bytes, key, record);
}

int command_probes(struct session *session, const json_t *id, const json_t *arguments)
{
    (void)arguments;
    return list(session, id, QUERY_PROBES, sizeof(struct query_probe), "probes", probe_record);
}

int command_reflectors(struct session *session, const json_t *id, const json_t *arguments)
{
    (void)arguments;
    return list(session, id, QUERY_REFLECTORS, sizeof(struct query_reflector), "reflectors", reflector_record);
}
