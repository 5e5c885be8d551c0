/*
 * The front door: one source, two hooks. XDP sees frames as a card delivers them; tc ingress sees packets that may
 * still carry their senders' checksum and segmentation offloads, and keeps them.
 */
#include "bpf/decide.h"
#include "bpf/kernel.h"
#include "bpf/trace.h"

#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

/* The single value of a map of its own (.bss), which the engine maps. */
struct door_memory memory;

/* In a map of its own, which the next engine's doors have too. */
struct door_alarm alarm SEC(".bss.alarm");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, DOOR_PORTS); /* the loader makes it CPUs x DOOR_PORTS */
    __type(key, uint32_t);
    __type(value, struct door_counters);
} counters SEC(".maps");

/* Who may speak at ports with source guard. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, DOOR_BINDINGS);
    __type(key, struct door_binding);
    __type(value, uint8_t);
} bindings SEC(".maps");

/* What is told of TCP segments, by the port's number. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, DOOR_PORTS);
    __type(key, uint32_t);
    __type(value, struct door_samples);
} samples SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, DOOR_TRACES);
    __type(key, uint32_t);
    __type(value, struct door_trace);
} traces SEC(".maps");

static force_inline struct door_counters *counters_on(uint32_t cpu, uint32_t port)
{
    uint32_t index = door_counters_index(cpu, port);

    return bpf_map_lookup_elem(&counters, &index);
}

static force_inline struct door_counters *counters_of(uint32_t port)
{
    return counters_on(bpf_get_smp_processor_id(), port);
}

static force_inline void count_cut(const struct door_frame *frame, uint32_t in_port, uint32_t out_port)
{
    uint32_t cpu = bpf_get_smp_processor_id();
    struct door_counters *in = counters_on(cpu, in_port), *out = counters_on(cpu, out_port);
    uint32_t bytes = door_ip_bytes(frame);

    if (!in || !out)
        return;
    in->cut.packets++;
    in->cut.bytes += bytes;
    out->out.packets++;
    out->out.bytes += bytes;
}

/* A frame that is not cut through. */
static force_inline void count_other(const struct door_frame *frame, uint32_t port, uint32_t word)
{
    struct door_counters *in = counters_of(port);
    unsigned reason = door_word_reason(word);

    if (!in)
        return;
    in->in.packets++;
    in->in.bytes += frame->wire_bytes;
    if (door_word_kind(word) == DOOR_DROP) {
        if (reason < DROP_REASON_COUNT)
            in->drops[reason]++;
    } else if (reason < DOOR_PUNT_COUNT) {
        in->punts[reason]++;
    }
}

/* The adjacency is in use: the engine keeps its neighbour alive. Written only once in a while, so that CPUs do not
 * fight over the line. */
static force_inline void mark_used(uint64_t adjacency)
{
    uint8_t *used = &memory.used[adjacency];

    if (!*used)
        *used = 1;
}

/* Tell of a TCP segment, where somebody measures. */
static force_inline void sample(const struct door_frame *frame, const struct door_port *port, uint32_t number)
{
    const struct eth_hdr *eth = frame->data;
    struct tcp_segment segment;

    if (likely(!(READ_ONCE(port->checks) & DOOR_SAMPLE)) || port->ifindex != frame->ifindex ||
        !bytes_hold(eth, ETH_HDR_SIZE, frame->end) || eth->type_be != cpu_to_be16(ETH_TYPE_IPV4) ||
        !tcp_read((const void *)(eth + 1), frame->end, &segment))
        return;
    struct door_samples *ring = bpf_map_lookup_elem(&samples, &number);
    if (ring)
        door_sample_put(ring, bpf_ktime_get_ns(), &segment);
}

