/*
 * What makes doors stand aside (enum port_aside): what the kernel has, and the door does not understand.
 */
#pragma once

#include "engine/ports.h"

/* A bit for each reason, at every port and at those of a link. `firewall` says what rules there are, NULL for none. */
uint32_t port_asides_everywhere(const struct routing *routing, const char *firewall);
uint32_t port_asides_at(const struct link *link);

/* Into the log: why it stands aside, or that it does not. */
void port_tell_asides(const struct port *port, const char *firewall);
