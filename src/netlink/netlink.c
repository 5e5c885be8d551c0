#include "netlink/netlink.h"

#include "net/ipv4.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_BUFFER   (64 << 20) /* of the event socket: 20,000 random route changes overran nothing */
#define MESSAGES_BYTES   65536      /* more than the kernel puts into one datagram */
#define RECEIVES_AT_ONCE 256        /* datagrams of events before others get their turn */
#define TRIES            20         /* a table that changes during every one of so many dumps is given up for now */

struct netlink {
    struct mnl_socket *events, *questions;
    int family;
    uint32_t sequence;
    char buffer[MESSAGES_BYTES];
};

struct call {
    netlink_handler *handler;
    void *arg;
};

static int handle(const struct nlmsghdr *message, void *arg)
{
    const struct call *call = arg;

    call->handler(message, call->arg);
    return MNL_CB_OK;
}

static struct mnl_socket *open_socket(int family)
{
    struct mnl_socket *socket = mnl_socket_open2(family, SOCK_CLOEXEC);

    if (socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
        mnl_socket_close(socket);
        return NULL;
    }
    return socket;
}

int netlink_open(int family, struct netlink **result)
{
    struct netlink *netlink = calloc(1, sizeof(*netlink));
    int bytes = RECEIVE_BUFFER;

    if (!netlink)
        return -ENOMEM;
    netlink->family = family;
    netlink->events = open_socket(family);
    netlink->questions = netlink->events ? open_socket(family) : NULL;
    if (!netlink->questions) {
        int error = -errno;
        netlink_free(netlink);
        return error;
    }
    int fd = mnl_socket_get_fd(netlink->events);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    *result = netlink;
    return 0;
}

struct netlink *netlink_free(struct netlink *netlink)
{
    if (netlink) {
        if (netlink->events)
            mnl_socket_close(netlink->events);
        if (netlink->questions)
            mnl_socket_close(netlink->questions);
        free(netlink);
    }
    return NULL;
}

int netlink_join(struct netlink *netlink, unsigned group)
{
    return mnl_socket_setsockopt(netlink->events, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0 ? -errno : 0;
}

int netlink_fd(const struct netlink *netlink)
{
    return mnl_socket_get_fd(netlink->events);
}

int netlink_receive(struct netlink *netlink, netlink_handler *handler, void *arg)
{
    struct call call = {handler, arg};

    for (unsigned i = 0; i < RECEIVES_AT_ONCE; i++) {
        ssize_t bytes = recv(netlink_fd(netlink), netlink->buffer, sizeof(netlink->buffer), MSG_DONTWAIT);
        if (bytes < 0 && errno == EINTR)
            continue;
        if (bytes < 0)
            return errno == EAGAIN ? 0 : -errno;
        mnl_cb_run(netlink->buffer, (size_t)bytes, 0, 0, handle, &call);
    }
    return 0;
}

/* A dump that broke off leaves the rest of itself in the socket: take a new one, if there is one to be had. */
static void reopen_questions(struct netlink *netlink)
{
    struct mnl_socket *fresh = open_socket(netlink->family);

    if (fresh) {
        mnl_socket_close(netlink->questions);
        netlink->questions = fresh;
    }
}

/* All of the answer to the last message that was sent. Those to earlier ones, which nobody waited for, are passed over.
 */
static int receive_answer(struct netlink *netlink, struct call *call)
{
    int result = MNL_CB_OK;

    while (result == MNL_CB_OK) {
        ssize_t bytes = mnl_socket_recvfrom(netlink->questions, netlink->buffer, sizeof(netlink->buffer));
        const struct nlmsghdr *first = (const struct nlmsghdr *)netlink->buffer;
        if (bytes < 0 && errno == EINTR)
            continue;
        if (bytes < 0)
            return -errno;
        if ((size_t)bytes >= sizeof(*first) && first->nlmsg_seq != netlink->sequence)
            continue;
        result = mnl_cb_run(netlink->buffer, (size_t)bytes, netlink->sequence,
                            mnl_socket_get_portid(netlink->questions), handle, call);
    }
    return result == MNL_CB_STOP ? 0 : -errno;
}

struct nlmsghdr *netlink_message(char buffer[static NETLINK_MESSAGE_BYTES], uint16_t type, uint16_t flags,
                                 const void *header, size_t header_bytes)
{
    memset(buffer, 0, NETLINK_MESSAGE_BYTES);
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

    message->nlmsg_type = type;
    message->nlmsg_flags = NLM_F_REQUEST | flags;
    memcpy(mnl_nlmsg_put_extra_header(message, header_bytes), header, header_bytes);
    return message;
}

int netlink_dump_begin(struct netlink *netlink, uint16_t type, const void *header, size_t header_bytes)
{
    char buffer[NETLINK_MESSAGE_BYTES];

    return netlink_send(netlink, netlink_message(buffer, type, NLM_F_DUMP, header, header_bytes));
}

int netlink_dump(struct netlink *netlink, uint16_t type, const void *header, size_t header_bytes,
                 netlink_handler *handler, void *arg)
{
    struct call call = {handler, arg};
    int error = netlink_dump_begin(netlink, type, header, header_bytes);

    if (!error)
        error = receive_answer(netlink, &call);
    if (error)
        reopen_questions(netlink);
    return error;
}

int netlink_dump_more(struct netlink *netlink, netlink_handler *handler, void *arg)
{
    ssize_t bytes = mnl_socket_recvfrom(netlink->questions, netlink->buffer, sizeof(netlink->buffer));

    if (bytes < 0)
        return errno == EINTR ? 1 : -errno;
    int left = (int)bytes;
    for (const struct nlmsghdr *message = (const struct nlmsghdr *)netlink->buffer; mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
        if (message->nlmsg_seq != netlink->sequence)
            continue;
        if (message->nlmsg_type == NLMSG_DONE)
            return 0;
        if (message->nlmsg_type == NLMSG_ERROR)
            return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(message))->error;
        handler(message, arg);
    }
    return 1;
}

