#include "address/sockets.h"

#include "base/compiler.h"
#include "dhcp/message.h"
#include "log/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- ports ------------------------------------------------------------------------------------------------------- */

static void close_sockets(struct sockets *sockets, struct sockets_port *port)
{
    frames_drop(&sockets->frames, (unsigned)(port - sockets->ports));
    if (port->arp.fd >= 0)
        close(port->arp.fd); /* and epoll forgets it */
    if (port->sink >= 0)
        close(port->sink);
    port->arp.fd = port->sink = -1;
    port->socket_for = 0;
}

/* --- sockets of no port ------------------------------------------------------------------------------------------ */

static void close_system(struct sockets_system_socket *socket)
{
    if (socket->watch.fd >= 0)
        close(socket->watch.fd); /* and epoll forgets it */
    socket->watch.fd = -1;
    socket->tried = false;
}

void sockets_want_system(struct sockets *sockets, enum sockets_system which, bool wanted,
                         void (*ready)(void *arg, struct watch *watch), void *arg)
{
    struct sockets_system_socket *socket = &sockets->system[which];

    if (!wanted)
        close_system(socket);
    socket->wanted = wanted;
    socket->watch.ready = ready;
    socket->watch.arg = arg;
}

static void take_system(struct sockets *sockets, enum sockets_system which, int error, int fd)
{
    struct sockets_system_socket *socket = &sockets->system[which];

    close_system(socket);
    socket->tried = true;
    socket->watch.fd = fd;
    if (fd >= 0 && (!socket->wanted || watch_begin(sockets->epoll, &socket->watch)))
        close_system(socket);
    if (fd < 0 && error != -ENODEV)
        log_error("DHCP: there is no socket %s: %s",
                  which == SOCKETS_UPSTREAM ? "for servers, nothing is relayed" : "for echo requests",
                  strerror(-error));
}

void sockets_take_arp(struct sockets *sockets, void (*ready)(void *arg, struct watch *watch), void *arg)
{
    sockets->arp_ready = ready;
    sockets->arp_arg = arg;
}

