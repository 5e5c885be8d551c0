/*
 * The dhcp role's answers to other roles (query/query.h): leases, pools, and what has become of messages.
 */
#pragma once

#include "address/change.h"
#include "address/follow.h"
#include "address/relay.h"
#include "address/serve.h"
#include "query/service.h"

/* What answers are made of. */
struct address_view {
    const struct serve *serve;
    const struct relay *relay;
    const uint64_t *faults; /* messages, by enum dhcp_fault */
    struct follow *follow;
    struct change *change;
};

/* A query_service_config's `answer`; arg is a const struct address_view. */
void address_answer(void *arg, const struct query *query, union query_buffer *buffer, struct query_made *made);
