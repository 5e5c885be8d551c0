/*
 * Exact summarisation: the fewest prefixes that have exactly the addresses of a set of prefixes (what Python calls
 * ipaddress.collapse_addresses).
 */
#pragma once

#include "net/ipv4_prefix.h"

/* In place: prefixes without host bits, in any order, each any number of times. Returns how many there are then, by
 * rising address. O(n log n). */
size_t summary_of_prefixes(struct ipv4_prefix *prefixes, size_t count);
