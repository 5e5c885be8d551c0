/*
 * Questions from role to role, over a sequenced-packet socket of the local system: one packet a question, one packet an
 * answer, one question at a time. Both sides are one program, so packets are plain structures.
 *
 * The first question of a connection is QUERY_HELLO with the token that the roles inherited; connections of those who
 * do not know it are closed.
 */
#pragma once

#include "bpf/trace.h"
#include "net/ipv4_prefix.h"
#include "rib/rib.h"

#include <stdbool.h>

#define QUERY_TOKEN_BYTES  16
#define QUERY_ANSWER_BYTES 49152 /* at most; less than a socket's buffer takes at once */
#define QUERY_NAME_SIZE    16
#define QUERY_TEXT_SIZE    16384 /* bytes that go with a question */

enum query_kind {
    QUERY_HELLO, /* the engine's answer brings two descriptors: the page's and the counters' */

    /* The engine answers: */
    QUERY_ROUTES,     /* struct query_route: every path of the RIB, in the order of prefixes, best first */
    QUERY_NEIGHBOURS, /* struct query_neighbour */
    QUERY_CONTRACTS,  /* struct query_contract (query/contracts.h), in their order */
    QUERY_CONTRACT,   /* struct query_contract_seen: the one whose name `text` says. -ENOENT */
    /* The same as contracts_add() and contracts_remove() answer (engine/contracts.h); `text` says the contract, or its
     * name. Of the last, the generation is in how many ns its share is free. */
    QUERY_CONTRACT_CHECK,
    QUERY_CONTRACT_ADD,
    QUERY_CONTRACT_REMOVE,
    QUERY_LOOKUP,    /* struct query_lookup, one: where a packet to an address goes */
    QUERY_RELOAD,    /* read the configuration anew; struct query_text, what is wrong with it, or none */
    QUERY_AUDIT,     /* begin an audit (route/audit.h); generation: the number of audits when it is complete */
    QUERY_ADDRESSES, /* struct query_address: ports and what addresses there are, as soon as that is not `generation` */
    QUERY_USES,      /* struct query_use: what the configuration in force uses addresses for; the list goes on behind
                      * number range.after.addr, by generation. -ESTALE: it is another configuration now */
    /* Packets as they pass (query/trace.h). */
    QUERY_TRACE_BEGIN, /* of those that `filter` wants; generation: the trace's own. -EBUSY: there are DOOR_TRACES */
    QUERY_TRACE, /* struct query_traced: those since, of the trace `generation`; `lost` in front of them came too fast.
                  * -ENOENT: it has ended */
    QUERY_TRACE_END,
    QUERY_SOCKETS, /* for DHCP at the port `ifindex` four descriptors: others, DISCOVERs, ARP, sink if there is one
                      (port/packet.h) */
    QUERY_REFLECTOR_SOCKETS, /* for a reflector at the port `ifindex` two descriptors: frames, sink; generation: for
                                which UDP port. -EADDRINUSE: another program serves there */

    /* The dhcp role answers: */
    QUERY_LEASES,  /* struct query_lease */
    QUERY_POOLS,   /* struct query_pool */
    QUERY_DHCP,    /* struct query_count: what has become of messages */
    QUERY_HISTORY, /* struct query_binding: who had addresses within `range`, at `at_s` */
    QUERY_EVENTS,  /* struct query_event_record: what became of leases behind `generation`, as soon as there is any;
                    * QUERY_FROM_NOW: what that is now, at once */
    QUERY_BOUND,   /* struct query_bound: who has which address at ports. generation 0: all, as a list; otherwise what
                    * has changed behind it, as soon as there is any. -ESTALE: ask for all of it again */
    QUERY_RESERVATIONS, /* struct query_reservation: all of them */
    /* What people change; `lease` says of what. The answer's generation is the batch that the change is in; -EAGAIN:
     * there is no room for it just now. */
    QUERY_RELEASE,   /* the lease of `addr` ends. -ENOENT: there is none */
    QUERY_TAKE_OVER, /* a lease that another server gave; errors as of dhcp_server_take_over() */
    QUERY_RESERVE,   /* `addr`, for whom chaddr names (hlen 6), or for who has it (hlen 0). -EADDRNOTAVAIL: in no subnet
                      * that is served; -EEXIST: the configuration reserves it; -ENODATA: nobody has it; -ENOSPC */
    QUERY_UNRESERVE, /* -ENOENT: it is not reserved; -EEXIST: the configuration does that */
    QUERY_STORED,    /* whether batch `generation` is on stable storage, as soon as that is known: 0, or -EIO; -EAGAIN:
                      * ask again */
    QUERY_RESERVED,  /* struct query_bound: for whom addresses at ports are reserved, by hardware address */
    QUERY_LEASED,    /* struct query_leased: addresses with leases that have not ended */

