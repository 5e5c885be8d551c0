#include "engine/ports.h"

#include "base/compiler.h"
#include "log/log.h"
#include "port/interface.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- attaching --------------------------------------------------------------------------------------------------- */

/* Drivers of cards in virtual machines: they have native XDP, but packets of other virtual machines reach them with
 * offloads that only tc keeps. */
static bool is_virtual(const struct link *link)
{
    static const char *const drivers[] = {"virtio_net", "vif", "xen_netfront", "hv_netvsc", "vmxnet3", "ena", "veth"};
    struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
    struct ifreq request = {.ifr_data = (void *)&info};

    if (link->kind[0])
        return true;
    memcpy(request.ifr_name, link->name, IFNAMSIZ);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool known = fd >= 0 && ioctl(fd, SIOCETHTOOL, &request) == 0;
    if (fd >= 0)
        close(fd);
    for (size_t i = 0; known && i < ARRAY_SIZE(drivers); i++)
        if (strncmp(info.driver, drivers[i], sizeof(info.driver)) == 0)
            return true;
    return !known;
}

static bool wants_xdp(const struct port *port, bool card)
{
    return port->conf->door == CONF_DOOR_XDP || (port->conf->door == CONF_DOOR_AUTO && card);
}

/* Choose and attach. What `auto` tries first may fail without harm. */
static int attach_some(struct ports *ports, struct port *port, const struct link *link)
{
    int error;

    if (wants_xdp(port, !is_virtual(link))) {
        error = door_attach(ports->door, DOOR_HOOK_XDP, link->ifindex, &port->attachment);
        if (!error || port->conf->door == CONF_DOOR_XDP)
            return error;
        log_info("%s: no XDP door (%s), so a tc door", port->name, strerror(-error));
    }
    return door_attach(ports->door, DOOR_HOOK_TC, link->ifindex, &port->attachment);
}

/* What an engine before this one left of the port: its number is the same, and so is its interface. NULL: nothing. */
static const struct door_port *left_of(const struct ports *ports, unsigned number, const struct link *link)
{
    const struct door_memory *left = door_left(ports->door);

    return left && left->ports[number].ifindex == link->ifindex ? &left->ports[number] : NULL;
}

/* The door is told of the interface, at which it does not stand yet. -EPROTOTYPE: not Ethernet; -EADDRINUSE: its index
 * is that of another port modulo DOOR_IFINDEXES. */
