/*
 * What the configuration uses addresses for, as others ask (QUERY_USES).
 */
#pragma once

#include "conf/conf.h"
#include "query/query.h"

/* The records of one answer; `generation` is that of the configuration. Returns the size of a record. */
size_t uses_list(const struct conf *conf, uint64_t generation, const struct query *query, union query_buffer *buffer);
