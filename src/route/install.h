/*
 * Our own routes in the kernel's main table, so that both ways of a packet agree: where the best path to a prefix is
 * Fairlead's own (a static route), it stands in the kernel too, in front of everything else there; where it is not, it
 * does not.
 *
 * They carry the protocol number NETLINK_PROTOCOL_FAIRLEAD and metric 0. What a killed daemon left behind is known by
 * that number, and taken over or taken away.
 */
#pragma once

#include "netlink/netlink.h"
#include "netlink/protocol.h"
#include "rib/rib.h"

#include <stdbool.h>

struct installed;

/* All zeros is empty. */
struct installs {
    struct ipv4_map by_prefix; /* struct installed */
    struct installed *changed; /* those that installs_settle() looks at */
    bool failed;               /* memory ran out: some prefix is missing here */
};

void installs_clear(struct installs *installs);

/* The best path to a prefix may have changed; entry as in rib_changed. */
void installs_look(struct installs *installs, struct ipv4_prefix prefix, const struct rib_entry *entry);

/* What the kernel says of our routes: a path with our protocol number came, or went; it is not (`in_front` false) the
 * first of its metric. */
void installs_came(struct installs *installs, struct ipv4_prefix prefix, const struct rib_path *path, bool in_front);
void installs_went(struct installs *installs, struct ipv4_prefix prefix, const struct rib_path *path);

/* A path of somebody else's was put into the kernel's table at metric 0: in front of ours, or (`replaced`) in the place
 * of one. Whether it took the place of ours. */
bool installs_other_came(struct installs *installs, struct ipv4_prefix prefix, bool replaced);

/* Everything is told anew between these two, by installs_came(). */
void installs_round_begin(struct installs *installs);
void installs_round_end(struct installs *installs);

/* The same to compare only: whether the kernel has this path as ours as far as is known here; afterwards, whether one
 * that it should have was not named. */
void installs_check_begin(struct installs *installs);
bool installs_check(struct installs *installs, struct ipv4_prefix prefix, const struct rib_path *path);
bool installs_is_missing(const struct installs *installs, struct ipv4_prefix prefix);

/*
 * Bring the kernel in line with the RIB. refused(arg, ...) hears of paths that the kernel does not take; it withdraws
 * them from the RIB, and the next one gets its turn.
 */
typedef void install_refused(void *arg, struct ipv4_prefix prefix, const struct rib_path *path, int error);
void installs_settle(struct installs *installs, struct netlink *netlink, const struct rib *rib,
                     install_refused *refused, void *arg);

/* Take all of them out of the kernel's table. */
void installs_remove_all(struct installs *installs, struct netlink *netlink);

/* Whether the path to a prefix stands in the kernel's table as ours. */
bool installs_holds(const struct installs *installs, struct ipv4_prefix prefix, const struct rib_path *path);
