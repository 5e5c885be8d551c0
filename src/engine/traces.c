#include "engine/traces.h"

#include "base/clock.h"
#include "bpf/decide.h"
#include "engine/lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Records that are looked at for one answer, wanted or not: others are answered meanwhile. */
#define LOOKED_AT_MAX 1024

struct trace {
    uint64_t id; /* 0: there is none */
    struct door_trace *shared;
    struct door_trace_filter filter;
    uint64_t next; /* record */
};

struct traces {
    struct ports *ports;
    const struct routing *routing;
    struct trace all[DOOR_TRACES];
    uint64_t last_id;
};

struct traces *traces_new(struct door *door, struct ports *ports, const struct routing *routing)
{
    struct traces *traces = calloc(1, sizeof(*traces));

    if (!traces)
        return NULL;
    traces->ports = ports;
    traces->routing = routing;
    for (unsigned i = 0; i < DOOR_TRACES; i++)
        traces->all[i].shared = door_trace(door, i);
    return traces;
}

struct traces *traces_free(struct traces *traces)
{
    free(traces);
    return NULL;
}

static struct trace *find(struct traces *traces, uint64_t id)
{
    for (unsigned i = 0; i < DOOR_TRACES; i++)
        if (traces->all[i].id == id)
            return &traces->all[i];
    return NULL;
}

static void end(struct traces *traces, struct trace *trace)
{
    bool any = false;

    WRITE_RELEASE(trace->shared->deadline_ns, 0);
    trace->id = 0;
    for (unsigned i = 0; i < DOOR_TRACES; i++)
        any |= traces->all[i].id != 0;
    if (!any)
        ports_trace(traces->ports, false);
}

static void put_off_end(const struct trace *trace)
{
    WRITE_RELEASE(trace->shared->deadline_ns, (uint64_t)(clock_now_ns() + QUERY_TRACE_NS));
}

int traces_begin(struct traces *traces, const struct door_trace_filter *filter, uint64_t *id)
{
    struct trace *trace = find(traces, 0);

    if (!trace)
        return -EBUSY;
    trace->id = *id = ++traces->last_id;
    trace->filter = trace->shared->filter = *filter;
    trace->next = READ_ONCE(trace->shared->count);
    put_off_end(trace);
    ports_trace(traces->ports, true);
    return 0;
}

/* The way that the packet was sent, or would be sent now, of the several that its route has. */
static void describe_group(const struct door_memory *memory, const struct door_frame *frame,
                           const struct query_lookup *lookup, struct query_traced *record)
{
    uint32_t chosen = door_word_kind(record->packet.word) == DOOR_FORWARD
                          ? record->packet.word
                          : door_choose(memory, lookup->word, door_frame_ip(frame), frame->end);

    record->grouped = 1;
    record->bucket = (uint16_t)door_bucket(memory, door_frame_ip(frame), frame->end);
    for (unsigned i = 0; i < lookup->way_count; i++)
        if (lookup->ways[i].word == chosen)
            record->gateway = lookup->ways[i].gateway;
}

static void describe(const struct routing *routing, const struct door_trace_key *key, struct query_traced *record)
{
    const struct door_frame frame = door_traced_frame(&record->packet);
    struct query_lookup lookup;

    if (door_word_kind(record->packet.word) == DOOR_FORWARD)
        lookup_name(routing, record->packet.next.ifindex, record->egress);
    if (!key->ipv4)
        return;
    lookup_address(routing, key->dst, &lookup);
    record->routed = lookup.found;
    record->route = lookup.route;
    record->gateway = lookup.gateway;
    if (lookup.found && door_word_kind(lookup.word) == DOOR_GROUP)
        describe_group(routing->memory, &frame, &lookup, record);
}

void traces_take(struct traces *traces, uint64_t id, union query_buffer *buffer)
{
    struct trace *trace = id ? find(traces, id) : NULL;
    struct query_answer *answer = &buffer->answer;
    struct query_traced *records = query_records(buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(*answer)) / sizeof(*records);
    struct door_traced traced;

    if (!trace) {
        answer->error = -ENOENT;
        return;
    }
    put_off_end(trace);
    for (unsigned i = 0; i < LOOKED_AT_MAX && answer->count < room; i++) {
        uint64_t before = trace->next;
        if (!door_trace_get(trace->shared, &trace->next, &traced))
            break;
        answer->lost += trace->next - before - 1;
        const struct door_frame frame = door_traced_frame(&traced);
        struct door_trace_key key;
        door_trace_key(&frame, &key);
        /* A packet that was under way when this trace began may be of the one before. */
        if (!door_trace_wants(&trace->filter, &key, traced.port, traced.word))
            continue;
        struct query_traced *record = &records[answer->count++];
        *record = (struct query_traced){.packet = traced};
        describe(traces->routing, &key, record);
    }
}

void traces_end(struct traces *traces, uint64_t id)
{
    struct trace *trace = id ? find(traces, id) : NULL;

    if (trace)
        end(traces, trace);
}

void traces_tick(struct traces *traces)
{
    uint64_t now_ns = (uint64_t)clock_now_ns();

    for (unsigned i = 0; i < DOOR_TRACES; i++)
        if (traces->all[i].id && now_ns >= traces->all[i].shared->deadline_ns)
            end(traces, &traces->all[i]);
}