int sockets_send_upstream(struct sockets *sockets, uint32_t src, uint32_t dst, const uint8_t *bytes, size_t len)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = cpu_to_be16(DHCP_SERVER_PORT), .sin_addr.s_addr = cpu_to_be32(dst)};
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = cpu_to_be32(src)};
    union {
        char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec part = {(void *)bytes, len};
    struct msghdr header = {.msg_name = &address,
                            .msg_namelen = sizeof(address),
                            .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof(control.bytes)};
    struct cmsghdr *pktinfo = CMSG_FIRSTHDR(&header);

    pktinfo->cmsg_level = IPPROTO_IP;
    pktinfo->cmsg_type = IP_PKTINFO;
    pktinfo->cmsg_len = CMSG_LEN(sizeof(info));
    memcpy(CMSG_DATA(pktinfo), &info, sizeof(info));
    return sendmsg(sockets->system[SOCKETS_UPSTREAM].watch.fd, &header, MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

int sockets_open(struct sockets *sockets, int epoll, udp_receive *receive, void *arg)
{
    *sockets = (struct sockets){.epoll = epoll, .receive = receive, .arg = arg};
    for (unsigned i = 0; i < SOCKETS_SYSTEM_COUNT; i++)
        sockets->system[i].watch.fd = -1;
    for (unsigned i = 0; i < SOCKETS_PORTS; i++)
        sockets->ports[i].arp.fd = sockets->ports[i].sink = -1;
    int error = frames_open(&sockets->frames, epoll);
    return error ? error : udp_mux_register(sockets->frames.mux, UINT32_MAX, DHCP_SERVER_PORT, receive, arg);
}

void sockets_close(struct sockets *sockets)
{
    for (unsigned i = 1; i < SOCKETS_PORTS; i++)
        close_sockets(sockets, &sockets->ports[i]);
    for (unsigned i = 0; i < SOCKETS_SYSTEM_COUNT; i++)
        close_system(&sockets->system[i]);
    frames_close(&sockets->frames);
    free(sockets->addresses);
    free(sockets->registered);
}

void sockets_want_none(struct sockets *sockets)
{
    for (unsigned i = 1; i < SOCKETS_PORTS; i++)
        sockets->ports[i].wanted = false;
}

static unsigned number_of(const struct sockets *sockets, const char *interface)
{
    for (unsigned i = 1; i < SOCKETS_PORTS; i++)
        if (strcmp(sockets->ports[i].name, interface) == 0)
            return i;
    return 0;
}

int sockets_want(struct sockets *sockets, const char *interface)
{
    unsigned number = number_of(sockets, interface);

    for (unsigned i = 1; !number && i < SOCKETS_PORTS; i++)
        if (!sockets->ports[i].name[0])
            number = i;
    for (unsigned i = 1; !number && i < SOCKETS_PORTS; i++)
        if (!sockets->ports[i].wanted)
            number = i;
    if (!number)
        return -ENOSPC;
    struct sockets_port *port = &sockets->ports[number];
    if (strcmp(port->name, interface) != 0) {
        close_sockets(sockets, port);
        port->ifindex = 0;
        memset(port->name, 0, sizeof(port->name));
        memcpy(port->name, interface, strlen(interface));
    }
    port->wanted = true;
    return 0;
}

/* --- addresses --------------------------------------------------------------------------------------------------- */

/* What is sent to our addresses and to the broadcast addresses of our subnets is for us. */
static int register_addresses(struct sockets *sockets, const struct query_address *addresses, size_t count)
{
    uint32_t *now = calloc(2 * count + 1, sizeof(*now));
    size_t registered = 0;

    if (!now)
        return -ENOMEM;
    for (size_t i = 0; i < sockets->registered_count; i++)
        udp_mux_unregister(sockets->frames.mux, sockets->registered[i], DHCP_SERVER_PORT);
    for (size_t i = 0; i < count; i++) {
        const struct ipv4_prefix address = addresses[i].address;
        const uint32_t both[] = {address.addr,
                                 ipv4_prefix_has_broadcast(address) ? ipv4_prefix_last(address) : address.addr};
        for (size_t j = 0; addresses[i].has_address && j < ARRAY_SIZE(both); j++)
            if (udp_mux_register(sockets->frames.mux, both[j], DHCP_SERVER_PORT, sockets->receive, sockets->arg) == 0)
                now[registered++] = both[j];
    }
    free(sockets->registered);
    sockets->registered = now;
    sockets->registered_count = registered;
    return 0;
}

static void take_port(struct sockets_port *port, const struct query_address *address)
{
    port->ifindex = address->ifindex;
    port->mtu = address->mtu;
    memcpy(port->mac, address->mac, ETH_ADDR_SIZE);
}

int sockets_take_addresses(struct sockets *sockets, const struct query_address *addresses, size_t count)
{
    struct query_address *copy = calloc(count + 1, sizeof(*copy));
    int error = copy ? register_addresses(sockets, addresses, count) : -ENOMEM;

    if (error) {
        free(copy);
        return error;
    }
    if (count)
        memcpy(copy, addresses, count * sizeof(*copy));
    free(sockets->addresses);
    sockets->addresses = copy;
    sockets->address_count = count;
    for (unsigned i = 0; i < SOCKETS_SYSTEM_COUNT; i++)
        sockets->system[i].tried = sockets->system[i].watch.fd >= 0;
    for (unsigned i = 1; i < SOCKETS_PORTS; i++) {
        struct sockets_port *port = &sockets->ports[i];
        port->ifindex = 0;
        for (size_t j = 0; port->name[0] && j < count; j++)
            if (addresses[j].is_port && strncmp(addresses[j].interface, port->name, QUERY_NAME_SIZE) == 0)
                take_port(port, &addresses[j]);
        if (port->socket_for &&
            (!port->wanted || port->socket_for != port->ifindex || !frames_has(&sockets->frames, i)))
            close_sockets(sockets, port);
    }
    return 0;
}

bool sockets_next_without_socket(const struct sockets *sockets, unsigned *number, uint32_t *ifindex)
{
    static const uint32_t asked_as[] = {QUERY_SOCKETS_UPSTREAM, QUERY_SOCKETS_PING};

    for (unsigned i = 1; i < SOCKETS_PORTS; i++) {
        if (sockets->ports[i].wanted && sockets->ports[i].ifindex &&
            sockets->ports[i].socket_for != sockets->ports[i].ifindex) {
            *ifindex = sockets->ports[i].ifindex;
            *number = i;
            return true;
        }
    }
    for (unsigned i = 0; i < SOCKETS_SYSTEM_COUNT; i++) {
        if (sockets->system[i].wanted && !sockets->system[i].tried) {
            *ifindex = asked_as[i];
            *number = SOCKETS_PORTS + i;
            return true;
        }
    }
    return false;
}

void sockets_take_sockets(struct sockets *sockets, unsigned number, int error, const int *fds, unsigned count)
{
    if (number >= SOCKETS_PORTS) {
        take_system(sockets, (enum sockets_system)(number - SOCKETS_PORTS), error, count ? fds[0] : -1);
        return;
    }
    struct sockets_port *port = &sockets->ports[number];
    close_sockets(sockets, port);
    static const int none[FRAMES_KINDS] = {-1, -1};
    port->arp = (struct watch){
        .fd = count > FRAMES_KINDS ? fds[FRAMES_KINDS] : -1, .ready = sockets->arp_ready, .arg = sockets->arp_arg};
    port->sink = count > FRAMES_KINDS + 1 ? fds[FRAMES_KINDS + 1] : -1;
    int failed = frames_take(&sockets->frames, number, port->name, count >= FRAMES_KINDS ? fds : none);
    if (!failed && port->arp.fd >= 0)
        failed = watch_begin(sockets->epoll, &port->arp);
    if (failed)
        close_sockets(sockets, port);
    port->socket_for = port->ifindex; /* tried, if nothing else */
    if (count < FRAMES_KINDS && error != -ENODEV)
        log_error("%s: DHCP cannot be served: there is no socket: %s", port->name, strerror(-error));
}

unsigned sockets_find(const struct sockets *sockets, const char *interface)
{
    unsigned number = number_of(sockets, interface);

    return number && sockets->ports[number].ifindex ? number : 0;
}

uint32_t sockets_address_of(const struct sockets *sockets, unsigned port)
{
    for (size_t i = 0; i < sockets->address_count; i++)
        if (sockets->addresses[i].has_address && sockets->addresses[i].ifindex == sockets->ports[port].ifindex)
            return sockets->addresses[i].address.addr;
    return 0;
}
