/*
 * Exact summarisation: the fewest prefixes that have exactly the addresses of a set of prefixes (what Python calls
 * ipaddress.collapse_addresses).
 */
#pragma once

#include "net/ipv4_range.h"

/* In place: prefixes without host bits, in any order, each any number of times. Returns how many there are then, by
 * rising address. O(n log n). */
size_t summary_of_prefixes(struct ipv4_prefix *prefixes, size_t count);

#define SUMMARY_RANGE_MAX 62 /* prefixes at most, of a range */

/* Those of a range, by rising address; how many. */
size_t summary_of_range(struct ipv4_range range, struct ipv4_prefix out[static SUMMARY_RANGE_MAX]);
