/*
 * An address plan for other programs: node by node, by address, outer ones first.
 */
#pragma once

#include "plan/plan.h"

#include <stdio.h>

/* X(enumerator, name, what is in it) */
#define INTERCHANGE_FORMATS(X)                                                                        \
    X(JSON, "json", "all that is known, and how it lies in one another: to be imported again")        \
    X(CSV, "csv", "all that is known, for spreadsheets: to be imported again")                        \
    X(NETBOX_PREFIXES, "netbox-prefixes", "CSV as NetBox imports it: blocks and subnets as prefixes") \
    X(NETBOX_RANGES, "netbox-ranges", "CSV as NetBox imports it: pools as IP ranges")                 \
    X(NETBOX_ADDRESSES, "netbox-addresses", "CSV as NetBox imports it: hosts as IP addresses")        \
    X(KEA, "kea", "subnet4 of Kea's configuration: subnets and pools that are assigned")              \
    X(DHCPD, "dhcpd", "subnets of ISC's dhcpd.conf: subnets and pools that are assigned")             \
    X(ROUTES, "routes", "as ip -j route: subnets that are assigned, a discard route for each outermost block")

enum interchange_format {
#define X(enumerator, ...) INTERCHANGE_##enumerator,
    INTERCHANGE_FORMATS(X)
#undef X
        INTERCHANGE_FORMAT_COUNT
};

/* INTERCHANGE_FORMAT_COUNT: there is none of this name. */
enum interchange_format interchange_format_of(const char *name);
/* All of them, with commas between. Static storage. */
const char *interchange_format_list(void);

struct interchange_writer {
    FILE *stream; /* borrowed; whether all could be written, it knows */
    enum interchange_format format;
    size_t rows;
    bool open; /* a subnet, whose pools follow: */
    struct ipv4_range served;
    size_t pools;                              /* that have */
    struct ipv4_prefix around[PLAN_DEPTH_MAX]; /* what the next one may lie in */
    size_t depth;
};

void interchange_write_begin(struct interchange_writer *writer, enum interchange_format format, FILE *stream);
/* 0; -EINVAL: a text is no UTF-8. */
int interchange_write(struct interchange_writer *writer, const struct plan_entry *entry);
void interchange_write_end(struct interchange_writer *writer);
