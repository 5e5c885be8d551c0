#include "port/lift.h"

#include "port/frame_pool.h"
#include "port/interface.h"
#include "port/offload.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define KIND "veth"

/* --- making and removing ----------------------------------------------------------------------------------------- */

static void put_end(struct nlmsghdr *message, const char *name, uint32_t mtu)
{
    mnl_attr_put_strz(message, IFLA_IFNAME, name);
    mnl_attr_put_u32(message, IFLA_MTU, mtu + FRAME_TAGS);
    mnl_attr_put_u32(message, IFLA_GROUP, LIFT_GROUP);
}

static int make_pair(struct netlink *netlink, const char *near, const char *far, uint32_t mtu)
{
    char buffer[NETLINK_MESSAGE_BYTES];
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
    struct nlmsghdr *message = netlink_message(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));

    put_end(message, near, mtu);
    struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_strz(message, IFLA_INFO_KIND, KIND);
    struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
    struct nlattr *peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
    struct ifinfomsg *other = mnl_nlmsg_put_extra_header(message, sizeof(*other));
    other->ifi_family = AF_UNSPEC;
    put_end(message, far, mtu);
    mnl_attr_nest_end(message, peer);
    mnl_attr_nest_end(message, data);
    mnl_attr_nest_end(message, info);
    return netlink_change(netlink, message);
}

/* Its other end goes with it. */
static int delete (struct netlink *netlink, uint32_t ifindex)
{
    char buffer[NETLINK_MESSAGE_BYTES];
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex};

    return netlink_change(netlink, netlink_message(buffer, RTM_DELLINK, 0, &link, sizeof(link)));
}

static int index_of(int fd, const char *name, uint32_t *ifindex)
{
    struct ifreq request = {0};

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
        return -errno;
    *ifindex = (uint32_t)request.ifr_ifindex;
    return 0;
}

/* --- lifts ------------------------------------------------------------------------------------------------------- */

int lift_make(struct netlink *netlink, unsigned number, uint32_t mtu, struct lift *result)
{
    char name[LIFT_NAME_SIZE];
    struct lift lift = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    snprintf(name, sizeof(name), "lift%u", number);
    snprintf(lift.far_name, sizeof(lift.far_name), "lift%u-far", number);
    int error = mtu > LIFT_MTU_MAX ? -EMSGSIZE : make_pair(netlink, name, lift.far_name, mtu);
    if (error) {
        close(fd);
        return error;
    }
    error = index_of(fd, name, &lift.near);
    if (!error)
        error = index_of(fd, lift.far_name, &lift.far);
    if (!error)
        error = offload_end_sending(name);
    interface_set_ipv6(name, false); /* it would speak of itself; a system without it has no such switch */
    interface_set_ipv6(lift.far_name, false);
    if (!error)
        error = interface_set_up(netlink, lift.near, true);
    if (!error)
        error = interface_set_up(netlink, lift.far, true);
    close(fd);
    if (error)
        lift_remove(netlink, &lift);
    else
        *result = lift;
    return error;
}

void lift_remove(struct netlink *netlink, struct lift *lift)
{
    if (lift->near)
        delete (netlink, lift->near);
    *lift = (struct lift){0};
}

/* Those that are to go; a pair goes with one of its ends. */
struct ends {
    uint32_t *all;
    size_t count;
    bool no_memory;
};

static void note_end(const struct nlmsghdr *message, void *arg)
{
    const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
    const struct nlattr *found[IFLA_GROUP + 1];
    struct ends *ends = arg;
    unsigned number;
    char end;

    if (message->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(message) < sizeof(*link))
        return;
    netlink_attributes(message, sizeof(*link), found, IFLA_GROUP);
    if (netlink_u32(found[IFLA_GROUP], 0) != LIFT_GROUP || !found[IFLA_IFNAME] ||
        sscanf(mnl_attr_get_str(found[IFLA_IFNAME]), "lift%u%c", &number, &end) != 1)
        return;
    uint32_t *all = reallocarray(ends->all, ends->count + 1, sizeof(*all));
    if (!all) {
        ends->no_memory = true;
        return;
    }
    ends->all = all;
    all[ends->count++] = (uint32_t)link->ifi_index;
}

int lift_remove_all(struct netlink *netlink)
{
    struct ifinfomsg request = {.ifi_family = AF_UNSPEC};
    struct ends ends = {0};
    int error = netlink_dump(netlink, RTM_GETLINK, &request, sizeof(request), note_end, &ends);

    if (!error && ends.no_memory)
        error = -ENOMEM;
    for (size_t i = 0; i < ends.count; i++)
        delete (netlink, ends.all[i]);
    free(ends.all);
    return error;
}
