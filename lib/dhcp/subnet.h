/*
 * What a server is told of the subnets that it serves, and of clients that are treated in ways of their own. Plain
 * data, made by the caller.
 */
#pragma once

#include "dhcp/lease.h"
#include "net/ipv4_prefix.h"

#define DHCP_CLASSES_MAX 64

struct dhcp_option_value {
    uint8_t code;
    uint16_t len;
    const uint8_t *bytes; /* NULL: it is not sent, whatever wider scopes say */
};

/* What clients are told, and for how long they get their addresses. A client is in several scopes: its reservation's,
 * its classes', its subnet's. What one does not say is said by the next, wider one. */
struct dhcp_scope {
    uint32_t lease_s, lease_min_s, lease_max_s; /* DHCP_INFINITE is a time too; min <= lease <= max; all 0: not said */
    uint32_t next_server;                       /* for the header's siaddr; 0: not said */
    const struct dhcp_option_value
        *options; /* each code at most once; those of the protocol itself are not among them */
    size_t option_count;
    const uint8_t *always; /* codes that are sent even if they are not asked for */
    size_t always_count;
};

/* Bytes that a client's are compared with: all of them, or how they begin. */
struct dhcp_pattern {
    const uint8_t *bytes;
    uint8_t len;
    bool prefix;
};

struct dhcp_patterns {
    const struct dhcp_pattern *all;
    size_t count;
};

/* Clients of a kind: each list that is not empty has one that fits. */
struct dhcp_class {
    struct dhcp_patterns vendors; /* option 60 */
    struct dhcp_patterns users;   /* option 77, as a whole or one of its classes (RFC 3004) */
    struct dhcp_patterns macs;    /* hardware addresses */
    const uint16_t *systems;      /* option 93, architectures (RFC 4578 2.1) */
    size_t system_count;
    struct dhcp_scope scope;
};

/* By what a client is known to be the one that something is reserved for, the first one first. */
enum dhcp_host_key { DHCP_BY_CLIENT_ID, DHCP_BY_MAC, DHCP_BY_CIRCUIT_ID, DHCP_HOST_KEY_COUNT };

struct dhcp_reservation {
    uint32_t addr;    /* in one of the subnets, of a pool or not; 0: any that its client gets like others do */
    uint32_t network; /* where it holds; 0: where its address is; if it has none: everywhere */
    struct dhcp_pattern keys[DHCP_HOST_KEY_COUNT]; /* bytes NULL: not by this; otherwise all of them are compared */
    struct dhcp_scope scope;
};

struct dhcp_range {
    uint32_t first, last; /* host order; within the subnet, network and broadcast address excluded */
    uint64_t classes;     /* a bit for each class whose clients get these, and get them first; 0: everybody does */
};

struct dhcp_subnet {
    struct ipv4_prefix prefix;
    uint32_t network; /* subnets of the same number share a link: a client there may have an address of any; not 0 */
    uint32_t server_addr; /* our own address in it, by which clients know us; 0: that at which the question came in */
    struct dhcp_scope scope; /* the widest: it says how long leases are */
    bool authoritative;      /* clients that ask for what we know nothing of are told no */
    bool bootp;              /* clients without DHCP get addresses, for ever, even if none is reserved for them */
    bool by_mac;             /* clients are known by their hardware addresses, whatever they say */
    bool rapid;              /* clients that ask for it get a lease in two messages (RFC 4039) */
    bool probe;              /* whether an address is in use already is found out before it is offered */
    bool trusted;            /* option 82 is believed even where no relay has forwarded it (switches that add it) */
    uint32_t per_circuit,
        per_mac; /* addresses that hosts of one line, or of one hardware address, have at most of pools of
                  * their network, as long as none is reserved for them; 0: as many as there are */
    const struct dhcp_range *ranges;
    size_t range_count;
};

/* Ranges of all subnets together have no address in common, nor have the prefixes. No address is reserved twice. */
struct dhcp_subnets {
    const struct dhcp_subnet *all; /* of one network the first is that of clients without an address */
    size_t count;
    const struct dhcp_class *classes; /* in their order: what an earlier one says comes before what a later one says */
    size_t class_count;               /* at most DHCP_CLASSES_MAX */
    const struct dhcp_reservation *reservations;
    size_t reservation_count;
    const struct ipv4_prefix *relays; /* who may be one; none: everybody who has no lease of a pool's address */
    size_t relay_count;
    const uint32_t *own; /* all addresses of this system: those that clients may call us by */
    size_t own_count;
    uint32_t offer_s;      /* how long an offer is held */
    uint32_t quarantine_s; /* how long an address is kept from others that a client found in use */
};
