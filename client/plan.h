/*
 * Within the client: the address plan. What changes it is in plan.c, what shows it in plan_show.c, tables of
 * routes in aggregate.c.
 */
#pragma once

#include "client/command.h"

/* Subcommands of fairlead plan: words behind their names. */
int plan_show(const struct command *self, int count, char **words, const struct options *options);
int plan_find(const struct command *self, int count, char **words, const struct options *options);
int plan_history(const struct command *self, int count, char **words, const struct options *options);
int plan_check(const struct command *self, int count, char **words, const struct options *options);
int plan_announce(const struct command *self, int count, char **words, const struct options *options);
int plan_aggregate(const struct command *self, int count, char **words, const struct options *options);
