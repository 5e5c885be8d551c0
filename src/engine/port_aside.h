/*
 * What makes doors stand aside (enum port_aside): what the kernel has, and the door does not understand.
 */
#pragma once

#include "engine/ports.h"

/* A bit for each reason, at every port and at one with its link. `firewall` says what rules there are, NULL for none.
 */
uint32_t port_asides_everywhere(const struct routing *routing, const char *firewall);
uint32_t port_asides_at(const struct routing *routing, const struct port *port, const struct link *link);
/* Those of `asides` that a port has to heed, as its configuration says. */
uint32_t port_asides_heeded(const struct port *port, uint32_t asides);

/* Into the log, where it has changed: why it stands aside, or that it does not; and what it passes by. */
void port_tell_asides(struct port *port, const char *firewall);
