/*
 * Why a packet is dropped: every reason by name. Each has a counter a port, and clients print the name and the help, so
 * this list is the one place where a reason comes into being. Shared with BPF.
 */
#pragma once

/* X(enumerator, name, help). The order is the order of the counters: append only. */
#define DROP_REASONS(X)                                                                         \
    X(IP_TRUNCATED, "ip-truncated", "fewer bytes than the IPv4 header needs")                   \
    X(IP_VERSION, "ip-version", "the version in the header is not 4")                           \
    X(IP_HEADER_LENGTH, "ip-header-length", "the header says that it is shorter than 20 bytes") \
    X(IP_CHECKSUM, "ip-checksum", "the header checksum is wrong")                               \
    X(IP_LENGTH_SHORT, "ip-length-short", "the total length is shorter than the header")        \
    X(IP_LENGTH_LONG, "ip-length-long", "the total length is longer than what arrived")         \
    X(IP_SOURCE_MULTICAST, "ip-source-multicast", "the source is a multicast group")            \
    X(IP_SOURCE_BROADCAST, "ip-source-broadcast", "the source is 255.255.255.255")              \
    X(IP_SOURCE_ZERO, "ip-source-zero", "the source is in 0.0.0.0/8")                           \
    X(IP_SOURCE_LOOPBACK, "ip-source-loopback", "the source is in 127.0.0.0/8")                 \
    X(IP_DESTINATION_ZERO, "ip-destination-zero", "the destination is in 0.0.0.0/8")            \
    X(IP_DESTINATION_LOOPBACK, "ip-destination-loopback", "the destination is in 127.0.0.0/8")  \
    X(ROUTE_BLACKHOLE, "route-blackhole", "a blackhole route")                                  \
    X(SOURCE_GUARD, "source-guard", "the source is not known to be its sender's own address")   \
    X(ROGUE_DHCP, "rogue-dhcp", "another DHCP server's answer where this system is the server")

enum drop_reason {
    DROP_NONE = 0, /* not a reason: the packet is right */
#define X(enumerator, name, help) DROP_##enumerator,
    DROP_REASONS(X)
#undef X
        DROP_REASON_COUNT /* with DROP_NONE: the size of an array that a reason indexes */
};

/* "ip-checksum", and what it means; "none" for DROP_NONE, "unknown" for a number that is none of ours. Static storage.
 * User space only. */
const char *drop_reason_name(unsigned reason);
const char *drop_reason_help(unsigned reason);
