/*
 * All leases, in memory: found by address, by client, and by when they end. What is in here is what is on stable
 * storage, or on its way there.
 */
#pragma once

#include "dhcp/lease.h"

struct dhcp_leases;

/* The key is copied. NULL if there is no memory. */
struct dhcp_leases *dhcp_leases_new(const uint8_t key[DHCP_KEY_SIZE]);
struct dhcp_leases *dhcp_leases_free(struct dhcp_leases *leases); /* takes NULL, returns NULL */

/* So many are about to be put: it is faster if that is known. Nothing happens if there are some already. 0; -ENOMEM. */
int dhcp_leases_reserve(struct dhcp_leases *leases, uint32_t count);

size_t dhcp_leases_count(const struct dhcp_leases *leases);

/* Set the lease of its address, the one that was there before is replaced. 0; -ENOMEM with nothing changed. */
int dhcp_leases_put(struct dhcp_leases *leases, const struct dhcp_lease *lease);

/* Forget it; nothing happens if there is none. */
void dhcp_leases_remove(struct dhcp_leases *leases, uint32_t addr);

/* A copy of the lease of an address. False: there is none. */
bool dhcp_leases_get(const struct dhcp_leases *leases, uint32_t addr, struct dhcp_lease *lease);

/* What of a lease is asked most, without a copy. */
struct dhcp_lease_summary {
    uint32_t addr;
    uint8_t state;
    struct dhcp_identity identity;
    uint64_t ends_s;
};

/* Whether the address is not to be given to others at a time. */
static inline bool dhcp_summary_is_active(const struct dhcp_lease_summary *lease, uint64_t now_s)
{
    return lease->state != DHCP_LEASE_RELEASED && lease->ends_s > now_s;
}

bool dhcp_leases_find(const struct dhcp_leases *leases, uint32_t addr, struct dhcp_lease_summary *summary);

/* The leases of a client, one after the other; *cursor is 0 at first. False: no more. Nothing may change between. */
bool dhcp_leases_of(const struct dhcp_leases *leases, const struct dhcp_identity *identity, uint32_t *cursor,
                    struct dhcp_lease_summary *summary);

/* All leases, in no order; as above. */
bool dhcp_leases_each(const struct dhcp_leases *leases, uint32_t *cursor, struct dhcp_lease_summary *summary);

/* The next address whose lease has ended, each once for each time that it was put; released ones end when they are put.
 * False: none. */
bool dhcp_leases_end(struct dhcp_leases *leases, uint64_t now_s, uint32_t *addr);

/* The lowest address from `from` on that has a lease. False: there is none. */
bool dhcp_leases_next(const struct dhcp_leases *leases, uint32_t from, uint32_t *addr);
