/*
 * The number by which what is ours in the kernel is known: routes (rtm_protocol) and addresses (IFA_PROTO).
 *
 * It is of none of those in rt_protos(5), FRR, BIRD, keepalived or Calico; the kernel's own address protocols are 1 to
 * 3. docs/operations.md names it for people who write filters.
 */
#pragma once

#define NETLINK_PROTOCOL_FAIRLEAD 70
