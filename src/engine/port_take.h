/*
 * A port gets its interface and its door, and gives them up. For ports.c, which says what is called when.
 */
#pragma once

#include "engine/ports.h"

/* Whether the door of a port that has its interface is to be an XDP one. */
bool port_wants_xdp(const struct ports *ports, unsigned number);

/* Whether its configuration asks for what only frames with an Ethernet header can have, and they have none. */
bool port_lacks_ethernet(const struct link *link, const struct conf_interface *conf);

/* Give the interface what the configuration says, and tell the door of it, which does not stand there yet. 0; -errno:
 * logged once, and tried again later. */
int port_take(struct ports *ports, unsigned number);
/* The door stands there from now on. 0; -errno likewise, and the port has no interface any more. */
int port_attach(struct ports *ports, unsigned number, const struct link *link);

/* What is not there does no harm. */
void port_end_shaping(struct ports *ports, unsigned number);
void port_detach(struct ports *ports, unsigned number);
