/*
 * Traces: what became of single packets, told to whoever asks. A port with DOOR_TRACE tells of every packet that is
 * counted there; a trace keeps those that its filter wants, in a ring, before anything in them is changed.
 *
 * Shared with BPF.
 */
#pragma once

#include "bpf/door.h"

#define DOOR_TRACES        4u   /* at a time */
#define DOOR_TRACE_RECORDS 256u /* the newest of each */
#define DOOR_TRACED_BYTES  56   /* of a packet: its headers, of Ethernet, IPv4 and TCP */

#define DOOR_WORD_KIND   (3u << 30)
#define DOOR_WORD_REASON (63u << 24)

/* Which packets. Addresses and ports in host order. */
struct door_trace_filter {
    uint32_t src, src_mask, dst, dst_mask;                                 /* address & mask */
    uint32_t word, word_mask;                                              /* what became of them: kind, reason */
    uint16_t src_port_first, src_port_last, dst_port_first, dst_port_last; /* if only_ports */
    uint8_t protocol;                                                      /* 0: any */
    uint8_t dscp;                                                          /* if only_dscp */
    uint8_t port;                                                          /* where they came in; 0: anywhere */
    uint8_t only_ipv4;  /* not 0: only IPv4 packets; of the next two, too */
    uint8_t only_ports; /* only those with ports that can be read */
    uint8_t only_dscp;
    uint8_t unused[2];
};

/* What of a packet filters ask for. */
struct door_trace_key {
    uint32_t src, dst;
    uint16_t src_port, dst_port;
    uint8_t protocol, dscp;
    bool ipv4;  /* all of these but the ports are known */
    bool ports; /* those too */
};

/* What became of a packet. */
struct door_traced {
    uint64_t number;  /* of how many, from 1 on; 0: it is being written */
    uint64_t now_ns;  /* CLOCK_MONOTONIC */
    uint32_t word;    /* the decision */
    uint32_t ifindex; /* where it came in */
    uint32_t egress;  /* where it was sent to, port or lift; 0: nowhere */
    uint32_t wire_bytes, gso_bytes;
    uint8_t port, checks, rp_filter; /* of the port where it came in: number, enum door_check, enum door_rp_filter */
    uint8_t captured;                /* so many of `bytes` are there */
    uint8_t xdp, bare, in_pieces;    /* as struct door_frame has them */
    uint8_t unused[5];               /* 0 */
    struct door_adjacency next;      /* if it was sent */
    uint8_t bytes[DOOR_TRACED_BYTES];
};

static_assert(sizeof(struct door_traced) == 128, "no padding");

/* Written by the door on any CPU, read by one thread, which misses what it does not read in time. */
struct door_trace {
    uint64_t deadline_ns; /* CLOCK_MONOTONIC; afterwards nobody is told. 0: there is no trace */
    uint64_t count;       /* there have been */
    struct door_trace_filter filter;
    uint8_t unused[8];
    struct door_traced all[DOOR_TRACE_RECORDS];
};

static_assert(sizeof(struct door_trace) == 64 + DOOR_TRACE_RECORDS * sizeof(struct door_traced), "no padding");

/* Whatever its header says else: it may be malformed. */
static force_inline void door_trace_key(const struct door_frame *frame, struct door_trace_key *key)
{
    const struct ipv4_hdr *ip = door_frame_ip(frame);
    const uint8_t *transport = (const uint8_t *)ip + IPV4_HDR_SIZE;

    *key = (struct door_trace_key){.ipv4 = false};
    if (!bytes_hold(frame->data, (frame->bare ? 0 : ETH_HDR_SIZE) + IPV4_HDR_SIZE, frame->end) ||
        (!frame->bare && ((const struct eth_hdr *)frame->data)->type_be != cpu_to_be16(ETH_TYPE_IPV4)) ||
        ipv4_hdr_version(ip) != IPV4_VERSION)
        return;
    key->ipv4 = true;
    key->src = be32_to_cpu(ip->src_be);
    key->dst = be32_to_cpu(ip->dst_be);
    key->protocol = ip->protocol;
    key->dscp = ip->tos >> 2;
    if (!ipv4_protocol_has_ports(ip->protocol) || ipv4_hdr_is_fragment(ip) || ipv4_hdr_size(ip) != IPV4_HDR_SIZE ||
        !bytes_hold(transport, 4, frame->end))
        return;
    key->ports = true;
    key->src_port = be16_to_cpu(load_u16(transport));
    key->dst_port = be16_to_cpu(load_u16(transport + 2));
}

