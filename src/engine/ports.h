/*
 * The ports: the interfaces at which Fairlead's door stands. They are known by name, and may come and go.
 */
#pragma once

#include "engine/host.h"
#include "engine/shaping.h"
#include "port/attach.h"
#include "query/page.h"
#include "route/routing.h"

#include <string.h>

struct port {
    char name[LINK_NAME_SIZE]; /* empty: this number is free */
    const struct conf_interface *conf;
    uint32_t ifindex; /* 0: the interface is not there, or the door could not be attached */
    int attach_error; /* why not, as far as it has been logged; -ENODEV: not there */
    bool try_again;   /* although the last time failed */
    struct door_attachment attachment;
    uint32_t aside;      /* a bit for each enum port_aside */
    uint32_t told_aside; /* as it was last told in the log */
    bool told_bypass;    /* so was that rules are passed by */
    bool up;
    bool takes_xdp;            /* frames that an XDP door sends there arrive */
    bool left;                 /* an engine before this one left its door here */
    bool guarded;              /* those who may speak are known to the door, which lets nobody else */
    bool was_guarded;          /* so it was by the engine before this one */
    int64_t rogue_ms;          /* when another DHCP server was last told of; 0: never */
    uint32_t mtu;              /* bytes */
    bool mtu_changed;          /* since its queues began */
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
    bool traced;                 /* what passes is told to traces */
    uint64_t changes;            /* of which ports there are, and of their addresses and sizes on the link layer */
};

/* What is known of the port of this number, for those who ask. */
void ports_describe(const struct ports *ports, unsigned number, struct page_port *described);

/* Before the first ports_configure(): ports at which an engine before this one left its door keep their numbers, and
 * so what is counted under them. */
void ports_keep_numbers(struct ports *ports, const struct conf *conf);

/*
 * These are the ports now, as the configuration says; it stays valid until the next call. Ports that stay the same are
 * not touched; those that are new are taken by ports_update(), or by ports_take_all().
 */
void ports_configure(struct ports *ports, const struct conf *conf);

/* The interface of the port of this number, in the memory of an engine before this one; 0: there is none. */
static inline uint32_t ports_left_at(const struct door_memory *left, unsigned number)
{
    uint32_t ifindex = left->ports[number].ifindex;

    return ifindex && left->port_of[ifindex & (DOOR_IFINDEXES - 1)] == number ? ifindex : 0;
}

/* The number of the port of that name; 0: there is none. */
static inline unsigned ports_find(const struct ports *ports, const char *name)
{
    for (unsigned i = 1; i <= ports->count; i++)
        if (strcmp(ports->all[i].name, name) == 0)
            return i;
    return 0;
}

/* Give every interface that is there what the configuration says, and tell the door of it; what was left at others is
 * taken away. 0; -errno if one cannot be a port; logged. */
int ports_take_all(struct ports *ports);
void ports_detach_all(struct ports *ports);

/*
 * Bring what the door knows of ports in line with what is known of links, rules and the system's settings. `firewall`
 * says what rules there are, NULL for none.
 */
void ports_update(struct ports *ports, const char *firewall);

/* Attach to every port that has no door yet, and shape what is to be shaped; call it after ports_update(), so that a
 * door knows everything when it opens. Says in the log what has changed. 0; -errno if one cannot have the door that it
 * should; logged. */
int ports_attach(struct ports *ports, const char *firewall);

/* Whether what passes is told to traces. */
void ports_trace(struct ports *ports, bool traced);

/* Try again whether ports that did not take frames from an XDP door do so now, and what could not be attached or
 * shaped.
 */
void ports_probe(struct ports *ports);
