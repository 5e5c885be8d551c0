/*
 * Passes everything. Its presence makes the interface poll (NAPI), and only then does a veth's other end take frames
 * from an XDP door.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp.frags")
int poll_pass(struct xdp_md *ctx)
{
    (void)ctx;
    return XDP_PASS;
}

const char poll_license[] SEC("license") = "Dual BSD/GPL";
