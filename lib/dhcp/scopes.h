/*
 * Within lib/dhcp: the scopes that a client is in, the narrowest first, and what they say together.
 */
#pragma once

#include "dhcp/subnet.h"

/* A reservation, classes, the subnet. */
#define DHCP_SCOPES_MAX (1 + DHCP_CLASSES_MAX + 1)

struct dhcp_scopes {
    const struct dhcp_scope *all[DHCP_SCOPES_MAX];
    unsigned count;
};

static inline void dhcp_scopes_add(struct dhcp_scopes *scopes, const struct dhcp_scope *scope)
{
    scopes->all[scopes->count++] = scope;
}

/* NULL: it is not said, or said that there is none. */
const struct dhcp_option_value *dhcp_scopes_option(const struct dhcp_scopes *scopes, uint8_t code);

uint32_t dhcp_scopes_next_server(const struct dhcp_scopes *scopes); /* 0: none */

/* For how long a client gets an address that wants it for so long; 0: it does not say. */
uint32_t dhcp_scopes_lease_s(const struct dhcp_scopes *scopes, uint32_t wanted_s);
