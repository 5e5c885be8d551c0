/*
 * What is changed at an interface of the system: on and off, addresses, the switches of forwarding and IPv6.
 *
 * Our addresses carry the protocol number NETLINK_PROTOCOL_FAIRLEAD, by which they are known again. All functions
 * return 0 or -errno and log nothing.
 */
#pragma once

#include "net/ipv4_prefix.h"
#include "netlink/netlink.h"
#include "netlink/protocol.h"

#include <stdbool.h>

int interface_set_up(struct netlink *netlink, uint32_t ifindex, bool up);

/* -EEXIST: it is there already, whoever put it there. */
int interface_add_address(struct netlink *netlink, uint32_t ifindex, struct ipv4_prefix address);
int interface_delete_address(struct netlink *netlink, uint32_t ifindex, struct ipv4_prefix address);

/* Each IPv4 address that the system has. */
typedef void interface_address(void *arg, uint32_t ifindex, struct ipv4_prefix address, bool ours);
int interface_each_address(struct netlink *netlink, interface_address *each, void *arg);

/* net.ipv4.conf.NAME.forwarding: 0 or 1. */
int interface_forwarding(const char *name);
int interface_set_forwarding(const char *name, bool on);

/* -ENOENT: the system has none. */
int interface_set_ipv6(const char *name, bool on);
