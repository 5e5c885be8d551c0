/*
 * The ports: the interfaces at which Fairlead's door stands. They are known by name, and may come and go.
 */
#pragma once

#include "engine/host.h"
#include "engine/shaping.h"
#include "port/door.h"
#include "query/page.h"
#include "route/routing.h"

struct port {
    char name[LINK_NAME_SIZE]; /* empty: this number is free */
    const struct conf_interface *conf;
    uint32_t ifindex; /* 0: the interface is not there, or the door could not be attached */
    int attach_error; /* why not, as far as it has been logged; -ENODEV: not there */
    struct door_attachment attachment;
    uint32_t aside; /* a bit for each enum port_aside */
    bool up;
    bool takes_xdp;            /* frames that an XDP door sends there arrive */
    bool guarded;              /* those who may speak are known to the door, which lets nobody else */
    int64_t rogue_ms;          /* when another DHCP server was last told of; 0: never */
    uint32_t mtu;              /* bytes */
    bool shaped;               /* what leaves waits in queues */
    bool reshape;              /* they are to be others */
    bool shape_tried;          /* in vain; logged */
    bool contracts;            /* there are some: its queues begin with memory for them */
    bool configured_contracts; /* in the configuration: queues that began without it begin anew */
    bool began_with_contracts;
};

struct ports {
    struct door *door;
    struct routing *routing;
    struct host *host;
    struct shaping *shaping;
    struct port all[DOOR_PORTS]; /* by number, from 1 */
    unsigned count;              /* the highest number that was ever used */
    uint64_t changes;            /* of which ports there are, and of their addresses and sizes on the link layer */
};

/* What is known of the port of this number, for those who ask. */
void ports_describe(const struct ports *ports, unsigned number, struct page_port *described);

/*
 * These are the ports now, as the configuration says; it stays valid until the next call. Ports that stay the same are
 * not touched; those that are new are attached by ports_update(), or by ports_attach_all().
 */
void ports_configure(struct ports *ports, const struct conf *conf);

/* The number of the port of that name; 0: there is none. */
unsigned ports_find(const struct ports *ports, const char *name);

/* Attach to every port whose interface is there. 0; -errno if one cannot have the door that it should; logged. */
int ports_attach_all(struct ports *ports);
void ports_detach_all(struct ports *ports);

/*
 * Bring the doors in line with what is known of links, rules and the system's settings. `firewall` says what rules
 * there are, NULL for none. Says in the log what has changed.
 */
void ports_update(struct ports *ports, const char *firewall);

/* Try again whether ports that did not take frames from an XDP door do so now, and what could not be shaped. */
void ports_probe(struct ports *ports);
