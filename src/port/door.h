/*
 * The front door's BPF programs: loaded into the kernel, attached to ports, and their memory mapped.
 *
 * All functions return 0 or -errno and log what went wrong.
 */
#pragma once

#include "bpf/door.h"

#include <stdbool.h>

struct door;

/* Where the program stands. */
enum door_hook {
    DOOR_HOOK_NONE,
    DOOR_HOOK_XDP, /* in the driver (native) */
    DOOR_HOOK_TC,  /* clsact ingress, behind any filter of somebody else's */
};

const char *door_hook_name(enum door_hook hook); /* "none", "xdp", "tc" */

/* Load the programs and map their memory, in which everything is still the kernel's. */
int door_new(struct door **door);
/* Detach from nothing: ports are detached before. Takes NULL, returns NULL. */
struct door *door_free(struct door *door);

/* Valid until door_free(). */
struct door_memory *door_memory(struct door *door);

/* TCP segments that came in at a port with DOOR_SAMPLE. */
const struct door_samples *door_samples(const struct door *door, unsigned port);

/* The counters, of so many CPUs (door_counters_index()): a descriptor for others that can only read them, which the
 * caller closes; -errno. */
unsigned door_cpus(const struct door *door);
int door_counters_fd(const struct door *door);
void door_counters_clear(struct door *door, unsigned port);

/* Somebody who may speak at ports with source guard, from now on; no longer. -E2BIG: there are DOOR_BINDINGS already.
 * Not logged. */
int door_bind(struct door *door, const struct door_binding *binding);
void door_unbind(struct door *door, const struct door_binding *binding);

/* What one attachment leaves behind, to be taken away again. */
struct door_attachment {
    enum door_hook hook;
    unsigned ifindex;
    int link_fd;      /* DOOR_HOOK_XDP */
    bool lifts;       /* what the kernel sends is lifted, by a filter at egress */
    bool made_clsact; /* the qdisc of the filters is ours too */
};

/* -EBUSY: an XDP program of somebody else's is there; -EOPNOTSUPP: the driver has no native XDP. Neither is logged. */
int door_attach(struct door *door, enum door_hook hook, unsigned ifindex, struct door_attachment *attachment);
/* The interface may be gone already. */
void door_detach(struct door_attachment *attachment);

/* Lift what the kernel sends at an attached port, as its struct door_port says where to; no longer. */
int door_attach_lifts(struct door *door, struct door_attachment *attachment);
void door_detach_lifts(struct door_attachment *attachment);

/* Give what arrives at a lift's far end to this AF_XDP socket, until the descriptor in *link_fd is closed. */
int door_attach_far(struct door *door, unsigned ifindex, int socket, int *link_fd);

/* What a killed engine left at an interface, if it did. */
void door_detach_left(unsigned ifindex);

/*
 * Whether the interface takes frames that an XDP door redirects to it: tried with one frame to its own address `mac`,
 * of an EtherType kept for experiments, which nobody answers. 0; -EOPNOTSUPP if not, or if it cannot be known.
 */
int door_probe(struct door *door, unsigned ifindex, const uint8_t mac[ETH_ADDR_SIZE]);

/* Wait until every packet that was under way in any door when this was called has left it. The argument is for nothing:
 * it makes this what those who hand out numbers anew call to wait for their readers. */
void door_wait_for_packets(void *nothing);
