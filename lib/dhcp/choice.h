/*
 * Within lib/dhcp: which address a client gets (RFC 2131 4.3.1).
 */
#pragma once

#include "dhcp/exchange.h"
#include "dhcp/ledger.h"

/* The client's lease in this network: one that it has rather than one that it had. False: none. */
bool choice_find_lease(const struct exchange *exchange, struct dhcp_lease_summary *found);

/* Whether the client may have addresses of a pool. */
bool choice_is_open(const struct exchange *exchange, const struct pool *pool);

/* The address that is reserved for the client, if nobody else has it from before it was. 0: none. */
uint32_t choice_reserved(const struct exchange *exchange);

/* Whether an address is kept for another client. */
bool choice_is_anothers(const struct exchange *exchange, uint32_t addr);

/* Whether the client's line or hardware address has as many addresses as it may have, and the client none of them. */
bool choice_is_limited(const struct exchange *exchange);

/* What is reserved, the current address, the previous one, the one that is asked for, another one. False: none is left.
 */
bool choice_make(const struct exchange *exchange, uint32_t *addr);
