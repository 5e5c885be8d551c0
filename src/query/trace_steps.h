/*
 * What the front door asked of a packet, step by step, up to the one that decided: read off what a trace tells. The
 * steps are those of door_examine() and door_judge() (bpf/decide.h), in their order.
 */
#pragma once

#include "query/trace.h"

/* X(enumerator, name) */
#define TRACE_STEPS(X)            \
    X(SENDER, "sender")           \
    X(ENGINE, "engine")           \
    X(RULES, "rules")             \
    X(PORT, "port")               \
    X(FRAME, "frame")             \
    X(HEADER, "header")           \
    X(OPTIONS, "options")         \
    X(TTL, "ttl")                 \
    X(DESTINATION, "destination") \
    X(SOURCE, "source")           \
    X(ROUTE, "route")             \
    X(NEXT_HOP, "next-hop")       \
    X(EGRESS, "egress")

enum trace_step {
#define X(enumerator, name) TRACE_##enumerator,
    TRACE_STEPS(X)
#undef X
        TRACE_STEP_COUNT
};

/* "ttl"; "unknown" for a number that is none of ours. */
const char *trace_step_name(unsigned step);

/* The step that decided; TRACE_STEP_COUNT: all were passed, and the packet was sent. */
enum trace_step trace_decided(const struct door_traced *packet);

/* Whether a step was taken at all. */
bool trace_was_asked(const struct door_traced *packet, enum trace_step step);

#define TRACE_TEXT_SIZE 128

/* What the step saw, of the packet and of what it was held against. */
void trace_say(const struct query_traced *record, enum trace_step step, char text[static TRACE_TEXT_SIZE]);
