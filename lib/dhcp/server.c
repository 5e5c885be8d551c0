/* The machine: what is answered. Sections are those of RFC 2131 unless another is named. */
#include "dhcp/server.h"

#include "base/compiler.h"
#include "dhcp/answer.h"
#include "dhcp/choice.h"
#include "dhcp/exchange.h"
#include "dhcp/ledger.h"
#include "dhcp/rush.h"
#include "net/eth.h"

#define DECLINED_BY_ONE_MAX 8 /* addresses that one client can put into quarantine */

const char *dhcp_outcome_name(unsigned outcome)
{
    static const char *const names[] = {
#define X(enumerator, name, help) name,
        DHCP_OUTCOMES(X)
#undef X
    };

    return outcome < ARRAY_SIZE(names) ? names[outcome] : "unknown";
}

/* Undo what this message changed so far. */
static enum dhcp_outcome give_up(struct exchange *exchange)
{
    while (exchange->result->change_count)
        dhcp_server_undo(exchange->server, &exchange->result->changes[--exchange->result->change_count]);
    return DHCP_OUTCOME_NO_MEMORY;
}

/* --- replies ----------------------------------------------------------------------------------------------------- */

static uint32_t lease_time(struct exchange *exchange, const struct dhcp_subnet *subnet)
{
    uint32_t wanted = 0;

    if (exchange->message->type == DHCP_BOOTP)
        return DHCP_INFINITE; /* it will not come back to ask (RFC 1534 3) */
    dhcp_get_u32(exchange->message, DHCP_OPTION_LEASE_TIME, &wanted);
    return dhcp_scopes_lease_s(exchange_scopes(exchange, subnet), wanted);
}

