#include "engine/service_sockets.h"

#include "base/compiler.h"
#include "dhcp/message.h"
#include "log/log.h"
#include "port/packet.h"

#include <errno.h>
#include <string.h>

static const struct port *find_port(const struct ports *ports, uint32_t ifindex)
{
    for (unsigned i = 1; i <= ports->count; i++)
        if (ports->all[i].ifindex && ports->all[i].ifindex == ifindex)
            return &ports->all[i];
    return NULL;
}

/* Whether DHCP is relayed at any port. */
static bool relays(const struct ports *ports)
{
    for (unsigned i = 1; i <= ports->count; i++)
        if (ports->all[i].name[0] && ports->all[i].conf->relay)
            return true;
    return false;
}

/* Of no port. */
static int open_system_socket(const struct ports *ports, uint32_t which, struct query_made *made)
{
    int error = -ENODEV;

    if (which == QUERY_SOCKETS_PING)
        error = packet_open_ping(&made->fds[0]);
    else if (relays(ports))
        error = packet_open_replies(DHCP_SERVER_PORT, DHCP_BOOTREPLY, &made->fds[0]);
    made->fd_count = error ? 0 : 1;
    return error;
}

/* Those that a port must have; some of them may be open if the last could not be. */
static int open_packets(uint32_t ifindex, struct query_made *made)
{
    static const enum packet_kind kinds[] = {PACKET_OTHERS, PACKET_DISCOVERS};
    int error = 0;

    for (size_t i = 0; !error && i < ARRAY_SIZE(kinds); i++) {
        error = packet_open(ifindex, DHCP_SERVER_PORT, kinds[i], &made->fds[made->fd_count]);
        made->fd_count += !error;
    }
    if (!error)
        error = packet_open_arp(ifindex, &made->fds[made->fd_count]);
    made->fd_count += !error;
    return error;
}

static void warn_of_sink(const struct port *port, int udp_port, const char *service, int error)
{
    log_warning("%s: UDP port %d: %s%s%s", port->name, udp_port, strerror(-error),
                error == -EADDRINUSE ? ": another program serves " : "", error == -EADDRINUSE ? service : "");
}

int service_sockets_dhcp(const struct ports *ports, uint32_t ifindex, struct query_made *made)
{
    const struct port *port = find_port(ports, ifindex);

    made->close_fds = true;
    if (ifindex == QUERY_SOCKETS_UPSTREAM || ifindex == QUERY_SOCKETS_PING)
        return open_system_socket(ports, ifindex, made);
    if (!port || !conf_interface_has_clients(port->conf))
        return -ENODEV;
    int error = open_packets(ifindex, made);
    if (error)
        return error;
    int missing = packet_open_sink(port->name, DHCP_SERVER_PORT, relays(ports), &made->fds[made->fd_count]);
    if (missing)
        warn_of_sink(port, DHCP_SERVER_PORT, "DHCP there", missing);
    else
        made->fd_count++;
    return 0;
}

int service_sockets_reflector(const struct ports *ports, uint32_t ifindex, struct query_made *made, uint16_t *udp_port)
{
    const struct port *port = find_port(ports, ifindex);
    const struct conf_reflector *reflector = port ? port->conf->reflector : NULL;

    made->close_fds = true;
    if (!reflector)
        return -ENODEV;
    *udp_port = reflector->port;
    int error = packet_open(ifindex, reflector->port, PACKET_ALL, &made->fds[0]);
    if (error)
        return error;
    made->fd_count = 1;
    error = packet_open_sink(port->name, reflector->port, false, &made->fds[1]);
    if (error) /* both would answer */
        warn_of_sink(port, reflector->port, "there", error);
    else
        made->fd_count = 2;
    return error;
}
