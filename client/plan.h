/*
 * Within the client: the address plan. What changes it is in plan.c, what shows it in plan_show.c, what brings
 * it from file to file in plan_import.c and plan_export.c, its picture in plan_map.c, tables of routes in aggregate.c.
 */
#pragma once

#include "client/command.h"

#include <jansson.h>

/* A key of its own for a request, so that it can be sent again when the answer gets lost. NULL: there is none to be
 * had. */
json_t *plan_new_key(void);

/* Subcommands of fairlead plan: words behind their names. */
int command_plan_show(const struct command *self, int count, char **words, const struct options *options);
int command_plan_find(const struct command *self, int count, char **words, const struct options *options);
int command_plan_history(const struct command *self, int count, char **words, const struct options *options);
int command_plan_check(const struct command *self, int count, char **words, const struct options *options);
int command_plan_announce(const struct command *self, int count, char **words, const struct options *options);
int command_plan_aggregate(const struct command *self, int count, char **words, const struct options *options);
int command_plan_import(const struct command *self, int count, char **words, const struct options *options);
int command_plan_export(const struct command *self, int count, char **words, const struct options *options);
int command_plan_map(const struct command *self, int count, char **words, const struct options *options);
