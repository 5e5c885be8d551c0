/* Names of IPv4 addresses in the DNS. */
#include "net/ipv4_reverse.h"

#include <stdio.h>

/* The first `octets` octets of an address, the last one first. */
static size_t write_zone(uint32_t addr, unsigned octets, char out[static IPV4_REVERSE_SIZE])
{
    size_t len = 0;

    for (unsigned i = octets; i > 0; i--)
        len += (size_t)snprintf(out + len, IPV4_REVERSE_SIZE - len, "%u.", addr >> (32 - 8 * i) & 255);
    return len + (size_t)snprintf(out + len, IPV4_REVERSE_SIZE - len, "in-addr.arpa");
}

size_t ipv4_reverse_name(uint32_t addr, char out[static IPV4_REVERSE_SIZE])
{
    return write_zone(addr, 4, out);
}

unsigned ipv4_reverse_zones(struct ipv4_prefix prefix, char first[static IPV4_REVERSE_SIZE],
                            char last[static IPV4_REVERSE_SIZE])
{
    uint32_t addr = ipv4_prefix_first(prefix);
    unsigned octets = (prefix.len + 7u) / 8;

    if (prefix.len > 24 && prefix.len < 32) {
        char zone[IPV4_REVERSE_SIZE];
        write_zone(addr, 3, zone);
        snprintf(first, IPV4_REVERSE_SIZE, "%u/%u.%.27s", addr & 255, prefix.len, zone);
        snprintf(last, IPV4_REVERSE_SIZE, "%s", first);
        return 1;
    }
    write_zone(addr, octets, first);
    write_zone(ipv4_prefix_last(prefix), octets, last);
    return 1u << (8 * octets - prefix.len);
}
