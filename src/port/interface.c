#include "port/interface.h"

#include "net/ipv4.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <unistd.h>

#define ATTRIBUTE_PROTO 11 /* IFA_PROTO: Linux 5.18, and in no header that Debian 12 ships */

int interface_set_up(struct netlink *netlink, uint32_t ifindex, bool up)
{
    char buffer[NETLINK_MESSAGE_BYTES];
    struct ifinfomsg link = {
        .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex, .ifi_flags = up ? IFF_UP : 0, .ifi_change = IFF_UP};

    return netlink_change(netlink, netlink_message(buffer, RTM_NEWLINK, 0, &link, sizeof(link)));
}

static int change_address(struct netlink *netlink, uint16_t type, uint16_t flags, uint32_t ifindex,
                          struct ipv4_prefix address)
{
    char buffer[NETLINK_MESSAGE_BYTES];
    struct ifaddrmsg about = {.ifa_family = AF_INET, .ifa_prefixlen = address.len, .ifa_index = ifindex};
    struct nlmsghdr *message = netlink_message(buffer, type, flags, &about, sizeof(about));

    mnl_attr_put_u32(message, IFA_LOCAL, cpu_to_be32(address.addr));
    mnl_attr_put_u32(message, IFA_ADDRESS, cpu_to_be32(address.addr));
    if (type == RTM_NEWADDR) {
        if (ipv4_prefix_has_broadcast(address))
            mnl_attr_put_u32(message, IFA_BROADCAST, cpu_to_be32(ipv4_prefix_last(address)));
        mnl_attr_put_u8(message, ATTRIBUTE_PROTO, NETLINK_PROTOCOL_FAIRLEAD);
    }
    return netlink_change(netlink, message);
}

int interface_add_address(struct netlink *netlink, uint32_t ifindex, struct ipv4_prefix address)
{
    return change_address(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, address);
}

int interface_delete_address(struct netlink *netlink, uint32_t ifindex, struct ipv4_prefix address)
{
    return change_address(netlink, RTM_DELADDR, 0, ifindex, address);
}

struct each {
    interface_address *each;
    void *arg;
};

static void read_address(const struct nlmsghdr *message, void *arg)
{
    const struct ifaddrmsg *about = mnl_nlmsg_get_payload(message);
    const struct nlattr *found[ATTRIBUTE_PROTO + 1];
    const struct each *each = arg;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*about) || about->ifa_family != AF_INET ||
        about->ifa_prefixlen > 32)
        return;
    netlink_attributes(message, sizeof(*about), found, ATTRIBUTE_PROTO);
    const struct nlattr *proto = found[ATTRIBUTE_PROTO];
    bool ours = proto && mnl_attr_get_payload_len(proto) == 1 && mnl_attr_get_u8(proto) == NETLINK_PROTOCOL_FAIRLEAD;
    struct ipv4_prefix address = {.addr = netlink_ipv4(found[IFA_LOCAL] ? found[IFA_LOCAL] : found[IFA_ADDRESS]),
                                  .len = about->ifa_prefixlen};
    each->each(each->arg, about->ifa_index, address, ours);
}

int interface_each_address(struct netlink *netlink, interface_address *each, void *arg)
{
    struct ifaddrmsg request = {.ifa_family = AF_INET};
    struct each call = {each, arg};

    return netlink_dump(netlink, RTM_GETADDR, &request, sizeof(request), read_address, &call);
}

/* The kernel's switches of an interface: "ipv4" and "forwarding", for example. */
static int open_switch(const char *family, const char *name, const char *key, int flags)
{
    char path[128];

    snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, name, key);
    int fd = open(path, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int set_switch(const char *family, const char *name, const char *key, bool on)
{
    int fd = open_switch(family, name, key, O_WRONLY);

    if (fd < 0)
        return fd;
    int error = write(fd, on ? "1\n" : "0\n", 2) == 2 ? 0 : -errno;
    close(fd);
    return error;
}

int interface_forwarding(const char *name)
{
    char value = '0';
    int fd = open_switch("ipv4", name, "forwarding", O_RDONLY);

    if (fd < 0)
        return fd;
    ssize_t got = read(fd, &value, 1);
    int error = got < 0 ? -errno : 0;
    close(fd);
    return error ? error : value != '0';
}

int interface_set_forwarding(const char *name, bool on)
{
    return set_switch("ipv4", name, "forwarding", on);
}

int interface_set_ipv6(const char *name, bool on)
{
    return set_switch("ipv6", name, "disable_ipv6", !on);
}