    /* The measurement role answers (query/measured.h): */
    QUERY_PROBES,     /* struct query_probe */
    QUERY_REFLECTORS, /* struct query_reflector */

    /* The planner answers (query/plan.h): */
    QUERY_PLAN_DO,
    QUERY_PLAN_STAGE,
    QUERY_PLAN_LIST,
    QUERY_PLAN_FIND,
    QUERY_PLAN_OPERATIONS,
    QUERY_PLAN_STEPS,
};

/* What becomes of a lease. X(enumerator, name) */
#define QUERY_EVENT_KINDS(X) \
    X(BOUND, "bound")        \
    X(RENEWED, "renewed")    \
    X(RELEASED, "released")  \
    X(DECLINED, "declined")  \
    X(EXPIRED, "expired")    \
    X(ANEW, "configured anew")

enum query_event {
#define X(enumerator, name) QUERY_EVENT_##enumerator,
    QUERY_EVENT_KINDS(X)
#undef X
        QUERY_EVENT_COUNT
};

/* Where a list goes on. */
struct query_range {
    struct ipv4_prefix within, after;
    uint64_t after_s; /* QUERY_HISTORY: and its began_s */
    bool started;     /* `after` is the last prefix of the answer before */
};

/* In place of an ifindex: one descriptor, for what servers answer to a relay, or for echo replies. */
#define QUERY_SOCKETS_UPSTREAM 0u
#define QUERY_SOCKETS_PING     UINT32_MAX

#define QUERY_ANY_TIME UINT64_MAX
#define QUERY_FROM_NOW UINT64_MAX /* as a generation */

struct query_bytes {
    uint8_t len;
    uint8_t bytes[255];
};

/* Times are in seconds since 1970. */
struct query_lease {
    uint32_t addr;
    uint8_t state; /* enum dhcp_lease_state */
    uint8_t active;
    uint8_t htype, hlen;
    uint8_t chaddr[16];
    char interface[QUERY_NAME_SIZE]; /* at which it is served; empty: none is any more */
    uint64_t began_s, last_s, ends_s;
    uint64_t now_s; /* by the clock that these are of */
    struct query_bytes client_id, host_name;
};

struct query {
    uint32_t kind;
    union {
        uint32_t addr;       /* QUERY_LOOKUP */
        uint32_t ifindex;    /* QUERY_SOCKETS */
        uint64_t generation; /* QUERY_ADDRESSES, QUERY_EVENTS, QUERY_BOUND, QUERY_TRACE */
        uint64_t at_s;       /* QUERY_HISTORY; or QUERY_ANY_TIME */
    };
    struct query_range range;
    struct door_trace_filter filter; /* QUERY_TRACE_BEGIN */
    struct query_lease lease; /* QUERY_LEASES: of those with this chaddr, or whose names have host_name in them */
    uint8_t token[QUERY_TOKEN_BYTES];
    uint32_t text_bytes; /* so many of `text` are sent; of words with their zero byte */
    char text[QUERY_TEXT_SIZE];
};

struct query_answer {
    int32_t error;  /* 0; -errno */
    uint32_t count; /* records behind this */
    uint32_t more;  /* 1: the list goes on behind `last` */
    struct ipv4_prefix last;
    uint64_t last_s;     /* QUERY_HISTORY: began_s of the last */
    uint64_t generation; /* of what is told */
    uint64_t lost;       /* QUERY_EVENTS, QUERY_TRACE: so many in front of these are forgotten */
};

/* Room for any answer; the records stand behind the struct query_answer. */
union query_buffer {
    struct query_answer answer;
    unsigned char bytes[QUERY_ANSWER_BYTES];
};

static inline void *query_records(union query_buffer *buffer)
{
    return buffer->bytes + sizeof(struct query_answer);
}

struct query_route {
    struct ipv4_prefix prefix;
    struct rib_path path;
    char interface[QUERY_NAME_SIZE]; /* its name; empty if it has none */
    uint8_t best;                    /* 1: this is the one that packets follow */
    uint8_t installed;               /* 1: it stands in the kernel's table as ours */
    uint8_t unused[2];
};

struct query_neighbour {
    uint32_t addr;
    char interface[QUERY_NAME_SIZE];
    uint16_t state; /* NUD_... */
    uint8_t mac[ETH_ADDR_SIZE];
    uint8_t valid; /* 1: mac can be sent to */
    uint8_t unused[3];
};

/* One of several ways. */
struct query_way {
    uint32_t gateway;
    uint32_t weight;  /* as the route says */
    uint32_t word;    /* what the door does with packets that follow it */
    uint32_t buckets; /* its share of the flows, of DOOR_BUCKETS */
    char egress[QUERY_NAME_SIZE];
};

#define QUERY_WAYS_MAX 128