/* 0 if the frame's sender may speak; otherwise the word that drops it. */
static force_inline uint32_t silence(const struct door_frame *frame, const struct door_port *port, uint32_t number)
{
    struct door_binding binding;

    switch (door_speaker(&memory, frame, port, &binding)) {
    case DOOR_SPEAKER_ANY:
        return 0;
    case DOOR_SPEAKER_BOUND:
        if (bpf_map_lookup_elem(&bindings, &binding))
            return 0;
        break;
    case DOOR_SPEAKER_FALSE:
        break;
    case DOOR_SPEAKER_ROGUE:
        memory.rogues[masked_index(number, DOOR_PORTS - 1)] = binding;
        return door_drop(DROP_ROGUE_DHCP);
    }
    return door_drop(DROP_SOURCE_GUARD);
}

/* --- frames ------------------------------------------------------------------------------------------------------- */

/* Of a frame that may come in several pieces only the first can be read. */
static force_inline struct door_frame frame_at_xdp(struct xdp_md *ctx, bool whole)
{
    const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    uint32_t first_bytes = (uint32_t)(end - data), bytes = whole ? first_bytes : (uint32_t)bpf_xdp_get_buff_len(ctx);

    return (struct door_frame){.data = data,
                               .end = end,
                               .wire_bytes = bytes,
                               .ifindex = ctx->ingress_ifindex,
                               .now_ns = bpf_ktime_get_coarse_ns(),
                               .alarmed = door_is_alarmed(&alarm),
                               .in_pieces = bytes > first_bytes,
                               .xdp = true};
}

/* Only the first piece of a packet can be read. */
static force_inline struct door_frame frame_at_tc(const struct __sk_buff *skb, bool bare)
{
    const void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

    return (struct door_frame){.data = data,
                               .end = end,
                               .wire_bytes = skb->len,
                               .ifindex = skb->ifindex,
                               .now_ns = bpf_ktime_get_coarse_ns(),
                               .alarmed = door_is_alarmed(&alarm),
                               .gso_bytes = skb->gso_size,
                               .in_pieces = skb->len > (uint32_t)(end - data),
                               .bare = bare};
}

/* The first piece is made to hold the headers. */
static force_inline void pull_headers(struct __sk_buff *skb)
{
    uint32_t wanted = skb->len < DOOR_READS ? skb->len : DOOR_READS;

    if (unlikely(!bytes_hold((void *)(long)skb->data, wanted, (void *)(long)skb->data_end)))
        bpf_skb_pull_data(skb, wanted);
}

/* --- traces ------------------------------------------------------------------------------------------------------- */

/* What becomes of a packet that nothing was changed in yet. The verifier looks at functions that are not static by
 * themselves, whoever calls them; so they find the frame anew. */
static force_inline int tell_of(const struct door_frame *frame, uint32_t number, uint32_t word, uint32_t egress)
{
    uint64_t now_ns = bpf_ktime_get_ns(),
             adjacency = door_word_kind(word) == DOOR_FORWARD ? door_word_adjacency(word) : 0;
    struct door_trace_key key;
    struct door_traced traced;

    number = (uint32_t)masked_index(number, DOOR_PORTS - 1);
    door_trace_key(frame, &key);
    door_traced_make(&traced, frame, &memory.ports[number], number, word, &memory.adjacencies[adjacency], egress);
    for (uint32_t i = 0; i < DOOR_TRACES; i++) {
        uint32_t index = i;
        struct door_trace *trace = bpf_map_lookup_elem(&traces, &index);
        if (trace && now_ns < READ_ONCE(trace->deadline_ns) && door_trace_wants(&trace->filter, &key, number, word))
            door_trace_put(trace, now_ns, &traced);
    }
    return 0;
}

/* One for each kind of frame. */
#define TELLER(name, context, frame_at)                                                               \
    __attribute__((noinline)) int name(context *ctx, uint32_t number, uint32_t word, uint32_t egress) \
    {                                                                                                 \
        const struct door_frame frame = frame_at;                                                     \
                                                                                                      \
        return tell_of(&frame, number, word, egress);                                                 \
    }

TELLER(tell_xdp, struct xdp_md, frame_at_xdp(ctx, true))
TELLER(tell_xdp_frags, struct xdp_md, frame_at_xdp(ctx, false))
TELLER(tell_tc, struct __sk_buff, frame_at_tc(ctx, false))
TELLER(tell_tc_bare, struct __sk_buff, frame_at_tc(ctx, true))

