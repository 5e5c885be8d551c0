/* What is asked about queues: from shared memory. */
#include "management/commands.h"

#include "base/clock.h"

#define GONE_NS 1000000000 /* a thread that has shown nothing for so long is not there */

static json_t *json_counts(uint64_t packets, uint64_t bytes)
{
    return json_count(&(struct door_count){.packets = packets, .bytes = bytes});
}

/* Past what the queue takes nothing, as what it is in, and as a time at the class's rate. */
static json_t *json_limit(const struct queues_class *class, uint64_t rate)
{
    json_t *limit = json_pack("{s:b}", "auto", (int)class->limit_auto);

    if (class->limit_packets) {
        json_object_set_new(limit, "packets", json_integer(class->limit_packets));
    } else {
        json_object_set_new(limit, "bytes", json_integer((json_int_t) class->limit_bytes));
        json_object_set_new(limit, "us", json_integer((json_int_t)(class->limit_bytes * 1000000 / rate)));
    }
    if (class->limit_auto) {
        json_object_set_new(limit, "rtt_us", json_integer((json_int_t)(class->rtt_ns / 1000)));
        json_object_set_new(limit, "flows", json_real((double)class->flows_thousandths / 1000));
        json_object_set_new(limit, "guard", json_real((double)class->guard_thousandths / 1000));
    }
    return limit;
}

static json_t *json_queue(const struct queues_class *class, uint64_t rate)
{
    return json_pack("{s:s, s:s, s:i, s:i, s:I, s:o, s:o, s:o, s:o, s:I, s:f, s:o, s:o, s:o, s:o}", "class",
                     class->name, "queue", queue_kind_name(class->kind), "priority", (int)class->priority, "weight",
                     (int)class->weight, "class_rate", (json_int_t) class->rate * 8, "limit",
                     json_limit(class, class->rate ? class->rate : rate), "waiting",
                     json_counts(class->packets, class->bytes), "arrived",
                     json_counts(class->arrived_packets, class->arrived_bytes), "left",
                     json_counts(class->left_packets, class->left_bytes), "dropped_bytes",
                     (json_int_t) class->dropped_bytes, "average", (double)class->average_thousandths / 1000, "dropped",
                     json_reasons(class->drops, 0, QUEUE_DROP_COUNT, queue_drop_name), "marked",
                     json_reasons(class->marks, 0, QUEUE_MARK_COUNT, queue_mark_name), "delay",
                     json_delay(&class->delay), "recent_delay", json_delay(&class->recent));
}

/* How late the port's thread looked at its queues, and what it has for contracts. */
static json_t *json_looks(const struct queues *queues)
{
    const struct histogram_summary *late = &queues->looks.late;

    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "count", (json_int_t)late->count, "late_p50_us",
                     (json_int_t)(late->p50_ns / 1000), "late_p99_us", (json_int_t)(late->p99_ns / 1000), "late_max_us",
                     (json_int_t)(late->max_ns / 1000), "allowed_us", (json_int_t)(queues->looks.allowance_ns / 1000),
                     "platform_stalls", (json_int_t)queues->looks.stalls);
}

/* What holds for the port as a whole. */
static json_t *json_shaped(const char *name, const struct queues *queues, const struct door_counters *counters)
{
    bool there = clock_now_ns() - queues->written_ns < GONE_NS;
    uint32_t lost = queues->frames - queues->frames_queued - queues->frames_held - queues->frames_free;

    return json_pack("{s:s, s:s, s:I, s:s, s:b, s:o, s:o, s:o, s:I, s:I, s:I}", "port", name, "state",
                     there ? "shaped" : "passed-by", "rate", (json_int_t)queues->rate * 8, "link",
                     link_kind_name(queues->link), "zero_copy", (int)queues->zero_copy, "frames",
                     json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "all", (int)queues->frames, "queued",
                               (int)queues->frames_queued, "held", (int)queues->frames_held, "free",
                               (int)queues->frames_free, "lost", (int)lost, "of_contracts", (int)queues->contracts,
                               "for_contracts", (int)queues->contracts_reserved),
                     "missed",
                     json_pack("{s:I, s:I, s:I}", "no_frame", (json_int_t)queues->lost_no_frame, "full",
                               (json_int_t)queues->lost_full, "other", (json_int_t)queues->lost_other),
                     "looks", json_looks(queues), "stalls", (json_int_t)queues->stalls, "lifted",
                     (json_int_t)counters->lifted, "passed_by", (json_int_t)counters->passed_by);
}

int command_queues(struct session *session, const json_t *id, const json_t *arguments)
{
    (void)arguments;
    if (!session_page(session))
        return session_fail(session, id, WIRE_UNAVAILABLE, wire_meaning(WIRE_UNAVAILABLE));
    json_t *list = json_array();
    for (unsigned i = 1; i <= session->page.ports && i < DOOR_PORTS; i++) {
        struct door_counters counters;
        struct queues queues;
        if (!session->page.all[i].name[0] || !page_read_queues(&session->reader, i, &queues) || !queues.ifindex ||
            page_sum_counters(&session->reader, session->page.cpus, i, &counters))
            continue;
        for (unsigned j = 0; j < queues.class_count; j++) {
            json_t *one = json_shaped(session->page.all[i].name, &queues, &counters);
            json_t *queue = json_queue(&queues.classes[j], queues.rate);
            json_object_update(one, queue);
            json_decref(queue);
            json_array_append_new(list, one);
        }
    }
    return session_answer(session, id, WIRE_OK, json_pack("{s:o}", "queues", list));
}