static int claim(struct ports *ports, unsigned number, struct link *link)
{
    struct door_memory *memory = door_memory(ports->door);
    struct port *port = &ports->all[number];
    uint8_t *place = &memory->port_of[link->ifindex & (DOOR_IFINDEXES - 1)];

    if (!link->ethernet)
        return -EPROTOTYPE;
    if (*place)
        return -EADDRINUSE;
    const struct door_port *left = left_of(ports, number, link);
    if (!left)
        door_counters_clear(ports->door, number);
    memory->ports[number] =
        (struct door_port){.ifindex = link->ifindex, .aside = UINT16_MAX, .no_xdp_in = 1, .card = !is_virtual(link)};
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

static void end_shaping(struct ports *ports, unsigned number)
{
    struct port *port = &ports->all[number];

    if (port->shaped)
        shaping_end(ports->shaping, number, &port->attachment);
    port->shaped = port->reshape = port->shape_tried = false;
}

static void detach(struct ports *ports, unsigned number)
{
    struct door_memory *memory = door_memory(ports->door);
    struct port *port = &ports->all[number];
    struct link *link = links_find(&ports->routing->links, port->ifindex);

    if (!port->ifindex)
        return;
    WRITE_RELEASE(memory->ports[number].aside, UINT16_MAX);
    end_shaping(ports, number);
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
        return "the door could not be attached: its frames have no Ethernet header";
    case -EADDRINUSE:
        return "the door could not be attached: its interface index is that of another port, modulo 65536";
    case -EBUSY:
        return "the door could not be attached: another XDP program is there";
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

/* Give the interface what the configuration says, and tell the door of it. */
static int take(struct ports *ports, unsigned number)
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

static int hook(struct ports *ports, unsigned number, const struct link *link)
{
    struct port *port = &ports->all[number];
    int error = attach_some(ports, port, link);

    note_error(port, error);
    if (error) {
        door_detach_left(door_pins(ports->door), link->ifindex);
        detach(ports, number);
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
        int error = ports->all[i].name[0] ? take(ports, i) : 0;
        if (error && error != -ENODEV)
            return error;
    }
    return 0;
}

void ports_detach_all(struct ports *ports)
{
    for (unsigned i = 1; i <= ports->count; i++)
        detach(ports, i);
}

/* --- what the configuration says --------------------------------------------------------------------------------- */

unsigned ports_find(const struct ports *ports, const char *name)
{
    for (unsigned i = 1; i <= ports->count; i++)
        if (strcmp(ports->all[i].name, name) == 0)
            return i;
    return 0;
}

static void add(struct ports *ports, unsigned number, const struct conf_interface *conf)
{
    if (number > ports->count)
        ports->count = number;
    ports->all[number] = (struct port){.conf = conf, .attachment = {.link_fd = -1}};
    memcpy(ports->all[number].name, conf->name, CONF_NAME_SIZE);
}

static bool same_addresses(const struct conf_interface *a, const struct conf_interface *b)
{
    if (a->address_count != b->address_count)
        return false;
    for (size_t i = 0; i < a->address_count; i++)
        if (!ipv4_prefix_equal(a->addresses[i].prefix, b->addresses[i].prefix))
            return false;
    return true;
}

/* The UDP port at which it is asked; 0: there is none. */
static unsigned reflector_port(const struct conf_interface *conf)
{
    return conf->reflector ? conf->reflector->port : 0;
}

static void change(struct ports *ports, unsigned number, const struct conf_interface *conf)
{
    struct port *port = &ports->all[number];
    struct link *link = port->ifindex ? links_find(&ports->routing->links, port->ifindex) : NULL;
    bool other_door = port->conf->door != conf->door, other_addresses = !same_addresses(port->conf, conf);

    ports->changes += conf_interface_has_clients(port->conf) != conf_interface_has_clients(conf) ||
                      !port->conf->relay != !conf->relay || reflector_port(port->conf) != reflector_port(conf);
    port->reshape |= !conf_shape_equal(&port->conf->shape, &conf->shape);
    port->conf = conf;
    if (other_door)
        detach(ports, number);
    if (other_door || other_addresses)
        port->attach_error = 0; /* so that it is tried at once */
    if (link && other_addresses)
        host_take(ports->host, link, conf);
}

static unsigned free_number(const struct ports *ports)
{
    static_assert(CONF_INTERFACES_MAX <= DOOR_PORTS - 1, "a configuration's interfaces are never too many");
    unsigned number = 1;

    while (number <= ports->count && ports->all[number].name[0])
        number++;
    return number;
}

void ports_keep_numbers(struct ports *ports, const struct conf *conf)
{
    const struct door_memory *left = door_left(ports->door);

    for (unsigned i = 1; left && i < DOOR_PORTS; i++) {
        const struct link *link =
            left->ports[i].ifindex ? links_find(&ports->routing->links, left->ports[i].ifindex) : NULL;
        const struct conf_interface *interface = link ? conf_find_interface(conf, link->name) : NULL;
        if (interface && !ports_find(ports, link->name))
            add(ports, i, interface);
    }
}

void ports_configure(struct ports *ports, const struct conf *conf)
{
    static_assert(CONF_NAME_SIZE == LINK_NAME_SIZE, "the same names");

    for (unsigned i = 1; i <= ports->count; i++) {
        struct port *port = &ports->all[i];
        const struct conf_interface *interface = port->name[0] ? conf_find_interface(conf, port->name) : NULL;
        if (interface) {
            change(ports, i, interface);
        } else if (port->name[0]) {
            log_info("%s: no port any more", port->name);
            detach(ports, i);
            host_give_back(ports->host, port->name, links_find_name(&ports->routing->links, port->name));
            *port = (struct port){.attachment = {.link_fd = -1}};
        }
    }
    for (size_t i = 0; i < conf->interface_count; i++)
        if (!ports_find(ports, conf->interfaces[i].name))
            add(ports, free_number(ports), &conf->interfaces[i]);
}

/* --- following the system ---------------------------------------------------------------------------------------- */

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

/* What makes every door stand aside. */
static uint32_t aside_everywhere(const struct routing *routing, const char *firewall)
{
    return bit_if(firewall, PORT_ASIDE_FIREWALL) | bit_if(routing->odd_rules, PORT_ASIDE_RULES) |
           bit_if(routing->wide_local, PORT_ASIDE_LOCAL_PREFIX) | bit_if(routing->incomplete, PORT_ASIDE_INCOMPLETE) |
           bit_if(read_switch("/proc/sys/net/ipv4/conf/%s/route_localnet", "all") ||
                      read_switch("/proc/sys/net/ipv4/%s", "ip_forward_use_pmtu"),
                  PORT_ASIDE_SYSCTL);
}

static uint32_t aside_at(const struct link *link)
{
    return bit_if(!link->forwarding, PORT_ASIDE_FORWARDING) | bit_if(link->master, PORT_ASIDE_MASTER) |
           bit_if(read_switch("/proc/sys/net/ipv4/conf/%s/route_localnet", link->name), PORT_ASIDE_SYSCTL);
}

static void tell_aside(const struct port *port, const char *firewall)
{
    if (!port->aside)
        log_info("%s: the door forwards", port->name);
    for (unsigned i = 0; i < PORT_ASIDE_COUNT; i++)
        if (port->aside & 1u << i)
            log_info("%s: the door stands aside: %s%s%s%s", port->name, port_aside_help(i),
                     i == PORT_ASIDE_FIREWALL ? " (" : "", i == PORT_ASIDE_FIREWALL ? firewall : "",
                     i == PORT_ASIDE_FIREWALL ? ")" : "");
}

/* Whether a port has an XDP door, or is about to. */
static bool any_xdp(const struct ports *ports)
{
    for (unsigned i = 1; i <= ports->count; i++) {
        const struct port *port = &ports->all[i];
        bool chosen = port->ifindex && port->attachment.hook == DOOR_HOOK_NONE &&
                      wants_xdp(port, door_memory(ports->door)->ports[i].card);
        if (port->attachment.hook == DOOR_HOOK_XDP || chosen)
            return true;
    }
    return false;
}

static void probe(struct ports *ports, unsigned number, const struct link *link)
{
    struct port *port = &ports->all[number];
    bool takes = link->up && door_probe(ports->door, link->ifindex, link->mac) == 0;

    WRITE_RELEASE(door_memory(ports->door)->ports[number].no_xdp_in, !takes);
    if (takes != port->takes_xdp)
        log_info("%s: %s frames from XDP doors", port->name, takes ? "takes" : "does not take");
    port->takes_xdp = takes;
}

static uint8_t checks_of(const struct port *port)
{
    const struct conf_interface *conf = port->conf;
    bool alone = conf_interface_has_clients(conf) && !(conf->dhcp && conf->dhcp->others);

    bool measures = port->shaped && conf_shape_measures(&conf->shape);

    return (uint8_t)((port->guarded ? DOOR_CHECK_SOURCE : 0) | (alone ? DOOR_CHECK_SERVERS : 0) |
                     (measures ? DOOR_SAMPLE : 0));
}

/* Its queues are as the configuration says, for packets as long as they may be now. */
static void shape(struct ports *ports, unsigned number, const struct link *link)
{
    struct port *port = &ports->all[number];

    if (port->reshape || port->mtu_changed || (port->configured_contracts && !port->began_with_contracts))
        end_shaping(ports, number);
    port->mtu_changed = false;
    if (port->shaped || port->shape_tried || !port->conf->shape.rate)
        return;
    port->began_with_contracts = port->contracts;
    const struct shaping_port wanted = {.number = number,
                                        .name = port->name,
                                        .ifindex = link->ifindex,
                                        .mtu = link->mtu,
                                        .shape = &port->conf->shape,
                                        .contracts = port->contracts,
                                        .attachment = &port->attachment};
    port->shaped = shaping_begin(ports->shaping, &wanted) == 0;
    port->shape_tried = !port->shaped;
}

static void set_checks(struct ports *ports, unsigned number)
{
    struct door_port *shared = &door_memory(ports->door)->ports[number];
    uint8_t before = shared->checks, checks = checks_of(&ports->all[number]);

    WRITE_RELEASE(shared->checks, checks);
    if ((before ^ checks) & DOOR_CHECK_SOURCE)
        log_info("%s: source guard is %s", ports->all[number].name, checks & DOOR_CHECK_SOURCE ? "on" : "off");
}

static void update(struct ports *ports, unsigned number, const struct link *link, uint32_t aside)
{
    struct door_port *shared = &door_memory(ports->door)->ports[number];
    struct port *port = &ports->all[number];

    if (!eth_addr_equal(shared->mac, link->mac)) {
        /* Six bytes are no single store: nobody may be reading them. */
        WRITE_RELEASE(shared->aside, UINT16_MAX);
        door_wait_for_packets(NULL);
        memcpy(shared->mac, link->mac, ETH_ADDR_SIZE);
        ports->changes++;
    }
    set_checks(ports, number);
    ports->changes += port->mtu != link->mtu;
    port->mtu_changed |= port->mtu != link->mtu;
    port->mtu = link->mtu;
    WRITE_RELEASE(shared->rp_filter, links_rp_filter(&ports->routing->links, link));
    WRITE_RELEASE(shared->aside, (uint16_t)aside);
    port->aside = aside;
    if (link->up && !port->up && any_xdp(ports))
        probe(ports, number, link);
    port->up = link->up;
}

/* The interface of a port, as far as it has it. */
static struct link *link_of(const struct ports *ports, unsigned number)
{
    const struct port *port = &ports->all[number];
    struct link *link = port->ifindex ? links_find(&ports->routing->links, port->ifindex) : NULL;

    return link && strcmp(link->name, port->name) == 0 ? link : NULL; /* it may have another name now */
}

void ports_update(struct ports *ports, const char *firewall)
{
    uint32_t everywhere = aside_everywhere(ports->routing, firewall);

    for (unsigned i = 1; i <= ports->count; i++) {
        struct port *port = &ports->all[i];
        struct link *link = link_of(ports, i);
        if (!port->name[0])
            continue;
        if (port->ifindex && !link) {
            log_info("%s: the interface is gone", port->name);
            detach(ports, i);
            port->attach_error = -ENODEV;
        }
        if (!link) {
            bool failed = port->attach_error && port->attach_error != -ENODEV;
            if ((failed && !port->try_again) || take(ports, i))
                continue;
            link = link_of(ports, i);
        }
        link->port = (uint8_t)i;
        update(ports, i, link, everywhere | aside_at(link));
    }
    if (ports->routing->links_changed)
        routing_links_changed(ports->routing);
}

int ports_attach(struct ports *ports, const char *firewall)
{
    int error = 0;

    for (unsigned i = 1; i <= ports->count; i++) {
        struct port *port = &ports->all[i];
        const struct link *link = link_of(ports, i);
        int failed = link && port->attachment.hook == DOOR_HOOK_NONE ? hook(ports, i, link) : 0;
        error = error ? error : failed;
    }
    for (unsigned i = 1; i <= ports->count; i++) {
        struct port *port = &ports->all[i];
        const struct link *link = link_of(ports, i);
        if (!link)
            continue;
        if (port->aside != port->told_aside)
            tell_aside(port, firewall);
        port->told_aside = port->aside;
        shape(ports, i, link);
        set_checks(ports, i);
    }
    return error;
}

void ports_probe(struct ports *ports)
{
    for (unsigned i = 1; i <= ports->count; i++) {
        ports->all[i].shape_tried = false;
        ports->all[i].try_again = true;
    }
    if (!any_xdp(ports))
        return;
    for (unsigned i = 1; i <= ports->count; i++) {
        const struct link *link = links_find(&ports->routing->links, ports->all[i].ifindex);
        if (link && link->up && READ_ONCE(door_memory(ports->door)->ports[i].no_xdp_in))
            probe(ports, i, link);
    }
}

void ports_describe(const struct ports *ports, unsigned number, struct page_port *described)
{
    const struct port *port = &ports->all[number];
    const struct links *links = &ports->routing->links;

    *described = (struct page_port){0};
    if (!port->name[0])
        return;
    memcpy(described->name, port->name, LINK_NAME_SIZE);
    snprintf(described->wanted, sizeof(described->wanted), "%s", conf_door_name(port->conf->door));
    snprintf(described->door, sizeof(described->door), "%s", door_hook_name(port->attachment.hook));
    described->aside = port->ifindex ? port->aside : 0;
    const struct link *link = port->ifindex ? links_find(links, port->ifindex) : links_find_name(links, port->name);
    if (!link)
        return;
    described->ifindex = link->ifindex;
    described->mtu = link->mtu;
    described->up = link->up;
    described->takes_xdp = port->takes_xdp;
    memcpy(described->mac, link->mac, ETH_ADDR_SIZE);
}
