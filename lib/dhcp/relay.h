/*
 * A DHCP relay agent (RFC 1542 4, RFC 3046): what it passes on, how that is changed on the way, and whom it is for.
 *
 * A core without state: messages in, messages out. The caller knows the links and sends what comes out.
 */
#pragma once

#include "dhcp/lease.h"
#include "dhcp/message.h"

#define DHCP_RELAYED_MAX (DHCP_RECEIVED_MAX + 257) /* bytes; what it adds included */

/* What became of a message. X(enumerator, name, help) */
#define DHCP_RELAY_OUTCOMES(X)                                                          \
    X(FORWARDED, "requests", "passed on to servers")                                    \
    X(DELIVERED, "replies", "passed on to clients")                                     \
    X(HOPS, "hops", "too many relays were passed")                                      \
    X(UNTRUSTED, "untrusted", "a client, or somebody on its link, has added option 82") \
    X(SPOOFED, "spoofed", "a request that says it was forwarded by this relay itself")  \
    X(FOREIGN, "foreign", "a reply to another relay")                                   \
    X(UNCHANGED, "without-option-82", "passed on to servers, and option 82 not added: there was no room for it")

enum dhcp_relay_outcome {
#define X(enumerator, name, help) DHCP_RELAY_##enumerator,
    DHCP_RELAY_OUTCOMES(X)
#undef X
        DHCP_RELAY_OUTCOME_COUNT
};

/* A link with clients. */
struct dhcp_relay_link {
    uint32_t giaddr;        /* by which servers know the link, and answer to: an address of ours; host order */
    uint32_t link_addr;     /* ours on the link, by which clients know us; often the same */
    uint8_t hops_max;       /* relays that a request may have passed */
    bool trusted;           /* others on the link may add option 82 */
    struct dhcp_bytes info; /* option 82 that is added; empty: none */
};

/* What a relay adds. Sub-options that are empty, or 0, are left out. False: it is longer than an option may be. */
struct dhcp_relay_info {
    struct dhcp_bytes circuit_id, remote_id;
    uint32_t link_selection;  /* RFC 3527 */
    uint32_t server_override; /* RFC 5107 */
};

bool dhcp_relay_make_info(const struct dhcp_relay_info *from, struct dhcp_bytes *info);

struct dhcp_relayed {
    uint8_t bytes[DHCP_RELAYED_MAX];
    size_t len;
    /* Of one for a client: */
    bool broadcast; /* to everybody on the link; otherwise to its hardware address, chaddr */
    uint32_t dst;   /* of the packet */
};

/* A request that came from a link. own: all addresses of this system. FORWARDED or UNCHANGED: *relayed is for the
 * link's servers, from its giaddr, port 67 to port 67. */
enum dhcp_relay_outcome dhcp_relay_request(const struct dhcp_relay_link *link, const uint32_t *own, size_t own_count,
                                           const struct dhcp_message *message, struct dhcp_relayed *relayed);

/* Which of the links a reply is for, by giaddr and what was added; NULL: none. */
const struct dhcp_relay_link *dhcp_relay_find(const struct dhcp_relay_link *links, size_t count,
                                              const struct dhcp_message *message);

/* A reply for a client of this link. *relayed goes out there, from link_addr, port 67 to port 68. */
void dhcp_relay_reply(const struct dhcp_relay_link *link, const struct dhcp_message *message,
                      struct dhcp_relayed *relayed);
