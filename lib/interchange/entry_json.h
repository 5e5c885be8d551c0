/*
 * A node of an address plan as JSON: as the management protocol has it (docs/protocol.md), and files.
 */
#pragma once

#include "plan/wanted.h"

#include <jansson.h>

#define ENTRY_JSON_WRONG_SIZE 160

/* All that is known of it. NULL: a text is no UTF-8, or there is no memory. */
json_t *entry_json(const struct plan_entry *entry);

/* As much as is given; the same otherwise. */
json_t *entry_json_given(const struct plan_wanted *wanted);

/* A member of an object, which says something of a node; its texts stay the object's. */
enum entry_json_result { ENTRY_JSON_READ, ENTRY_JSON_UNKNOWN, ENTRY_JSON_WRONG };
enum entry_json_result entry_json_member(const char *key, const json_t *value, struct plan_wanted *wanted,
                                         char wrong[static ENTRY_JSON_WRONG_SIZE]);

/* An object: its range must be there, all else may be; what a list of nodes says besides (`depth`, `usage`) does not
 * count. False: `wrong` says why. */
bool entry_json_read(const json_t *object, struct plan_wanted *wanted, char wrong[static ENTRY_JSON_WRONG_SIZE]);

/* An address, a prefix or a range. False: `wrong` says why. */
bool entry_json_range(const char *key, const json_t *value, struct ipv4_range *range,
                      char wrong[static ENTRY_JSON_WRONG_SIZE]);

/* Always false: what was expected in place of a value. */
bool entry_json_expected(char wrong[static ENTRY_JSON_WRONG_SIZE], const char *key, const json_t *value,
                         const char *expected);