struct query_lookup {
    uint8_t found; /* 1: there is a route */
    uint8_t unused[3];
    struct query_route route;        /* the best, if found */
    uint32_t candidates;             /* paths to that prefix */
    uint32_t word;                   /* what the door does with the packet */
    struct door_adjacency adjacency; /* if the word names one */
    uint32_t gateway;                /* the neighbour that it is sent to; 0 if none is known */
    char egress[QUERY_NAME_SIZE];    /* the interface that it leaves by; empty if none is known */
    uint32_t way_count;              /* if the word is of kind DOOR_GROUP */
    struct query_way ways[QUERY_WAYS_MAX];
};

struct query_text {
    char line[256];
};

/* An address at an interface; or a port that has none. */
struct query_address {
    uint32_t ifindex;
    uint32_t mtu; /* bytes */
    char interface[QUERY_NAME_SIZE];
    uint8_t mac[ETH_ADDR_SIZE];
    bool is_port, has_address;
    struct ipv4_prefix address; /* with host bits */
};

/* That a client had an address. */
struct query_binding {
    uint32_t addr;
    uint8_t state; /* enum dhcp_lease_state: in which it was left, or is */
    uint8_t goes_on;
    uint8_t htype, hlen;
    uint8_t chaddr[16];
    uint64_t began_s, ended_s;
    struct query_bytes client_id, host_name;
};

struct query_event_record {
    uint8_t kind;             /* enum query_event; never ANEW */
    struct query_lease lease; /* as it was left; its times and names are those of now */
    uint64_t at_s;
};

/* Where no source guard is on, leases at ports are told as a help, for neighbours: so many of them at most. */
#define QUERY_BOUND_HELP_MAX 16384

/* Who has an address at a port, for the engine. */
struct query_bound {
    uint32_t addr;
    uint32_t ifindex; /* 0: nobody has it any more */
    uint8_t mac[ETH_ADDR_SIZE];
    uint8_t unused[2];
};

/* What is reserved for whom. */
struct query_reservation {
    uint32_t addr; /* 0: only options */
    char interface[QUERY_NAME_SIZE];
    bool by_hand;                                  /* not in the configuration */
    struct query_bytes client_id, mac, circuit_id; /* empty: not by this */
};

struct query_leased {
    uint32_t addr;
    bool served; /* a subnet that is served has it */
    uint8_t unused[3];
};

struct query_pool {
    uint32_t first, last;
    char interface[QUERY_NAME_SIZE];
    uint32_t fresh, used, reserved, offered, bound, declined; /* addresses */
    bool has_growth, fills;                                   /* the next two are known */
    double growth;                                            /* addresses an hour */
    uint64_t full_in_s;                                       /* until there is none to be had, if that goes on */
};

struct query_count {
    char name[32], help[96];
    uint64_t count;
};

enum query_use_kind {
    QUERY_USE_ADDRESS,     /* an interface's; with the length of its subnet */
    QUERY_USE_SUBNET,      /* behind a relay */
    QUERY_USE_POOL,        /* of addresses for DHCP clients */
    QUERY_USE_RESERVATION, /* an address for one of them, or of a host that needs none */
};

struct query_use {
    uint32_t first, last;
    uint8_t kind; /* enum query_use_kind */
    uint8_t len;  /* of an address: of its subnet */
    uint8_t unused[2];
    char interface[QUERY_NAME_SIZE]; /* empty: at none */
};

/* --- the asking side --- */

struct query_connection {
    int fd;                   /* -1: not connected */
    int page_fd, counters_fd; /* from QUERY_HELLO; -1 or open */
};

/*
 * Connect and say hello, without waiting. 0; -errno: -ECONNREFUSED or -ENOENT, the engine is not there. query_finish()
 * waits for its greeting: 0; -ETIMEDOUT, and the connection still stands; -errno, and it is closed.
 */
int query_begin(struct query_connection *connection, const char *path, const uint8_t token[QUERY_TOKEN_BYTES]);
int query_finish(struct query_connection *connection, int timeout_ms);

/* Both; closed on failure. */
int query_connect(struct query_connection *connection, const char *path, const uint8_t token[QUERY_TOKEN_BYTES],
                  int timeout_ms);
void query_disconnect(struct query_connection *connection);

/* Ask, and wait for the answer, with records of record_bytes each. 0; -errno, after which the connection is closed:
 * -ETIMEDOUT, -EPIPE: the engine went away. What the engine says of the question itself is in answer.error. */
int query_ask(struct query_connection *connection, const struct query *query, size_t record_bytes, int timeout_ms,
              union query_buffer *buffer);

/* The two parts of that, for those who wait for other things meanwhile. Closed on failure, too. */
int query_send(struct query_connection *connection, const struct query *query);
int query_receive(struct query_connection *connection, size_t record_bytes, int timeout_ms, union query_buffer *buffer);

/* A random token for the roles to come. 0; -errno. */
int query_make_token(uint8_t token[QUERY_TOKEN_BYTES]);
