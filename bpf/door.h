/*
 * The memory of the front door, as its BPF program and the engine share it, and what the door counts.
 *
 * The engine writes everything but `used`, `rogues` and the counters. What the door acts on changes by single stores of
 * words; what a word points to is complete before the word is stored, and is not written again before every packet
 * under way has passed.
 *
 * Shared with BPF.
 */
#pragma once

#include "fib/fib.h"
#include "net/drop.h"
#include "net/eth.h"
#include "net/ipv4.h"
#include "net/tcp.h"

#define DOOR_PORTS        256   /* port numbers; 0 is no port */
#define DOOR_NEXT_HOPS    65536 /* indexed by what the FIB answers */
#define DOOR_ADJACENCIES  65536 /* 0 is none */
#define DOOR_GROUPS       1024  /* 0 is none */
#define DOOR_BUCKETS      1024  /* of each group */
#define DOOR_IFINDEXES    65536 /* ports are found by the low 16 bits of their interface index */
#define DOOR_LOCAL_FILTER 65536 /* bits */
#define DOOR_BINDINGS     262144

static_assert(FIB_NEXT_HOP_MAX < DOOR_NEXT_HOPS, "every answer of the FIB has its word");

/* Why a packet was left to the kernel. X(enumerator, name, help); append only. */
#define DOOR_PUNTS(X)                                                                                                  \
    X(NO_ROUTE, "no-route", "no route to the destination")                                                             \
    X(LOCAL, "local", "for this system itself, or a broadcast address of it")                                          \
    X(UNRESOLVED, "unresolved", "the next hop's link-layer address is not known")                                      \
    X(UNREACHABLE, "unreachable", "an unreachable route")                                                              \
    X(PROHIBIT, "prohibit", "a prohibit route")                                                                        \
    X(MULTIPATH, "multipath", "a route with several next hops, of which one is not plain")                             \
    X(ROUTE_OTHER, "route-other", "a route that only the kernel understands (TOS, encapsulation, IPv6 next hop, ...)") \
    X(EGRESS_NOT_PORT, "egress-not-port", "it leaves by an interface that is not a port of Fairlead")                  \
    X(EGRESS_DOWN, "egress-down", "the egress port is down or has no carrier")                                         \
    X(TABLE_FULL, "table-full", "Fairlead's own tables had no room for the route")                                     \
    X(STALE, "stale", "the engine has not been heard of for too long")                                                 \
    X(ASIDE, "aside", "the door stands aside at this port; the log says why")                                          \
    X(NOT_OURS, "not-ours", "the frame is not addressed to this port's MAC address")                                   \
    X(NOT_IPV4, "not-ipv4", "not an IPv4 packet (ARP, IPv6, VLAN tags, ...)")                                          \
    X(OPTIONS, "options", "IPv4 options")                                                                              \
    X(TTL, "ttl", "the time to live ends here")                                                                        \
    X(NOT_UNICAST, "not-unicast", "the destination is multicast, broadcast, 0.0.0.0/8 or class E")                     \
    X(SOURCE_LOCAL, "source-local", "the source is an address of this system")                                         \
    X(REVERSE_PATH, "reverse-path", "rp_filter is set and the way back was not found")                                 \
    X(SAME_PORT, "same-port", "it would leave by the port that it came in by")                                         \
    X(TOO_BIG, "too-big", "larger than the egress MTU")                                                                \
    X(HALF_MADE, "half-made", "a checksum left to the card, which an XDP door cannot finish")                          \
    X(XDP_EGRESS, "xdp-egress", "the egress port cannot take frames from an XDP door")                                 \
    X(ALARM, "alarm", "rules for forwarded packets have changed, and the engine has not looked at them yet")

enum door_punt {
#define X(enumerator, name, help) DOOR_PUNT_##enumerator,
    DOOR_PUNTS(X)
#undef X
        DOOR_PUNT_COUNT
};

/* What to do with a packet that follows a next hop: one word, kind << 30 | reason << 24 | adjacency. All zeros leaves
 * it to the kernel: no route. The adjacency is named wherever the egress interface is known, be it only for rp_filter.
 */
