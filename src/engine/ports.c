#include "engine/ports.h"

#include "engine/port_aside.h"
#include "engine/port_take.h"
#include "log/log.h"
#include "port/xdp_features.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- what the configuration says --------------------------------------------------------------------------------- */

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
    bool lacked_ethernet = port->attach_error == -EPFNOSUPPORT;
    bool other_door = port->conf->door != conf->door || lacked_ethernet || (link && port_lacks_ethernet(link, conf));
    bool other_addresses = !same_addresses(port->conf, conf);

    ports->changes += conf_interface_has_clients(port->conf) != conf_interface_has_clients(conf) ||
                      !port->conf->relay != !conf->relay || reflector_port(port->conf) != reflector_port(conf);
    port->reshape |= !conf_shape_equal(&port->conf->shape, &conf->shape);
    port->conf = conf;
    if (other_door)
        port_detach(ports, number);
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
        uint32_t ifindex = ports_left_at(left, i);
        const struct link *link = ifindex ? links_find(&ports->routing->links, ifindex) : NULL;
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
            port_detach(ports, i);
            host_give_back(ports->host, port->name, links_find_name(&ports->routing->links, port->name));
            *port = (struct port){.attachment = {.link_fd = -1}};
        }
    }
    for (size_t i = 0; i < conf->interface_count; i++)
        if (!ports_find(ports, conf->interfaces[i].name))
            add(ports, free_number(ports), &conf->interfaces[i]);
}

/* --- following the system ---------------------------------------------------------------------------------------- */

/* Whether a port has an XDP door, or is about to. */
static bool any_xdp(const struct ports *ports)
{
    for (unsigned i = 1; i <= ports->count; i++) {
        const struct port *port = &ports->all[i];
        bool chosen = port->ifindex && port->attachment.hook == DOOR_HOOK_NONE && port_wants_xdp(ports, i);
        if (port->attachment.hook == DOOR_HOOK_XDP || chosen)
            return true;
    }
    return false;
}

static void set_trait(struct door_port *shared, enum door_trait trait, bool has)
{
    WRITE_RELEASE(shared->traits, (uint8_t)((shared->traits & ~trait) | (has ? trait : 0)));
}

static void probe(struct ports *ports, unsigned number, const struct link *link)
{
    struct port *port = &ports->all[number];
    struct door_port *shared = &door_memory(ports->door)->ports[number];
    bool takes = link->up && door_probe(ports->door, link->ifindex, link->mac) == 0;
    bool pieces = takes && (xdp_features(link->ifindex) & XDP_FEATURE_NDO_XMIT_SG);

    set_trait(shared, DOOR_PIECES, pieces);
    WRITE_RELEASE(shared->no_xdp_in, !takes);
    if (takes != port->takes_xdp)
        log_info("%s: %s frames from XDP doors", port->name, takes ? "takes" : "does not take");
    port->takes_xdp = takes;
}

static uint8_t checks_of(const struct port *port, bool traced)
{
    const struct conf_interface *conf = port->conf;
    bool alone = conf_interface_has_clients(conf) && !(conf->dhcp && conf->dhcp->others);

    bool measures = port->shaped && conf_shape_measures(&conf->shape);

    return (uint8_t)((port->guarded ? DOOR_CHECK_SOURCE : 0) | (alone ? DOOR_CHECK_SERVERS : 0) |
                     (measures ? DOOR_SAMPLE : 0) | (traced ? DOOR_TRACE : 0));
}

/* Its queues are as the configuration says, for packets as long as they may be now. */
static void shape(struct ports *ports, unsigned number, const struct link *link)
{
    struct port *port = &ports->all[number];

    if (port->reshape || port->mtu_changed || (port->configured_contracts && !port->began_with_contracts))
        port_end_shaping(ports, number);
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
    uint8_t before = shared->checks, checks = checks_of(&ports->all[number], ports->traced);

    WRITE_RELEASE(shared->checks, checks);
    if ((before ^ checks) & DOOR_CHECK_SOURCE)
        log_info("%s: source guard is %s", ports->all[number].name, checks & DOOR_CHECK_SOURCE ? "on" : "off");
}

void ports_trace(struct ports *ports, bool traced)
{
    ports->traced = traced;
    for (unsigned i = 1; i <= ports->count; i++)
        if (ports->all[i].ifindex)
            set_checks(ports, i);
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
    set_trait(shared, DOOR_BYPASS, port->conf->bypass_firewall);
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
    uint32_t everywhere = port_asides_everywhere(ports->routing, firewall);

    for (unsigned i = 1; i <= ports->count; i++) {
        struct port *port = &ports->all[i];
        struct link *link = link_of(ports, i);
        if (!port->name[0])
            continue;
        if (port->ifindex && !link) {
            log_info("%s: the interface is gone", port->name);
            port_detach(ports, i);
            port->attach_error = -ENODEV;
        }
        if (!link) {
            bool failed = port->attach_error && port->attach_error != -ENODEV;
            if ((failed && !port->try_again) || port_take(ports, i))
                continue;
            link = link_of(ports, i);
        }
        link->port = (uint8_t)i;
        update(ports, i, link, port_asides_heeded(port, everywhere | port_asides_at(ports->routing, port, link)));
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
        int failed = link && port->attachment.hook == DOOR_HOOK_NONE ? port_attach(ports, i, link) : 0;
        error = error ? error : failed;
    }
    for (unsigned i = 1; i <= ports->count; i++) {
        struct port *port = &ports->all[i];
        const struct link *link = link_of(ports, i);
        if (!link)
            continue;
        port_tell_asides(port, firewall);
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
