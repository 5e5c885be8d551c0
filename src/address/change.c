#include "address/change.h"

#include <errno.h>
#include <string.h>

/* --- leases ------------------------------------------------------------------------------------------------------ */

static int release(struct serve *serve, uint32_t addr)
{
    struct serve_pending *pending = serve_room(serve);

    if (!pending)
        return -EAGAIN;
    int error = dhcp_server_release(serve->server, addr, lease_clock_now_s(&serve->clock), &pending->result);
    if (!error)
        serve_join(serve);
    return error;
}

static void copy_bytes(const struct query_bytes *from, struct dhcp_bytes *to)
{
    static_assert(sizeof(from->bytes) == sizeof(to->bytes), "the same length");

    to->len = from->len;
    memcpy(to->bytes, from->bytes, from->len);
}

static int take_over(struct serve *serve, const struct query_lease *given)
{
    struct serve_pending *pending = serve_room(serve);
    const struct lease_clock *clock = &serve->clock;
    struct dhcp_lease lease = {.addr = given->addr,
                               .state = DHCP_LEASE_BOUND,
                               .htype = given->htype,
                               .hlen = given->hlen,
                               .began_s = lease_clock_of_system_s(clock, given->began_s),
                               .last_s = lease_clock_of_system_s(clock, given->last_s),
                               .ends_s = lease_clock_of_system_s(clock, given->ends_s)};

    if (!pending)
        return -EAGAIN;
    if (given->hlen > sizeof(lease.chaddr))
        return -EINVAL;
    memcpy(lease.chaddr, given->chaddr, given->hlen);
    copy_bytes(&given->client_id, &lease.client_id);
    copy_bytes(&given->host_name, &lease.host_name);
    int error = dhcp_server_take_over(serve->server, &lease, lease_clock_now_s(clock), &pending->result);
    if (!error)
        serve_join(serve);
    return error;
}

/* --- reservations ------------------------------------------------------------------------------------------------ */

/* Whether the configuration reserves it. */
static bool is_configured(const struct serve *serve, uint32_t addr)
{
    const struct dhcp_subnets *list = &serve->subnets->list;

    for (size_t i = 0; i < list->reservation_count; i++)
        if (list->reservations[i].addr == addr)
            return !kept_find(&serve->kept, addr);
    return false;
}

/* For whom: the one who is named, or who has a lease of it. 0; -ENODATA: nobody, or other hardware than Ethernet. */
static int find_mac(const struct serve *serve, const struct query_lease *given, uint8_t mac[static ETH_ADDR_SIZE])
{
    struct dhcp_lease lease;

    if (given->hlen == ETH_ADDR_SIZE) {
        memcpy(mac, given->chaddr, ETH_ADDR_SIZE);
        return 0;
    }
    if (!dhcp_leases_get(dhcp_server_leases(serve->server), given->addr, &lease) || lease.state != DHCP_LEASE_BOUND ||
        lease.htype != DHCP_HTYPE_ETH || lease.hlen != ETH_ADDR_SIZE)
        return -ENODATA;
    memcpy(mac, lease.chaddr, ETH_ADDR_SIZE);
    return 0;
}

/* In the batch that gathers there is room for one. */
static int put(struct serve *serve, const struct store_reservation *reservation)
{
    struct serve_batch *batch = serve->gathers;

    if (batch->has_reservation)
        return -EAGAIN;
    batch->has_reservation = true;
    batch->reservation = *reservation;
    return 0;
}

static int reserve(struct serve *serve, const struct query_lease *given)
{
    struct store_reservation reservation = {.addr = given->addr, .made_s = lease_clock_now_s(&serve->clock)};
    const struct dhcp_subnet *subnet = dhcp_server_subnet(serve->server, given->addr);
    const struct dhcp_subnets *list = serve->subnets ? &serve->subnets->list : NULL;

    if (!list || !subnet || given->addr < ipv4_prefix_first_host(subnet->prefix) ||
        given->addr > ipv4_prefix_last_host(subnet->prefix) ||
        ipv4_addr_is_among(given->addr, list->own, list->own_count))
        return -EADDRNOTAVAIL;
    if (is_configured(serve, given->addr))
        return -EEXIST;
    if (serve->kept.count >= KEPT_MAX)
        return -ENOSPC;
    int error = find_mac(serve, given, reservation.mac);
    return error ? error : put(serve, &reservation);
}

static int unreserve(struct serve *serve, uint32_t addr)
{
    if (!kept_find(&serve->kept, addr))
        return serve->subnets && is_configured(serve, addr) ? -EEXIST : -ENOENT;
    return put(serve, &(struct store_reservation){.addr = addr});
}

/* --- answers ----------------------------------------------------------------------------------------------------- */

void change_tell(struct change *change)
{
    struct serve *serve = change->serve;

    if (change->told == serve->done)
        return;
    change->told = serve->done;
    if (!query_service_waits(change->service, QUERY_STORED))
        return;
    query_service_buffer(change->service)->answer.error = -EAGAIN; /* ask again: it may be yours */
    query_service_answer_waiting(change->service, QUERY_STORED, 0);
}

void change_answer(struct change *change, const struct query *query, union query_buffer *buffer,
                   struct query_made *made)
{
    struct serve *serve = change->serve;
    int error;

    switch (query->kind) {
    case QUERY_RELEASE:
        error = release(serve, query->lease.addr);
        break;
    case QUERY_RESERVE:
        error = reserve(serve, &query->lease);
        break;
    case QUERY_UNRESERVE:
        error = unreserve(serve, query->lease.addr);
        break;
    case QUERY_TAKE_OVER:
        error = take_over(serve, &query->lease);
        break;
    default:
        error = serve_is_stored(serve, query->generation);
        made->later = error == -EAGAIN;
        break;
    }
    buffer->answer.error = error;
    buffer->answer.generation = serve->gathers->number;
}
