/*
 * What would be announced to whom, so that a plan is reached from elsewhere.
 *
 * A node says by which provider it is reached, and that holds for what lies in it, until a node in it says another one.
 * To each provider are announced the blocks and subnets that begin to be reached by it, exactly summarised. So a
 * provider's aggregate is announced as a whole, a part of it that has moved to another provider is announced there as
 * the more specific, and so is a part of that part that has not. What is reserved or quarantined is announced only as a
 * part of what lies around it.
 *
 * Nodes are taken as they come: by address, outer ones first.
 */
#pragma once

#include "plan/plan.h"

struct plan_announcement {
    const char *provider;
    struct ipv4_prefix prefix;
};

struct plan_announce;

struct plan_announce *plan_announce_new(void);                            /* NULL if there is no memory */
struct plan_announce *plan_announce_free(struct plan_announce *announce); /* takes NULL, returns NULL */

/* The next node: only range, kind, status and provider count. 0; -ENOMEM. */
int plan_announce_node(struct plan_announce *announce, const struct plan_entry *entry);

/* There are no more: all that is announced, by provider and address; of the announce, until it is freed. Once. 0;
 * -ENOMEM. */
int plan_announce_end(struct plan_announce *announce, const struct plan_announcement **all, size_t *count);
