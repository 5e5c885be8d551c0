#include "engine/port_take.h"

#include "base/compiler.h"
#include "log/log.h"
#include "port/ethtool.h"
#include "port/interface.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <string.h>

/* Drivers of cards in virtual machines: they have native XDP, but packets of other virtual machines reach them with
 * offloads that only tc keeps. */
static bool is_virtual(const struct link *link)
{
    static const char *const drivers[] = {"virtio_net", "vif", "xen_netfront", "hv_netvsc", "vmxnet3", "ena", "veth"};
    struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

    if (link->kind[0])
        return true;
    bool known = ethtool(link->name, &info) >= 0;
    for (size_t i = 0; known && i < ARRAY_SIZE(drivers); i++)
        if (strncmp(info.driver, drivers[i], sizeof(info.driver)) == 0)
            return true;
    return !known;
}

static uint8_t traits_of(const struct link *link)
{
    if (!link->ethernet)
        return DOOR_BARE;
    return is_virtual(link) ? 0 : DOOR_CARD;
}

bool port_wants_xdp(const struct ports *ports, unsigned number)
{
    enum conf_door door = ports->all[number].conf->door;

    return door == CONF_DOOR_XDP ||
           (door == CONF_DOOR_AUTO && door_memory(ports->door)->ports[number].traits & DOOR_CARD);
}

/* Choose and attach. What `auto` tries first may fail without harm. */
static int attach_some(struct ports *ports, unsigned number, const struct link *link)
{
    struct port *port = &ports->all[number];
    int error;

    if (port_wants_xdp(ports, number)) {
        error = host_show_tags(ports->host, link) ? -ENOPROTOOPT : 0;
        if (!error)
            error = door_attach(ports->door, DOOR_HOOK_XDP, link->ifindex, &port->attachment);
        if (!error || port->conf->door == CONF_DOOR_XDP)
            return error;
        log_info("%s: no XDP door (%s), so a tc door", port->name, strerror(-error));
    }
    host_put_tags_back(ports->host, link);
    return door_attach(ports->door, DOOR_HOOK_TC, link->ifindex, &port->attachment);
}

/* What an engine before this one left of the port: its number is the same, and so is its interface. NULL: nothing. */
static const struct door_port *left_of(const struct ports *ports, unsigned number, const struct link *link)
{
    const struct door_memory *left = door_left(ports->door);

    return left && ports_left_at(left, number) == link->ifindex ? &left->ports[number] : NULL;
}

/* Lifts and those who ask for hosts' addresses know of frames with Ethernet headers alone. */
bool port_lacks_ethernet(const struct link *link, const struct conf_interface *conf)
{
    if (link->ethernet)
        return false;
    return conf->shape.rate || conf->source_guard || conf->host_count || conf_interface_has_clients(conf);
}

/* The door is told of the interface, at which it does not stand yet. -EPROTOTYPE: neither Ethernet nor to one other
 * end; -EPFNOSUPPORT: its configuration asks for Ethernet; -EADDRINUSE: its index is that of another port modulo
 * DOOR_IFINDEXES. */
static int claim(struct ports *ports, unsigned number, struct link *link)
{
    struct door_memory *memory = door_memory(ports->door);
    struct port *port = &ports->all[number];
    uint8_t *place = &memory->port_of[link->ifindex & (DOOR_IFINDEXES - 1)];

    if (!link->ethernet && !link->point_to_point)
        return -EPROTOTYPE;
    if (port_lacks_ethernet(link, port->conf))
        return -EPFNOSUPPORT;
    if (*place)
        return -EADDRINUSE;
    const struct door_port *left = left_of(ports, number, link);
    if (!left)
        door_counters_clear(ports->door, number);
    memory->ports[number] =
        (struct door_port){.ifindex = link->ifindex, .aside = UINT16_MAX, .no_xdp_in = 1, .traits = traits_of(link)};
    WRITE_RELEASE(*place, (uint8_t)number);
    port->ifindex = link->ifindex;
    port->mtu = link->mtu;
    ports->changes++;
    port->aside = 0;
    port->told_aside = UINT32_MAX;
    port->up = port->takes_xdp = port->guarded = port->shape_tried = false;
    port->was_guarded = left && left->checks & DOOR_CHECK_SOURCE;
    port->left = left;
    link->port = (uint8_t)number;
    ports->routing->links_changed = true;
    return 0;
}

