/*
 * Within src/management: lists that are asked for an answer at a time, several of them beside one another.
 */
#pragma once

#include "management/session.h"
#include "query/plan.h"

struct pages {
    struct query query;
    union query_buffer *buffer; /* the answer */
    uint32_t taken;             /* of its records, by whoever takes them */
    bool ended;                 /* there are no more behind it */
};

/* False: there is no memory. Close it in any case. */
bool pages_open(struct pages *pages, enum query_kind kind);
void pages_close(struct pages *pages);

/* The next answer of a list. False: there is none; or, *code is not 0 then, it cannot be had. */
bool pages_turn(struct session *session, struct pages *pages, size_t record_bytes, int *code);

/* The nodes of the plan, by address, outer ones first. */
struct plan_pages {
    struct pages pages;
    struct query_plan_list list;
    struct unpack records;
};

bool plan_pages_open(struct plan_pages *nodes);
void plan_pages_close(struct plan_pages *nodes);
/* As pages_turn(). Its texts are valid until the next. */
bool plan_pages_next(struct session *session, struct plan_pages *nodes, struct plan_entry *entry, int *code);
