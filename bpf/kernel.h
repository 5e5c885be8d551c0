/*
 * What the door's programs read of the kernel's own structures, wherever it stands there: the loader puts in the places
 * that the running kernel has. Shared with BPF, and of use only there.
 */
#pragma once

#include "base/bytes.h"

#ifdef __bpf__
#define KERNEL_LAYOUT __attribute__((preserve_access_index))
#else
#define KERNEL_LAYOUT
#endif

struct ns_common {
    unsigned int inum;
} KERNEL_LAYOUT;

struct net {
    struct ns_common ns;
} KERNEL_LAYOUT;

typedef struct {
    struct net *net;
} KERNEL_LAYOUT possible_net_t;

struct xfrm_policy {
    possible_net_t xp_net;
} KERNEL_LAYOUT;

struct net_device {
    int ifindex;
    possible_net_t nd_net;
} KERNEL_LAYOUT;

/* Whether a network namespace is the one of that inode number. */
static force_inline bool kernel_net_is(const struct net *net, uint64_t netns)
{
    return net->ns.inum == netns;
}
