/*
 * The machine. What is durable is in `leases`, what is promised for a moment in `offers`; the pools follow from both:
 * settle() brings one address's state in its pool in line, after every change and in any order.
 *
 * Sections are those of RFC 2131 unless another is named.
 */
#include "dhcp/server.h"

#include "base/compiler.h"
#include "base/sorted.h"
#include "dhcp/answer.h"
#include "dhcp/exchange.h"
#include "dhcp/leases.h"
#include "dhcp/offers.h"
#include "dhcp/pool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DECLINED_BY_ONE_MAX 8 /* addresses that one client can put into quarantine */

struct pool {
    struct dhcp_pool addrs;
    const struct dhcp_subnet *subnet;
    uint64_t classes; /* whose clients alone get its addresses; 0: everybody does */
};

struct dhcp_server {
    uint8_t key[DHCP_KEY_SIZE];
    struct dhcp_leases *leases;
    struct dhcp_offers *offers;
    const struct dhcp_subnets *subnets;
    struct dhcp_catalog *catalog; /* of them */
    struct pool *pools;           /* in the order of their addresses */
    size_t pool_count;
};

static const struct dhcp_subnets no_subnets;

const char *dhcp_outcome_name(unsigned outcome)
{
    static const char *const names[] = {
#define X(enumerator, name, help) name,
        DHCP_OUTCOMES(X)
#undef X
    };

    return outcome < ARRAY_SIZE(names) ? names[outcome] : "unknown";
}

/* --- subnets and pools ------------------------------------------------------------------------------------------- */

static uint64_t last_of_pool(const void *element)
{
    return ((const struct pool *)element)->addrs.last;
}

/* The first pool that ends at an address, or behind it; pool_count: none does. */
static size_t pool_from(const struct dhcp_server *server, uint32_t addr)
{
    return sorted_find(server->pools, server->pool_count, sizeof(*server->pools), last_of_pool, addr);
}

static struct pool *pool_of(const struct dhcp_server *server, uint32_t addr)
{
    size_t at = pool_from(server, addr);

    return at < server->pool_count && dhcp_pool_has(&server->pools[at].addrs, addr) ? &server->pools[at] : NULL;
}

/* What follows from lease and offer of an address. */
static void settle(struct dhcp_server *server, uint32_t addr, uint64_t now_s)
{
    struct pool *pool = pool_of(server, addr);
    struct dhcp_lease_summary lease;
    enum dhcp_pool_state state = DHCP_POOL_FRESH;

    if (!pool)
        return;
    if (dhcp_leases_find(server->leases, addr, &lease))
        state = lease.state == DHCP_LEASE_RELEASED || lease.ends_s <= now_s ? DHCP_POOL_USED
                : lease.state == DHCP_LEASE_DECLINED                        ? DHCP_POOL_DECLINED
                                                                            : DHCP_POOL_BOUND;
    if (state <= DHCP_POOL_USED && dhcp_catalog_reserved(server->catalog, addr))
        state = DHCP_POOL_RESERVED;
    if (state <= DHCP_POOL_RESERVED && dhcp_offers_at(server->offers, addr))
        state = DHCP_POOL_OFFERED;
    dhcp_pool_set(&pool->addrs, addr, state);
}

static void withdraw(struct dhcp_server *server, const struct dhcp_offer *offer, uint64_t now_s)
{
    uint32_t addr = offer->addr;

    dhcp_offers_remove(server->offers, addr);
    settle(server, addr, now_s);
}

/* --- configuration ----------------------------------------------------------------------------------------------- */

struct dhcp_server *dhcp_server_new(const uint8_t key[DHCP_KEY_SIZE], uint32_t offers_max)
{
    struct dhcp_server *server = calloc(1, sizeof(*server));

    if (!server)
        return NULL;
    memcpy(server->key, key, DHCP_KEY_SIZE);
    server->subnets = &no_subnets;
    server->leases = dhcp_leases_new(key);
    server->offers = dhcp_offers_new(offers_max);
    if (!server->leases || !server->offers || dhcp_catalog_new(server->subnets, key, &server->catalog))
        return dhcp_server_free(server);
    return server;
}

