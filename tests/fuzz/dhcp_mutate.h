/*
 * Mutations that keep a DHCP message's shape, so that what lies behind the first length is tried too: options that
 * come, go, are doubled, change their numbers and lengths; sub-options within them; headers with what headers have.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Change an options area of len bytes, in place, within `room` bytes. Its new length. */
size_t dhcp_mutate_options(uint8_t *area, size_t len, size_t room, unsigned *seed);

/* Change a message: its header, or its options. */
size_t dhcp_mutate_message(uint8_t *bytes, size_t len, size_t room, unsigned *seed);

/* A random number below `below`, or 0. */
size_t dhcp_mutate_below(unsigned *seed, size_t below);
