/*
 * Nodes that shall be there, as far as is said of each: what files say, of which most know less of a node than a plan.
 */
#pragma once

#include "plan/plan.h"

/* Which members of a plan_entry are said. */
enum {
    PLAN_GIVES_KIND = 1,
    PLAN_GIVES_STATUS = 2,
    PLAN_GIVES_DELEGATED = 4,
    PLAN_GIVES_NAME = 8,
    PLAN_GIVES_OWNER = 16,
    PLAN_GIVES_PROVIDER = 32,
    PLAN_GIVES_CONTRACT = 64,
    PLAN_GIVES_NOTE = 128,
    PLAN_GIVES_UNTIL = 256,
    PLAN_GIVES_FOR_SIBLING = 512,
    PLAN_GIVES_CREATED = 1024,
    PLAN_GIVES_CHANGED = 2048,
};

/* Set what is given, but for created and changed. */
void plan_entry_give(struct plan_entry *to, const struct plan_entry *from, uint32_t gives);

struct plan_wanted {
    struct plan_entry entry; /* its range counts in any case; what is not given is zero */
    uint32_t gives;          /* PLAN_GIVES_... */
};

/* Sort by address, outer ones first, and give a kind to each that has none: that of the node that is there; otherwise
 * a block is what holds blocks and subnets, here or in the plan, a host one address that lies in something, a pool what
 * is no block of addresses, and a subnet all else. */
void plan_wanted_settle(const struct plan *plan, struct plan_wanted *wanted, size_t count);

/* Whether who acts may have it so, in the plan as it is. */
int plan_wanted_allowed(const struct plan *plan, const struct plan_wanted *wanted, const struct plan_by *by,
                        struct plan_refusal *why);

/* One operation that makes all of them be there so: new ones are added (as of `created` and `changed`, if these are
 * given), others get what is given. Nothing goes away. They must be settled. Where somebody else acts nothing is added
 * or changed; what comes into a delegation that comes with it is no matter of its owner's yet. If all is so already,
 * plan_changes() is empty. */
int plan_import(struct plan *plan, const struct plan_wanted *wanted, size_t count, const struct plan_by *by,
                struct plan_refusal *why);