static void reply(struct exchange *exchange, uint8_t type, const struct dhcp_subnet *subnet, uint32_t yiaddr,
                  const char *why)
{
    struct dhcp_answer answer = {.arrival = exchange->arrival,
                                 .message = exchange->message,
                                 .subnet = subnet,
                                 .scopes = exchange_scopes(exchange, subnet),
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
        ledger_withdraw(exchange->server, offer, exchange->now_s);
    reply(exchange, DHCP_NAK, exchange->selected, 0, why);
    return DHCP_OUTCOME_NAKED;
}

/* --- giving addresses -------------------------------------------------------------------------------------------- */

/* Hold it for the client, in place of what was held for it before. */
static void hold(struct exchange *exchange, uint32_t addr)
{
    struct dhcp_server *server = exchange->server;
    const struct dhcp_offer *offer = dhcp_offers_of(server->offers, &exchange->identity, exchange->network);

    if (offer)
        ledger_withdraw(server, offer, exchange->now_s);
    if (dhcp_offers_are_full(server->offers))
        ledger_withdraw(server, dhcp_offers_oldest(server->offers), exchange->now_s);
    dhcp_offers_add(server->offers, &(struct dhcp_offer){.identity = exchange->identity,
                                                         .addr = addr,
                                                         .network = exchange->network,
                                                         .ends_s = exchange->now_s + server->subnets->offer_s});
    ledger_settle(server, addr, exchange->now_s);
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
        bool active = dhcp_summary_is_active(&summary, exchange->now_s);
        if (summary.addr == addr || (summary.state == DHCP_LEASE_DECLINED && active) ||
            !exchange_subnet(exchange, summary.addr))
            continue;
        dhcp_leases_get(exchange->server->leases, summary.addr, &lease);
        nobodys.addr = lease.addr;
        nobodys.began_s = lease.began_s;
        nobodys.ends_s = active ? exchange->now_s : lease.ends_s;
        return ledger_change(exchange->server, &nobodys, exchange->now_s, exchange->result);
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
        ledger_withdraw(server, offer, exchange->now_s);
    int error = leave_other(exchange, addr);
    if (error)
        return error;
    lease.addr = addr;
    lease.state = DHCP_LEASE_BOUND;
    lease.began_s = lease.last_s = exchange->now_s;
    lease.ends_s = lease_s == DHCP_INFINITE ? DHCP_NEVER : exchange->now_s + lease_s;
    if (ledger_find_active(server, addr, exchange->now_s, &before)) {
        struct dhcp_lease old;
        dhcp_leases_get(server->leases, addr, &old);
        lease.began_s = old.began_s;
    }
    return ledger_change(exchange->server, &lease, exchange->now_s, exchange->result);
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

    if (choice_is_limited(exchange))
        return DHCP_OUTCOME_LIMITED;
    if (!choice_make(exchange, &addr))
        return DHCP_OUTCOME_EXHAUSTED;
    if (is_rapid(exchange))
        return give(exchange, addr, DHCP_ACK, DHCP_OUTCOME_ACKED);
    const struct dhcp_subnet *subnet = exchange_subnet(exchange, addr);
    bool known = dhcp_leases_find(exchange->server->leases, addr, &lease);
    /* What is the client's already needs no holding, and what was its need not be asked for. */
    if (!known || !dhcp_summary_is_active(&lease, exchange->now_s))
        hold(exchange, addr);
    if (subnet->probe && addr != choice_reserved(exchange) &&
        !(known && dhcp_identity_equal(&lease.identity, &exchange->identity)))
        exchange->result->probe = addr;
    reply(exchange, DHCP_OFFER, subnet, addr, NULL);
    return DHCP_OUTCOME_OFFERED;
}

/* Whether the client may have it, at the end of any of the states in which it asks for one. */
static bool may_have(const struct exchange *exchange, uint32_t addr)
{
    const struct dhcp_offer *offer = dhcp_offers_at(exchange->server->offers, addr);
    const struct pool *pool = ledger_pool(exchange->server, addr);
    struct dhcp_lease_summary lease;

    if (ledger_find_active(exchange->server, addr, exchange->now_s, &lease))
        return pool && lease.state == DHCP_LEASE_BOUND && dhcp_identity_equal(&lease.identity, &exchange->identity);
    return pool && choice_is_open(exchange, pool) &&
           (!offer || dhcp_identity_equal(&offer->identity, &exchange->identity));
}

static enum dhcp_outcome grant(struct exchange *exchange, uint32_t addr)
{
    uint32_t reserved = choice_reserved(exchange);

    if (!exchange_subnet(exchange, addr))
        return nak(exchange, "this address is of another network");
    if (choice_is_limited(exchange))
        return nak(exchange, "there are as many addresses there as there may be");
    if (reserved && reserved != addr)
        return nak(exchange, "another address is reserved for you");
    if (!reserved && (choice_is_anothers(exchange, addr) || !may_have(exchange, addr)))
        return nak(exchange, "this address is not available to you");
    return give(exchange, addr, DHCP_ACK, DHCP_OUTCOME_ACKED);
}

/* 4.3.2, INIT-REBOOT: a client that remembers an address. */
static enum dhcp_outcome on_reboot(struct exchange *exchange)
{
    struct dhcp_lease_summary lease;

    if (!exchange_subnet(exchange, exchange->requested))
        return nak(exchange, "this address is of another network");
    if (choice_reserved(exchange))
        return grant(exchange, exchange->requested);
    if (!choice_find_lease(exchange, &lease)) {
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
            ledger_withdraw(exchange->server, offer, exchange->now_s);
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
    const struct pool *pool = ledger_pool(exchange->server, addr);

    if (declined_by(exchange) >= DECLINED_BY_ONE_MAX)
        return false;
    return pool ? may_lack(pool) : dhcp_catalog_reserved(exchange->server->catalog, addr) != NULL;
}

/*
 * Whether a message that nobody has forwarded comes from where its client is: to give back another one's lease, frame
 * and packet have to be forged too, which source guard and switches notice.
 */
static bool is_forged(const struct exchange *exchange, bool declined)
{
    const struct dhcp_arrival *arrival = exchange->arrival;
    const struct dhcp_header *header = exchange->message->header;
    const struct dhcp_subnet *from = dhcp_catalog_subnet(exchange->server->catalog, arrival->src);
    bool on_link = arrival->broadcast || (from && from->network == arrival->network);

    if (header->giaddr_be)
        return false;
    if (!declined && arrival->src != exchange->ciaddr) /* 4.4.6: it is unicast, from the address itself */
        return true;
    return on_link && arrival->sender && header->htype == DHCP_HTYPE_ETH && header->hlen == ETH_ADDR_SIZE &&
           !eth_addr_equal(arrival->sender, header->chaddr);
}

/* 4.3.3, 4.3.4: both name the server and the address, and come from the one who has it (table 5). */
static enum dhcp_outcome on_giving_back(struct exchange *exchange, uint32_t addr, bool declined)
{
    struct dhcp_lease_summary summary;
    struct dhcp_lease lease;

    if (exchange->has_server_id && !exchange->ours)
        return DHCP_OUTCOME_OTHER_SERVER;
    if (!exchange->has_server_id || !addr || !ledger_find_active(exchange->server, addr, exchange->now_s, &summary) ||
        summary.state != DHCP_LEASE_BOUND || !dhcp_identity_equal(&summary.identity, &exchange->identity))
        return DHCP_OUTCOME_MISMATCH;
    if (is_forged(exchange, declined))
        return DHCP_OUTCOME_FORGED;
    dhcp_leases_get(exchange->server->leases, addr, &lease);
    lease.last_s = lease.ends_s = exchange->now_s;
    lease.state = DHCP_LEASE_RELEASED;
    if (declined && may_quarantine(exchange, addr)) {
        lease.state = DHCP_LEASE_DECLINED;
        lease.ends_s = exchange->now_s + exchange->server->subnets->quarantine_s;
    }
    if (ledger_change(exchange->server, &lease, exchange->now_s, exchange->result))
        return give_up(exchange);
    return declined ? DHCP_OUTCOME_DECLINED : DHCP_OUTCOME_RELEASED;
}

void dhcp_server_conflict(struct dhcp_server *server, uint32_t addr, uint64_t now_s, struct dhcp_result *result)
{
    struct dhcp_lease nobodys = {.addr = addr,
                                 .state = DHCP_LEASE_DECLINED,
                                 .began_s = now_s,
                                 .last_s = now_s,
                                 .ends_s = now_s + server->subnets->quarantine_s};
    struct dhcp_lease_summary lease;

    ledger_begin(server, now_s, result);
    const struct dhcp_offer *offer = dhcp_offers_at(server->offers, addr);
    if (offer)
        ledger_withdraw(server, offer, now_s);
    const struct pool *pool = ledger_pool(server, addr);
    /* Without memory for it the address may be offered again, and asked for again. */
    if (pool && !ledger_find_active(server, addr, now_s, &lease) && may_lack(pool))
        ledger_change(server, &nobodys, now_s, result);
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

    if (!exchange->selected->bootp && !choice_reserved(exchange))
        return DHCP_OUTCOME_BOOTP_OFF;
    if (choice_is_limited(exchange))
        return DHCP_OUTCOME_LIMITED;
    if (!choice_make(exchange, &addr))
        return DHCP_OUTCOME_EXHAUSTED;
    return give(exchange, addr, DHCP_BOOTP, DHCP_OUTCOME_BOOTP);
}

/* Whether somebody may have forwarded a message: a client that says so is after addresses of other networks. */
static bool is_relay(const struct dhcp_server *server, uint32_t src, uint64_t now_s)
{
    const struct dhcp_subnets *subnets = server->subnets;
    struct dhcp_lease_summary lease;

    for (size_t i = 0; i < subnets->relay_count; i++)
        if (ipv4_prefix_contains(subnets->relays[i], src))
            return true;
    return !subnets->relay_count && src &&
           (!ledger_find_active(server, src, now_s, &lease) || dhcp_catalog_reserved(server->catalog, src));
}

enum dhcp_outcome dhcp_server_receive(struct dhcp_server *server, const struct dhcp_arrival *arrival,
                                      const struct dhcp_message *message, uint64_t now_s, struct dhcp_result *result)
{
    struct exchange exchange = {
        .server = server, .arrival = arrival, .message = message, .result = result, .now_s = now_s};
    enum dhcp_outcome why;

    ledger_begin(server, now_s, result);
    if (message->header->op != DHCP_BOOTREQUEST)
        return DHCP_OUTCOME_NO_REQUEST;
    if (message->header->giaddr_be && !is_relay(server, arrival->src, now_s))
        return DHCP_OUTCOME_UNKNOWN_RELAY;
    if (!exchange_begin(&exchange, &why))
        return why;
    if (arrival->known_only && !rush_admits(&exchange))
        return DHCP_OUTCOME_SHED;
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
