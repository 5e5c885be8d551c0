#include "address/serve.h"

#include "base/compiler.h"
#include "log/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* A reply, a change, or both, and where the question came from. */
struct serve_pending {
    unsigned port;
    uint8_t sender[ETH_ADDR_SIZE];
    struct dhcp_result result;
};

/* --- beginning and end ------------------------------------------------------------------------------------------- */

/* What is read from the store. */
struct loaded {
    struct dhcp_server *server;
    uint64_t latest_s; /* the latest time that was written down */
};

static int load(void *arg, const struct dhcp_lease *lease)
{
    struct loaded *loaded = arg;

    if (lease->last_s > loaded->latest_s)
        loaded->latest_s = lease->last_s;
    return dhcp_server_load(loaded->server, lease);
}

int serve_open(struct serve *serve, struct store *store, struct sockets *sockets)
{
    uint8_t key[DHCP_KEY_SIZE];

    *serve = (struct serve){.store = store, .sockets = sockets};
    int error = getrandom(key, sizeof(key), 0) == (ssize_t)sizeof(key) ? 0 : -EIO;
    serve->pending = calloc(SERVE_BATCH, sizeof(*serve->pending));
    serve->server = error ? NULL : dhcp_server_new(key, DHCP_OFFERS_MAX);
    if (!error && (!serve->server || !serve->pending))
        error = -ENOMEM;
    struct loaded loaded = {.server = serve->server};
    if (!error)
        error = store_each_lease(store, load, &loaded);
    if (error)
        log_error("DHCP: the leases could not be read: %s", strerror(-error));
    lease_clock_open(&serve->clock, loaded.latest_s);
    return error;
}

void serve_close(struct serve *serve)
{
    serve->server = dhcp_server_free(serve->server);
    serve->subnets = subnets_free(serve->subnets);
    free(serve->pending);
}

int serve_configure(struct serve *serve, const struct conf *conf)
{
    struct subnets *subnets = subnets_make(conf, serve->sockets);
    int error =
        subnets ? dhcp_server_configure(serve->server, &subnets->list, lease_clock_now_s(&serve->clock)) : -ENOMEM;

    if (error) {
        log_error("DHCP: the configuration is not in force: %s", strerror(-error));
        subnets_free(subnets);
        return error;
    }
    subnets_tell(subnets, serve->subnets);
    subnets_free(serve->subnets);
    serve->subnets = subnets;
    return 0;
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

bool serve_receive(void *arg, const struct udp_datagram *datagram)
{
    struct serve *serve = arg;
    const struct sockets_port *port = &serve->sockets->ports[datagram->port];

    if (!serve->subnets)
        return false;
    enum dhcp_fault fault = dhcp_parse(datagram->data, datagram->len, &serve->message);
    serve->counts.faults[fault]++;
    if (fault)
        return false;
    if (serve->pending_count == SERVE_BATCH)
        serve_flush(serve);
    struct serve_pending *pending = &serve->pending[serve->pending_count];
    struct dhcp_arrival arrival = {.network = datagram->port,
                                   .own_addr = dhcp_subnets_own(&serve->subnets->list, datagram->dst)
                                                   ? datagram->dst
                                                   : sockets_address_of(serve->sockets, datagram->port),
                                   .src = datagram->src,
                                   .src_port = datagram->src_port,
                                   .broadcast = eth_addr_is_multicast(datagram->dst_mac),
                                   .mtu = (uint16_t)(port->mtu < UINT16_MAX ? port->mtu : UINT16_MAX)};
    enum dhcp_outcome outcome = dhcp_server_receive(serve->server, &arrival, &serve->message,
                                                    lease_clock_now_s(&serve->clock), &pending->result);
    serve->counts.outcomes[outcome]++;
    if (pending->result.to == DHCP_TO_NOBODY && !pending->result.change_count)
        return true;
    pending->port = datagram->port;
    memcpy(pending->sender, datagram->src_mac, ETH_ADDR_SIZE);
    serve->pending_count++;
    return true;
}

/* --- out --------------------------------------------------------------------------------------------------------- */

static void send_reply(struct serve *serve, const struct serve_pending *pending)
{
    const struct dhcp_result *result = &pending->result;
    struct udp_datagram datagram = {.port = pending->port,
                                    .src = result->src,
                                    .dst = result->dst,
                                    .src_port = DHCP_SERVER_PORT,
                                    .dst_port = result->dst_port,
                                    .data = result->reply.bytes,
                                    .len = result->reply.len};

    memcpy(datagram.src_mac, serve->sockets->ports[pending->port].mac, ETH_ADDR_SIZE);
    switch (result->to) {
    case DHCP_TO_NOBODY:
        return;
    case DHCP_TO_SENDER:
        memcpy(datagram.dst_mac, pending->sender, ETH_ADDR_SIZE);
        break;
    case DHCP_TO_HARDWARE:
        memcpy(datagram.dst_mac, result->reply.header.chaddr, ETH_ADDR_SIZE);
        break;
    case DHCP_TO_BROADCAST:
        memset(datagram.dst_mac, 0xff, ETH_ADDR_SIZE);
        break;
    }
    udp_mux_send(serve->sockets->mux, &datagram); /* what could not be sent is counted there, and asked for again */
}

static int store_changes(struct serve *serve, uint64_t *count)
{
    int error = store_begin(serve->store);

    for (unsigned i = 0; !error && i < serve->pending_count; i++) {
        const struct dhcp_result *result = &serve->pending[i].result;
        for (unsigned j = 0; !error && j < result->change_count; j++, (*count)++)
            error = store_put_lease(serve->store, &result->changes[j].after);
    }
    if (!error)
        error = store_commit(serve->store);
    return error;
}

static void undo_changes(struct serve *serve)
{
    for (unsigned i = serve->pending_count; i-- > 0;) {
        const struct dhcp_result *result = &serve->pending[i].result;
        serve->counts.unstored += result->change_count;
        for (unsigned j = result->change_count; j-- > 0;)
            dhcp_server_undo(serve->server, &result->changes[j]);
    }
}

static void tell_store(struct serve *serve, int error)
{
    if (error && !serve->failing)
        log_error("DHCP: leases cannot be stored, so none are given: %s (%s)", strerror(-error),
                  store_why(serve->store));
    if (!error && serve->failing)
        log_info("DHCP: leases can be stored again");
    serve->failing = error != 0;
}

void serve_flush(struct serve *serve)
{
    uint64_t stored = 0;
    unsigned changing = 0;

    for (unsigned i = 0; i < serve->pending_count; i++) {
        if (serve->pending[i].result.change_count)
            changing++;
        else
            send_reply(serve, &serve->pending[i]);
    }
    if (changing) {
        int error = store_changes(serve, &stored);
        tell_store(serve, error);
        if (error) {
            store_rollback(serve->store);
            undo_changes(serve);
        } else {
            serve->counts.transactions++;
            serve->counts.stored += stored;
        }
        for (unsigned i = 0; !error && i < serve->pending_count; i++)
            if (serve->pending[i].result.change_count)
                send_reply(serve, &serve->pending[i]);
    }
    serve->pending_count = 0;
}
