/*
 * What the kernel tells of rules that forwarded packets meet, when they have just changed: nftables, IPsec policies,
 * policy routing. (Old iptables tell nothing.)
 */
#pragma once

#define RULE_EVENTS_FDS 3

struct netlink;

/* All zeros listens to nothing. */
struct rule_events {
    struct netlink *sockets[RULE_EVENTS_FDS];
    unsigned count;
};

/* As far as the kernel has such rules. 0; -errno, logged. */
int rule_events_open(struct rule_events *events);
void rule_events_close(struct rule_events *events);

/* Descriptors that become readable when something has changed; returns how many. */
unsigned rule_events_fds(const struct rule_events *events, int fds[static RULE_EVENTS_FDS]);

/* Take what has been told: what comes afterwards makes a descriptor readable again. */
void rule_events_take(struct rule_events *events);