static force_inline bool door_trace_wants(const struct door_trace_filter *filter, const struct door_trace_key *key,
                                          uint32_t port, uint32_t word)
{
    if ((filter->port && filter->port != port) || (word & filter->word_mask) != filter->word)
        return false;
    if (!filter->only_ipv4)
        return true;
    if (!key->ipv4 || (key->src & filter->src_mask) != filter->src || (key->dst & filter->dst_mask) != filter->dst ||
        (filter->protocol && filter->protocol != key->protocol) || (filter->only_dscp && filter->dscp != key->dscp))
        return false;
    return !filter->only_ports ||
           (key->ports && key->src_port >= filter->src_port_first && key->src_port <= filter->src_port_last &&
            key->dst_port >= filter->dst_port_first && key->dst_port <= filter->dst_port_last);
}

/* `port`: where the frame came in, of that number; next and egress as door_judge() left them. */
static force_inline void door_traced_make(struct door_traced *traced, const struct door_frame *frame,
                                          const struct door_port *port, uint32_t number, uint32_t word,
                                          const struct door_adjacency *next, uint32_t egress)
{
    const uint8_t *data = frame->data;

    *traced = (struct door_traced){.word = word,
                                   .ifindex = frame->ifindex,
                                   .egress = egress,
                                   .wire_bytes = frame->wire_bytes,
                                   .gso_bytes = frame->gso_bytes,
                                   .port = (uint8_t)number,
                                   .checks = port->checks,
                                   .rp_filter = port->rp_filter,
                                   .xdp = frame->xdp,
                                   .bare = frame->bare,
                                   .in_pieces = frame->in_pieces,
                                   .next = *next};
    for (unsigned i = 0; i < DOOR_TRACED_BYTES && bytes_hold(data, i + 1, frame->end); i++) {
        traced->bytes[i] = data[i];
        traced->captured = (uint8_t)(i + 1);
    }
}

static force_inline void door_trace_put(struct door_trace *trace, uint64_t now_ns, const struct door_traced *traced)
{
    uint64_t number = __sync_fetch_and_add(&trace->count, 1);
    struct door_traced *to = &trace->all[masked_index(number, DOOR_TRACE_RECORDS - 1)];

    __sync_lock_test_and_set(&to->number, 0); /* of BPF's operations these two are barriers */
    to->now_ns = now_ns;
    __builtin_memcpy(&to->word, &traced->word, sizeof(*to) - offsetof(struct door_traced, word));
    __sync_lock_test_and_set(&to->number, number + 1);
}

/* The next record, by the number of those that were read or lost. False: there is none yet. User space only. */
bool door_trace_get(const struct door_trace *trace, uint64_t *next, struct door_traced *traced);

/* The frame that a record is of, as far as it was captured. */
static force_inline struct door_frame door_traced_frame(const struct door_traced *traced)
{
    return (struct door_frame){.data = traced->bytes,
                               .end = traced->bytes + traced->captured,
                               .wire_bytes = traced->wire_bytes,
                               .ifindex = traced->ifindex,
                               .gso_bytes = traced->gso_bytes,
                               .xdp = traced->xdp,
                               .in_pieces = traced->in_pieces,
                               .bare = traced->bare};
}
