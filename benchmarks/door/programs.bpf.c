/*
 * The front door, and what it is measured against. Each program is run over and over with one packet, and first makes
 * it a fresh one to another destination; the empty one does no more than that. Compiled twice: with DOOR_BENCH_DIR24
 * the door itself looks up in a DIR-24-8.
 */
#include "benchmarks/door/programs.h"
#include "benchmarks/common/minimal_router.h"
#include "fib/fib.h"

#define BENCH_SECTION(name) __attribute__((section(name), used))

struct door_bench bench BENCH_SECTION(".bss.bench");
struct door_bench_dir24 dir24 BENCH_SECTION(".bss.dir24");

static force_inline uint32_t dir24_lookup(uint32_t addr)
{
    uint32_t entry = dir24.root[(uint64_t)addr >> 8]; /* as Linux 6.1 can follow */

    if (unlikely(entry & DOOR_BENCH_LONG))
        return dir24.groups[masked_index((uint64_t)entry << 8 | (addr & 255), DOOR_BENCH_GROUPS * 256 - 1)];
    return entry;
}

#ifdef DOOR_BENCH_DIR24
#define fib_lookup(memory, addr) dir24_lookup(addr)
#endif

#include "bpf/door.bpf.c"

static force_inline void next_packet(struct xdp_md *ctx)
{
    uint8_t *data = (void *)(long)ctx->data;
    uint32_t dst_be, dst;

    if (!bytes_hold(data, ETH_HDR_SIZE + IPV4_HDR_SIZE, (void *)(long)ctx->data_end))
        return;
    if (bench.drawn)
        dst = door_bench_draw(&bench.random);
    else
        dst = bench.keys[masked_index(bench.at++, DOOR_BENCH_KEYS - 1)];
    dst_be = cpu_to_be32(dst);
    /* The checksum is the second word of the second eight bytes. */
    uint64_t checksum_be = (uint16_t)~checksum_fold(bench.checksum_part + dst_be);
    *(uint64_t *)data = bench.head.eth_first;
    *(uint32_t *)(data + 8) = bench.head.eth_next;
    *(uint16_t *)(data + 12) = bench.head.eth_last;
    *(uint64_t *)(data + 14) = bench.head.ip_first;
    *(uint64_t *)(data + 22) = bench.head.ip_next | checksum_be << 16;
    *(uint32_t *)(data + 30) = dst_be;
}

static force_inline int done(int action)
{
    if (action == XDP_REDIRECT)
        bench.forwarded++;
    return action;
}

SEC("xdp")
int bench_empty(struct xdp_md *ctx)
{
    next_packet(ctx);
    return XDP_PASS;
}

SEC("xdp.frags")
int bench_door(struct xdp_md *ctx)
{
    next_packet(ctx);
    return done(at_xdp(ctx, HOOK_XDP_FRAGS));
}

static force_inline uint32_t destination(const struct eth_hdr *eth)
{
    return be32_to_cpu(((const struct ipv4_hdr *)(eth + 1))->dst_be);
}

static force_inline int send(struct eth_hdr *eth, uint32_t next_hop)
{
    const struct door_adjacency *next = &memory.adjacencies[masked_index(next_hop, DOOR_ADJACENCIES - 1)];

    if (!next_hop)
        return XDP_PASS;
    door_rewrite(eth, (void *)(eth + 1), next);
    return (int)bpf_redirect(next->ifindex, 0);
}

SEC("xdp")
int bench_dir24(struct xdp_md *ctx)
{
    next_packet(ctx);
    struct eth_hdr *eth = minimal_router_frame(ctx);
    return eth ? done(send(eth, dir24_lookup(destination(eth)))) : XDP_PASS;
}

/* The same with our table. */
SEC("xdp")
int bench_fib(struct xdp_md *ctx)
{
    next_packet(ctx);
    struct eth_hdr *eth = minimal_router_frame(ctx);
    return eth ? done(send(eth, fib_lookup(&memory.fib, destination(eth)))) : XDP_PASS;
}

/* The kernel's table. */
SEC("xdp")
int bench_kernel(struct xdp_md *ctx)
{
    next_packet(ctx);
    struct eth_hdr *eth = minimal_router_frame(ctx);
    return eth ? done(minimal_router_by_kernel(ctx, eth)) : XDP_PASS;
}