void port_end_shaping(struct ports *ports, unsigned number)
{
    struct port *port = &ports->all[number];

    if (port->shaped)
        shaping_end(ports->shaping, number, &port->attachment);
    port->shaped = port->reshape = port->shape_tried = false;
}

void port_detach(struct ports *ports, unsigned number)
{
    struct door_memory *memory = door_memory(ports->door);
    struct port *port = &ports->all[number];
    struct link *link = links_find(&ports->routing->links, port->ifindex);

    if (!port->ifindex)
        return;
    WRITE_RELEASE(memory->ports[number].aside, UINT16_MAX);
    port_end_shaping(ports, number);
    door_detach(ports->door, &port->attachment);
    WRITE_RELEASE(memory->port_of[port->ifindex & (DOOR_IFINDEXES - 1)], 0);
    if (link)
        link->port = 0;
    ports->routing->links_changed = true;
    ports->changes++;
    port->ifindex = 0;
}

static const char *attach_error_text(int error)
{
    switch (error) {
    case -ENODEV:
        return "there is no such interface; the port waits for it";
    case -EPROTOTYPE:
        return "the door could not be attached: its frames have no Ethernet header, and it leads to more than one "
               "other end";
    case -EPFNOSUPPORT:
        return "the door could not be attached: rate, source-guard, host and dhcp need frames with an Ethernet header";
    case -EADDRINUSE:
        return "the door could not be attached: its interface index is that of another port, modulo 65536";
    case -EBUSY:
        return "the door could not be attached: another XDP program is there";
    case -ENOPROTOOPT:
        return "the door could not be attached: the driver takes VLAN tags out of frames, and cannot be told to leave "
               "them in; 'auto' or 'tc' would do";
    case -EOPNOTSUPP:
        return "the door could not be attached: the driver has no native XDP; 'auto' or 'tc' would do";
    default:
        return strerror(-error);
    }
}

/* What fails is logged once, and tried again later. */
static void note_error(struct port *port, int error)
{
    if (error && error != port->attach_error)
        log_line(error == -ENODEV ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "%s: %s", port->name,
                 attach_error_text(error));
    port->attach_error = error;
}

int port_take(struct ports *ports, unsigned number)
{
    struct port *port = &ports->all[number];
    struct link *link = links_find_name(&ports->routing->links, port->name);
    int error = -ENODEV;

    if (link) {
        if (port->attach_error == 0 || port->attach_error == -ENODEV) { /* the first time */
            host_take(ports->host, link, port->conf);
            link->forwarding = interface_forwarding(link->name) == 1; /* the kernel's message is still under way */
        }
        error = claim(ports, number, link);
    }
    if (error)
        note_error(port, error);
    port->try_again = false;
    return error;
}

int port_attach(struct ports *ports, unsigned number, const struct link *link)
{
    struct port *port = &ports->all[number];
    int error = attach_some(ports, number, link);

    note_error(port, error);
    if (error) {
        door_detach_left(door_pins(ports->door), link->ifindex);
        port_detach(ports, number);
        return error;
    }
    log_info("%s: %s door%s", port->name, door_hook_name(port->attachment.hook),
             port->left ? ", in place of the one that the last engine left" : "");
    return 0;
}

static bool is_port(const void *arg, unsigned ifindex)
{
    const struct ports *ports = arg;
    const struct link *link = links_find(&ports->routing->links, ifindex);

    return link && ports_find(ports, link->name);
}

/* What an engine before this one left where there are no ports now. */
static void end_left(struct ports *ports)
{
    const struct link *link = NULL;

    while ((link = id_table_next(&ports->routing->links.by_ifindex, link)))
        if (!ports_find(ports, link->name))
            door_detach_left(door_pins(ports->door), link->ifindex);
    door_detach_gone(door_pins(ports->door), is_port, ports);
}

int ports_take_all(struct ports *ports)
{
    end_left(ports);
    for (unsigned i = 1; i <= ports->count; i++) {
        int error = ports->all[i].name[0] ? port_take(ports, i) : 0;
        if (error && error != -ENODEV)
            return error;
    }
    return 0;
}

void ports_detach_all(struct ports *ports)
{
    for (unsigned i = 1; i <= ports->count; i++)
        port_detach(ports, i);
}
