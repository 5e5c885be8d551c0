/*
 * The front door's programs at interfaces.
 *
 * All functions return 0 or -errno and log what went wrong, unless said otherwise.
 */
#pragma once

#include "port/door.h"

/* Where the program stands. */
enum door_hook {
    DOOR_HOOK_NONE,
    DOOR_HOOK_XDP, /* in the driver (native) */
    DOOR_HOOK_TC,  /* clsact ingress, behind any filter of somebody else's */
};

const char *door_hook_name(enum door_hook hook); /* "none", "xdp", "tc" */

/* What one attachment leaves behind, to be taken away again. */
struct door_attachment {
    enum door_hook hook;
    unsigned ifindex;
    int link_fd;      /* DOOR_HOOK_XDP */
    bool lifts;       /* what the kernel sends is lifted, by a filter at egress */
    bool made_clsact; /* the qdisc of the filters is ours too */
};

/*
 * In place of what an engine before this one left there, with no packet in between that meets neither. -EBUSY: an XDP
 * program of somebody else's is there; -EOPNOTSUPP: the driver has no native XDP. Neither is logged; what
 * was left there is there still.
 */
int door_attach(const struct door *door, enum door_hook hook, unsigned ifindex, struct door_attachment *attachment);
/* The interface may be gone already. */
void door_detach(const struct door *door, struct door_attachment *attachment);

/* Lift what the kernel sends at an attached port, as its struct door_port says where to; no longer. */
int door_attach_lifts(const struct door *door, struct door_attachment *attachment);
void door_detach_lifts(struct door_attachment *attachment);

/* Give what arrives at a lift's far end to this AF_XDP socket, until the descriptor in *link_fd is closed. */
int door_attach_far(const struct door *door, unsigned ifindex, int socket, int *link_fd);

/* Take away what a killed engine left at an interface, if it did; `pins` as for door_new(). */
void door_detach_left(const char *pins, unsigned ifindex);
/* The same for interfaces that are gone, all but ports. */
void door_detach_gone(const char *pins, bool (*is_port)(const void *arg, unsigned ifindex), const void *arg);
