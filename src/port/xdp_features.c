#include "port/xdp_features.h"

#include "netlink/netlink.h"

#include <linux/genetlink.h>
#include <string.h>

/* <linux/netdev.h>, which came with Linux 6.3. */
#define NETDEV_FAMILY         "netdev"
#define NETDEV_DEV_GET        1
#define NETDEV_DEV_IFINDEX    1
#define NETDEV_DEV_FEATURES   3
#define NETDEV_FAMILY_VERSION 1

static void take_family(const struct nlmsghdr *message, void *arg)
{
    const struct nlattr *found[CTRL_ATTR_FAMILY_NAME + 1];

    if (mnl_nlmsg_get_payload_len(message) < sizeof(struct genlmsghdr))
        return;
    netlink_attributes(message, sizeof(struct genlmsghdr), found, CTRL_ATTR_FAMILY_NAME);
    const struct nlattr *name = found[CTRL_ATTR_FAMILY_NAME], *id = found[CTRL_ATTR_FAMILY_ID];
    if (name && id && mnl_attr_get_payload_len(id) >= sizeof(uint16_t) &&
        mnl_attr_get_payload_len(name) == sizeof(NETDEV_FAMILY) &&
        memcmp(mnl_attr_get_payload(name), NETDEV_FAMILY, sizeof(NETDEV_FAMILY)) == 0)
        *(uint16_t *)arg = mnl_attr_get_u16(id);
}

struct wanted {
    uint32_t ifindex;
    uint64_t features;
};

static void take_features(const struct nlmsghdr *message, void *arg)
{
    const struct nlattr *found[NETDEV_DEV_FEATURES + 1];
    struct wanted *wanted = arg;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(struct genlmsghdr))
        return;
    netlink_attributes(message, sizeof(struct genlmsghdr), found, NETDEV_DEV_FEATURES);
    const struct nlattr *features = found[NETDEV_DEV_FEATURES];
    if (netlink_u32(found[NETDEV_DEV_IFINDEX], 0) == wanted->ifindex && features &&
        mnl_attr_get_payload_len(features) >= sizeof(uint64_t))
        memcpy(&wanted->features, mnl_attr_get_payload(features), sizeof(wanted->features));
}

uint64_t xdp_features(uint32_t ifindex)
{
    const struct genlmsghdr families = {.cmd = CTRL_CMD_GETFAMILY, .version = 2};
    const struct genlmsghdr devices = {.cmd = NETDEV_DEV_GET, .version = NETDEV_FAMILY_VERSION};
    struct wanted wanted = {.ifindex = ifindex};
    struct netlink *netlink;
    uint16_t family = 0;

    if (netlink_open(NETLINK_GENERIC, &netlink))
        return 0;
    if (netlink_dump(netlink, GENL_ID_CTRL, &families, sizeof(families), take_family, &family) == 0 && family &&
        netlink_dump(netlink, family, &devices, sizeof(devices), take_features, &wanted) != 0)
        wanted.features = 0;
    netlink_free(netlink);
    return wanted.features;
}
