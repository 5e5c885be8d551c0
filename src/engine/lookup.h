/*
 * Where packets go, as the RIB and the door's memory have it now, for those who ask.
 */
#pragma once

#include "query/query.h"
#include "route/routing.h"

/* An interface's name; empty if there is none of that index. */
void lookup_name(const struct routing *routing, uint32_t ifindex, char name[static QUERY_NAME_SIZE]);

/* The path of that index among those to a prefix. */
void lookup_describe_path(const struct routing *routing, struct ipv4_prefix prefix, const struct rib_entry *entry,
                          uint32_t index, struct query_route *route);

/* Everything about an address. */
void lookup_address(const struct routing *routing, uint32_t addr, struct query_lookup *lookup);
