/*
 * What people change of leases (query/query.h): they are ended, addresses are reserved, leases of other servers are
 * taken over. Changes join the batch that gathers; the answer says which that is, and whoever wants to know whether it
 * is on stable storage asks for that.
 */
#pragma once

#include "address/serve.h"
#include "query/service.h"

struct change {
    struct serve *serve;
    struct query_service *service; /* through which those who wait are answered */
    uint64_t told;                 /* all who wait know of batches up to this one */
};

/* QUERY_RELEASE, QUERY_RESERVE, QUERY_UNRESERVE, QUERY_TAKE_OVER, QUERY_STORED. */
void change_answer(struct change *change, const struct query *query, union query_buffer *buffer,
                   struct query_made *made);

/* Tell those who wait, if there is news. */
void change_tell(struct change *change);