enum door_kind {
    DOOR_PUNT = 0,    /* reason: enum door_punt */
    DOOR_FORWARD = 1, /* to the adjacency */
    DOOR_DROP = 2,    /* reason: enum drop_reason */
    DOOR_GROUP = 3,   /* to one of several next hops; in place of the adjacency stands the group's place */
};

static_assert(DOOR_PUNT_COUNT <= 64 && DROP_REASON_COUNT <= 64, "a reason has six bits");
static_assert(DOOR_ADJACENCIES <= 1 << 24 && DOOR_GROUPS <= 1 << 24, "an adjacency or a group has 24 bits");

static force_inline uint32_t door_word(enum door_kind kind, unsigned reason, uint32_t adjacency)
{
    return (uint32_t)kind << 30 | (uint32_t)reason << 24 | adjacency;
}

static force_inline enum door_kind door_word_kind(uint32_t word)
{
    return (enum door_kind)(word >> 30);
}

static force_inline unsigned door_word_reason(uint32_t word)
{
    return word >> 24 & 63;
}

static force_inline uint64_t door_word_adjacency(uint32_t word)
{
    return masked_index(word, DOOR_ADJACENCIES - 1);
}

/* Of a word of kind DOOR_GROUP. */
static force_inline uint64_t door_word_group(uint32_t word)
{
    return masked_index(word, DOOR_GROUPS - 1);
}

struct door_adjacency {
    uint8_t dst[ETH_ADDR_SIZE]; /* the neighbour */
    uint8_t src[ETH_ADDR_SIZE]; /* the egress port */
    uint32_t bare;              /* not 0: no Ethernet header, and no addresses */
    union {
        struct {
            uint32_t ifindex; /* the egress port */
            uint16_t mtu;     /* bytes of IPv4 packet that may leave; at most 65535 */
            uint16_t port;    /* its number, 0 if it is no port */
        };
        uint64_t egress; /* all three, for one load */
    };
};

static_assert(sizeof(struct door_adjacency) == 24, "no padding");

/* Where it leads, of one load. */
static force_inline struct door_adjacency door_adjacency_egress(const struct door_adjacency *adjacency)
{
    return (struct door_adjacency){.egress = READ_ONCE(adjacency->egress)};
}

enum door_rp_filter { DOOR_RP_OFF = 0, DOOR_RP_STRICT = 1, DOOR_RP_LOOSE = 2 }; /* as the kernel's rp_filter */

/* What is asked of all frames at a port, of those too that are left to the kernel (bpf/guard.h). */
enum door_check {
    DOOR_CHECK_SOURCE = 1,  /* their senders are among the bindings */
    DOOR_CHECK_SERVERS = 2, /* they are not of other DHCP servers */
    DOOR_SAMPLE = 4,        /* nothing, but TCP segments are told to whoever measures round-trip times there */
    DOOR_TRACE = 8,         /* nothing, but what becomes of them is told to traces (bpf/trace.h) */
};

/* What is so at a port for as long as it is one. */
enum door_trait {
    DOOR_CARD = 1,   /* what arrives comes from a wire, and no checksum is only begun */
    DOOR_BYPASS = 2, /* the kernel's rules for forwarded packets are of no matter to what arrives there */
    DOOR_BARE = 4,   /* frames have no Ethernet header, and begin with that of IP (tun, WireGuard, PPP, ...) */
    DOOR_PIECES = 8, /* its driver takes frames in several pieces, too, that an XDP door redirects */
};

/* Somebody at a port, and an address that is his: the key of a map of those who may speak. */
struct door_binding {
    uint32_t ifindex, addr; /* host order */
    uint8_t mac[ETH_ADDR_SIZE];
    uint16_t unused; /* 0 */
};

static_assert(sizeof(struct door_binding) == 16, "no padding");

/* Words that are asked for together lie in one, so that one load says that a port is as it mostly is. */
struct door_port {
    uint64_t lift_deadline_ns; /* CLOCK_MONOTONIC; afterwards nobody is at the lift's far end, and it is passed by */
    union {
        struct {
            uint32_t ifindex;
            uint16_t aside;    /* not 0: everything that arrives here is the kernel's */
            uint8_t rp_filter; /* enum door_rp_filter */
            uint8_t unused;    /* 0 */
        };
        uint64_t ingress;
    };
    union {
        struct {
            uint32_t no_xdp_in; /* not 0: its driver does not take frames that an XDP door redirects */
            uint32_t lift;      /* interface that what leaves here is sent to instead, to wait in queues; 0: none */
        };
        uint64_t egress;
    };
    uint8_t mac[ETH_ADDR_SIZE];
    uint8_t checks; /* enum door_check */
    uint8_t traits; /* enum door_trait */
};

