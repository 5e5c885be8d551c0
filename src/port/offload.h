/*
 * What an interface does in place of the kernel, or the kernel may leave to it: features as `ethtool -k` shows them, by
 * the kernel's names for them ("rx-vlan-hw-parse").
 *
 * All functions return 0 or -errno unless said otherwise, and log nothing.
 */
#pragma once

#include <stdbool.h>

/* 1: switched on; 0: switched off; -EOPNOTSUPP: there is no such feature. */
int offload_get(const char *interface, const char *feature);
/* -EPERM: it cannot be changed here. */
int offload_set(const char *interface, const char *feature, bool on);

/* Switch off everything that a sender may leave to the card, and that can be: features whose names begin with "tx-". */
int offload_end_sending(const char *interface);