static void free_pools(struct pool *pools, size_t count)
{
    for (size_t i = 0; i < count; i++)
        dhcp_pool_close(&pools[i].addrs);
    free(pools);
}

struct dhcp_server *dhcp_server_free(struct dhcp_server *server)
{
    if (!server)
        return NULL;
    dhcp_leases_free(server->leases);
    dhcp_offers_free(server->offers);
    dhcp_catalog_free(server->catalog);
    free_pools(server->pools, server->pool_count);
    free(server);
    return NULL;
}

int dhcp_server_reserve(struct dhcp_server *server, uint32_t leases)
{
    return dhcp_leases_reserve(server->leases, leases);
}

int dhcp_server_load(struct dhcp_server *server, const struct dhcp_lease *lease)
{
    return dhcp_leases_put(server->leases, lease);
}

static int compare_pools(const void *one, const void *other)
{
    const struct pool *a = one, *b = other;

    return a->addrs.first < b->addrs.first ? -1 : a->addrs.first > b->addrs.first;
}

static int open_pools(const struct dhcp_subnets *subnets, struct pool **result, size_t *count)
{
    size_t room = 0, opened = 0;

    for (size_t i = 0; i < subnets->count; i++)
        room += subnets->all[i].range_count;
    struct pool *pools = calloc(room + 1, sizeof(*pools));
    int error = pools ? 0 : -ENOMEM;
    for (size_t i = 0; i < subnets->count; i++) {
        const struct dhcp_subnet *subnet = &subnets->all[i];
        for (size_t j = 0; !error && j < subnet->range_count; j++) {
            pools[opened].subnet = subnet;
            pools[opened].classes = subnet->ranges[j].classes;
            error = dhcp_pool_open(&pools[opened].addrs, subnet->ranges[j].first, subnet->ranges[j].last);
            opened += !error;
        }
    }
    if (error) {
        free_pools(pools, opened);
        return error;
    }
    qsort(pools, opened, sizeof(*pools), compare_pools);
    *result = pools;
    *count = opened;
    return 0;
}

/* A lease that has ended: those that ended first are to be given out first. */
struct ended {
    uint64_t ends_s;
    uint32_t addr;
};

static int compare_ends(const void *one, const void *other)
{
    const struct ended *a = one, *b = other;

    return a->ends_s < b->ends_s ? -1 : a->ends_s > b->ends_s;
}

/* Every pool anew from leases and offers. */
static void settle_all(struct dhcp_server *server, struct ended *ended, uint64_t now_s)
{
    struct dhcp_lease_summary lease;
    uint32_t cursor = 0;
    size_t count = 0;

    while (dhcp_leases_each(server->leases, &cursor, &lease)) {
        if (lease.state == DHCP_LEASE_RELEASED || lease.ends_s <= now_s)
            ended[count++] = (struct ended){lease.ends_s, lease.addr};
        else
            settle(server, lease.addr, now_s);
    }
    qsort(ended, count, sizeof(*ended), compare_ends);
    for (size_t i = 0; i < count; i++)
        settle(server, ended[i].addr, now_s);
    for (size_t i = 0; i < server->subnets->reservation_count; i++)
        settle(server, server->subnets->reservations[i].addr, now_s);
}

/* Offers are held on to, as far as their addresses are still to be had by their clients. */
static void keep_offers(struct dhcp_server *server, uint64_t now_s)
{
    const struct dhcp_offer *oldest;
    uint32_t count = dhcp_offers_count(server->offers);

    while (count-- > 0 && (oldest = dhcp_offers_oldest(server->offers))) {
        struct dhcp_offer offer = *oldest;
        const struct pool *pool = pool_of(server, offer.addr);
        dhcp_offers_remove(server->offers, offer.addr);
        if (pool && pool->subnet->network == offer.network && !dhcp_catalog_reserved(server->catalog, offer.addr))
            dhcp_offers_add(server->offers, &offer); /* each once, so their order stays */
        settle(server, offer.addr, now_s);
    }
}

