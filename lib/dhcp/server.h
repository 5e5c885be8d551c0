/*
 * The DHCP server (RFC 2131, RFC 1534 for BOOTP): what is answered to a message, and which leases change with it.
 *
 * A deterministic core: it does nothing by itself. The caller passes in messages, the time and random bytes, and gets
 * replies and changes back. Its duty: a reply that comes with changes leaves only after they are on stable storage; if
 * they cannot be stored, the reply does not leave and the changes are undone, the last one first.
 */
#pragma once

#include "dhcp/leases.h"
#include "dhcp/pool.h"
#include "dhcp/reply.h"
#include "dhcp/subnet.h"

/* What became of a message. X(enumerator, name, help) */
#define DHCP_OUTCOMES(X)                                                                           \
    X(OFFERED, "offered", "an address was offered")                                                \
    X(ACKED, "acked", "a lease was given or extended")                                             \
    X(NAKED, "naked", "a client was told that it cannot have its address")                         \
    X(INFORMED, "informed", "a client with an address got its options")                            \
    X(BOOTP, "bootp", "a BOOTP client got its address")                                            \
    X(RELEASED, "released", "a lease was given back")                                              \
    X(DECLINED, "declined", "a client found its address in use")                                   \
    X(NO_SUBNET, "no-subnet", "no subnet is served where it came from")                            \
    X(OTHER_SERVER, "other-server", "meant for another server")                                    \
    X(UNKNOWN_CLIENT, "unknown-client", "a client that has restarted and is not known here")       \
    X(EXHAUSTED, "exhausted", "no address is left")                                                \
    X(LIMITED, "limited", "its line, or hardware address, has as many addresses as it may have")   \
    X(MISMATCH, "mismatch", "a lease is given back or declined by someone who does not have it")   \
    X(FORGED, "forged", "a lease is given back or declined by somebody in its client's name")      \
    X(UNKNOWN_RELAY, "unknown-relay", "forwarded by somebody who is no relay")                     \
    X(SHED, "shed", "while more came than can be served, from somebody new or who sends too much") \
    X(NO_IDENTITY, "no-identity", "neither a client identifier nor a hardware address")            \
    X(NO_ADDRESS, "no-address", "an INFORM without an address")                                    \
    X(BOOTP_OFF, "bootp-off", "a BOOTP client where none are served")                              \
    X(NO_REQUEST, "no-request", "a reply, or of a type that only servers send")                    \
    X(NO_MEMORY, "no-memory", "memory ran out")

enum dhcp_outcome {
#define X(enumerator, name, help) DHCP_OUTCOME_##enumerator,
    DHCP_OUTCOMES(X)
#undef X
        DHCP_OUTCOME_COUNT
};

/* "offered"; "unknown". */
const char *dhcp_outcome_name(unsigned outcome);

/* How a message came. */
struct dhcp_arrival {
    uint32_t network;  /* of the link that it came in by; 0: none that is served */
    uint32_t own_addr; /* by which we are known to senders from other subnets */
    uint32_t src;      /* of the packet; host order */
    uint16_t src_port;
    bool broadcast;        /* it came as a link-layer broadcast, so its sender is on that very link */
    const uint8_t *sender; /* the Ethernet address that it came from; NULL: not known */
    uint16_t mtu;          /* of the link; bytes */
    bool known_only;       /* more comes than can be served: only who is known is, and not too often */
};

/* To which link-layer address a reply goes. */
enum dhcp_to {
    DHCP_TO_NOBODY,    /* there is no reply */
    DHCP_TO_SENDER,    /* where the question came from */
    DHCP_TO_HARDWARE,  /* the client's chaddr */
    DHCP_TO_BROADCAST, /* everybody on the link */
};

#define DHCP_CHANGES_MAX 2

/* A lease that changes: what it was (there: had_before), and what it is now. */
struct dhcp_change {
    bool had_before;
    struct dhcp_lease before, after;
};

