/*
 * Answers to those who follow leases (query/query.h): people, to whom each event is told, and the engine, which is told
 * who has which address at a port now.
 */
#pragma once

#include "address/serve.h"
#include "query/service.h"

struct follow {
    struct serve *serve;
    struct query_service *service; /* through which those who wait are answered */
    uint64_t told;                 /* all who wait have heard of events up to this one */
    /* Where no source guard is on, leases are only a help to the engine, and it is told so many of them: */
    uint32_t listed;   /* in the list that is told just now */
    uint32_t budget;   /* that may be told now */
    int64_t budget_ms; /* when that was filled */
};

/* QUERY_EVENTS, QUERY_BOUND, QUERY_RESERVED. */
void follow_answer(struct follow *follow, const struct query *query, union query_buffer *buffer,
                   struct query_made *made);

/* Tell those who wait, if there is news. */
void follow_tell(struct follow *follow);
