/*
 * Talking to the kernel over netlink: one socket on which its events arrive, one for questions.
 *
 * All functions return 0 or -errno.
 */
#pragma once

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

struct netlink;

/* Called for every message; what it returns is not looked at. */
typedef void netlink_handler(const struct nlmsghdr *message, void *arg);

/* For a family (NETLINK_ROUTE, NETLINK_NETFILTER, ...). */
int netlink_open(int family, struct netlink **netlink);
struct netlink *netlink_free(struct netlink *netlink); /* takes NULL, returns NULL */

/* From now on events of this multicast group arrive. */
int netlink_join(struct netlink *netlink, unsigned group);

/* To wait for events on. */
int netlink_fd(const struct netlink *netlink);

/* Handle the events that have arrived, a bounded number of them. -ENOBUFS: events were lost, and what is known of the
 * kernel may be wrong from here on; events after those are still there. */
int netlink_receive(struct netlink *netlink, netlink_handler *handler, void *arg);

/*
 * Ask for everything of a kind: message type (RTM_GET...), and the header of that type. -EINTR: it changed while it was
 * told; what was handled may be incomplete, ask again.
 */
int netlink_dump(struct netlink *netlink, uint16_t type, const void *header, size_t header_bytes,
                 netlink_handler *handler, void *arg);

/*
 * The same a piece at a time, for tables so large that others are not to wait for all of it: whatever changes between
 * two pieces is told as it is then. Nothing else is asked on this netlink meanwhile.
 */
int netlink_dump_begin(struct netlink *netlink, uint16_t type, const void *header, size_t header_bytes);
/* Handle one more piece, tens of KiB. 1: there is more; 0: that was all; -errno: it broke off. */
int netlink_dump_more(struct netlink *netlink, netlink_handler *handler, void *arg);
/* Ask for no more of it. */
void netlink_dump_end(struct netlink *netlink);

/* Ask again, a bounded number of times, as long as the answer is -EINTR. */
int netlink_until_whole(int (*ask)(void *arg), void *arg);

/* Send a message and do not wait for an answer; its sequence number is set here. */
int netlink_send(struct netlink *netlink, struct nlmsghdr *message);

/* Send a message that changes something, and wait for the kernel's word on it: 0; the kernel's -errno. */
int netlink_change(struct netlink *netlink, struct nlmsghdr *message);

/* Whether an event tells of what was changed by netlink_change() or netlink_send() here. */
bool netlink_is_own(const struct netlink *netlink, const struct nlmsghdr *event);

/* A message begun in `buffer`, zeros but for its type, flags and the header behind it, which is copied. */
#define NETLINK_MESSAGE_BYTES 512
struct nlmsghdr *netlink_message(char buffer[static NETLINK_MESSAGE_BYTES], uint16_t type, uint16_t flags,
                                 const void *header, size_t header_bytes);

/* The attributes of a message behind its header of `header_bytes`, by type: found[0 ... max], NULL where there is none.
 */
void netlink_attributes(const struct nlmsghdr *message, size_t header_bytes, const struct nlattr **found, uint16_t max);
/* The same within an attribute. */
void netlink_nested(const struct nlattr *outer, const struct nlattr **found, uint16_t max);

/* Values with their length checked; `otherwise` where the attribute is missing or of another size. */
uint32_t netlink_u32(const struct nlattr *attribute, uint32_t otherwise);
/* An IPv4 address in host order; 0 likewise. */
uint32_t netlink_ipv4(const struct nlattr *attribute);