struct dhcp_result {
    enum dhcp_to to;
    uint32_t src, dst; /* of the packet */
    uint16_t dst_port;
    uint32_t
        probe; /* 0; an address that nobody is known to have: the reply is to wait until somebody has asked for it */
    struct dhcp_reply reply;
    unsigned change_count;
    struct dhcp_change changes[DHCP_CHANGES_MAX]; /* in this order */
};

struct dhcp_server;

#define DHCP_OFFERS_MAX 65536 /* of a real server; past it the oldest offer makes room for the next */

/* The key is random, and copied. offers_max: how many offers are held at once. NULL if there is no memory. */
struct dhcp_server *dhcp_server_new(const uint8_t key[DHCP_KEY_SIZE], uint32_t offers_max);
struct dhcp_server *dhcp_server_free(struct dhcp_server *server); /* takes NULL, returns NULL */

/* So many leases are about to be loaded. 0; -ENOMEM. */
int dhcp_server_reserve(struct dhcp_server *server, uint32_t leases);

/* A lease from stable storage; before dhcp_server_configure(). 0; -ENOMEM. */
int dhcp_server_load(struct dhcp_server *server, const struct dhcp_lease *lease);

/* These are the subnets now; they stay the caller's, and valid until the next call. Leases and offers stay. 0; -E2BIG:
 * a range has more than DHCP_POOL_MAX addresses; -ENOMEM; nothing is changed then. */
int dhcp_server_configure(struct dhcp_server *server, const struct dhcp_subnets *subnets, uint64_t now_s);

/* Handle a message that has been parsed. now_s never goes back. The result's reply is finished if there is one. */
enum dhcp_outcome dhcp_server_receive(struct dhcp_server *server, const struct dhcp_arrival *arrival,
                                      const struct dhcp_message *message, uint64_t now_s, struct dhcp_result *result);

/* A change that could not be stored: back to what was before. */
void dhcp_server_undo(struct dhcp_server *server, const struct dhcp_change *change);

/* An address that nobody is known to have is in use: it is in no offer any more, and is given to nobody for a while.
 * That is in the result's changes, and need not be in them if much of its pool is kept from everybody already. */
void dhcp_server_conflict(struct dhcp_server *server, uint32_t addr, uint64_t now_s, struct dhcp_result *result);

/* --- what people change; as with replies, the result's changes are to be stored, or undone --- */

/* End the lease of an address, or that it is kept from everybody. 0; -ENOENT: there is none; -ENOMEM. */
int dhcp_server_release(struct dhcp_server *server, uint32_t addr, uint64_t now_s, struct dhcp_result *result);

/*
 * A lease that another server gave, which is kept as if it had been given here: its client, began_s, last_s and ends_s.
 * 0; -EADDRNOTAVAIL: of no pool, and not reserved, so that it could not be renewed; -ETIME: it is over; -EINVAL:
 * nobody's; -EADDRINUSE: somebody else has it, or it is reserved for somebody else, or in quarantine; -EALREADY: its
 * client has it, and for no shorter; -EEXIST: its client has another one; -ENOMEM.
 */
int dhcp_server_take_over(struct dhcp_server *server, const struct dhcp_lease *lease, uint64_t now_s,
                          struct dhcp_result *result);

/* --- */

/* Call ended(arg, addr) for each lease whose time is over, when that is found. */
void dhcp_server_on_end(struct dhcp_server *server, void (*ended)(void *arg, uint32_t addr), void *arg);

/* What has ended by now has ended. Also done by dhcp_server_receive(). */
void dhcp_server_tick(struct dhcp_server *server, uint64_t now_s);

/* The subnet that an address is in; NULL. Valid until the next dhcp_server_configure(). */
const struct dhcp_subnet *dhcp_server_subnet(const struct dhcp_server *server, uint32_t addr);

const struct dhcp_leases *dhcp_server_leases(const struct dhcp_server *server);

/* A range of a subnet, and how much of it is in which state. Ranges are counted through all subnets in the order of
 * their addresses. NULL: there is no such range. Valid until the next dhcp_server_configure(). */
const struct dhcp_pool *dhcp_server_pool(const struct dhcp_server *server, size_t number);
