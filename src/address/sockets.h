/*
 * The ports at which DHCP is served, and the sockets there, which the engine opens; also those that are of no port.
 */
#pragma once

#include "address/frames.h"
#include "query/query.h"

#define SOCKETS_PORTS FRAMES_PORTS

struct sockets_port {
    char name[QUERY_NAME_SIZE]; /* empty: this number is free */
    uint32_t ifindex;           /* 0: the interface is not there */
    uint32_t mtu;
    uint8_t mac[ETH_ADDR_SIZE];
    bool wanted;         /* DHCP is to be served there */
    struct watch arp;    /* of the socket for ARP; fd -1: none */
    int sink;            /* -1: none */
    uint32_t socket_for; /* the ifindex that they were opened for */
};

/* Sockets that are of no port. Where a port's number is asked for, theirs is SOCKETS_PORTS and this. */
enum sockets_system {
    SOCKETS_UPSTREAM, /* the system's UDP, by which servers elsewhere are asked, and answer */
    SOCKETS_PING,     /* ICMP: echo replies arrive */
    SOCKETS_SYSTEM_COUNT
};

struct sockets_system_socket {
    bool wanted, tried;
    struct watch watch; /* fd -1: none */
};

struct sockets {
    struct frames frames; /* of the ports, by the same numbers */
    int epoll;
    struct sockets_port ports[SOCKETS_PORTS]; /* by number, from 1; a name keeps its number */
    struct sockets_system_socket system[SOCKETS_SYSTEM_COUNT];
    void (*arp_ready)(void *arg, struct watch *watch); /* ARP has arrived at a port */
    void *arp_arg;
    struct query_address *addresses; /* as the engine last told; ports that have none among them */
    size_t address_count;
    uint32_t *registered; /* addresses at which DHCP is registered with the mux */
    size_t registered_count;
    udp_receive *receive; /* who takes DHCP's datagrams */
    void *arg;
};

/* Datagrams for DHCP go to `receive`. 0; -errno. */
int sockets_open(struct sockets *sockets, int epoll, udp_receive *receive, void *arg);
void sockets_close(struct sockets *sockets);

/* DHCP is wanted at this interface; sockets_want_none() first, then each of them. 0; -ENOSPC: too many. */
void sockets_want_none(struct sockets *sockets);
int sockets_want(struct sockets *sockets, const char *interface);

/* A socket of no port is wanted, or no longer; `ready` is called when something has arrived. */
void sockets_want_system(struct sockets *sockets, enum sockets_system which, bool wanted,
                         void (*ready)(void *arg, struct watch *watch), void *arg);

/* Whom ARP that arrives at ports is for; before there are any. */
void sockets_take_arp(struct sockets *sockets, void (*ready)(void *arg, struct watch *watch), void *arg);

/* Send a DHCP message to a server, from an address of ours. 0; -errno. */
int sockets_send_upstream(struct sockets *sockets, uint32_t src, uint32_t dst, const uint8_t *bytes, size_t len);

/* What the engine tells of ports and addresses; copied. 0; -ENOMEM with nothing changed. */
int sockets_take_addresses(struct sockets *sockets, const struct query_address *addresses, size_t count);

/* What still needs sockets, and as what the engine knows it. False: nothing does. */
bool sockets_next_without_socket(const struct sockets *sockets, unsigned *number, uint32_t *ifindex);
/* Sockets for it, which are taken over: for frames, a kind each, for ARP, and the sink if there is one; or one that is
 * of no port. Or none, and why: then it is tried again when there is news. -ENODEV: the engine does not know yet that
 * it is wanted.
 */
void sockets_take_sockets(struct sockets *sockets, unsigned number, int error, const int *fds, unsigned count);

/* The number of a port that is there; 0. */
unsigned sockets_find(const struct sockets *sockets, const char *interface);

/* An address of the port by which senders beyond its subnets know us; 0. */
uint32_t sockets_address_of(const struct sockets *sockets, unsigned port);
