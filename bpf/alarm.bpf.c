/*
 * The alarm: rules for forwarded packets are about to change. These programs stand at the beginning of the kernel's own
 * functions that change them, so the door leaves everything to the kernel before a new rule counts, until the engine
 * has looked at the rules; and they go on when the engine is gone.
 */
#include "bpf/door.h"
#include "bpf/kernel.h"

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* The door's; the loader puts it in the place of one of this object's own. */
struct door_alarm alarm SEC(".bss.alarm");

static force_inline void raise(void)
{
    __sync_fetch_and_add(&alarm.raised, 1);
}

static force_inline void raise_in(const struct net *net)
{
    if (kernel_net_is(net, alarm.netns))
        raise();
}

/* (net, hook): whatever is new at a netfilter hook: the first chain at it, iptables' first table, connection tracking,
 * ... */
SEC("fentry/nf_register_net_hook")
int alarm_hook(uint64_t *args)
{
    raise_in((const struct net *)args[0]);
    return 0;
}

/* (net, hooks, how many) */
SEC("fentry/nf_register_net_hooks")
int alarm_hooks(uint64_t *args)
{
    raise_in((const struct net *)args[0]);
    return 0;
}

/* (net, message): nftables' rules change together */
SEC("fentry/nf_tables_commit")
int alarm_nftables(uint64_t *args)
{
    raise_in((const struct net *)args[0]);
    return 0;
}

/* (table, counters, rules, error): old iptables' do; whose they are is not said */
SEC("fentry/xt_replace_table")
int alarm_iptables(uint64_t *args)
{
    (void)args;
    raise();
    return 0;
}

/* (direction, policy, exclusive): an IPsec policy */
SEC("fentry/xfrm_policy_insert")
int alarm_ipsec(uint64_t *args)
{
    const struct xfrm_policy *policy = (const struct xfrm_policy *)args[1];

    raise_in(policy->xp_net.net);
    return 0;
}

const char alarm_license[] SEC("license") = "Dual BSD/GPL";
