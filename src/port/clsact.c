#include "port/clsact.h"

#include "netlink/netlink.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <sys/socket.h>

#define REQUEST_BYTES 256

static void note_filter(const struct nlmsghdr *message, void *arg)
{
    if (message->nlmsg_type == RTM_NEWTFILTER)
        *(bool *)arg = true;
}

/* True also where it cannot be found out. */
static bool has_filters(struct netlink *netlink, unsigned ifindex, uint32_t point)
{
    struct tcmsg request = {.tcm_ifindex = (int)ifindex, .tcm_parent = TC_H_MAKE(TC_H_CLSACT, point)};
    bool filters = false;

    return netlink_dump(netlink, RTM_GETTFILTER, &request, sizeof(request), note_filter, &filters) || filters;
}

static void remove_qdisc(struct netlink *netlink, unsigned ifindex)
{
    char buffer[REQUEST_BYTES];
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    struct tcmsg *tc = mnl_nlmsg_put_extra_header(message, sizeof(*tc));

    message->nlmsg_type = RTM_DELQDISC;
    message->nlmsg_flags = NLM_F_REQUEST;
    tc->tcm_ifindex = (int)ifindex;
    tc->tcm_parent = TC_H_CLSACT;
    tc->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
    netlink_send(netlink, message); /* done when it returns */
}

void clsact_remove_if_empty(unsigned ifindex)
{
    struct netlink *netlink;

    if (netlink_open(NETLINK_ROUTE, &netlink))
        return;
    if (!has_filters(netlink, ifindex, TC_H_MIN_INGRESS) && !has_filters(netlink, ifindex, TC_H_MIN_EGRESS))
        remove_qdisc(netlink, ifindex);
    netlink_free(netlink);
}
