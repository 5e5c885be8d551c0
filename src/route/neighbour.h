/*
 * The kernel's IPv4 neighbour table: which link-layer address answers for an address at an interface.
 */
#pragma once

#include "net/eth.h"
#include "net/ipv4_map.h"
#include "netlink/netlink.h"

#include <linux/netlink.h>
#include <stdbool.h>

struct neighbour {
    uint32_t addr, ifindex;
    uint8_t mac[ETH_ADDR_SIZE];
    uint16_t state; /* NUD_... */
    bool valid;     /* mac can be sent to */
    bool ours;      /* it was put there by us */
    uint32_t round;
    struct neighbour *next; /* the same address at another interface */
};

/* All zeros is empty. */
struct neighbours {
    struct ipv4_map by_addr; /* /32 -> the first struct neighbour */
    uint32_t round;
};

void neighbours_clear(struct neighbours *neighbours);
const struct neighbour *neighbours_find(const struct neighbours *neighbours, uint32_t ifindex, uint32_t addr);

/* What RTM_NEWNEIGH and RTM_DELNEIGH say. True if who answers has changed: then at *ifindex, *addr. */
bool neighbours_new(struct neighbours *neighbours, const struct nlmsghdr *message, uint32_t *ifindex, uint32_t *addr);
bool neighbours_delete(struct neighbours *neighbours, const struct nlmsghdr *message, uint32_t *ifindex,
                       uint32_t *addr);

/* A host that is known without ARP. */
struct neighbour_host {
    uint32_t ifindex, addr;
    uint8_t mac[ETH_ADDR_SIZE];
    bool permanent; /* the kernel takes it as it is; otherwise it makes sure of it once it is used */
};

/* Tell the kernel of one; take one back that we told it of. What comes of it is heard as any other change. */
void neighbours_put(struct netlink *netlink, const struct neighbour_host *host);
void neighbours_take_back(const struct neighbours *neighbours, struct netlink *netlink, uint32_t ifindex,
                          uint32_t addr);

/* All of them, but for those that keep(arg, neighbour) says; NULL: none. */
void neighbours_take_back_all(const struct neighbours *neighbours, struct netlink *netlink,
                              bool (*keep)(const void *arg, const struct neighbour *neighbour), const void *arg);

/* Everything is told anew between these two. Those that were not named are gone: gone() is told of each. */
void neighbours_round_begin(struct neighbours *neighbours);
void neighbours_round_end(struct neighbours *neighbours, void (*gone)(void *arg, uint32_t ifindex, uint32_t addr),
                          void *arg);
