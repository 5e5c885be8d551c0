/*
 * A route's way: what the kernel says about links, neighbours, nexthop objects and routes, and the configuration's
 * static routes, through the RIB into the FIB that the door looks into, and (what is ours) into the kernel's table.
 */
#pragma once

#include "bpf/door.h"
#include "fib/table.h"
#include "netlink/netlink.h"
#include "rib/rib.h"
#include "route/audit.h"
#include "route/changed.h"
#include "route/install.h"
#include "route/link.h"
#include "route/neighbour.h"
#include "route/next_hop.h"
#include "route/object.h"
#include "route/static.h"

/* Changes of the FIB that the door is shown together, at the latest when there are so many. */
#define ROUTING_UNSEEN_MAX 8192

struct routing {
    struct door_memory *memory;
    struct netlink *netlink;
    struct links links;
    struct neighbours neighbours;
    struct id_table objects; /* struct object */
    struct multipaths multipaths;
    struct statics statics;
    struct installs installs;
    uint8_t kernel_preference; /* of the kernel's paths in the RIB */
    struct rib *rib;
    struct next_hops *next_hops;
    struct fib_table *fib;
    uint32_t unseen;                   /* changes of the FIB since the last flush */
    uint16_t left[ROUTING_UNSEEN_MAX]; /* next hops that are in use no more once that is flushed */
    uint32_t left_count;
    uint16_t local_next_hop;                        /* its number */
    uint16_t local_filter_count[DOOR_LOCAL_FILTER]; /* how many local addresses set each bit of the filter */
    uint32_t wide_local;    /* local prefixes that are more than an address, 127.0.0.0/8 not counted */
    bool incomplete;        /* memory ran out, and something is missing from the FIB */
    bool odd_rules;         /* there are policy rules beside the three that every system has */
    bool links_changed;     /* or their being ports, since routing_links_changed() */
    bool resync_wanted;     /* something was lost or not told; routing_resync() finds out */
    uint64_t local_changes; /* of this system's own addresses */
    uint64_t resyncs, messages;
    struct changed changed; /* addresses that were named by events, since the audit began */
    struct audit *audit;    /* NULL; or the owner's audit_new() */
};

/* The FIB's memory is cleared. wait_for_packets(arg) returns when every packet now under way has passed. 0; -errno,
 * logged. */
int routing_open(struct door_memory *memory, void (*wait_for_packets)(void *arg), void *arg, struct routing **routing);
struct routing *routing_close(struct routing *routing); /* takes NULL, returns NULL */

/* Ask the kernel for everything; what has not changed is not touched. 0; -errno, logged. */
int routing_resync(struct routing *routing);

/* Handle what has arrived on netlink_fd(routing->netlink), with a resync where events were lost. 0; -errno, logged. */
int routing_receive(struct routing *routing);

/* These are the static routes and the preferences now. 0; -errno, logged. */
int routing_configure(struct routing *routing, const struct conf *conf);

/* Take our routes and neighbours out of the kernel's tables. */
void routing_clean(struct routing *routing);

/* Bring the next hops in line after links, or their being ports, have changed. */
void routing_links_changed(struct routing *routing);

/* Look at the policy rules, of whose changes others may hear earlier than this does. */
void routing_look_at_rules(struct routing *routing);

/* Let the kernel look after neighbours that only the door has been sending to, and find those that no packet is sent to
 * because it is not known where they are. Call about once a second. */
void routing_keep_neighbours(struct routing *routing);

/* For sync.c, audit.c and routing.c. */
void sync_changed(void *routing, struct ipv4_prefix prefix, const struct rib_entry *entry); /* the RIB's rib_changed */
void sync_neighbour(struct routing *routing, uint32_t ifindex, uint32_t addr);
void sync_all_neighbours(struct routing *routing);
/* Whether the FIB has for a prefix what the RIB and the neighbours say, or had no room for it; make it so. */
bool sync_agrees(const struct routing *routing, struct ipv4_prefix prefix);
void sync_again(struct routing *routing, struct ipv4_prefix prefix);
void sync_flush(struct routing *routing); /* show the door what has changed */