/* --- at the doors ------------------------------------------------------------------------------------------------- */

enum hook { HOOK_XDP, HOOK_XDP_FRAGS, HOOK_TC };

/* Decide for a frame and count it; data as in the frame, to be written to. As door_judge() says; a frame that is sent
 * to *egress is ready to leave. */
static force_inline enum door_kind handle(void *ctx, enum hook hook, const struct door_frame *frame,
                                          struct eth_hdr *data, uint32_t *egress)
{
    uint32_t number = (uint32_t)door_port_number(&memory, frame->ifindex), word = 0;
    const struct door_adjacency *next = &memory.adjacencies[0];
    const struct door_port *port = &memory.ports[number];

    bool is_traced = false;

    OPAQUE(port);
    if (unlikely(READ_ONCE(port->checks))) {
        is_traced = READ_ONCE(port->checks) & DOOR_TRACE;
        sample(frame, port, number);
        word = silence(frame, port, number);
    }
    if (likely(!word))
        word = door_judge(&memory, frame, port, &next, egress);
    if (unlikely(is_traced)) {
        if (hook == HOOK_TC)
            tell_tc(ctx, number, word, *egress);
        else if (hook == HOOK_XDP)
            tell_xdp(ctx, number, word, *egress);
        else
            tell_xdp_frags(ctx, number, word, *egress);
    }
    if (unlikely(door_word_kind(word) != DOOR_FORWARD)) {
        count_other(frame, number, word);
        return door_word_kind(word);
    }
    count_cut(frame, number, next->port);
    door_rewrite(data, (struct ipv4_hdr *)(data + 1), next);
    if (unlikely(*egress != next->ifindex)) {
        const struct door_mark mark = door_mark(number);
        __builtin_memcpy(data->src, &mark, ETH_ADDR_SIZE);
    }
    mark_used(door_word_adjacency(word));
    return DOOR_FORWARD;
}

/* Inline in more than one program: ./bench door has another round it. */
static force_inline int at_xdp(struct xdp_md *ctx, enum hook hook)
{
    const struct door_frame frame = frame_at_xdp(ctx, hook == HOOK_XDP);
    uint32_t egress = 0;

    switch (handle(ctx, hook, &frame, (void *)(long)ctx->data, &egress)) {
    case DOOR_FORWARD:
        return (int)bpf_redirect(egress, 0);
    case DOOR_DROP:
        return XDP_DROP;
    default:
        return XDP_PASS;
    }
}

/* For kernels before 5.18. */
SEC("xdp")
int door_xdp(struct xdp_md *ctx)
{
    return at_xdp(ctx, HOOK_XDP);
}

SEC("xdp.frags")
int door_xdp_frags(struct xdp_md *ctx)
{
    return at_xdp(ctx, HOOK_XDP_FRAGS);
}

/* The priority that Linux gives a forwarded packet by its TOS (rt_tos2priority), four bits for each of 16 values: best
 * effort 0, bulk 2, interactive 6, interactive bulk 4. */
static force_inline uint32_t priority_of(uint8_t tos)
{
    return (uint32_t)(0x4444666622220000 >> (tos >> 1 & 15) * 4 & 15);
}

SEC("tc")
int door_tc(struct __sk_buff *skb)
{
    if (unlikely(skb->pkt_type == PACKET_OTHERHOST || skb->vlan_present))
        return TC_ACT_UNSPEC; /* for others, tagged */
    pull_headers(skb);
    const struct door_frame frame = frame_at_tc(skb, false);
    void *data = (void *)(long)skb->data;

    if (skb->pkt_type != PACKET_HOST) { /* for groups: the kernel's, if its sender may speak at all */
        uint32_t number = (uint32_t)door_port_number(&memory, frame.ifindex);
        uint32_t word = silence(&frame, &memory.ports[number], number);
        if (likely(!word))
            return TC_ACT_UNSPEC;
        if (READ_ONCE(memory.ports[number].checks) & DOOR_TRACE)
            tell_tc(skb, number, word, 0);
        count_other(&frame, number, word);
        return TC_ACT_SHOT;
    }
    const uint8_t *tos = (const uint8_t *)data + ETH_HDR_SIZE + 1;
    uint32_t egress = 0;
    switch (handle(skb, HOOK_TC, &frame, data, &egress)) {
    case DOOR_FORWARD:
        if (bytes_hold(tos, 1, frame.end))
            skb->priority = priority_of(*tos);
        return (int)bpf_redirect(egress, 0);
    case DOOR_DROP:
        return TC_ACT_SHOT;
    default:
        return TC_ACT_UNSPEC;
    }
}

