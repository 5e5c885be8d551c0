#include "engine/rule_events.h"

#include "base/compiler.h"
#include "log/log.h"
#include "netlink/netlink.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <string.h>

static const struct {
    int family;
    unsigned group;
} sources[] = {
    {NETLINK_NETFILTER, NFNLGRP_NFTABLES}, {NETLINK_XFRM, XFRMNLGRP_POLICY}, {NETLINK_ROUTE, RTNLGRP_IPV4_RULE}};

static_assert(ARRAY_SIZE(sources) == RULE_EVENTS_FDS, "each has a socket");

int rule_events_open(struct rule_events *events)
{
    *events = (struct rule_events){0};
    for (unsigned i = 0; i < ARRAY_SIZE(sources); i++) {
        struct netlink *socket;
        int error = netlink_open(sources[i].family, &socket);
        if (error == -EPROTONOSUPPORT) /* a kernel without */
            continue;
        if (!error) {
            events->sockets[events->count++] = socket;
            error = netlink_join(socket, sources[i].group);
        }
        if (error) {
            log_error("netlink for rules: %s", strerror(-error));
            rule_events_close(events);
            return error;
        }
    }
    return 0;
}

void rule_events_close(struct rule_events *events)
{
    while (events->count)
        netlink_free(events->sockets[--events->count]);
}

unsigned rule_events_fds(const struct rule_events *events, int fds[static RULE_EVENTS_FDS])
{
    for (unsigned i = 0; i < events->count; i++)
        fds[i] = netlink_fd(events->sockets[i]);
    return events->count;
}

static void ignore(const struct nlmsghdr *message, void *arg)
{
    (void)message, (void)arg;
}

void rule_events_take(struct rule_events *events)
{
    for (unsigned i = 0; i < events->count; i++)
        netlink_receive(events->sockets[i], ignore, NULL);
}
