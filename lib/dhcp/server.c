/*
 * The machine. What is durable is in `leases`, what is promised for a moment in `offers`; the pools follow from both:
 * settle() brings one address's state in its pool in line, after every change and in any order.
 *
 * Sections are those of RFC 2131 unless another is named.
 */
#include "dhcp/server.h"

#include "base/compiler.h"
#include "dhcp/answer.h"
#include "dhcp/leases.h"
#include "dhcp/offers.h"
#include "dhcp/pool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DECLINED_BY_ONE_MAX 8 /* addresses that one client can put into quarantine */
#define CLIENT_ID_MIN       2 /* RFC 2132 9.14 */

struct pool {
    struct dhcp_pool addrs;
    const struct dhcp_subnet *subnet;
};

struct dhcp_server {
    uint8_t key[DHCP_KEY_SIZE];
    struct dhcp_leases *leases;
    struct dhcp_offers *offers;
    const struct dhcp_subnets *subnets;
    struct pool *pools; /* in the order of their addresses */
    size_t pool_count;
};

/* One message, while it is handled. */
struct exchange {
    struct dhcp_server *server;
    const struct dhcp_arrival *arrival;
    const struct dhcp_message *message;
    struct dhcp_result *result;
    uint64_t now_s;
    uint32_t network;
    const struct dhcp_subnet *selected; /* the subnet that the client is in, as far as can be told */
    struct dhcp_lease client;           /* who it is, and what it said of itself; no address yet */
    struct dhcp_identity identity;
    uint32_t ciaddr, requested; /* 0: not given */
    bool has_server_id, ours;   /* `ours`: the server identifier is one of ours */
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

static struct pool *pool_of(const struct dhcp_server *server, uint32_t addr)
{
    size_t low = 0, high = server->pool_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (server->pools[middle].addrs.last < addr)
            low = middle + 1;
        else
            high = middle;
    }
    return low < server->pool_count && dhcp_pool_has(&server->pools[low].addrs, addr) ? &server->pools[low] : NULL;
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
    if (state <= DHCP_POOL_USED && dhcp_offers_at(server->offers, addr))
        state = DHCP_POOL_OFFERED;
    dhcp_pool_set(&pool->addrs, addr, state);
}

static bool is_free(const struct dhcp_server *server, uint32_t addr, uint32_t network)
{
    const struct pool *pool = pool_of(server, addr);

    return pool && pool->subnet->network == network && dhcp_pool_state(&pool->addrs, addr) <= DHCP_POOL_USED;
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
    return server->leases && server->offers ? server : dhcp_server_free(server);
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
}

/* Offers are held on to, as far as their addresses are still to be had by their clients. */
static void keep_offers(struct dhcp_server *server, uint64_t now_s)
{
    const struct dhcp_offer *oldest;
    uint32_t count = dhcp_offers_count(server->offers);

    while (count-- > 0 && (oldest = dhcp_offers_oldest(server->offers, 0))) {
        struct dhcp_offer offer = *oldest;
        const struct pool *pool = pool_of(server, offer.addr);
        dhcp_offers_remove(server->offers, offer.addr);
        if (pool && pool->subnet->network == offer.network)
            dhcp_offers_add(server->offers, &offer); /* each once, so their order stays */
        settle(server, offer.addr, now_s);
    }
}

