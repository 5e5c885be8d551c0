/*
 * The system's network interfaces, as the kernel last told.
 */
#pragma once

#include "net/eth.h"
#include "route/id_table.h"

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#define LINK_NAME_SIZE 16

struct link {
    union {
        struct id_node node; /* begins with the id: */
        uint32_t ifindex;
    };
    char name[LINK_NAME_SIZE];
    char kind[LINK_NAME_SIZE]; /* "veth", "bridge", ...; empty for a card */
    uint8_t mac[ETH_ADDR_SIZE];
    bool ethernet;       /* frames begin with an Ethernet header, mac is valid */
    bool point_to_point; /* there is one other end, which needs no address of the link layer */
    bool admin_up;       /* switched on */
    bool up;             /* and with a carrier */
    uint32_t mtu;        /* bytes */
    uint32_t master;     /* the bridge, bond or VRF that it belongs to; 0 for none */
    uint32_t lower;      /* the interface that it lies on, if that is in this namespace; 0 for none */
    bool forwarding;     /* net.ipv4.conf.NAME.forwarding */
    uint8_t rp_filter;
    uint8_t port; /* its number as a port of Fairlead; 0: none */
};

/* All zeros is empty. */
struct links {
    struct id_table by_ifindex;
    uint8_t rp_filter_all;
};

void links_clear(struct links *links);

/* NULL if there is none. */
struct link *links_find(const struct links *links, uint32_t ifindex);
struct link *links_find_name(const struct links *links, const char *name);

/* Whether VLANs of this namespace lie on an interface. */
bool links_has_vlans(const struct links *links, uint32_t ifindex);

/* What RTM_NEWLINK, RTM_DELLINK and RTM_NEWNETCONF say. */
enum link_change {
    LINK_SAME = 0,
    LINK_CHANGED = 1 << 0,     /* something that matters to those who send over it */
    LINK_ROUTES_LOST = 1 << 1, /* the kernel has dropped routes over it and tells nobody */
    LINK_DOWN = 1 << 2,        /* it has dropped nexthop objects over it, which it tells nobody either */
};
unsigned links_new(struct links *links, const struct nlmsghdr *message);
unsigned links_delete(struct links *links, const struct nlmsghdr *message);
unsigned links_netconf(struct links *links, const struct nlmsghdr *message);

/* The rp_filter that counts at a link. */
uint8_t links_rp_filter(const struct links *links, const struct link *link);
