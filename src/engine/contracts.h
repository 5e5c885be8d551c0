/*
 * The contracts: which there are, which of them are kept, and what is known of each.
 *
 * They are admitted in the order in which the configuration says them, and again in that order when a port's queues
 * begin anew. What is kept stays kept, whatever is asked for besides; what is refused is best effort, and is tried
 * again when something has gone. One that is changed or taken away leaves packets in the queues: its share of the port
 * is free for others when they have left.
 */
#pragma once

#include "engine/ports.h"
#include "query/contracts.h"

struct contracts;

/* The ports are borrowed, and so is the directory's name, in which contracts are written down that are added by hand;
 * those that are there are taken. NULL if there is no memory. */
struct contracts *contracts_new(struct ports *ports, const char *directory);
/* Takes NULL, returns NULL. */
struct contracts *contracts_free(struct contracts *contracts);

/* These are the contracts of the configuration from now on, in front of those that were added by hand; it stays valid
 * until the next call. 0; -ENOMEM, and nothing has changed. */
int contracts_configure(struct contracts *contracts, const struct conf *conf);

/* Bring the ports in line with what is known: to be called when ports have changed, and some times a second. */
void contracts_update(struct contracts *contracts);

/* Tell the ports whether they have some: when there are other ports, or other contracts. */
void contracts_mark_ports(struct contracts *contracts);

/*
 * Add one by hand; `text` says one, as in a configuration. If only_check, say only whether it would be admitted. What
 * is wrong with it, or how it stands with it then, is in records, at most `room`, of which `count` are filled in: 0;
 * -EINVAL: records with nothing but `why`; -EDQUOT: the port cannot keep it; -errno: it could not be written down.
 */
int contracts_add(struct contracts *contracts, const char *text, bool only_check, struct query_contract *records,
                  size_t room, uint32_t *count);

/* Take one away that was added by hand; *free_ns: when its share is free for others (CLOCK_MONOTONIC), 0: at once. 0;
 * -ENOENT; -EEXIST: it is the configuration's; -errno: that could not be written down, and it is as before. */
int contracts_remove(struct contracts *contracts, const char *name, int64_t *free_ns);

/* How many there are; and what is known of up to `room` of them, from number `first` on, in their order. How many were
 * described. */
size_t contracts_count(const struct contracts *contracts);
size_t contracts_describe(const struct contracts *contracts, size_t first, struct query_contract *described,
                          size_t room);

/* All that is known of the one of that name. 0; -ENOENT. */
int contracts_see(const struct contracts *contracts, const char *name, struct query_contract_seen *seen);
