/*
 * Static routes: the configuration as a source of routes. Each is a candidate in the RIB as long as it can be followed:
 * its interface is up, and its gateway is in a subnet that is attached there.
 */
#pragma once

#include "conf/conf.h"
#include "rib/rib.h"
#include "route/link.h"

struct static_route;

/* All zeros is empty. */
struct statics {
    struct static_route *all; /* in the order of their prefixes */
    size_t count;
    bool stale; /* links or attached subnets have changed since statics_follow() */
};

void statics_clear(struct statics *statics); /* forgets them; the RIB keeps what it was told */

/* These are the static routes now; those that stay the same are not touched. 0; -ENOMEM with nothing changed. */
int statics_set(struct statics *statics, const struct conf *conf, struct rib *rib);

/* Look at each anew: put into the RIB what can be followed now, withdraw what cannot. 0; -ENOMEM: something is missing
 * in the RIB. */
int statics_follow(struct statics *statics, const struct links *links, struct rib *rib);

/* The kernel did not take a path: withdraw it until statics_follow(). */
void statics_refused(struct statics *statics, struct rib *rib, struct ipv4_prefix prefix, const struct rib_path *path,
                     int error);
