/*
 * Within src/management: the address plan as JSON (docs/protocol.md).
 */
#pragma once

#include "interchange/entry_json.h"
#include "query/plan.h"

#include <jansson.h>

#define PLAN_JSON_WRONG_SIZE ENTRY_JSON_WRONG_SIZE

json_t *json_plan_node(const struct query_plan_node *node);  /* and its depth and usage */
json_t *json_plan_step(const struct plan_stored_step *step); /* an operation and a step of it */
json_t *json_plan_done(const struct book_done *done);

/* A node's name or range. False: `wrong` says why, behind `key`. */
bool plan_json_place(const json_t *value, const char *key, struct query_plan_place *place,
                     char wrong[static PLAN_JSON_WRONG_SIZE]);

/* An order, whose texts are the object's. False: `wrong` says why. */
bool plan_json_order(const json_t *object, struct book_order *order, char wrong[static PLAN_JSON_WRONG_SIZE]);