/* In front of a packet that has no Ethernet header and leaves where there is one; false: there was no room. What was
 * read of the packet before can be read no more. */
static force_inline bool put_header(struct __sk_buff *skb, const struct door_adjacency *next)
{
    struct eth_hdr header = {.type_be = cpu_to_be16(ETH_TYPE_IPV4)};

    __builtin_memcpy(&header, next, 2 * ETH_ADDR_SIZE);
    if (bpf_skb_change_head(skb, ETH_HDR_SIZE, 0))
        return false;
    return bpf_skb_store_bytes(skb, 0, &header, ETH_HDR_SIZE, 0) == 0;
}

/* At tc ingress of a port whose frames begin with the IP header. Nobody is asked who he is there. */
SEC("tc")
int door_tc_bare(struct __sk_buff *skb)
{
    pull_headers(skb);
    const struct door_frame frame = frame_at_tc(skb, true);
    uint32_t number = (uint32_t)door_port_number(&memory, frame.ifindex), egress = 0;
    const struct door_adjacency *next = &memory.adjacencies[0];
    const struct door_port *port = &memory.ports[number];
    struct ipv4_hdr *ip = (void *)(long)skb->data;

    OPAQUE(port);
    uint32_t word = skb->protocol == cpu_to_be16(ETH_TYPE_IPV4) ? door_judge(&memory, &frame, port, &next, &egress)
                                                                : door_punt(DOOR_PUNT_NOT_IPV4);
    if (unlikely(READ_ONCE(port->checks) & DOOR_TRACE))
        tell_tc_bare(skb, number, word, egress);
    if (unlikely(door_word_kind(word) != DOOR_FORWARD) || !bytes_hold(ip, IPV4_HDR_SIZE, frame.end)) {
        count_other(&frame, number, word);
        return door_word_kind(word) == DOOR_DROP ? TC_ACT_SHOT : TC_ACT_UNSPEC;
    }
    count_cut(&frame, number, next->port);
    mark_used(door_word_adjacency(word));
    skb->priority = priority_of(ip->tos);
    door_rewrite_ip(ip);
    if (!next->bare && !put_header(skb, next))
        return TC_ACT_SHOT;
    if (unlikely(egress != next->ifindex)) {
        const struct door_mark mark = door_mark(number);
        bpf_skb_store_bytes(skb, ETH_ADDR_SIZE, &mark, ETH_ADDR_SIZE, 0);
    }
    return (int)bpf_redirect(egress, 0);
}

/* The sockets at the lifts' far ends, by interface index modulo DOOR_IFINDEXES. */
struct {
    __uint(type, BPF_MAP_TYPE_XSKMAP);
    __uint(max_entries, DOOR_IFINDEXES);
    __type(key, uint32_t);
    __type(value, uint32_t);
} lift_sockets SEC(".maps");

/* What the kernel forwards is marked with the port at which it came in, as what the door forwards. It is written by a
 * helper, so that what the kernel itself sends need not be copied first. */
static force_inline void mark_forwarded(struct __sk_buff *skb, const struct door_port *port)
{
    const struct eth_hdr *eth = (const void *)(long)skb->data;
    uint64_t number = door_port_number(&memory, skb->ingress_ifindex);

    if (!skb->ingress_ifindex || memory.ports[number].ifindex != skb->ingress_ifindex ||
        !bytes_hold(eth, ETH_HDR_SIZE, (const void *)(long)skb->data_end) || !eth_addr_equal(eth->src, port->mac))
        return;
    const struct door_mark mark = door_mark((uint32_t)number);
    bpf_skb_store_bytes(skb, ETH_ADDR_SIZE, &mark, ETH_ADDR_SIZE, 0);
}

