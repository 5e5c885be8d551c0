/*
 * The ports: the interfaces at which Fairlead's door stands. They are known by name, and may come and go.
 */
#pragma once

#include "port/door.h"
#include "route/routing.h"

enum door_mode { DOOR_AUTO, DOOR_XDP, DOOR_TC };

/* Why the door of a port leaves everything to the kernel. X(enumerator, help) */
#define PORT_ASIDES(X)                                            \
    X(FORWARDING, "forwarding is switched off at this interface") \
    X(MASTER, "the interface belongs to a bridge, bond or VRF")   \
    X(FIREWALL, "the kernel has rules for forwarded packets")     \
    X(RULES, "the kernel has policy routing rules")               \
    X(LOCAL_PREFIX, "a whole prefix is local to this system")     \
    X(SYSCTL, "route_localnet or ip_forward_use_pmtu is set")     \
    X(INCOMPLETE, "memory ran out, and routes are missing from the FIB")

enum port_aside {
#define X(enumerator, help) PORT_ASIDE_##enumerator,
    PORT_ASIDES(X)
#undef X
        PORT_ASIDE_COUNT
};

struct port {
    char name[LINK_NAME_SIZE];
    enum door_mode wanted;
    uint32_t ifindex; /* 0: the interface is not there */
    struct door_attachment attachment;
    uint32_t aside; /* a bit for each enum port_aside */
    bool up;
    bool takes_xdp; /* frames that an XDP door sends there arrive */
};

struct ports {
    struct door *door;
    struct routing *routing;
    struct port all[DOOR_PORTS]; /* by number, from 1 */
    unsigned count;              /* the highest number */
};

/* 0; -EEXIST for a name that is there already, -ENOSPC, -EINVAL for a name too long; logged. */
int ports_add(struct ports *ports, const char *name, enum door_mode wanted);

/* Attach to every port's interface. 0; -errno if one is not there or cannot have the door that it should; logged. */
int ports_attach_all(struct ports *ports);
void ports_detach_all(struct ports *ports);

/*
 * Bring the doors in line with what is known of links, rules and the system's settings. `firewall` says what rules
 * there are, NULL for none. Says in the log what has changed.
 */
void ports_update(struct ports *ports, const char *firewall);

/* Try again whether ports that did not take frames from an XDP door do so now. */
void ports_probe(struct ports *ports);
