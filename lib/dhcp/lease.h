/*
 * A lease: which client has, or had, an address, and until when. This is what is kept on stable storage, one for each
 * address that was ever given to a client.
 */
#pragma once

#include "dhcp/message.h"

#define DHCP_NEVER UINT64_MAX /* as the end of a lease */

/* As they are stored: numbers are never reused. X(enumerator, number, name) */
#define DHCP_LEASE_STATES(X)   \
    X(BOUND, 1, "bound")       \
    X(RELEASED, 2, "released") \
    X(DECLINED, 3, "declined")

enum dhcp_lease_state {
#define X(enumerator, number, name) DHCP_LEASE_##enumerator = (number),
    DHCP_LEASE_STATES(X)
#undef X
};

/* "bound"; "unknown" for a number that is none of these. Static storage. */
const char *dhcp_lease_state_name(unsigned state);

/* Bytes that a client or relay sent, at most as many as one option holds. */
struct dhcp_bytes {
    uint8_t len;
    uint8_t bytes[255];
};

/* Times are in seconds since 1970. */
struct dhcp_lease {
    uint32_t addr;  /* host order */
    uint8_t state;  /* enum dhcp_lease_state */
    uint8_t by_mac; /* 1: the client is known by its hardware address although it sent an identifier */
    uint8_t htype, hlen;
    uint8_t chaddr[DHCP_CHADDR_SIZE]; /* zeros behind hlen */
    uint64_t began_s;                 /* when this client got the address */
    uint64_t last_s;                  /* when it was last heard of */
    uint64_t ends_s;                  /* DHCP_NEVER; of a declined address: until when nobody gets it */
    struct dhcp_bytes client_id;      /* option 61; empty: none */
    struct dhcp_bytes host_name;      /* option 12 */
    struct dhcp_bytes relay_info;     /* option 82, where it is believed */
};

/* The line that its client is on, as the relay calls it; NULL. */
static inline const uint8_t *dhcp_lease_circuit(const struct dhcp_lease *lease, size_t *len)
{
    return dhcp_relay_get(lease->relay_info.bytes, lease->relay_info.len, DHCP_RELAY_CIRCUIT_ID, len);
}

/* Whether the address is not to be given to others at a time. */
static inline bool dhcp_lease_is_active(const struct dhcp_lease *lease, uint64_t now_s)
{
    return lease->state != DHCP_LEASE_RELEASED && lease->ends_s > now_s;
}

/*
 * Who a client is (RFC 2131 4.2, RFC 6842): its identifier, otherwise its hardware type and address. Two keyed hashes,
 * by which it is known from then on.
 */
struct dhcp_identity {
    uint64_t hash[2];
};

#define DHCP_KEY_SIZE 32 /* bytes, random, of the hashes */

void dhcp_identify(const uint8_t key[DHCP_KEY_SIZE], const struct dhcp_lease *lease, struct dhcp_identity *identity);

static inline bool dhcp_identity_equal(const struct dhcp_identity *a, const struct dhcp_identity *b)
{
    return a->hash[0] == b->hash[0] && a->hash[1] == b->hash[1];
}
