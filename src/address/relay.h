/*
 * The relay: what clients at some ports ask is passed on to servers elsewhere, and what these answer to the clients.
 */
#pragma once

#include "address/sockets.h"
#include "conf/conf.h"
#include "dhcp/relay.h"

/* What a configuration and the system's addresses say. */
struct relay_links {
    struct dhcp_relay_link *links;
    struct relay_place *places; /* as many: where a link is, and its servers */
    size_t count;
    uint32_t *own; /* all addresses of this system */
    size_t own_count;
};

struct relay {
    struct sockets *sockets;
    struct relay_links in_force;
    struct dhcp_message message; /* a reply that came upstream */
    struct dhcp_relayed relayed; /* what is passed on just now */
    uint64_t counts[DHCP_RELAY_OUTCOME_COUNT];
    uint64_t malformed, unsent; /* replies that are none; what could not be sent to servers */
    bool failing;               /* sending fails, which has been logged */
};

/* Nothing is relayed until it is configured. */
void relay_open(struct relay *relay, struct sockets *sockets);
void relay_close(struct relay *relay);

/* Configuration or addresses are others now; the configuration stays valid until the next ones are taken. First they
 * are made: 0; -ENOMEM. Then they are taken, or dropped. */
int relay_make(const struct relay *relay, const struct conf *conf, struct relay_links *made);
void relay_take(struct relay *relay, const struct conf *conf, const struct relay_links *made);
void relay_drop(struct relay_links *made);

/* A message has come in at a port. False: it is none of the relay's. */
bool relay_receive(struct relay *relay, const struct udp_datagram *datagram, const struct dhcp_message *message);
