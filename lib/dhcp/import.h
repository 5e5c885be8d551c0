/*
 * Leases as other servers, and this one, write them into files: ISC's dhcpd.leases, Kea's memfile (CSV), and the CSV of
 * `fairlead lease export`.
 *
 * Files are logs: what is said of an address later counts. Only leases that a client has are told; those that were
 * given back, have expired by the file's own word, or are in quarantine are counted.
 */
#pragma once

#include "dhcp/lease.h"

struct dhcp_imported {
    struct dhcp_lease lease; /* BOUND; began_s, last_s, ends_s in seconds since 1970 */
    unsigned line;           /* where it stands */
};

/* All zeros is empty. */
struct dhcp_import {
    struct dhcp_imported *all; /* in the order of their addresses */
    size_t count, room;
    size_t others;    /* addresses whose last word is not that a client has them */
    const char *kind; /* "dhcpd.leases", "Kea", "Fairlead": what it was taken for */
    unsigned wrong_line;
    char wrong[160]; /* after -EINVAL: what was expected there */
};

/* What the file says, which begins like one of the three. 0; -EINVAL; -ENOMEM. In any case to be cleared. */
int dhcp_import_read(struct dhcp_import *import, const char *text, size_t len);
void dhcp_import_clear(struct dhcp_import *import);