int dhcp_server_configure(struct dhcp_server *server, const struct dhcp_subnets *subnets, uint64_t now_s)
{
    struct pool *pools = NULL;
    size_t count = 0;
    struct ended *ended = calloc(dhcp_leases_count(server->leases) + 1, sizeof(*ended));
    int error = ended ? open_pools(subnets, &pools, &count) : -ENOMEM;

    if (!error) {
        free_pools(server->pools, server->pool_count);
        server->pools = pools;
        server->pool_count = count;
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
    while ((offer = dhcp_offers_oldest(server->offers, 0)) && offer->ends_s <= now_s)
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

static uint32_t lease_time(const struct exchange *exchange, const struct dhcp_subnet *subnet)
{
    uint32_t wanted;

    if (exchange->message->type == DHCP_BOOTP)
        return DHCP_INFINITE; /* it will not come back to ask (RFC 1534 3) */
    if (dhcp_get_u32(exchange->message, DHCP_OPTION_LEASE_TIME, &wanted))
        return subnet->lease_s;
    return wanted < subnet->lease_min_s   ? subnet->lease_min_s
           : wanted > subnet->lease_max_s ? subnet->lease_max_s
                                          : wanted;
}

static void reply(struct exchange *exchange, uint8_t type, const struct dhcp_subnet *subnet, uint32_t yiaddr,
                  const char *why)
{
    struct dhcp_answer answer = {.arrival = exchange->arrival,
                                 .message = exchange->message,
                                 .subnet = subnet,
                                 .type = type,
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

/* --- who and where ----------------------------------------------------------------------------------------------- */

static void copy_bytes(const struct dhcp_message *message, uint8_t code, struct dhcp_bytes *to)
{
    size_t len;
    const uint8_t *value = dhcp_get_bytes(message, code, &len);

    if (!value)
        return;
    to->len = (uint8_t)(len < sizeof(to->bytes) ? len : sizeof(to->bytes));
    memcpy(to->bytes, value, to->len);
}

/* 4.2: the identifier, if there is one, otherwise the hardware address. */
static bool identify(struct exchange *exchange)
{
    const struct dhcp_header *header = exchange->message->header;
    struct dhcp_lease *client = &exchange->client;

    client->htype = header->htype;
    client->hlen = header->hlen;
    memcpy(client->chaddr, header->chaddr, header->hlen);
    client->by_mac = exchange->selected && exchange->selected->by_mac;
    copy_bytes(exchange->message, DHCP_OPTION_CLIENT_ID, &client->client_id);
    if (client->client_id.len < CLIENT_ID_MIN)
        client->client_id.len = 0;
    copy_bytes(exchange->message, DHCP_OPTION_HOST_NAME, &client->host_name);
    copy_bytes(exchange->message, DHCP_OPTION_RELAY_INFO, &client->relay_info);
    if ((client->by_mac || !client->client_id.len) && !client->hlen)
        return false;
    dhcp_identify(exchange->server->key, client, &exchange->identity);
    return true;
}

/* The address that says which subnet the client is in: RFC 3527, RFC 3011, giaddr. 0: none does. */
static uint32_t selector_of(const struct dhcp_message *message)
{
    uint32_t giaddr = be32_to_cpu(message->header->giaddr_be), addr;
    size_t info_len, len;
    const uint8_t *info = giaddr ? dhcp_get(message, DHCP_OPTION_RELAY_INFO, &info_len) : NULL;
    const uint8_t *selection = info ? dhcp_relay_get(info, info_len, DHCP_RELAY_LINK_SELECTION, &len) : NULL;

    if (selection && len == 4)
        return be32_to_cpu(load_u32(selection));
    if (dhcp_get_address(message, DHCP_OPTION_SUBNET_SELECTION, &addr) == 0)
        return addr;
    return giaddr;
}

/* Which network the client is in. False: none that is served. */
static bool locate(struct exchange *exchange)
{
    const struct dhcp_server *server = exchange->server;
    uint32_t selector = selector_of(exchange->message);

    /* A client beyond other routers speaks to us directly once it has an address. One that it has no right to, on a
     * link where that is wrong, would not have been routed here but been heard as a broadcast. */
    if (!selector && !exchange->arrival->broadcast && exchange->ciaddr &&
        dhcp_subnets_find(server->subnets, exchange->ciaddr))
        selector = exchange->ciaddr;
    if (selector) {
        exchange->selected = dhcp_subnets_find(server->subnets, selector);
        exchange->network = exchange->selected ? exchange->selected->network : 0;
        return exchange->selected;
    }
    exchange->network = exchange->arrival->network;
    for (size_t i = 0; i < server->subnets->count && exchange->network; i++) {
        if (server->subnets->all[i].network == exchange->network) {
            exchange->selected = &server->subnets->all[i];
            return true;
        }
    }
    return false;
}

/* The subnet of this network that an address is in; NULL. */
static const struct dhcp_subnet *subnet_here(const struct exchange *exchange, uint32_t addr)
{
    const struct dhcp_subnet *subnet = dhcp_subnets_find(exchange->server->subnets, addr);

    return subnet && subnet->network == exchange->network ? subnet : NULL;
}

static bool is_own(const struct exchange *exchange, uint32_t addr)
{
    return addr == dhcp_answer_server_id(exchange->arrival, exchange->message, exchange->selected) ||
           dhcp_subnets_own(exchange->server->subnets, addr);
}

/* The client's lease in this network: one that it has rather than one that it had. */
static bool find_lease(const struct exchange *exchange, struct dhcp_lease_summary *found)
{
    struct dhcp_lease_summary lease;
    uint32_t cursor = 0;
    bool any = false, has = false;

    while (!has && dhcp_leases_of(exchange->server->leases, &exchange->identity, &cursor, &lease)) {
        if (lease.state == DHCP_LEASE_DECLINED || !subnet_here(exchange, lease.addr))
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

/* One that nobody has: fresh, used, or offered longest ago. */
static bool pick(const struct exchange *exchange, uint32_t *addr)
{
    struct dhcp_server *server = exchange->server;

    for (unsigned pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < server->pool_count; i++) {
            const struct pool *pool = &server->pools[i];
            /* First the subnet that the client was found in, then those that share its link. */
            bool fits = pass == 0 ? pool->subnet == exchange->selected
                                  : pool->subnet != exchange->selected && pool->subnet->network == exchange->network;
            if (fits && dhcp_pool_pick(&pool->addrs, exchange->identity.hash[1], addr))
                return true;
        }
    }
    const struct dhcp_offer *oldest = dhcp_offers_oldest(server->offers, exchange->network);
    if (!oldest)
        return false;
    *addr = oldest->addr;
    withdraw(server, oldest, exchange->now_s);
    return true;
}

/* 4.3.1: the current address, the previous one, the one that is asked for, another one. */
static bool choose(const struct exchange *exchange, uint32_t *addr)
{
    const struct dhcp_server *server = exchange->server;
    const struct dhcp_offer *offer = dhcp_offers_of(server->offers, &exchange->identity, exchange->network);
    struct dhcp_lease_summary lease;
    bool known = find_lease(exchange, &lease), bound = known && is_active(exchange, &lease);

    if (bound && pool_of(server, lease.addr)) {
        *addr = lease.addr;
        return true;
    }
    if (offer) {
        *addr = offer->addr;
        return true;
    }
    if (known && !bound && is_free(server, lease.addr, exchange->network)) {
        *addr = lease.addr;
        return true;
    }
    if (exchange->requested && is_free(server, exchange->requested, exchange->network)) {
        *addr = exchange->requested;
        return true;
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
        withdraw(server, dhcp_offers_oldest(server->offers, 0), exchange->now_s);
    dhcp_offers_add(server->offers, &(struct dhcp_offer){.identity = exchange->identity,
                                                         .addr = addr,
                                                         .network = exchange->network,
                                                         .ends_s = exchange->now_s + server->subnets->offer_s});
    settle(server, addr, exchange->now_s);
}

static enum dhcp_outcome on_discover(struct exchange *exchange)
{
    struct dhcp_lease_summary lease;
    uint32_t addr;

    if (!choose(exchange, &addr))
        return DHCP_OUTCOME_EXHAUSTED;
    /* What is the client's already needs no holding. */
    if (!dhcp_leases_find(exchange->server->leases, addr, &lease) || !is_active(exchange, &lease))
        hold(exchange, addr);
    reply(exchange, DHCP_OFFER, subnet_here(exchange, addr), addr, NULL);
    return DHCP_OUTCOME_OFFERED;
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
            !subnet_here(exchange, summary.addr))
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

/* Whether the client may have it, at the end of any of the states in which it asks for one. */
static bool may_have(const struct exchange *exchange, uint32_t addr)
{
    const struct dhcp_offer *offer = dhcp_offers_at(exchange->server->offers, addr);
    const struct pool *pool = pool_of(exchange->server, addr);
    struct dhcp_lease_summary lease;

    if (!pool || pool->subnet->network != exchange->network)
        return false;
    if (dhcp_leases_find(exchange->server->leases, addr, &lease) && is_active(exchange, &lease))
        return lease.state == DHCP_LEASE_BOUND && dhcp_identity_equal(&lease.identity, &exchange->identity);
    return !offer || dhcp_identity_equal(&offer->identity, &exchange->identity);
}

static enum dhcp_outcome grant(struct exchange *exchange, uint32_t addr)
{
    const struct dhcp_subnet *subnet = subnet_here(exchange, addr);

    if (!subnet)
        return nak(exchange, "this address is of another network");
    if (!may_have(exchange, addr))
        return nak(exchange, "this address is not available to you");
    if (bind_address(exchange, subnet, addr))
        return give_up(exchange);
    reply(exchange, DHCP_ACK, subnet, addr, NULL);
    return DHCP_OUTCOME_ACKED;
}

/* 4.3.2, INIT-REBOOT: a client that remembers an address. */
static enum dhcp_outcome on_reboot(struct exchange *exchange)
{
    struct dhcp_lease_summary lease;

    if (!subnet_here(exchange, exchange->requested))
        return nak(exchange, "this address is of another network");
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

/* Whether one more address of its pool may be kept from everybody: not most of it, and not by one client. */
static bool may_quarantine(const struct exchange *exchange, uint32_t addr)
{
    const struct pool *pool = pool_of(exchange->server, addr);

    return pool && pool->addrs.counts[DHCP_POOL_DECLINED] < (dhcp_pool_size(&pool->addrs) + 1) / 2 &&
           declined_by(exchange) < DECLINED_BY_ONE_MAX;
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

/* --- the others -------------------------------------------------------------------------------------------------- */

/* 4.3.5. */
static enum dhcp_outcome on_inform(struct exchange *exchange)
{
    uint32_t addr = exchange->ciaddr ? exchange->ciaddr : exchange->arrival->src;
    const struct dhcp_subnet *subnet = subnet_here(exchange, addr);

    if (!addr)
        return DHCP_OUTCOME_NO_ADDRESS;
    reply(exchange, DHCP_ACK, subnet ? subnet : exchange->selected, 0, NULL);
    return DHCP_OUTCOME_INFORMED;
}

/* RFC 1534: an address at once, and for ever. */
static enum dhcp_outcome on_bootp(struct exchange *exchange)
{
    uint32_t addr;

    if (!exchange->selected->bootp)
        return DHCP_OUTCOME_BOOTP_OFF;
    if (!choose(exchange, &addr))
        return DHCP_OUTCOME_EXHAUSTED;
    if (bind_address(exchange, subnet_here(exchange, addr), addr))
        return give_up(exchange);
    reply(exchange, DHCP_BOOTP, subnet_here(exchange, addr), addr, NULL);
    return DHCP_OUTCOME_BOOTP;
}

enum dhcp_outcome dhcp_server_receive(struct dhcp_server *server, const struct dhcp_arrival *arrival,
                                      const struct dhcp_message *message, uint64_t now_s, struct dhcp_result *result)
{
    struct exchange exchange = {.server = server,
                                .arrival = arrival,
                                .message = message,
                                .result = result,
                                .now_s = now_s,
                                .ciaddr = be32_to_cpu(message->header->ciaddr_be)};
    uint32_t server_id;

    result->to = DHCP_TO_NOBODY;
    result->change_count = 0;
    dhcp_server_tick(server, now_s);
    if (message->header->op != DHCP_BOOTREQUEST)
        return DHCP_OUTCOME_NO_REQUEST;
    if (!locate(&exchange))
        return DHCP_OUTCOME_NO_SUBNET;
    if (!identify(&exchange))
        return DHCP_OUTCOME_NO_IDENTITY;
    dhcp_get_address(message, DHCP_OPTION_REQUESTED_ADDRESS, &exchange.requested);
    exchange.has_server_id = dhcp_get_address(message, DHCP_OPTION_SERVER_ID, &server_id) == 0;
    exchange.ours = exchange.has_server_id && is_own(&exchange, server_id);
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

const struct dhcp_leases *dhcp_server_leases(const struct dhcp_server *server)
{
    return server->leases;
}

const struct dhcp_pool *dhcp_server_pool(const struct dhcp_server *server, size_t number)
{
    return number < server->pool_count ? &server->pools[number].addrs : NULL;
}
