#include "dhcp/ledger.h"

#include "base/siphash.h"
#include "base/sorted.h"
#include "dhcp/rush.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct dhcp_subnets no_subnets;

/* --- groups ------------------------------------------------------------------------------------------------------ */

static uint64_t hash_of(const struct dhcp_server *server, uint8_t kind, uint32_t network, const void *bytes, size_t len)
{
    uint8_t text[1 + sizeof(network) + 255] = {kind};

    if (!len)
        return 0;
    memcpy(text + 1, &network, sizeof(network));
    memcpy(text + 1 + sizeof(network), bytes, len);
    return siphash(server->key, text, 1 + sizeof(network) + len) | 1; /* never 0 */
}

struct ledger_groups ledger_groups_of(const struct dhcp_server *server, uint32_t network,
                                      const struct dhcp_lease *client)
{
    size_t len = 0;
    const uint8_t *circuit = dhcp_lease_circuit(client, &len);

    return (struct ledger_groups){.circuit = hash_of(server, 'c', network, circuit, circuit ? len : 0),
                                  .mac = hash_of(server, 'm', network, client->chaddr, client->hlen)};
}

static void recount_one(struct dhcp_tally *tally, uint64_t before, uint64_t after)
{
    if (before == after)
        return;
    if (before)
        dhcp_tally_remove(tally, before);
    if (after)
        dhcp_tally_add(tally, after);
}

static void recount(struct dhcp_server *server, struct pool *pool, uint32_t addr, bool counts)
{
    struct ledger_groups *counted = &pool->groups[addr - pool->addrs.first], groups = {0};
    struct dhcp_lease lease;

    if (counts && dhcp_leases_get(server->leases, addr, &lease))
        groups = ledger_groups_of(server, pool->subnet->network, &lease);
    recount_one(server->tally, counted->circuit, groups.circuit);
    recount_one(server->tally, counted->mac, groups.mac);
    *counted = groups;
}

/* --- pools ------------------------------------------------------------------------------------------------------- */

static uint64_t last_of_pool(const void *element)
{
    return ((const struct pool *)element)->addrs.last;
}

size_t ledger_pool_from(const struct dhcp_server *server, uint32_t addr)
{
    return sorted_find(server->pools, server->pool_count, sizeof(*server->pools), last_of_pool, addr);
}

struct pool *ledger_pool(const struct dhcp_server *server, uint32_t addr)
{
    size_t at = ledger_pool_from(server, addr);

    return at < server->pool_count && dhcp_pool_has(&server->pools[at].addrs, addr) ? &server->pools[at] : NULL;
}

void ledger_settle(struct dhcp_server *server, uint32_t addr, uint64_t now_s)
{
    struct pool *pool = ledger_pool(server, addr);
    struct dhcp_lease_summary lease;
    enum dhcp_pool_state state = DHCP_POOL_FRESH;

    if (!pool)
        return;
    if (dhcp_leases_find(server->leases, addr, &lease))
        state = !dhcp_summary_is_active(&lease, now_s) ? DHCP_POOL_USED
                : lease.state == DHCP_LEASE_DECLINED   ? DHCP_POOL_DECLINED
                                                       : DHCP_POOL_BOUND;
    if (state <= DHCP_POOL_USED && dhcp_catalog_reserved(server->catalog, addr))
        state = DHCP_POOL_RESERVED;
    if (state <= DHCP_POOL_RESERVED && dhcp_offers_at(server->offers, addr))
        state = DHCP_POOL_OFFERED;
    dhcp_pool_set(&pool->addrs, addr, state);
    if (pool->groups)
        recount(server, pool, addr, state == DHCP_POOL_BOUND && !dhcp_catalog_reserved(server->catalog, addr));
}

bool ledger_find_active(const struct dhcp_server *server, uint32_t addr, uint64_t now_s,
                        struct dhcp_lease_summary *lease)
{
    return dhcp_leases_find(server->leases, addr, lease) && dhcp_summary_is_active(lease, now_s);
}

void ledger_withdraw(struct dhcp_server *server, const struct dhcp_offer *offer, uint64_t now_s)
{
    uint32_t addr = offer->addr;

    dhcp_offers_remove(server->offers, addr);
    ledger_settle(server, addr, now_s);
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
    server->rush = rush_new();
    if (!server->leases || !server->offers || !server->rush || dhcp_catalog_new(server->subnets, key, &server->catalog))
        return dhcp_server_free(server);
    return server;
}

static void free_pools(struct pool *pools, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        dhcp_pool_close(&pools[i].addrs);
        free(pools[i].groups);
    }
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
    rush_free(server->rush);
    dhcp_tally_free(server->tally);
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

