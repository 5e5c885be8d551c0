#include "dhcp/choice.h"

#include "base/compiler.h"

bool choice_find_lease(const struct exchange *exchange, struct dhcp_lease_summary *found)
{
    struct dhcp_lease_summary lease;
    uint32_t cursor = 0;
    bool any = false, has = false;

    while (!has && dhcp_leases_of(exchange->server->leases, &exchange->identity, &cursor, &lease)) {
        if (lease.state == DHCP_LEASE_DECLINED || !exchange_subnet(exchange, lease.addr))
            continue;
        has = lease.state == DHCP_LEASE_BOUND && lease.ends_s > exchange->now_s;
        if (has || !any || lease.ends_s > found->ends_s)
            *found = lease;
        any = true;
    }
    return any;
}

bool choice_is_open(const struct exchange *exchange, const struct pool *pool)
{
    return pool->subnet->network == exchange->network && (!pool->classes || pool->classes & exchange->classes);
}

/* Whether the client can have an address like everybody: nobody has it. */
static bool is_free(const struct exchange *exchange, uint32_t addr)
{
    const struct pool *pool = ledger_pool(exchange->server, addr);

    return pool && choice_is_open(exchange, pool) && dhcp_pool_state(&pool->addrs, addr) <= DHCP_POOL_USED;
}

uint32_t choice_reserved(const struct exchange *exchange)
{
    const struct dhcp_server *server = exchange->server;
    uint32_t addr = exchange->reservation ? exchange->reservation->addr : 0;
    const struct dhcp_offer *offer = addr ? dhcp_offers_at(server->offers, addr) : NULL;
    struct dhcp_lease_summary lease;

    if (offer && !dhcp_identity_equal(&offer->identity, &exchange->identity))
        return 0;
    if (addr && ledger_find_active(server, addr, exchange->now_s, &lease) &&
        (lease.state != DHCP_LEASE_BOUND || !dhcp_identity_equal(&lease.identity, &exchange->identity)))
        return 0;
    return addr;
}

bool choice_is_anothers(const struct exchange *exchange, uint32_t addr)
{
    const struct dhcp_reservation *reserved = dhcp_catalog_reserved(exchange->server->catalog, addr);

    return reserved && reserved != exchange->reservation;
}

/* One of a subnet that is fresh, or used: of the pools for the client's classes, or of those for everybody. */
static bool pick_of(const struct exchange *exchange, const struct dhcp_subnet *subnet, bool by_class, uint32_t *addr)
{
    const struct dhcp_server *server = exchange->server;

    for (size_t i = ledger_pool_from(server, subnet->prefix.addr);
         i < server->pool_count && server->pools[i].subnet == subnet; i++) {
        const struct pool *pool = &server->pools[i];
        if (!pool->classes != by_class && choice_is_open(exchange, pool) &&
            dhcp_pool_pick(&pool->addrs, exchange->identity.hash[1], addr))
            return true;
    }
    return false;
}

static bool may_lose(const void *arg, const struct dhcp_offer *offer)
{
    const struct exchange *exchange = arg;
    const struct pool *pool = ledger_pool(exchange->server, offer->addr);

    return offer->network == exchange->network && pool && choice_is_open(exchange, pool) &&
           !dhcp_catalog_reserved(exchange->server->catalog, offer->addr);
}

/* One that nobody has: first of the subnet that the client was found in, then of those that share its link; or one that
 * was offered longest ago. */
static bool pick(const struct exchange *exchange, uint32_t *addr)
{
    struct dhcp_server *server = exchange->server;
    const struct dhcp_subnet *subnet;

    for (unsigned by_class = exchange->classes ? 2 : 1; by_class-- > 0;) {
        size_t number = 0;
        if (pick_of(exchange, exchange->selected, by_class, addr))
            return true;
        while ((subnet = dhcp_catalog_next(server->catalog, exchange->network, &number)))
            if (subnet != exchange->selected && pick_of(exchange, subnet, by_class, addr))
                return true;
    }
    const struct dhcp_offer *oldest = dhcp_offers_search(server->offers, may_lose, exchange);
    if (!oldest)
        return false;
    *addr = oldest->addr;
    ledger_withdraw(server, oldest, exchange->now_s);
    return true;
}

static bool is_full(const struct dhcp_server *server, uint64_t group, uint32_t most)
{
    return group && most && dhcp_tally_count(server->tally, group) >= most;
}

bool choice_is_limited(const struct exchange *exchange)
{
    const struct dhcp_server *server = exchange->server;
    const struct dhcp_subnet *subnet = exchange->selected;
    struct dhcp_lease_summary lease;

    if ((!subnet->per_circuit && !subnet->per_mac) || choice_reserved(exchange) ||
        (choice_find_lease(exchange, &lease) && dhcp_summary_is_active(&lease, exchange->now_s)))
        return false;
    struct ledger_groups groups = ledger_groups_of(server, exchange->network, &exchange->client);
    return is_full(server, groups.circuit, subnet->per_circuit) || is_full(server, groups.mac, subnet->per_mac);
}

bool choice_make(const struct exchange *exchange, uint32_t *addr)
{
    const struct dhcp_server *server = exchange->server;
    const struct dhcp_offer *offer = dhcp_offers_of(server->offers, &exchange->identity, exchange->network);
    struct dhcp_lease_summary lease;
    bool known = choice_find_lease(exchange, &lease), bound = known && dhcp_summary_is_active(&lease, exchange->now_s);
    bool current = bound && ledger_pool(server, lease.addr) && !choice_is_anothers(exchange, lease.addr);
    bool previous = known && !bound && is_free(exchange, lease.addr);
    bool wanted = exchange->requested && is_free(exchange, exchange->requested);
    const uint32_t in_order[] = {choice_reserved(exchange), current ? lease.addr : 0,
                                 offer && !choice_is_anothers(exchange, offer->addr) ? offer->addr : 0,
                                 previous ? lease.addr : 0, wanted ? exchange->requested : 0};

    for (size_t i = 0; i < ARRAY_SIZE(in_order); i++) {
        if (in_order[i]) {
            *addr = in_order[i];
            return true;
        }
    }
    return pick(exchange, addr);
}
