/*
 * Names of IPv4 addresses in the DNS: in-addr.arpa (RFC 1035 3.5), and the zones that a block's names are in.
 */
#pragma once

#include "net/ipv4_prefix.h"

#define IPV4_REVERSE_SIZE 40 /* "128/25.255.255.255.in-addr.arpa" and its zero byte */

/* The name of an address; ends in a zero byte. Returns the length. */
size_t ipv4_reverse_name(uint32_t addr, char out[static IPV4_REVERSE_SIZE]);

/*
 * The zones of a block: one, or 2^n beside one another where its length lies between the dots; of a block that is
 * smaller than a /24 the zone is as RFC 2317 4 names it ("64/26.2.0.192.in-addr.arpa"), of one address its name.
 * Returns how many, with the first and the last of them.
 */
unsigned ipv4_reverse_zones(struct ipv4_prefix prefix, char first[static IPV4_REVERSE_SIZE],
                            char last[static IPV4_REVERSE_SIZE]);
