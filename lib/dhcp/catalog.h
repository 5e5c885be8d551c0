/*
 * Within lib/dhcp: what the server was told of subnets and reservations, found by what a message says.
 */
#pragma once

#include "dhcp/subnet.h"

struct dhcp_catalog;

/* Of subnets that are borrowed; the key is of the hashes. 0; -ENOMEM. */
int dhcp_catalog_new(const struct dhcp_subnets *subnets, const uint8_t key[DHCP_KEY_SIZE],
                     struct dhcp_catalog **catalog);
struct dhcp_catalog *dhcp_catalog_free(struct dhcp_catalog *catalog); /* takes NULL, returns NULL */

/* The subnet that an address is in; NULL. */
const struct dhcp_subnet *dhcp_catalog_subnet(const struct dhcp_catalog *catalog, uint32_t addr);

/* The subnets of a network, the first one first: *number is 0 at first. NULL: no more. */
const struct dhcp_subnet *dhcp_catalog_next(const struct dhcp_catalog *catalog, uint32_t network, size_t *number);

/* What an address is reserved for; NULL. */
const struct dhcp_reservation *dhcp_catalog_reserved(const struct dhcp_catalog *catalog, uint32_t addr);

/* What is reserved for a client in a network, by the first of its keys by which something is. bytes NULL: it does not
 * have this key. NULL: nothing. */
const struct dhcp_reservation *dhcp_catalog_of(const struct dhcp_catalog *catalog, uint32_t network,
                                               const struct dhcp_pattern keys[DHCP_HOST_KEY_COUNT]);
