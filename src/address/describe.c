#include "address/describe.h"

#include <string.h>

void describe_network(const struct serve *serve, uint32_t addr, char name[static QUERY_NAME_SIZE])
{
    const struct dhcp_subnet *subnet = dhcp_server_subnet(serve->server, addr);

    memset(name, 0, QUERY_NAME_SIZE);
    if (subnet)
        strncpy(name, subnets_name(serve->subnets, serve->sockets, subnet->network), QUERY_NAME_SIZE - 1);
}

void describe_bytes(const struct dhcp_bytes *from, struct query_bytes *to)
{
    to->len = from->len;
    memcpy(to->bytes, from->bytes, to->len);
}

void describe_lease(const struct serve *serve, uint32_t addr, struct query_lease *record)
{
    struct dhcp_lease lease = {0};
    uint64_t now_s = lease_clock_now_s(&serve->clock);

    dhcp_leases_get(dhcp_server_leases(serve->server), addr, &lease);
    *record = (struct query_lease){.addr = addr,
                                   .state = lease.state,
                                   .active = dhcp_lease_is_active(&lease, now_s),
                                   .htype = lease.htype,
                                   .hlen = lease.hlen,
                                   .began_s = lease_clock_to_system_s(&serve->clock, lease.began_s),
                                   .last_s = lease_clock_to_system_s(&serve->clock, lease.last_s),
                                   .ends_s = lease_clock_to_system_s(&serve->clock, lease.ends_s),
                                   .now_s = lease_clock_to_system_s(&serve->clock, now_s)};
    memcpy(record->chaddr, lease.chaddr, sizeof(record->chaddr));
    describe_bytes(&lease.client_id, &record->client_id);
    describe_bytes(&lease.host_name, &record->host_name);
    describe_network(serve, addr, record->interface);
}
