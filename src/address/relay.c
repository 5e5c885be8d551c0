#include "address/relay.h"

#include "log/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define REPLIES_AT_ONCE 64 /* before others have their turn */

struct relay_place {
    unsigned port;
    const struct conf_relay *conf;
};

void relay_open(struct relay *relay, struct sockets *sockets)
{
    *relay = (struct relay){.sockets = sockets};
}

void relay_drop(struct relay_links *made)
{
    free(made->links);
    free(made->places);
    free(made->own);
    *made = (struct relay_links){0};
}

void relay_close(struct relay *relay)
{
    relay_drop(&relay->in_force);
}

/* --- configuration ----------------------------------------------------------------------------------------------- */

static void copy_id(const struct dhcp_pattern *from, const char *otherwise, struct dhcp_bytes *to)
{
    to->len = from->bytes ? from->len : (uint8_t)strlen(otherwise);
    memcpy(to->bytes, from->bytes ? (const void *)from->bytes : otherwise, to->len);
}

/* False: the port is not there, or has no address. */
static bool make_link(const struct relay *relay, const struct conf_interface *interface, struct dhcp_relay_link *link,
                      struct relay_place *place)
{
    const struct conf_relay *conf = interface->relay;
    unsigned port = sockets_find(relay->sockets, interface->name);
    uint32_t addr = port ? sockets_address_of(relay->sockets, port) : 0;

    if (!addr)
        return false;
    *link = (struct dhcp_relay_link){.giaddr = conf->giaddr ? conf->giaddr : addr,
                                     .link_addr = addr,
                                     .hops_max = conf->hops,
                                     .trusted = conf->trusted};
    *place = (struct relay_place){port, conf};
    /* With a giaddr of another subnet servers must be told of which subnet the clients are. */
    struct dhcp_relay_info info = {.link_selection = conf->giaddr ? addr : 0,
                                   .server_override = conf->server_override ? addr : 0};
    if (conf->option_82) {
        copy_id(&conf->circuit_id, interface->name, &info.circuit_id);
        copy_id(&conf->remote_id, "", &info.remote_id);
    }
    return dhcp_relay_make_info(&info, &link->info); /* its length has been checked */
}

static void on_replies(void *arg, struct watch *watch);

int relay_make(const struct relay *relay, const struct conf *conf, struct relay_links *made)
{
    const struct sockets *sockets = relay->sockets;

    *made = (struct relay_links){.links = calloc(conf->interface_count + 1, sizeof(*made->links)),
                                 .places = calloc(conf->interface_count + 1, sizeof(*made->places)),
                                 .own = calloc(sockets->address_count + 1, sizeof(*made->own))};
    if (!made->links || !made->places || !made->own) {
        relay_drop(made);
        return -ENOMEM;
    }
    for (size_t i = 0; i < sockets->address_count; i++)
        if (sockets->addresses[i].has_address)
            made->own[made->own_count++] = sockets->addresses[i].address.addr;
    for (size_t i = 0; i < conf->interface_count; i++)
        if (conf->interfaces[i].relay)
            made->count +=
                make_link(relay, &conf->interfaces[i], &made->links[made->count], &made->places[made->count]);
    return 0;
}

void relay_take(struct relay *relay, const struct conf *conf, const struct relay_links *made)
{
    relay_drop(&relay->in_force);
    relay->in_force = *made;
    sockets_want_system(relay->sockets, SOCKETS_UPSTREAM, conf_has_relays(conf), on_replies, relay);
}

/* --- to servers -------------------------------------------------------------------------------------------------- */

static void send_to_servers(struct relay *relay, size_t number)
{
    const struct dhcp_relay_link *link = &relay->in_force.links[number];
    const struct conf_relay *conf = relay->in_force.places[number].conf;

    for (size_t i = 0; i < conf->server_count; i++) {
        int error = sockets_send_upstream(relay->sockets, link->giaddr, conf->servers[i], relay->relayed.bytes,
                                          relay->relayed.len);
        relay->unsent += error != 0;
        if (error && !relay->failing) {
            char text[IPV4_TEXT_SIZE];
            ipv4_addr_format(conf->servers[i], text);
            log_warning("DHCP: nothing can be passed on to server %s: %s", text, strerror(-error));
        }
        relay->failing = error != 0;
    }
}

static void pass_request(struct relay *relay, size_t number, const struct dhcp_message *message)
{
    enum dhcp_relay_outcome outcome = dhcp_relay_request(&relay->in_force.links[number], relay->in_force.own,
                                                         relay->in_force.own_count, message, &relay->relayed);

    relay->counts[outcome]++;
    if (outcome == DHCP_RELAY_FORWARDED || outcome == DHCP_RELAY_UNCHANGED)
        send_to_servers(relay, number);
}

/* --- to clients -------------------------------------------------------------------------------------------------- */

static void pass_reply(struct relay *relay, const struct dhcp_message *message)
{
    const struct dhcp_relay_link *link = dhcp_relay_find(relay->in_force.links, relay->in_force.count, message);

    relay->counts[link ? DHCP_RELAY_DELIVERED : DHCP_RELAY_FOREIGN]++;
    if (!link)
        return;
    unsigned port = relay->in_force.places[link - relay->in_force.links].port;
    dhcp_relay_reply(link, message, &relay->relayed);
    struct udp_datagram datagram = {.port = port,
                                    .src = link->link_addr,
                                    .dst = relay->relayed.dst,
                                    .src_port = DHCP_SERVER_PORT,
                                    .dst_port = DHCP_CLIENT_PORT,
                                    .data = relay->relayed.bytes,
                                    .len = relay->relayed.len};
    memcpy(datagram.src_mac, relay->sockets->ports[port].mac, ETH_ADDR_SIZE);
    if (relay->relayed.broadcast)
        memset(datagram.dst_mac, 0xff, ETH_ADDR_SIZE);
    else
        memcpy(datagram.dst_mac, message->header->chaddr, ETH_ADDR_SIZE);
    udp_mux_send(relay->sockets->frames.mux, &datagram); /* what could not be sent is counted there */
}

static void on_replies(void *arg, struct watch *watch)
{
    struct relay *relay = arg;
    uint8_t bytes[DHCP_RECEIVED_MAX + 1];

    for (unsigned i = 0; i < REPLIES_AT_ONCE; i++) {
        ssize_t len = recv(watch->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (len < 0)
            return;
        if (dhcp_parse(bytes, (size_t)len, &relay->message) || relay->message.header->op != DHCP_BOOTREPLY)
            relay->malformed++;
        else
            pass_reply(relay, &relay->message);
    }
}

bool relay_receive(struct relay *relay, const struct udp_datagram *datagram, const struct dhcp_message *message)
{
    if (message->header->op == DHCP_BOOTREPLY && relay->in_force.count) {
        pass_reply(relay, message);
        return true;
    }
    for (size_t i = 0; i < relay->in_force.count; i++) {
        if (relay->in_force.places[i].port != datagram->port)
            continue;
        pass_request(relay, i, message);
        return true;
    }
    return false;
}
