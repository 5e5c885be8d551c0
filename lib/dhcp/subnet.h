/*
 * What a server is told of the subnets that it serves. Plain data, made by the caller.
 */
#pragma once

#include "dhcp/lease.h"
#include "net/ipv4_prefix.h"

struct dhcp_range {
    uint32_t first, last; /* host order; within the subnet, network and broadcast address excluded */
};

struct dhcp_option_value {
    uint8_t code;
    uint16_t len;
    const uint8_t *bytes;
};

struct dhcp_subnet {
    struct ipv4_prefix prefix;
    uint32_t network; /* subnets of the same number share a link: a client there may have an address of any; not 0 */
    uint32_t server_addr; /* our own address in it, by which clients know us; 0: that at which the question came in */
    uint32_t lease_s, lease_min_s, lease_max_s; /* DHCP_INFINITE is a time too; min <= lease <= max */
    uint32_t next_server;                       /* for the header's siaddr; 0 for none */
    bool authoritative;                         /* clients that ask for what we know nothing of are told no */
    bool bootp;                                 /* clients without DHCP get addresses, for ever */
    bool by_mac;                                /* clients are known by their hardware addresses, whatever they say */
    const struct dhcp_range *ranges;
    size_t range_count;
    const struct dhcp_option_value
        *options; /* each code at most once; those of the protocol itself are not among them */
    size_t option_count;
    const char *boot_file; /* for the header's file, up to 127 characters; NULL for none */
};

/* Ranges of all subnets together have no address in common, nor have the prefixes. */
struct dhcp_subnets {
    const struct dhcp_subnet *all;
    size_t count;
    const uint32_t *own; /* all addresses of this system: those that clients may call us by */
    size_t own_count;
    uint32_t offer_s;      /* how long an offer is held */
    uint32_t quarantine_s; /* how long an address is kept from others that a client found in use */
};

/* The subnet that an address is in; NULL. */
static inline const struct dhcp_subnet *dhcp_subnets_find(const struct dhcp_subnets *subnets, uint32_t addr)
{
    for (size_t i = 0; i < subnets->count; i++)
        if (ipv4_prefix_contains(subnets->all[i].prefix, addr))
            return &subnets->all[i];
    return NULL;
}

/* Whether an address is one of this system's. */
static inline bool dhcp_subnets_own(const struct dhcp_subnets *subnets, uint32_t addr)
{
    for (size_t i = 0; i < subnets->own_count; i++)
        if (subnets->own[i] == addr)
            return true;
    return false;
}
