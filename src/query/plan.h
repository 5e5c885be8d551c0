/*
 * The address plan, as others ask the planner for it. Questions and answers are packed (base/pack.h): texts have any
 * length. The records of an answer are bytes: record_bytes is 1.
 */
#pragma once

#include "book/book.h"
#include "plan/usage.h"
#include "query/query.h"

/* --- questions ---------------------------------------------------------------------------------------------------- */

/* QUERY_PLAN_DO: who and for whom, and orders behind that. Answered are as many as there is room for, at least one:
 * the answer's generation says how many. If they could not be stored, the answer's error is not 0, and its text says
 * why. */
void query_plan_ask_do(struct query *query, const char *who, const char *holder);
/* One more. False: it does not fit. */
bool query_plan_add_order(struct query *query, const struct book_order *order);

/* QUERY_PLAN_STAGE: nodes that shall be imported under a key, behind the `at` that have come before (book_stage()). The
 * answer's generation is how many have come; errors are book_stage()'s. */
void query_plan_ask_stage(struct query *query, const char *key, uint32_t at);
/* One more. False: it does not fit. */
bool query_plan_add_wanted(struct query *query, const struct plan_wanted *wanted);

/* A node, by its name, or, NULL, by a range. */
struct query_plan_place {
    const char *name;
    struct ipv4_range range;
};

/* QUERY_PLAN_LIST: nodes, by address, outer ones first: one and what is in it, or what has addresses of a range. */
struct query_plan_list {
    struct query_plan_place within;
    uint32_t depth;     /* of nodes within one another, at most so deep below the outermost; UINT32_MAX */
    const char *having; /* only those one of whose texts has this in it, in any case; NULL: all */
    bool started;       /* only those behind this one: */
    struct ipv4_range behind;
    bool bare; /* without depth and usage, which take longer than the rest: records as of query_plan_put_entry() */
};

/* QUERY_PLAN_FIND: a node, and all that it lies in; or all that have a range; outer ones first. The answer's generation
 * is the latest operation. -ENOENT: there is none of that name. */

/* QUERY_PLAN_OPERATIONS: the latest first, those below a number (0: all), each with its first step. */

/* QUERY_PLAN_STEPS: of one operation, from a step on, in their order; or (operation 0) of all, the latest first, those
 * about addresses of a range, below a place (0: all). */
struct query_plan_steps {
    uint64_t operation;
    uint32_t from;
    struct ipv4_range about;
    struct plan_store_place below;
};

void query_plan_ask_list(struct query *query, const struct query_plan_list *list);
void query_plan_ask_find(struct query *query, const struct query_plan_place *place);
void query_plan_ask_operations(struct query *query, uint64_t below);
void query_plan_ask_steps(struct query *query, const struct query_plan_steps *steps);

/* The planner's side. False: it is no such question. Texts stay in it. */
struct query_plan_orders {
    const char *who, *holder;
    struct unpack rest; /* of which query_plan_next_order() takes one after the other */
};
bool query_plan_read_do(const struct query *query, struct query_plan_orders *orders);
/* False: there is none any more, or, `wrong`, that is none. */
bool query_plan_next_order(struct query_plan_orders *orders, struct book_order *order, bool *wrong);
struct query_plan_staged {
    const char *key;
    uint32_t at;
    struct unpack rest; /* of which query_plan_next_wanted() takes one after the other */
};
bool query_plan_read_stage(const struct query *query, struct query_plan_staged *staged);
bool query_plan_next_wanted(struct query_plan_staged *staged, struct plan_wanted *wanted, bool *wrong);
bool query_plan_read_list(const struct query *query, struct query_plan_list *list);
bool query_plan_read_find(const struct query *query, struct query_plan_place *place);
bool query_plan_read_operations(const struct query *query, uint64_t *below);
bool query_plan_read_steps(const struct query *query, struct query_plan_steps *steps);

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* A node as it is seen. */
struct query_plan_node {
    struct plan_entry entry;
    uint32_t depth; /* in how many it lies */
    struct plan_usage usage;
};

/* Where records are written; query_plan_end() says how many there are. */
struct pack query_plan_begin(union query_buffer *buffer);
void query_plan_end(union query_buffer *buffer, const struct pack *pack);

/* Where the answer goes on: behind a node (its last address and its first one), or a step (its operation and its
 * number). */
static inline void query_plan_goes_on(union query_buffer *buffer, uint64_t last, uint32_t first)
{
    buffer->answer.more = 1;
    buffer->answer.generation = last;
    buffer->answer.last.addr = first;
}

static inline struct ipv4_range query_plan_behind(const struct query_answer *answer)
{
    return (struct ipv4_range){answer->last.addr, (uint32_t)answer->generation};
}

static inline struct plan_store_place query_plan_below(const struct query_answer *answer)
{
    return (struct plan_store_place){answer->generation, answer->last.addr};
}

/* One record. False: there is no room, and nothing is written. */
bool query_plan_put_done(struct pack *pack, const struct book_done *done);
bool query_plan_put_node(struct pack *pack, const struct query_plan_node *node);
bool query_plan_put_entry(struct pack *pack, const struct plan_entry *entry);
bool query_plan_put_step(struct pack *pack, const struct plan_stored_step *step);

/* The records of an answer, to be taken one after the other. False: there is none any more. Texts stay where they are.
 */
struct unpack query_plan_records(union query_buffer *buffer);
bool query_plan_take_done(struct unpack *unpack, struct book_done *done);
bool query_plan_take_node(struct unpack *unpack, struct query_plan_node *node);
bool query_plan_take_entry(struct unpack *unpack, struct plan_entry *entry);
bool query_plan_take_step(struct unpack *unpack, struct plan_stored_step *step);
