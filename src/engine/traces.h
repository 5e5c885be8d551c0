/*
 * Traces (bpf/trace.h) for those who ask for them: a few at a time, each of which ends when nobody asks for it any
 * more.
 */
#pragma once

#include "engine/ports.h"
#include "query/trace.h"

struct traces;

struct traces *traces_new(struct door *door, struct ports *ports, const struct routing *routing); /* NULL: no memory */
struct traces *traces_free(struct traces *traces); /* takes NULL, returns NULL */

/* A trace of what the filter wants; *id is what it is asked by. 0; -EBUSY: there are as many as there may be. */
int traces_begin(struct traces *traces, const struct door_trace_filter *filter, uint64_t *id);

/* What has come since it was asked last, as struct query_traced; or what is wrong. */
void traces_take(struct traces *traces, uint64_t id, union query_buffer *buffer);

/* One that is there no more ends without a word. */
void traces_end(struct traces *traces, uint64_t id);

/* End those that nobody asks for; call it now and then. */
void traces_tick(struct traces *traces);