void netlink_dump_end(struct netlink *netlink)
{
    reopen_questions(netlink);
}

int netlink_until_whole(int (*ask)(void *arg), void *arg)
{
    int error = -EINTR;

    for (unsigned tries = 0; error == -EINTR && tries < TRIES; tries++)
        error = ask(arg);
    return error;
}

int netlink_send(struct netlink *netlink, struct nlmsghdr *message)
{
    message->nlmsg_seq = ++netlink->sequence;
    return mnl_socket_sendto(netlink->questions, message, message->nlmsg_len) < 0 ? -errno : 0;
}

static void no_handler(const struct nlmsghdr *message, void *arg)
{
    (void)message, (void)arg;
}

int netlink_change(struct netlink *netlink, struct nlmsghdr *message)
{
    struct call call = {no_handler, NULL};

    message->nlmsg_flags |= NLM_F_ACK;
    int error = netlink_send(netlink, message);
    return error ? error : receive_answer(netlink, &call);
}

bool netlink_is_own(const struct netlink *netlink, const struct nlmsghdr *event)
{
    return event->nlmsg_pid == mnl_socket_get_portid(netlink->questions);
}

static void sort_attributes(const void *payload, size_t bytes, const struct nlattr **found, uint16_t max)
{
    const struct nlattr *attr; /* the macro's name for it */

    for (uint16_t i = 0; i <= max; i++)
        found[i] = NULL;
    mnl_attr_for_each_payload(payload, bytes)
    {
        if (mnl_attr_get_type(attr) <= max)
            found[mnl_attr_get_type(attr)] = attr;
    }
}

void netlink_attributes(const struct nlmsghdr *message, size_t header_bytes, const struct nlattr **found, uint16_t max)
{
    size_t bytes = mnl_nlmsg_get_payload_len(message), header = MNL_ALIGN(header_bytes);

    sort_attributes(mnl_nlmsg_get_payload_offset(message, header_bytes), bytes > header ? bytes - header : 0, found,
                    max);
}

void netlink_nested(const struct nlattr *outer, const struct nlattr **found, uint16_t max)
{
    sort_attributes(mnl_attr_get_payload(outer), mnl_attr_get_payload_len(outer), found, max);
}

uint32_t netlink_u32(const struct nlattr *attribute, uint32_t otherwise)
{
    return attribute && mnl_attr_get_payload_len(attribute) == 4 ? load_u32(mnl_attr_get_payload(attribute))
                                                                 : otherwise;
}

uint32_t netlink_ipv4(const struct nlattr *attribute)
{
    return be32_to_cpu(netlink_u32(attribute, 0));
}
