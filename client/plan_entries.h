/*
 * Within the client: the daemon's address plan, node by node.
 */
#pragma once

#include "client/command.h"
#include "plan/plan.h"

/* One node, whose texts are valid until it returns. 0 to go on; otherwise what went wrong has been said. */
typedef int plan_each_entry(void *arg, const struct plan_entry *entry);

/* All nodes of the plan, or a node (its name, or a range) and what is in it; by address, outer ones first. Returns an
 * enum exit_status. */
int plan_entries(const struct command *self, const struct options *options, const char *within, plan_each_entry *each,
                 void *arg);
