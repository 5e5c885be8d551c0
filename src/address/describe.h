/*
 * What answers to other roles are made of (query/query.h).
 */
#pragma once

#include "address/serve.h"
#include "query/query.h"

#define LOOKED_AT_MAX 16384 /* leases, for one answer: others wait meanwhile */

/* The interface at which an address is served, or what its network is called; empty. */
void describe_network(const struct serve *serve, uint32_t addr, char name[static QUERY_NAME_SIZE]);

void describe_bytes(const struct dhcp_bytes *from, struct query_bytes *to);

/* What is known of the lease of an address; zeros but for the address if there is none. */
void describe_lease(const struct serve *serve, uint32_t addr, struct query_lease *record);
