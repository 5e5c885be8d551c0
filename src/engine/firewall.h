/*
 * Whether the kernel has something that would look at forwarded packets: nftables or iptables rules at the prerouting,
 * forward or postrouting hooks (or at a port's own), connections that are translated though the rules for it are gone,
 * IPsec policies. What cuts through is not seen by them.
 */
#pragma once

#include <stdbool.h>

struct firewall;

/* 0; -errno, logged. */
int firewall_open(struct firewall **firewall);
struct firewall *firewall_close(struct firewall *firewall); /* takes NULL, returns NULL */

/* Look at everything anew: when something may have changed, and now and then, since not all that changes is told of. */
void firewall_check(struct firewall *firewall);

/* What stands there ("nftables chain inet filter forward"); NULL if nothing does. Valid until the next check. */
const char *firewall_found(const struct firewall *firewall);
