#include "port/clsact.h"

#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <sys/socket.h>

#define REQUEST_SIZE 256

static int note_filter(const struct nlmsghdr *header, void *arg)
{
    if (header->nlmsg_type == RTM_NEWTFILTER)
        *(bool *)arg = true;
    return MNL_CB_OK;
}

/* Send a request and hand its answers to callback until it is done. 0 or below: -1 with errno. */
static int ask(struct mnl_socket *socket, struct nlmsghdr *request, mnl_cb_t callback, void *arg)
{
    char buffer[16384];
    int result = 1;

    if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
        return -1;
    while (result > 0) {
        ssize_t bytes = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
        if (bytes <= 0)
            return -1;
        result = mnl_cb_run(buffer, (size_t)bytes, request->nlmsg_seq, mnl_socket_get_portid(socket), callback, arg);
    }
    return result;
}

static struct nlmsghdr *make_request(char *buffer, unsigned type, unsigned flags, unsigned ifindex, uint32_t parent)
{
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
    struct tcmsg *tc = mnl_nlmsg_put_extra_header(header, sizeof(*tc));

    header->nlmsg_type = (uint16_t)type;
    header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    header->nlmsg_seq = 1;
    tc->tcm_family = AF_UNSPEC;
    tc->tcm_ifindex = (int)ifindex;
    tc->tcm_parent = parent;
    return header;
}

void clsact_remove_if_empty(unsigned ifindex)
{
    char buffer[REQUEST_SIZE];
    bool filters = false;
    struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);

    if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
        goto out;
    for (uint32_t point = TC_H_MIN_INGRESS; point <= TC_H_MIN_EGRESS; point += TC_H_MIN_EGRESS - TC_H_MIN_INGRESS) {
        struct nlmsghdr *request =
            make_request(buffer, RTM_GETTFILTER, NLM_F_DUMP, ifindex, TC_H_MAKE(TC_H_CLSACT, point));
        if (ask(socket, request, note_filter, &filters) < 0 || filters)
            goto out;
    }
    struct nlmsghdr *request = make_request(buffer, RTM_DELQDISC, NLM_F_ACK, ifindex, TC_H_CLSACT);
    ((struct tcmsg *)mnl_nlmsg_get_payload(request))->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
    ask(socket, request, NULL, NULL);
out:
    if (socket)
        mnl_socket_close(socket);
}
