/*
 * Within src/management: contracts as JSON (docs/protocol.md).
 */
#pragma once

#include "query/contracts.h"

#include <jansson.h>

/* Of a struct query_contract. */
json_t *json_contract(const void *record);

/* What would be admitted; null: nothing. */
json_t *json_offer(const struct admission_offer *offer);

/* The buckets that are not empty: from and to in ns, and how many. */
json_t *json_delays(const struct histogram *delays);
