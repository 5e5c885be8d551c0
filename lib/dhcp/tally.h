/*
 * How many there are of each of many things, which are known by 64-bit hashes; not 0, which is nothing.
 */
#pragma once

#include <stdint.h>

struct dhcp_tally;

/* For at most so many things at once. NULL: no memory. */
struct dhcp_tally *dhcp_tally_new(uint64_t most);
struct dhcp_tally *dhcp_tally_free(struct dhcp_tally *tally); /* takes NULL, returns NULL */

void dhcp_tally_add(struct dhcp_tally *tally, uint64_t hash);
void dhcp_tally_remove(struct dhcp_tally *tally, uint64_t hash); /* one that there is */
uint32_t dhcp_tally_count(const struct dhcp_tally *tally, uint64_t hash);
