/*
 * A lift: a veth pair of our own for each shaped port. What is sent into its near end comes out at its far end, as
 * frames that are finished: no checksum is left to a card there, no segment is larger than a packet.
 *
 * The two are known again by their names, lift7 and lift7-far, and by their group, so that what a killed engine left
 * behind can be taken away. All functions return 0 or -errno and log nothing.
 */
#pragma once

#include "netlink/netlink.h"

#define LIFT_GROUP     70 /* of interfaces (IFLA_GROUP): the number by which our routes and addresses are known too */
#define LIFT_NAME_SIZE 16
#define LIFT_MTU_MAX   3400 /* bytes: what fits into a page, with what the kernel puts in front and behind */

struct lift {
    uint32_t near, far; /* interfaces; 0: there is none */
    char far_name[LIFT_NAME_SIZE];
};

/* For the port of that number, whose packets have at most `mtu` bytes, up to LIFT_MTU_MAX. Both ends are up, and say
 * nothing by themselves. */
int lift_make(struct netlink *netlink, unsigned number, uint32_t mtu, struct lift *lift);
/* Of none, nothing is done. */
void lift_remove(struct netlink *netlink, struct lift *lift);

/* All that there are. */
int lift_remove_all(struct netlink *netlink);