/* At a shaped port's egress: what the kernel sends there goes to the lift too. What our queues send does not come by
 * here, since it goes to the driver directly. */
SEC("tc")
int door_lifts(struct __sk_buff *skb)
{
    uint64_t number = memory.port_of[masked_index(skb->ifindex, DOOR_IFINDEXES - 1)];
    const struct door_port *port = &memory.ports[number];

    if (unlikely(port->ifindex != skb->ifindex || !port->lift))
        return TC_ACT_UNSPEC;
    uint32_t lift = door_lift(port, bpf_ktime_get_coarse_ns());
    struct door_counters *counters = counters_of((uint32_t)number);
    if (counters && lift)
        counters->lifted++;
    else if (counters)
        counters->passed_by++;
    if (lift)
        mark_forwarded(skb, port);
    return lift ? (int)bpf_redirect(lift, 0) : TC_ACT_UNSPEC;
}

/* At a lift's far end. Veths have room for the stamp in front of every frame. */
SEC("xdp")
int lift_far(struct xdp_md *ctx)
{
    if (bpf_xdp_adjust_meta(ctx, -DOOR_STAMP_BYTES))
        return XDP_DROP;
    uint64_t *stamp = (void *)(long)ctx->data_meta;
    if ((void *)(stamp + 1) > (void *)(long)ctx->data)
        return XDP_DROP;
    *stamp = bpf_ktime_get_ns();
    return (int)bpf_redirect_map(&lift_sockets, ctx->ingress_ifindex & (DOOR_IFINDEXES - 1), XDP_DROP);
}

#define ENXIO      6  /* a veth whose other end polls nothing */
#define EOPNOTSUPP 95 /* a driver that takes no frames from an XDP door */

static force_inline void unsent(uint32_t ifindex, uint32_t frames, int error)
{
    if (error && ifindex == memory.probe_ifindex)
        memory.probe_failed = 1;
    uint64_t number = memory.port_of[masked_index(ifindex, DOOR_IFINDEXES - 1)];
    struct door_port *port = &memory.ports[number];

    if (port->ifindex != ifindex)
        return;
    struct door_counters *out = counters_of((uint32_t)number);
    if (out)
        out->unsent += frames;
    if (error == -ENXIO || error == -EOPNOTSUPP)
        port->no_xdp_in = 1;
}

/*
 * A driver that cannot take frames from an XDP door loses them without a word to anybody. These two hear of it, count
 * them, and close that way: from then on such frames are the kernel's, until the engine finds the way open. They hear
 * of all network namespaces, of which each has numbers of interfaces of its own.
 */
SEC("tp_btf/xdp_devmap_xmit") /* (from, to, sent, drops, error) */
int door_unsent(uint64_t *args)
{
    const struct net_device *to = (const void *)args[1];
    int drops = (int)args[3];

    if (drops > 0 && kernel_net_is(to->nd_net.net, alarm.netns))
        unsent((uint32_t)to->ifindex, (uint32_t)drops, (int)args[4]);
    return 0;
}

SEC("tp_btf/xdp_redirect_err") /* (from, program, target, error, map type, map, index: here the interface's) */
int door_unsent_at_once(uint64_t *args)
{
    const struct net_device *from = (const void *)args[0];

    if (kernel_net_is(from->nd_net.net, alarm.netns))
        unsent((uint32_t)args[6], 1, (int)args[3]);
    return 0;
}

/* Run by the engine, once, with a frame of its own: to find out whether an interface takes frames from an XDP door. */
SEC("xdp")
int door_probe(struct xdp_md *ctx)
{
    (void)ctx;
    return (int)bpf_redirect(memory.probe_ifindex, 0);
}

const char door_license[] SEC("license") = "Dual BSD/GPL";
