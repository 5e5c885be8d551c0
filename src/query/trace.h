/*
 * What traces tell of packets, as the engine hands it on.
 */
#pragma once

#include "bpf/trace.h"
#include "query/query.h"

#define QUERY_TRACE_NS INT64_C(10000000000) /* a trace that nobody asks for so long has ended */

/* What became of a packet, and what is known of its route now, a moment later. */
struct query_traced {
    struct door_traced packet;
    struct query_route route;     /* that its destination has, if it is an IPv4 packet and routed */
    uint8_t routed;               /* 1: there is one */
    uint8_t grouped;              /* 1: with several ways, of which flows have buckets */
    uint16_t bucket;              /* the packet's */
    uint32_t gateway;             /* the neighbour that it is sent to; 0 if that is not known */
    char egress[QUERY_NAME_SIZE]; /* the port that it leaves by; empty if it was not sent */
};
