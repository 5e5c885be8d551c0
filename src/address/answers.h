/*
 * The dhcp role's answers to other roles (query/query.h): leases, pools, and what has become of messages.
 */
#pragma once

#include "address/serve.h"
#include "query/service.h"

/* A query_service_config's `answer`; arg is a const struct serve. */
void address_answer(void *arg, const struct query *query, union query_buffer *buffer, struct query_made *made);
