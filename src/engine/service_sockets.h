/*
 * Sockets for services that run in other roles, which may not open them: at ports where the configuration has the
 * service, and nowhere else.
 */
#pragma once

#include "engine/ports.h"
#include "query/service.h"

/* As QUERY_SOCKETS and QUERY_REFLECTOR_SOCKETS say; they are closed when they are handed out. 0; -ENODEV: the service
 * is not wanted there; -errno. */
int service_sockets_dhcp(const struct ports *ports, uint32_t ifindex, struct query_made *made);
int service_sockets_reflector(const struct ports *ports, uint32_t ifindex, struct query_made *made, uint16_t *udp_port);
