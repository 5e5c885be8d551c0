/*
 * The routing information base: every path to every prefix that any source knows, and which of them is best.
 *
 * Sources (the kernel's tables, static routes, ...) put paths in and withdraw them; every path to a prefix is kept.
 * The one of the lowest preference is best (what others call administrative distance), then the one of the lowest
 * metric, then the one that stands first; a source that mirrors somebody else's table says where a path stands. When a
 * prefix has changed, one function of the owner hears of it and looks at what is there now.
 *
 * One thread. The RIB copies what it is given; what it returns is valid until the next change.
 */
#pragma once

#include "net/ipv4_map.h"
#include "net/ipv4_prefix.h"

#include <stdint.h>

/* X(enumerator, name, help) */
#define RIB_SOURCES(X)                                                                \
    X(LOCAL, "local", "the system's own addresses and broadcast addresses")           \
    X(KERNEL, "kernel", "the kernel's main table: connected, or put there by others") \
    X(STATIC, "static", "the configuration")

enum rib_source {
#define X(enumerator, name, help) RIB_SOURCE_##enumerator,
    RIB_SOURCES(X)
#undef X
        RIB_SOURCE_COUNT
};

/* What becomes of a packet that follows a path. */
enum rib_type {
    RIB_UNICAST,
    RIB_LOCAL,       /* to this system: its address, a broadcast address of it, multicast, anycast */
    RIB_BLACKHOLE,   /* dropped without a word */
    RIB_UNREACHABLE, /* answered: host unreachable */
    RIB_PROHIBIT,    /* answered: administratively prohibited */
    RIB_OTHER,       /* anything that only the kernel understands */
};

/* Whether packets that follow it go nowhere. */
static inline bool rib_type_discards(unsigned type)
{
    return type == RIB_BLACKHOLE || type == RIB_UNREACHABLE || type == RIB_PROHIBIT;
}

/* What a unicast path is beside interface and gateway. */
enum rib_path_flag {
    RIB_MULTIPATH = 1 << 0,    /* several of them, of which `distinct` is the number; 0: not known */
    RIB_ENCAPSULATED = 1 << 1, /* MPLS, segment routing, ...: only the kernel understands it */
    RIB_VIA_IPV6 = 1 << 2,     /* an IPv6 gateway (RFC 5549): so it is */
};

/* All of it counts when two paths are compared. */
struct rib_path {
    uint8_t source;   /* enum rib_source */
    uint8_t type;     /* enum rib_type */
    uint8_t flags;    /* set of enum rib_path_flag */
    uint8_t protocol; /* RTPROT_... of a kernel route */
    uint8_t tos;      /* only packets with this TOS follow it; 0 for all others */
    uint8_t scope;    /* RT_SCOPE_... of a kernel route */
    uint16_t mtu;     /* the path's own; 0 for that of its interface */
    uint32_t metric;
    uint32_t next_hop_id; /* of the kernel's nexthop object; 0 for none: then interface and gateway say where to */
    uint32_t ifindex;
    uint32_t gateway;   /* host order; 0 for a path to a subnet that is attached here */
    uint32_t distinct;  /* tells apart what else differs, for example the several ways of a multipath route */
    uint8_t preference; /* the same for all paths of the kernel's, whose order is the kernel's to say */
    uint8_t unused[3];  /* zeros */
};

/* The paths to one prefix, the best first. Never empty. */
struct rib_entry {
    uint32_t count, capacity;
    uint32_t seen[RIB_SOURCE_COUNT]; /* the round of rib_round_begin() in which the source last named the prefix */
    struct rib_path *paths;
};

struct rib;

/* Called after a change of a prefix; entry is NULL if no path is left. */
typedef void rib_changed(void *arg, struct ipv4_prefix prefix, const struct rib_entry *entry);

struct rib *rib_new(rib_changed *changed, void *arg); /* NULL if there is no memory */
struct rib *rib_free(struct rib *rib);                /* takes NULL, returns NULL, calls nobody */

/* Where a path goes among those of the same source, TOS and metric. */
enum rib_place {
    RIB_LAST,
    RIB_FIRST,
    RIB_REPLACE, /* in the place of the first of them; RIB_FIRST if there is none */
};

/* 0; -ENOMEM with nothing changed. A path that is there already stays as it is. */
int rib_put(struct rib *rib, struct ipv4_prefix prefix, const struct rib_path *path, enum rib_place place);

/* 0; -ENOENT if no path is equal in all. */
int rib_withdraw(struct rib *rib, struct ipv4_prefix prefix, const struct rib_path *path);

/*
 * A source tells everything anew: after rib_round_begin() it names each of its prefixes once, with all its paths in
 * order (at least one), and rib_round_end() withdraws what it did not name. Nothing that stays the same is touched in
 * between.
 */
void rib_round_begin(struct rib *rib, enum rib_source source);
int rib_round_set(struct rib *rib, enum rib_source source, struct ipv4_prefix prefix, const struct rib_path *paths,
                  unsigned count); /* 0; -ENOMEM */
void rib_round_end(struct rib *rib, enum rib_source source);

/*
 * The same to compare only: after rib_round_begin() the source's prefixes are looked at one by one, and afterwards
 * rib_is_missing() finds those that it did not name. Another round that begins meanwhile spoils this one.
 */
bool rib_round_check(struct rib *rib, enum rib_source source, struct ipv4_prefix prefix, const struct rib_path *paths,
                     unsigned count); /* whether the source's paths are these, in this order */
bool rib_is_missing(const struct rib *rib, enum rib_source source, const struct rib_entry *entry);

/* "kernel", ...; "unicast", "local", ... Static storage. */
const char *rib_source_name(unsigned source);
const char *rib_type_name(unsigned type);

/* The entry of exactly this prefix, or of the longest of at most max_length bits that covers addr; NULL for none. */
const struct rib_entry *rib_get(const struct rib *rib, struct ipv4_prefix prefix);
const struct rib_entry *rib_cover(const struct rib *rib, uint32_t addr, unsigned max_length, struct ipv4_prefix *found);

/* Prefixes and their entries, to walk: the values are const struct rib_entry *. */
const struct ipv4_map *rib_entries(const struct rib *rib);