static_assert(sizeof(struct door_port) == 32, "no padding");

/* The ingress word of a port with nothing special about it: it does not stand aside, and does not filter. */
static force_inline uint64_t door_plain_ingress(uint32_t ifindex)
{
    return ((struct door_port){.ifindex = ifindex}).ingress;
}

/*
 * On its way through a lift a frame's source address says at which port it came in. It is a group's, so nobody's, and
 * the thread behind the lift puts the port's own back.
 */
struct door_mark {
    uint8_t group; /* DOOR_MARK_GROUP */
    uint8_t unused[4];
    uint8_t port; /* number */
};

#define DOOR_MARK_GROUP 0x0b

static_assert(sizeof(struct door_mark) == ETH_ADDR_SIZE && (DOOR_MARK_GROUP & 1) && DOOR_PORTS <= 256,
              "it is an address that no station has");

static force_inline struct door_mark door_mark(uint32_t port)
{
    return (struct door_mark){.group = DOOR_MARK_GROUP, .port = (uint8_t)port};
}

/* In front of a frame that a lift's far end hands on: when it came there, 64 bits of CLOCK_MONOTONIC in ns. */
#define DOOR_STAMP_BYTES 8

/* Where what leaves a port goes now: its lift, with its queues behind; 0: it has none, or nobody is there. */
static force_inline uint32_t door_lift(const struct door_port *port, uint64_t now_ns)
{
    uint32_t lift = READ_ONCE(port->lift);

    return lift && now_ns < READ_ONCE(port->lift_deadline_ns) ? lift : 0;
}

/* Shared by the doors of all engines that follow one another. */
struct door_alarm {
    union {
        struct {
            uint32_t raised;       /* how often rules for forwarded packets were about to change (bpf/alarm.bpf.c) */
            uint32_t acknowledged; /* as many of these the engine has looked into; until it has, all is the kernel's */
        };
        uint64_t both; /* for one load */
    };
    uint64_t netns; /* whose rules: the inode number of the network namespace */
};

/* Whether rules may have changed that the engine has not looked at. */
static force_inline bool door_is_alarmed(const struct door_alarm *alarm)
{
    uint64_t both = READ_ONCE(alarm->both);

    return (uint32_t)both != (uint32_t)(both >> 32);
}

struct door_memory {
    uint64_t object;                               /* whose memory this is: a digest of the programs, all of them */
    uint64_t deadline_ns;                          /* CLOCK_MONOTONIC; afterwards everything is the kernel's */
    uint64_t hash_seed;                            /* which flows follow one another is different on every system */
    uint64_t local_filter[DOOR_LOCAL_FILTER / 64]; /* the bit door_local_bit(a) is set for every local address a */
    uint32_t probe_ifindex; /* where door_probe() sends; probe_failed is set to 1 if that interface did not take it */
    uint32_t probe_failed;
    uint8_t port_of[DOOR_IFINDEXES];
    struct door_port ports[DOOR_PORTS];     /* 0, which is no port, stays zero */
    struct door_binding rogues[DOOR_PORTS]; /* the last rogue of each port; the door writes them */
    uint32_t next_hops[DOOR_NEXT_HOPS];
    struct door_adjacency adjacencies[DOOR_ADJACENCIES];
    uint16_t groups[DOOR_GROUPS][DOOR_BUCKETS];         /* numbers of next hops; a flow's hash names its bucket */
    uint64_t group_ports[DOOR_GROUPS][DOOR_PORTS / 64]; /* a bit for each port that a group's members lead to */
    uint8_t used[DOOR_ADJACENCIES]; /* the door sets it to 1 when it sends to an adjacency, the engine to 0 */
    struct fib_memory fib;
};

static force_inline uint64_t door_port_number(const struct door_memory *memory, uint32_t ifindex)
{
    return memory->port_of[masked_index(ifindex, DOOR_IFINDEXES - 1)];
}

