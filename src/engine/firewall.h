/*
 * Whether the kernel has something that would look at forwarded packets: nftables or iptables rules at the prerouting,
 * forward or postrouting hooks (or at a port's own), IPsec policies. What cuts through is not seen by them.
 */
#pragma once

#include <stdbool.h>

struct firewall;

/* 0; -errno, logged. */
int firewall_open(struct firewall **firewall);
struct firewall *firewall_close(struct firewall *firewall); /* takes NULL, returns NULL */

/* Descriptors that become readable when something may have changed; at most FIREWALL_FDS, returns how many. */
#define FIREWALL_FDS 2
unsigned firewall_fds(const struct firewall *firewall, int fds[FIREWALL_FDS]);

/* Look at everything anew; also what sends no message when it changes (old iptables), so call it now and then. */
void firewall_check(struct firewall *firewall);

/* What stands there ("nftables chain inet filter forward"); NULL if nothing does. Valid until the next check. */
const char *firewall_found(const struct firewall *firewall);
