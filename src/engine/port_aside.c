#include "engine/port_aside.h"

#include "log/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static bool read_switch(const char *format, const char *name)
{
    char path[128], value = '0';

    snprintf(path, sizeof(path), format, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, &value, 1) != 1)
            value = '0';
        close(fd);
    }
    return value != '0';
}

static uint32_t bit_if(bool applies, enum port_aside aside)
{
    return applies ? 1u << aside : 0;
}

uint32_t port_asides_everywhere(const struct routing *routing, const char *firewall)
{
    return bit_if(firewall, PORT_ASIDE_FIREWALL) | bit_if(routing->odd_rules, PORT_ASIDE_RULES) |
           bit_if(routing->wide_local, PORT_ASIDE_LOCAL_PREFIX) | bit_if(routing->incomplete, PORT_ASIDE_INCOMPLETE) |
           bit_if(read_switch("/proc/sys/net/ipv4/conf/%s/route_localnet", "all") ||
                      read_switch("/proc/sys/net/ipv4/%s", "ip_forward_use_pmtu"),
                  PORT_ASIDE_SYSCTL);
}

/* A card gives its XDP door frames as they came (host_show_tags()). Other interfaces have tags beside their frames. */
static bool hides_tags(const struct routing *routing, const struct port *port, const struct link *link)
{
    return port->conf->door == CONF_DOOR_XDP && link->kind[0] && links_has_vlans(&routing->links, link->ifindex);
}

uint32_t port_asides_at(const struct routing *routing, const struct port *port, const struct link *link)
{
    return bit_if(!link->forwarding, PORT_ASIDE_FORWARDING) | bit_if(link->master, PORT_ASIDE_MASTER) |
           bit_if(hides_tags(routing, port, link), PORT_ASIDE_TAGS) |
           bit_if(read_switch("/proc/sys/net/ipv4/conf/%s/route_localnet", link->name), PORT_ASIDE_SYSCTL);
}

uint32_t port_asides_heeded(const struct port *port, uint32_t asides)
{
    return asides & ~bit_if(port->conf->bypass_firewall, PORT_ASIDE_FIREWALL);
}

static void tell_bypass(struct port *port, const char *firewall)
{
    bool bypass = firewall && port->conf->bypass_firewall;

    if (bypass && !port->told_bypass)
        log_warning(
            "%s: what comes in here is forwarded without regard to the kernel's rules (%s), as bypass-firewall says",
            port->name, firewall);
    port->told_bypass = bypass;
}

void port_tell_asides(struct port *port, const char *firewall)
{
    tell_bypass(port, firewall);
    if (port->aside == port->told_aside)
        return;
    port->told_aside = port->aside;
    if (!port->aside)
        log_info("%s: the door forwards", port->name);
    for (unsigned i = 0; i < PORT_ASIDE_COUNT; i++)
        if (port->aside & 1u << i)
            log_info("%s: the door stands aside: %s%s%s%s", port->name, port_aside_help(i),
                     i == PORT_ASIDE_FIREWALL ? " (" : "", i == PORT_ASIDE_FIREWALL ? firewall : "",
                     i == PORT_ASIDE_FIREWALL ? ")" : "");
}