/* Room to count groups, if any subnet has limits. 0; -ENOMEM. */
static int open_groups(const struct dhcp_subnets *subnets, struct pool *pools, size_t count, struct dhcp_tally **tally)
{
    uint64_t addresses = 0;
    bool limits = false;

    for (size_t i = 0; i < subnets->count; i++)
        limits |= subnets->all[i].per_circuit || subnets->all[i].per_mac;
    if (!limits)
        return 0;
    for (size_t i = 0; i < count; i++) {
        pools[i].groups = calloc(dhcp_pool_size(&pools[i].addrs), sizeof(*pools[i].groups));
        if (!pools[i].groups)
            return -ENOMEM;
        addresses += dhcp_pool_size(&pools[i].addrs);
    }
    *tally = dhcp_tally_new(2 * addresses); /* each in two groups */
    return *tally ? 0 : -ENOMEM;
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
        if (dhcp_summary_is_active(&lease, now_s))
            ledger_settle(server, lease.addr, now_s);
        else
            ended[count++] = (struct ended){lease.ends_s, lease.addr};
    }
    qsort(ended, count, sizeof(*ended), compare_ends);
    for (size_t i = 0; i < count; i++)
        ledger_settle(server, ended[i].addr, now_s);
    for (size_t i = 0; i < server->subnets->reservation_count; i++)
        ledger_settle(server, server->subnets->reservations[i].addr, now_s);
}

/* Offers are held on to, as far as their addresses are still to be had by their clients. */
static void keep_offers(struct dhcp_server *server, uint64_t now_s)
{
    const struct dhcp_offer *oldest;
    uint32_t count = dhcp_offers_count(server->offers);

    while (count-- > 0 && (oldest = dhcp_offers_oldest(server->offers))) {
        struct dhcp_offer offer = *oldest;
        const struct pool *pool = ledger_pool(server, offer.addr);
        dhcp_offers_remove(server->offers, offer.addr);
        if (pool && pool->subnet->network == offer.network && !dhcp_catalog_reserved(server->catalog, offer.addr))
            dhcp_offers_add(server->offers, &offer); /* each once, so their order stays */
        ledger_settle(server, offer.addr, now_s);
    }
}

int dhcp_server_configure(struct dhcp_server *server, const struct dhcp_subnets *subnets, uint64_t now_s)
{
    struct pool *pools = NULL;
    struct dhcp_catalog *catalog = NULL;
    struct dhcp_tally *tally = NULL;
    size_t count = 0;
    struct ended *ended = calloc(dhcp_leases_count(server->leases) + 1, sizeof(*ended));
    int error = ended ? dhcp_catalog_new(subnets, server->key, &catalog) : -ENOMEM;

    if (!error)
        error = open_pools(subnets, &pools, &count);
    if (!error)
        error = open_groups(subnets, pools, count, &tally);
    if (error) {
        free_pools(pools, count);
        dhcp_catalog_free(catalog);
    } else {
        free_pools(server->pools, server->pool_count);
        dhcp_catalog_free(server->catalog);
        dhcp_tally_free(server->tally);
        server->tally = tally;
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

/* --- time and changes -------------------------------------------------------------------------------------------- */

void dhcp_server_on_end(struct dhcp_server *server, void (*ended)(void *arg, uint32_t addr), void *arg)
{
    server->ended = ended;
    server->arg = arg;
}

void dhcp_server_tick(struct dhcp_server *server, uint64_t now_s)
{
    const struct dhcp_offer *offer;
    uint32_t addr;

    while (dhcp_leases_end(server->leases, now_s, &addr)) {
        ledger_settle(server, addr, now_s);
        if (server->ended)
            server->ended(server->arg, addr);
    }
    while ((offer = dhcp_offers_oldest(server->offers)) && offer->ends_s <= now_s)
        ledger_withdraw(server, offer, now_s);
}

void ledger_begin(struct dhcp_server *server, uint64_t now_s, struct dhcp_result *result)
{
    result->to = DHCP_TO_NOBODY;
    result->change_count = 0;
    result->probe = 0;
    dhcp_server_tick(server, now_s);
}

int ledger_change(struct dhcp_server *server, const struct dhcp_lease *after, uint64_t now_s,
                  struct dhcp_result *result)
{
    struct dhcp_change *noted = &result->changes[result->change_count];

    assert(result->change_count < DHCP_CHANGES_MAX);
    noted->had_before = dhcp_leases_get(server->leases, after->addr, &noted->before);
    noted->after = *after;
    int error = dhcp_leases_put(server->leases, after);
    if (error)
        return error;
    result->change_count++;
    ledger_settle(server, after->addr, now_s);
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
    ledger_settle(server, change->after.addr, change->after.last_s);
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
