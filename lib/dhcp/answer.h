/*
 * Within lib/dhcp: what stands in a reply, and where it goes.
 */
#pragma once

#include "dhcp/scopes.h"
#include "dhcp/server.h"

/* All that a reply is made of. */
struct dhcp_answer {
    const struct dhcp_arrival *arrival;
    const struct dhcp_message *message;
    const struct dhcp_subnet *subnet; /* NULL: none is known (a NAK) */
    const struct dhcp_scopes *scopes; /* all, the subnet's too */
    uint8_t type;                     /* DHCP_OFFER, DHCP_ACK, DHCP_NAK, DHCP_BOOTP */
    bool rapid;                       /* an ACK to a DISCOVER (RFC 4039) */
    uint32_t server_id;
    uint32_t yiaddr;  /* 0: none, and no lease */
    uint32_t lease_s; /* of yiaddr */
    const char *why;  /* of a NAK, for people; NULL for nothing */
};

/* By which address we are known to the sender (RFC 5107 where its relay says so). */
uint32_t dhcp_answer_server_id(const struct dhcp_arrival *arrival, const struct dhcp_message *message,
                               const struct dhcp_subnet *subnet);

/* Makes and finishes result->reply, and says where it goes. */
void dhcp_answer_make(const struct dhcp_answer *answer, struct dhcp_result *result);
