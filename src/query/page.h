/*
 * The engine's page: what others may know of it without asking, in memory that it shares with them read-only. With the
 * door's counters, a BPF map that they may only read, it is all that live figures need.
 *
 * One writer. Readers copy the page and try again if it was written meanwhile.
 */
#pragma once

#include "bpf/door.h"
#include "query/queues.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_NAME_SIZE 16

/* Why the door of a port leaves everything to the kernel. X(enumerator, name, help) */
#define PORT_ASIDES(X)                                                          \
    X(FORWARDING, "forwarding", "forwarding is switched off at this interface") \
    X(MASTER, "master", "the interface belongs to a bridge, bond or VRF")       \
    X(FIREWALL, "firewall", "the kernel has rules for forwarded packets")       \
    X(RULES, "rules", "the kernel has policy routing rules")                    \
    X(LOCAL_PREFIX, "local-prefix", "a whole prefix is local to this system")   \
    X(SYSCTL, "sysctl", "route_localnet or ip_forward_use_pmtu is set")         \
    X(TAGS, "tags", "VLANs lie on it, whose tags its XDP door does not see")    \
    X(INCOMPLETE, "incomplete", "memory ran out, and routes are missing from the FIB")

enum port_aside {
#define X(enumerator, name, help) PORT_ASIDE_##enumerator,
    PORT_ASIDES(X)
#undef X
        PORT_ASIDE_COUNT
};

const char *port_aside_name(unsigned aside);
const char *port_aside_help(unsigned aside);

struct page_port {
    char name[PAGE_NAME_SIZE]; /* empty: there is no port of this number */
    char wanted[8];            /* door, as configured */
    char door[8];              /* as it is; "none": the interface is not there, or could not have it */
    uint32_t ifindex;          /* 0: not there */
    uint32_t aside;            /* a bit for each enum port_aside */
    uint32_t mtu;              /* bytes */
    uint8_t mac[ETH_ADDR_SIZE];
    bool up, takes_xdp;
};

struct page {
    uint32_t sequence;             /* odd while it is written */
    uint32_t pid;                  /* the engine's */
    uint32_t cpus;                 /* of the counters */
    uint32_t ports;                /* the highest number */
    uint64_t started_s, written_s; /* seconds since 1970 */
    uint64_t prefixes, neighbours, resyncs, messages;
    uint64_t audits, audit_drift; /* as struct audit_result has them (route/audit.h) */
    uint64_t audit_last_drift, audit_prefixes, audit_changed, audit_ended_s;
    bool audit_runs;
    uint64_t fib_used_bytes, fib_bytes; /* of the forwarding table; all there are */
    uint64_t fib_blocks_without_room;   /* /17s whose packets are left to the kernel, because the table is full */
    uint64_t queries, queries_refused;
    char firewall[64]; /* what makes doors stand aside; empty for nothing */
    struct page_port all[DOOR_PORTS];
};

/* All that is shared: two writers at most have a part at the same time, each under a sequence number of its own. */
struct page_memory {
    struct page page;
    struct queues queues[DOOR_PORTS]; /* by the port's number */
};

/* --- the engine's side --- */

/* Memory of zeros in *memory, and a descriptor for others that can only read it, which the caller closes. 0; -errno. */
int page_new(struct page_memory **memory, int *readable);
struct page_memory *page_free(struct page_memory *memory); /* takes NULL, returns NULL */

/* Everything but the sequence number is copied. */
void page_write(struct page *page, const struct page *from);
void page_write_queues(struct queues *queues, const struct queues *from);

/* --- the others' side --- */

/* The page and the counters of one engine. */
struct page_reader {
    const struct page_memory *memory; /* NULL: none yet */
    int counters_fd;
};

/* Take them by their descriptors: page_fd may be closed then, counters_fd is taken over; those that were there before
 * are given up. 0; -errno with nothing changed and nothing taken. */
int page_reader_take(struct page_reader *reader, int page_fd, int counters_fd);

/* A whole page, as it was at one time. False: there is none, or it is being written all the time (its writer died at
 * it). */
bool page_read(const struct page_reader *reader, struct page *copy);
bool page_read_queues(const struct page_reader *reader, unsigned port, struct queues *copy);

/* What the door counted at a port, over so many CPUs; `in` is here all that it saw. 0; -errno. */
int page_sum_counters(const struct page_reader *reader, uint32_t cpus, unsigned port, struct door_counters *sum);
