/*
 * Within src/management: what commands share, and those that stand in files of their own.
 */
#pragma once

#include "management/session.h"

/* Values; json_text() is null for an empty one, for NULL, and for what is no UTF-8. */
json_t *json_text(const char *text);
json_t *json_address(uint32_t addr);
json_t *json_prefix(struct ipv4_prefix prefix);
json_t *json_mac(const uint8_t mac[ETH_ADDR_SIZE]);
json_t *json_count(const struct door_count *count);
json_t *json_delay(const struct histogram_summary *delay);
/* Those that are not 0, from number `first` on, by their names. */
json_t *json_reasons(const uint64_t *counts, unsigned first, unsigned count, const char *(*name)(unsigned));

/* What becomes of packets: "cut-through", "kernel" or "drop"; and with it why: cut_through, verdict, reason, meaning.
 */
const char *json_verdict(enum door_kind kind);
void json_set_verdict(json_t *result, uint32_t word);

/* Answer with a list, in as many lines as the role takes answers for it. */
int session_list(struct session *session, const json_t *id, struct query *query, size_t record_bytes, const char *key,
                 json_t *(*record)(const void *));

/* Which part of a list is asked for; all of it if nothing is said. False: that is no prefix, and no address. */
bool read_within(const json_t *arguments, struct ipv4_prefix *prefix);
extern const char within_expected[];

/* Of DHCP (dhcp_commands.c). */
typedef int session_run_command(struct session *session, const json_t *id, const json_t *arguments);
session_run_command command_leases, command_history, command_pools, command_dhcp, command_reservations;
session_run_command command_watch, command_lease_release, command_lease_reserve, command_lease_unreserve,
    command_lease_import;

/* Of queues (queue_commands.c). */
session_run_command command_queues;

/* Of contracts (contract_commands.c). */
session_run_command command_contracts, command_contract, command_contract_check, command_contract_add,
    command_contract_remove;

/* Of the address plan (plan_commands.c). */
session_run_command command_plan, command_plan_find, command_plan_history, command_plan_do;

/* What is to be imported (plan_stage.c). */
session_run_command command_plan_stage;
/* The plan held against what is in use (plan_check.c). */
session_run_command command_plan_check;

/* What is announced (plan_announce.c). */
session_run_command command_plan_announce;

/* Of packets as they pass (trace_commands.c). */
session_run_command command_trace;

/* Of delay measurement (measure_commands.c). */
session_run_command command_probes, command_reflectors;
