/* What people do to leases: the same rules as for clients, by another way. */
#include "dhcp/ledger.h"

#include <errno.h>
#include <string.h>

int dhcp_server_release(struct dhcp_server *server, uint32_t addr, uint64_t now_s, struct dhcp_result *result)
{
    struct dhcp_lease_summary summary;
    struct dhcp_lease lease;

    ledger_begin(server, now_s, result);
    if (!ledger_find_active(server, addr, now_s, &summary) || !dhcp_leases_get(server->leases, addr, &lease))
        return -ENOENT;
    lease.state = DHCP_LEASE_RELEASED;
    lease.last_s = lease.ends_s = now_s;
    return ledger_change(server, &lease, now_s, result);
}

/* Whether something is reserved there for somebody else. */
static bool is_anothers(const struct dhcp_server *server, const struct dhcp_subnet *subnet,
                        const struct dhcp_lease *lease)
{
    const struct dhcp_reservation *reserved = dhcp_catalog_reserved(server->catalog, lease->addr);
    struct dhcp_pattern keys[DHCP_HOST_KEY_COUNT] = {
        [DHCP_BY_MAC] = {lease->hlen ? lease->chaddr : NULL, lease->hlen, false},
        [DHCP_BY_CLIENT_ID] = {lease->client_id.len ? lease->client_id.bytes : NULL, lease->client_id.len, false}};

    return reserved && dhcp_catalog_of(server->catalog, subnet->network, keys) != reserved;
}

/* Whether the client has another address in the network. */
static bool has_another(const struct dhcp_server *server, const struct dhcp_subnet *subnet,
                        const struct dhcp_identity *client, uint32_t addr, uint64_t now_s)
{
    struct dhcp_lease_summary lease;
    uint32_t cursor = 0;

    while (dhcp_leases_of(server->leases, client, &cursor, &lease)) {
        const struct dhcp_subnet *its = dhcp_catalog_subnet(server->catalog, lease.addr);
        if (lease.addr != addr && lease.state == DHCP_LEASE_BOUND && dhcp_summary_is_active(&lease, now_s) && its &&
            its->network == subnet->network)
            return true;
    }
    return false;
}

int dhcp_server_take_over(struct dhcp_server *server, const struct dhcp_lease *lease, uint64_t now_s,
                          struct dhcp_result *result)
{
    const struct dhcp_subnet *subnet = dhcp_catalog_subnet(server->catalog, lease->addr);
    struct dhcp_lease taken = *lease;
    struct dhcp_lease_summary before;
    struct dhcp_identity client;

    ledger_begin(server, now_s, result);
    if (!subnet || (!ledger_pool(server, lease->addr) && !dhcp_catalog_reserved(server->catalog, lease->addr)))
        return -EADDRNOTAVAIL;
    if (!dhcp_lease_is_active(lease, now_s))
        return -ETIME;
    if (!lease->hlen && !lease->client_id.len)
        return -EINVAL;
    taken.state = DHCP_LEASE_BOUND;
    taken.by_mac = subnet->by_mac && lease->client_id.len;
    if (taken.last_s > now_s)
        taken.last_s = now_s;
    if (taken.began_s > taken.last_s)
        taken.began_s = taken.last_s;
    dhcp_identify(server->key, &taken, &client);
    if (is_anothers(server, subnet, lease))
        return -EADDRINUSE;
    if (ledger_find_active(server, lease->addr, now_s, &before)) {
        if (before.state != DHCP_LEASE_BOUND || !dhcp_identity_equal(&before.identity, &client))
            return -EADDRINUSE;
        if (before.ends_s >= taken.ends_s)
            return -EALREADY;
    }
    if (has_another(server, subnet, &client, lease->addr, now_s))
        return -EEXIST;
    const struct dhcp_offer *offer = dhcp_offers_at(server->offers, lease->addr);
    if (offer)
        ledger_withdraw(server, offer, now_s);
    return ledger_change(server, &taken, now_s, result);
}
