/*
 * The least that a router does in an XDP program, as samples/bpf/xdp_fwd_kern.c of Linux does it.
 */
#pragma once

#include "base/bytes.h"
#include "base/compiler.h"
#include "net/checksum.h"
#include "net/eth.h"
#include "net/ipv4.h"

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* The frame, if it is IPv4 without options and its time is not over; NULL. */
static force_inline struct eth_hdr *minimal_router_frame(struct xdp_md *ctx)
{
    struct eth_hdr *eth = (void *)(long)ctx->data;
    struct ipv4_hdr *ip = (void *)(eth + 1);

    if (!bytes_hold(eth, ETH_HDR_SIZE + IPV4_HDR_SIZE, (void *)(long)ctx->data_end))
        return NULL;
    if (eth->type_be != cpu_to_be16(ETH_TYPE_IPV4) || ip->version_ihl != 0x45 || ip->ttl <= 1)
        return NULL;
    return eth;
}

/* As the kernel's table says: where the rewritten frame is to go, an XDP action. */
static force_inline int minimal_router_by_kernel(struct xdp_md *ctx, struct eth_hdr *eth)
{
    struct ipv4_hdr *ip = (void *)(eth + 1);
    struct bpf_fib_lookup asked = {.family = 2, /* AF_INET */
                                   .l4_protocol = ip->protocol,
                                   .tot_len = be16_to_cpu(ip->total_length_be),
                                   .ifindex = ctx->ingress_ifindex,
                                   .tos = ip->tos,
                                   .ipv4_src = ip->src_be,
                                   .ipv4_dst = ip->dst_be};

    if (bpf_fib_lookup(ctx, &asked, sizeof(asked), 0) != BPF_FIB_LKUP_RET_SUCCESS)
        return XDP_PASS;
    ip->ttl--;
    ip->checksum_be = checksum_update_ttl(ip->checksum_be);
    __builtin_memcpy(eth->dst, asked.dmac, ETH_ADDR_SIZE);
    __builtin_memcpy(eth->src, asked.smac, ETH_ADDR_SIZE);
    return (int)bpf_redirect(asked.ifindex, 0);
}
