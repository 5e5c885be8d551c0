/*
 * Questions about the plan and its history (query/plan.h). Each looks at so much at most, and says where it goes on.
 */
#pragma once

#include "query/plan.h"

/* The answer's error is -EINVAL if it is no such question. */
void looks_list(const struct plan *plan, const struct query *query, union query_buffer *buffer);
void looks_find(const struct book *book, const struct query *query, union query_buffer *buffer);
void looks_operations(struct plan_store *store, const struct query *query, union query_buffer *buffer);
void looks_steps(struct plan_store *store, const struct query *query, union query_buffer *buffer);