static force_inline uint32_t door_local_bit(uint32_t addr)
{
    return addr * 0x9e3779b1u >> 16;
}

/* TCP segments that came in at a port, as a ring for each port that has DOOR_SAMPLE: written by the door on any CPU,
 * read by one thread, which misses what it does not read in time. */
#define DOOR_SAMPLES 512u

struct door_sample {
    uint64_t number; /* of how many, from 1 on; 0: it is being written */
    uint64_t now_ns; /* CLOCK_MONOTONIC */
    struct tcp_segment segment;
};

struct door_samples {
    uint64_t count; /* there have been */
    uint64_t unused[7];
    struct door_sample all[DOOR_SAMPLES];
};

static force_inline void door_sample_put(struct door_samples *ring, uint64_t now_ns, const struct tcp_segment *segment)
{
    uint64_t number = __sync_fetch_and_add(&ring->count, 1);
    struct door_sample *sample = &ring->all[masked_index(number, DOOR_SAMPLES - 1)];

    __sync_lock_test_and_set(&sample->number, 0); /* of BPF's operations these two are barriers */
    sample->now_ns = now_ns;
    sample->segment = *segment;
    __sync_lock_test_and_set(&sample->number, number + 1);
}

/* Packets and bytes of IPv4 packet (a large segment counts as one packet, with all of its bytes). */
struct door_count {
    uint64_t packets, bytes;
};

/* One for each port and CPU; only the door on that CPU writes it. */
struct door_counters {
    struct door_count in;  /* frames of any kind that the door saw and did not cut through; bytes of frame */
    struct door_count cut; /* came in here and were cut through */
    struct door_count out; /* cut through to here */
    uint64_t punts[DOOR_PUNT_COUNT];
    uint64_t drops[DROP_REASON_COUNT];
    uint64_t unsent;    /* frames that the driver of this port did not take from an XDP door */
    uint64_t lifted;    /* packets that the kernel sent here, and that were sent to the lift */
    uint64_t passed_by; /* packets that left here by themselves, because nobody was at the lift's far end */
};

/* Counters stand in an array map of CPUs x DOOR_PORTS elements. */
static force_inline uint32_t door_counters_index(uint32_t cpu, uint32_t port)
{
    return cpu * DOOR_PORTS + port;
}

struct door_frame {
    const void *data, *end; /* what can be read, from the Ethernet header on, if it has one; data <= end */
    uint32_t wire_bytes;    /* of the whole frame; at least end - data */
    uint32_t ifindex;       /* where it came in */
    uint64_t now_ns;        /* CLOCK_MONOTONIC */
    uint32_t gso_bytes;     /* payload of each segment that it will be cut into; 0 for a packet of its own */
    bool xdp;               /* seen by an XDP door, which cannot finish checksums */
    bool in_pieces;         /* there is more than can be read: wire_bytes > end - data */
    bool bare;              /* it has no Ethernet header; that it is IPv4 is known */
    bool alarmed;           /* door_is_alarmed() */
};

/* Where its IP header is to begin, and the bytes from there on. */
static force_inline const struct ipv4_hdr *door_frame_ip(const struct door_frame *frame)
{
    return (const void *)((const uint8_t *)frame->data + (frame->bare ? 0 : ETH_HDR_SIZE));
}

static force_inline uint32_t door_ip_bytes(const struct door_frame *frame)
{
    return frame->wire_bytes - (frame->bare ? 0 : ETH_HDR_SIZE);
}

struct door_verdict {
    enum door_kind kind;
    unsigned reason;                   /* enum door_punt or drop_reason; of no meaning for DOOR_FORWARD */
    uint32_t port;                     /* where it came in; 0 if that is no port */
    uint32_t adjacency;                /* for DOOR_FORWARD */
    const struct door_adjacency *next; /* for DOOR_FORWARD; never NULL */
    uint32_t egress;                   /* for DOOR_FORWARD: the interface that it is sent to, port or lift */
};

/* The next sample, by the number of those that were read, which begins at 0. False: there is none yet. User space only.
 */
bool door_sample_get(const struct door_samples *ring, uint64_t *next, struct door_sample *sample);

/* "unresolved", and what it means; "unknown" for a number that is none of ours. Static storage. User space only. */
const char *door_punt_name(unsigned reason);
const char *door_punt_help(unsigned reason);