int dhcp_server_configure(struct dhcp_server *server, const struct dhcp_subnets *subnets, uint64_t now_s)
{
    struct pool *pools = NULL;
    struct dhcp_catalog *catalog = NULL;
    size_t count = 0;
    struct ended *ended = calloc(dhcp_leases_count(server->leases) + 1, sizeof(*ended));
    int error = ended ? dhcp_catalog_new(subnets, server->key, &catalog) : -ENOMEM;

    if (!error)
        error = open_pools(subnets, &pools, &count);
    if (error) {
        dhcp_catalog_free(catalog);
    } else {
        free_pools(server->pools, server->pool_count);
        dhcp_catalog_free(server->catalog);
        server->pools = pools;
        server->pool_count = count;
        server->catalog = catalog;
        server->subnets = subnets;
        settle_all(server, ended, now_s);
        keep_offers(server, now_s);
    }
    free(ended);
    return error;
}

/* --- time -------------------------------------------------------------------------------------------------------- */

void dhcp_server_tick(struct dhcp_server *server, uint64_t now_s)
{
    const struct dhcp_offer *offer;
    uint32_t addr;

    while (dhcp_leases_end(server->leases, now_s, &addr))
        settle(server, addr, now_s);
    while ((offer = dhcp_offers_oldest(server->offers)) && offer->ends_s <= now_s)
        withdraw(server, offer, now_s);
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

/* A lease becomes what `after` says, and the result says so. */
static int change(struct exchange *exchange, const struct dhcp_lease *after)
{
    struct dhcp_server *server = exchange->server;
    struct dhcp_change *noted = &exchange->result->changes[exchange->result->change_count];

    assert(exchange->result->change_count < DHCP_CHANGES_MAX);
    noted->had_before = dhcp_leases_get(server->leases, after->addr, &noted->before);
    noted->after = *after;
    int error = dhcp_leases_put(server->leases, after);
    if (error)
        return error;
    exchange->result->change_count++;
    settle(server, after->addr, exchange->now_s);
    return 0;
}

void dhcp_server_undo(struct dhcp_server *server, const struct dhcp_change *change)
{
    /* Memory was there for the lease that is replaced; if there is none left for what was before, the new one stays,
     * which keeps the address from others. */
    if (!change->had_before)
        dhcp_leases_remove(server->leases, change->after.addr);
    else if (dhcp_leases_put(server->leases, &change->before))
        return;
    settle(server, change->after.addr, change->after.last_s);
}

/* Undo what this message changed so far. */
static enum dhcp_outcome give_up(struct exchange *exchange)
{
    while (exchange->result->change_count)
        dhcp_server_undo(exchange->server, &exchange->result->changes[--exchange->result->change_count]);
    return DHCP_OUTCOME_NO_MEMORY;
}

/* --- replies ----------------------------------------------------------------------------------------------------- */

/* What is said to the client with an address of this subnet. */
static struct dhcp_scopes scopes_in(const struct exchange *exchange, const struct dhcp_subnet *subnet)
{
    struct dhcp_scopes scopes = exchange->scopes;

    dhcp_scopes_add(&scopes, &subnet->scope);
    return scopes;
}

static uint32_t lease_time(const struct exchange *exchange, const struct dhcp_subnet *subnet)
{
    uint32_t wanted = 0;

    if (exchange->message->type == DHCP_BOOTP)
        return DHCP_INFINITE; /* it will not come back to ask (RFC 1534 3) */
    dhcp_get_u32(exchange->message, DHCP_OPTION_LEASE_TIME, &wanted);
    struct dhcp_scopes scopes = scopes_in(exchange, subnet);
    return dhcp_scopes_lease_s(&scopes, wanted);
}

static void reply(struct exchange *exchange, uint8_t type, const struct dhcp_subnet *subnet, uint32_t yiaddr,
                  const char *why)
{
    struct dhcp_scopes scopes = scopes_in(exchange, subnet);
    struct dhcp_answer answer = {.arrival = exchange->arrival,
                                 .message = exchange->message,
                                 .subnet = subnet,
                                 .scopes = &scopes,
                                 .type = type,
                                 .rapid = type == DHCP_ACK && exchange->message->type == DHCP_DISCOVER,
                                 .yiaddr = yiaddr,
                                 .why = why};

    answer.server_id = dhcp_answer_server_id(exchange->arrival, exchange->message, subnet);
    if (yiaddr)
        answer.lease_s = lease_time(exchange, subnet);
    dhcp_answer_make(&answer, exchange->result);
}

static enum dhcp_outcome nak(struct exchange *exchange, const char *why)
{
    const struct dhcp_offer *offer = dhcp_offers_of(exchange->server->offers, &exchange->identity, exchange->network);

    if (offer)
        withdraw(exchange->server, offer, exchange->now_s);
    reply(exchange, DHCP_NAK, exchange->selected, 0, why);
    return DHCP_OUTCOME_NAKED;
}

/* --- leases ------------------------------------------------------------------------------------------------------ */

/* The client's lease in this network: one that it has rather than one that it had. */
static bool find_lease(const struct exchange *exchange, struct dhcp_lease_summary *found)
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

static bool is_active(const struct exchange *exchange, const struct dhcp_lease_summary *lease)
{
    return lease->state != DHCP_LEASE_RELEASED && lease->ends_s > exchange->now_s;
}

/* --- giving addresses -------------------------------------------------------------------------------------------- */

static bool is_open(const struct exchange *exchange, const struct pool *pool)
{
    return pool->subnet->network == exchange->network && (!pool->classes || pool->classes & exchange->classes);
}

/* Whether the client can have an address like everybody: nobody has it. */
static bool is_free(const struct exchange *exchange, uint32_t addr)
{
    const struct pool *pool = pool_of(exchange->server, addr);

    return pool && is_open(exchange, pool) && dhcp_pool_state(&pool->addrs, addr) <= DHCP_POOL_USED;
}

/* The address that is reserved for the client, if nobody else has it from before it was. 0: none. */
static uint32_t reserved_addr(const struct exchange *exchange)
{
    const struct dhcp_server *server = exchange->server;
    uint32_t addr = exchange->reservation ? exchange->reservation->addr : 0;
    const struct dhcp_offer *offer = addr ? dhcp_offers_at(server->offers, addr) : NULL;
    struct dhcp_lease_summary lease;

    if (offer && !dhcp_identity_equal(&offer->identity, &exchange->identity))
        return 0;
    if (addr && dhcp_leases_find(server->leases, addr, &lease) && is_active(exchange, &lease) &&
        (lease.state != DHCP_LEASE_BOUND || !dhcp_identity_equal(&lease.identity, &exchange->identity)))
        return 0;
    return addr;
}

/* Whether an address is kept for another client. */
static bool is_anothers(const struct exchange *exchange, uint32_t addr)
{
    const struct dhcp_reservation *reserved = dhcp_catalog_reserved(exchange->server->catalog, addr);

    return reserved && reserved != exchange->reservation;
}

/* One of a subnet that is fresh, or used: of the pools for the client's classes, or of those for everybody. */
static bool pick_of(const struct exchange *exchange, const struct dhcp_subnet *subnet, bool by_class, uint32_t *addr)
{
    const struct dhcp_server *server = exchange->server;

    for (size_t i = pool_from(server, subnet->prefix.addr); i < server->pool_count && server->pools[i].subnet == subnet;
         i++) {
        const struct pool *pool = &server->pools[i];
        if (!pool->classes != by_class && is_open(exchange, pool) &&
            dhcp_pool_pick(&pool->addrs, exchange->identity.hash[1], addr))
            return true;
    }
    return false;
}

static bool may_lose(const void *arg, const struct dhcp_offer *offer)
{
    const struct exchange *exchange = arg;
    const struct pool *pool = pool_of(exchange->server, offer->addr);

    return offer->network == exchange->network && pool && is_open(exchange, pool) &&
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
    withdraw(server, oldest, exchange->now_s);
    return true;
}

/* 4.3.1: what is reserved, the current address, the previous one, the one that is asked for, another one. */
static bool choose(const struct exchange *exchange, uint32_t *addr)
{
    const struct dhcp_server *server = exchange->server;
    const struct dhcp_offer *offer = dhcp_offers_of(server->offers, &exchange->identity, exchange->network);
    struct dhcp_lease_summary lease;
    bool known = find_lease(exchange, &lease), bound = known && is_active(exchange, &lease);
    bool current = bound && pool_of(server, lease.addr) && !is_anothers(exchange, lease.addr);
    bool previous = known && !bound && is_free(exchange, lease.addr);
    bool wanted = exchange->requested && is_free(exchange, exchange->requested);
    const uint32_t in_order[] = {reserved_addr(exchange), current ? lease.addr : 0,
                                 offer && !is_anothers(exchange, offer->addr) ? offer->addr : 0,
                                 previous ? lease.addr : 0, wanted ? exchange->requested : 0};

    for (size_t i = 0; i < ARRAY_SIZE(in_order); i++) {
        if (in_order[i]) {
            *addr = in_order[i];
            return true;
        }
    }
    return pick(exchange, addr);
}

/* Hold it for the client, in place of what was held for it before. */
static void hold(struct exchange *exchange, uint32_t addr)
{
    struct dhcp_server *server = exchange->server;
    const struct dhcp_offer *offer = dhcp_offers_of(server->offers, &exchange->identity, exchange->network);

    if (offer)
        withdraw(server, offer, exchange->now_s);
    if (dhcp_offers_are_full(server->offers))
        withdraw(server, dhcp_offers_oldest(server->offers), exchange->now_s);
    dhcp_offers_add(server->offers, &(struct dhcp_offer){.identity = exchange->identity,
                                                         .addr = addr,
                                                         .network = exchange->network,
                                                         .ends_s = exchange->now_s + server->subnets->offer_s});
    settle(server, addr, exchange->now_s);
}

/*
 * A client has one address in a network (4.2): another one that it has, or had, there is nobody's from now on. So there
 * is never more than one of those, and who goes through many addresses leaves no trail that would have to be searched.
 */
static int leave_other(struct exchange *exchange, uint32_t addr)
{
    struct dhcp_lease_summary summary;
    struct dhcp_lease lease, nobodys = {.state = DHCP_LEASE_RELEASED, .last_s = exchange->now_s};
    uint32_t cursor = 0;

    while (dhcp_leases_of(exchange->server->leases, &exchange->identity, &cursor, &summary)) {
        bool active = is_active(exchange, &summary);
        if (summary.addr == addr || (summary.state == DHCP_LEASE_DECLINED && active) ||
            !exchange_subnet(exchange, summary.addr))
            continue;
        dhcp_leases_get(exchange->server->leases, summary.addr, &lease);
        nobodys.addr = lease.addr;
        nobodys.began_s = lease.began_s;
        nobodys.ends_s = active ? exchange->now_s : lease.ends_s;
        return change(exchange, &nobodys);
    }
    return 0;
}

/* The address is the client's from now on. */
static int bind_address(struct exchange *exchange, const struct dhcp_subnet *subnet, uint32_t addr)
{
    struct dhcp_server *server = exchange->server;
    const struct dhcp_offer *offer = dhcp_offers_of(server->offers, &exchange->identity, exchange->network);
    uint32_t lease_s = lease_time(exchange, subnet);
    struct dhcp_lease lease = exchange->client;
    struct dhcp_lease_summary before;

    if (offer)
        withdraw(server, offer, exchange->now_s);
    int error = leave_other(exchange, addr);
    if (error)
        return error;
    lease.addr = addr;
    lease.state = DHCP_LEASE_BOUND;
    lease.began_s = lease.last_s = exchange->now_s;
    lease.ends_s = lease_s == DHCP_INFINITE ? DHCP_NEVER : exchange->now_s + lease_s;
    if (dhcp_leases_find(server->leases, addr, &before) && is_active(exchange, &before)) {
        struct dhcp_lease old;
        dhcp_leases_get(server->leases, addr, &old);
        lease.began_s = old.began_s;
    }
    return change(exchange, &lease);
}

/* Bind it, and say so. */
static enum dhcp_outcome give(struct exchange *exchange, uint32_t addr, uint8_t type, enum dhcp_outcome given)
{
    const struct dhcp_subnet *subnet = exchange_subnet(exchange, addr);

    if (bind_address(exchange, subnet, addr))
        return give_up(exchange);
    reply(exchange, type, subnet, addr, NULL);
    return given;
}

/* RFC 4039 3: a client that asks for it gets its lease at once. */
static bool is_rapid(const struct exchange *exchange)
{
    size_t len;

    return exchange->selected->rapid && dhcp_get_bytes(exchange->message, DHCP_OPTION_RAPID_COMMIT, &len);
}

static enum dhcp_outcome on_discover(struct exchange *exchange)
{
    struct dhcp_lease_summary lease;
    uint32_t addr;

    if (!choose(exchange, &addr))
        return DHCP_OUTCOME_EXHAUSTED;
    if (is_rapid(exchange))
        return give(exchange, addr, DHCP_ACK, DHCP_OUTCOME_ACKED);
    const struct dhcp_subnet *subnet = exchange_subnet(exchange, addr);
    bool known = dhcp_leases_find(exchange->server->leases, addr, &lease);
    /* What is the client's already needs no holding, and what was its need not be asked for. */
    if (!known || !is_active(exchange, &lease))
        hold(exchange, addr);
    if (subnet->probe && addr != reserved_addr(exchange) &&
        !(known && dhcp_identity_equal(&lease.identity, &exchange->identity)))
        exchange->result->probe = addr;
    reply(exchange, DHCP_OFFER, subnet, addr, NULL);
    return DHCP_OUTCOME_OFFERED;
}

/* Whether the client may have it, at the end of any of the states in which it asks for one. */
static bool may_have(const struct exchange *exchange, uint32_t addr)
{
    const struct dhcp_offer *offer = dhcp_offers_at(exchange->server->offers, addr);
    const struct pool *pool = pool_of(exchange->server, addr);
    struct dhcp_lease_summary lease;

    if (dhcp_leases_find(exchange->server->leases, addr, &lease) && is_active(exchange, &lease))
        return pool && lease.state == DHCP_LEASE_BOUND && dhcp_identity_equal(&lease.identity, &exchange->identity);
    return pool && is_open(exchange, pool) && (!offer || dhcp_identity_equal(&offer->identity, &exchange->identity));
}

static enum dhcp_outcome grant(struct exchange *exchange, uint32_t addr)
{
    uint32_t reserved = reserved_addr(exchange);

    if (!exchange_subnet(exchange, addr))
        return nak(exchange, "this address is of another network");
    if (reserved && reserved != addr)
        return nak(exchange, "another address is reserved for you");
    if (!reserved && (is_anothers(exchange, addr) || !may_have(exchange, addr)))
        return nak(exchange, "this address is not available to you");
    return give(exchange, addr, DHCP_ACK, DHCP_OUTCOME_ACKED);
}

/* 4.3.2, INIT-REBOOT: a client that remembers an address. */
static enum dhcp_outcome on_reboot(struct exchange *exchange)
{
    struct dhcp_lease_summary lease;

    if (!exchange_subnet(exchange, exchange->requested))
        return nak(exchange, "this address is of another network");
    if (reserved_addr(exchange))
        return grant(exchange, exchange->requested);
    if (!find_lease(exchange, &lease)) {
        if (exchange->selected->authoritative)
            return nak(exchange, "no lease of yours is known here");
        return DHCP_OUTCOME_UNKNOWN_CLIENT;
    }
    if (lease.addr != exchange->requested)
        return nak(exchange, "your address is another one");
    return grant(exchange, exchange->requested);
}

/* 4.3.2: which state the client is in is told by what it sends, and by nothing else. */
static enum dhcp_outcome on_request(struct exchange *exchange)
{
    const struct dhcp_offer *offer = dhcp_offers_of(exchange->server->offers, &exchange->identity, exchange->network);

    if (exchange->has_server_id && !exchange->ours) {
        if (offer) /* it has chosen another one's */
            withdraw(exchange->server, offer, exchange->now_s);
        return DHCP_OUTCOME_OTHER_SERVER;
    }
    if (!exchange->requested && !exchange->ciaddr)
        return nak(exchange, "no address is asked for");
    if (exchange->has_server_id)
        return grant(exchange, exchange->requested ? exchange->requested : exchange->ciaddr);
    if (!exchange->ciaddr)
        return on_reboot(exchange);
    return grant(exchange, exchange->ciaddr); /* RENEWING and REBINDING */
}

/* --- giving back ------------------------------------------------------------------------------------------------- */

static uint32_t declined_by(const struct exchange *exchange)
{
    struct dhcp_lease_summary lease;
    uint32_t cursor = 0, count = 0;

    while (dhcp_leases_of(exchange->server->leases, &exchange->identity, &cursor, &lease))
        count += lease.state == DHCP_LEASE_DECLINED && lease.ends_s > exchange->now_s;
    return count;
}

/* Whether one more of a pool's addresses may be kept from everybody. */
static bool may_lack(const struct pool *pool)
{
    return pool->addrs.counts[DHCP_POOL_DECLINED] < (dhcp_pool_size(&pool->addrs) + 1) / 2;
}

/* Whether one more address may be kept from everybody: not by one client alone, and of a pool not most of it. */
static bool may_quarantine(const struct exchange *exchange, uint32_t addr)
{
    const struct pool *pool = pool_of(exchange->server, addr);

    if (declined_by(exchange) >= DECLINED_BY_ONE_MAX)
        return false;
    return pool ? may_lack(pool) : dhcp_catalog_reserved(exchange->server->catalog, addr) != NULL;
}

/* 4.3.3, 4.3.4: both name the server and the address, and come from the one who has it (table 5). */
static enum dhcp_outcome on_giving_back(struct exchange *exchange, uint32_t addr, bool declined)
{
    struct dhcp_lease_summary summary;
    struct dhcp_lease lease;

    if (exchange->has_server_id && !exchange->ours)
        return DHCP_OUTCOME_OTHER_SERVER;
    if (!exchange->has_server_id || !addr || !dhcp_leases_find(exchange->server->leases, addr, &summary) ||
        summary.state != DHCP_LEASE_BOUND || !is_active(exchange, &summary) ||
        !dhcp_identity_equal(&summary.identity, &exchange->identity))
        return DHCP_OUTCOME_MISMATCH;
    dhcp_leases_get(exchange->server->leases, addr, &lease);
    lease.last_s = lease.ends_s = exchange->now_s;
    lease.state = DHCP_LEASE_RELEASED;
    if (declined && may_quarantine(exchange, addr)) {
        lease.state = DHCP_LEASE_DECLINED;
        lease.ends_s = exchange->now_s + exchange->server->subnets->quarantine_s;
    }
    if (change(exchange, &lease))
        return give_up(exchange);
    return declined ? DHCP_OUTCOME_DECLINED : DHCP_OUTCOME_RELEASED;
}

void dhcp_server_conflict(struct dhcp_server *server, uint32_t addr, uint64_t now_s, struct dhcp_result *result)
{
    struct exchange exchange = {.server = server, .result = result, .now_s = now_s};
    struct dhcp_lease nobodys = {.addr = addr,
                                 .state = DHCP_LEASE_DECLINED,
                                 .began_s = now_s,
                                 .last_s = now_s,
                                 .ends_s = now_s + server->subnets->quarantine_s};
    struct dhcp_lease_summary lease;

    result->to = DHCP_TO_NOBODY;
    result->change_count = 0;
    dhcp_server_tick(server, now_s);
    const struct dhcp_offer *offer = dhcp_offers_at(server->offers, addr);
    if (offer)
        withdraw(server, offer, now_s);
    const struct pool *pool = pool_of(server, addr);
    bool has = dhcp_leases_find(server->leases, addr, &lease) && is_active(&exchange, &lease);
    if (pool && !has && may_lack(pool))
        change(&exchange, &nobodys); /* without memory for it the address may be offered again, and asked for again */
}

/* --- the others -------------------------------------------------------------------------------------------------- */

/* 4.3.5. */
static enum dhcp_outcome on_inform(struct exchange *exchange)
{
    uint32_t addr = exchange->ciaddr ? exchange->ciaddr : exchange->arrival->src;
    const struct dhcp_subnet *subnet = exchange_subnet(exchange, addr);

    if (!addr)
        return DHCP_OUTCOME_NO_ADDRESS;
    reply(exchange, DHCP_ACK, subnet ? subnet : exchange->selected, 0, NULL);
    return DHCP_OUTCOME_INFORMED;
}

/* RFC 1534: an address at once, and for ever. */
static enum dhcp_outcome on_bootp(struct exchange *exchange)
{
    uint32_t addr;

    if (!exchange->selected->bootp && !reserved_addr(exchange))
        return DHCP_OUTCOME_BOOTP_OFF;
    if (!choose(exchange, &addr))
        return DHCP_OUTCOME_EXHAUSTED;
    return give(exchange, addr, DHCP_BOOTP, DHCP_OUTCOME_BOOTP);
}

enum dhcp_outcome dhcp_server_receive(struct dhcp_server *server, const struct dhcp_arrival *arrival,
                                      const struct dhcp_message *message, uint64_t now_s, struct dhcp_result *result)
{
    struct exchange exchange = {.server = server,
                                .subnets = server->subnets,
                                .catalog = server->catalog,
                                .arrival = arrival,
                                .message = message,
                                .result = result,
                                .now_s = now_s};
    enum dhcp_outcome why;

    result->to = DHCP_TO_NOBODY;
    result->change_count = 0;
    result->probe = 0;
    dhcp_server_tick(server, now_s);
    if (message->header->op != DHCP_BOOTREQUEST)
        return DHCP_OUTCOME_NO_REQUEST;
    if (!exchange_begin(&exchange, server->key, &why))
        return why;
    switch (message->type) {
    case DHCP_DISCOVER:
        return on_discover(&exchange);
    case DHCP_REQUEST:
        return on_request(&exchange);
    case DHCP_DECLINE:
        return on_giving_back(&exchange, exchange.requested, true);
    case DHCP_RELEASE:
        return on_giving_back(&exchange, exchange.ciaddr, false);
    case DHCP_INFORM:
        return on_inform(&exchange);
    case DHCP_BOOTP:
        return on_bootp(&exchange);
    default:
        return DHCP_OUTCOME_NO_REQUEST;
    }
}

const struct dhcp_subnet *dhcp_server_subnet(const struct dhcp_server *server, uint32_t addr)
{
    return dhcp_catalog_subnet(server->catalog, addr);
}

const struct dhcp_leases *dhcp_server_leases(const struct dhcp_server *server)
{
    return server->leases;
}

const struct dhcp_pool *dhcp_server_pool(const struct dhcp_server *server, size_t number)
{
    return number < server->pool_count ? &server->pools[number].addrs : NULL;
}
