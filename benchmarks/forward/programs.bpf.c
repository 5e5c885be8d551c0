/*
 * Who sends, who forwards by the kernel's table, and who receives.
 */
#include "benchmarks/forward/programs.h"
#include "benchmarks/common/minimal_router.h"

#define WAIT_MAX (1u << 23) /* rounds of looking at the clock: longer than any batch waits */

struct forward_source source SEC(".bss.source");
struct forward_sink sink SEC(".bss.sink");

struct {
    __uint(type, BPF_MAP_TYPE_CPUMAP);
    __uint(max_entries, FORWARD_CPUS);
    __type(key, uint32_t);
    __type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

static long is_due(uint32_t round, void *arg)
{
    (void)round, (void)arg;
    return bpf_ktime_get_ns() >= source.due_ns;
}

/* Begin a batch at its time. What is late is not made up for: the ring that it goes into is short. */
static force_inline void wait(void)
{
    uint64_t now = bpf_ktime_get_ns();

    if (now < source.due_ns)
        bpf_loop(WAIT_MAX, is_due, NULL, 0);
    else if (now > source.due_ns + source.batch_ns)
        source.due_ns = now;
    source.due_ns += source.batch_ns;
}

/* Run over and over with frames that have come back: each gets its whole header anew. */
SEC("xdp")
int forward_source(struct xdp_md *ctx)
{
    uint8_t *frame = (void *)(long)ctx->data;
    struct ipv4_hdr *ip = (void *)(frame + ETH_HDR_SIZE);

    if (!bytes_hold(frame, FORWARD_HEADER, (void *)(long)ctx->data_end))
        return XDP_ABORTED;
    if (source.sent % FORWARD_BATCH == 0)
        wait();
    uint32_t dst_be = cpu_to_be32(source.keys[source.sent & (FORWARD_KEYS - 1)]);
    __builtin_memcpy(frame, source.header, FORWARD_HEADER);
    ip->dst_be = dst_be;
    ip->checksum_be = (uint16_t)~checksum_fold((uint64_t)source.checksum_part + dst_be);
    source.sent++;
    return (int)bpf_redirect_map(&cpus, source.cpu, XDP_DROP);
}

/* On the router's CPU: into its link, a few at a time. What comes of them is done there before the next ones. */
SEC("xdp/cpumap")
int forward_arrival(struct xdp_md *ctx)
{
    (void)ctx;
    return (int)bpf_redirect(source.ifindex, 0);
}

SEC("xdp")
int forward_router(struct xdp_md *ctx)
{
    struct eth_hdr *eth = minimal_router_frame(ctx);

    return eth ? minimal_router_by_kernel(ctx, eth) : XDP_PASS;
}

/* UDP is counted and ends here; the rest is the kernel's. */
SEC("xdp")
int forward_sink(struct xdp_md *ctx)
{
    struct eth_hdr *eth = minimal_router_frame(ctx);

    if (!eth || ((struct ipv4_hdr *)(eth + 1))->protocol != IPV4_PROTOCOL_UDP)
        return XDP_PASS;
    sink.packets++;
    sink.bytes += ctx->data_end - ctx->data;
    return XDP_DROP;
}

const char forward_license[] SEC("license") = "Dual BSD/GPL";
