#include "route/neighbour.h"

#include "netlink/netlink.h"
#include "netlink/protocol.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NUD_VALID (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

static struct ipv4_prefix host(uint32_t addr)
{
    return (struct ipv4_prefix){.addr = addr, .len = 32};
}

const struct neighbour *neighbours_find(const struct neighbours *neighbours, uint32_t ifindex, uint32_t addr)
{
    const struct neighbour *neighbour = ipv4_map_get(&neighbours->by_addr, host(addr));

    while (neighbour && neighbour->ifindex != ifindex)
        neighbour = neighbour->next;
    return neighbour;
}

/* Take one out of the chain of its address; the map forgets an address without a chain. */
static void take_out(struct neighbours *neighbours, const struct neighbour *neighbour)
{
    struct neighbour *first = ipv4_map_get(&neighbours->by_addr, host(neighbour->addr));

    if (first == neighbour && first->next) {
        ipv4_map_put(&neighbours->by_addr, host(neighbour->addr), first->next);
    } else if (first == neighbour) {
        ipv4_map_remove(&neighbours->by_addr, host(neighbour->addr));
    } else {
        while (first->next != neighbour)
            first = first->next;
        first->next = neighbour->next;
    }
    free((void *)neighbour);
}

void neighbours_clear(struct neighbours *neighbours)
{
    struct ipv4_prefix at, all = {0};

    for (struct neighbour *neighbour = ipv4_map_first(&neighbours->by_addr, all, &at); neighbour;
         neighbour = ipv4_map_next(&neighbours->by_addr, all, &at)) {
        while (neighbour) {
            struct neighbour *next = neighbour->next;
            free(neighbour);
            neighbour = next;
        }
    }
    ipv4_map_clear(&neighbours->by_addr);
}

/* The message's subject; NULL if it is not about the neighbour of an IPv4 address. */
static const struct ndmsg *read_subject(const struct nlmsghdr *message, const struct nlattr **found, uint32_t *addr)
{
    const struct ndmsg *about = mnl_nlmsg_get_payload(message);

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*about) || about->ndm_family != AF_INET ||
        (about->ndm_flags & NTF_PROXY))
        return NULL;
    netlink_attributes(message, sizeof(*about), found, NDA_PROTOCOL);
    *addr = netlink_ipv4(found[NDA_DST]);
    return *addr ? about : NULL;
}

static bool is_ours(const struct nlattr *protocol)
{
    return protocol && mnl_attr_get_payload_len(protocol) == 1 &&
           mnl_attr_get_u8(protocol) == NETLINK_PROTOCOL_FAIRLEAD;
}

bool neighbours_new(struct neighbours *neighbours, const struct nlmsghdr *message, uint32_t *ifindex, uint32_t *addr)
{
    const struct nlattr *found[NDA_PROTOCOL + 1];
    const struct ndmsg *about = read_subject(message, found, addr);

    if (!about)
        return false;
    *ifindex = (uint32_t)about->ndm_ifindex;
    struct neighbour *neighbour = (struct neighbour *)neighbours_find(neighbours, *ifindex, *addr);
    if (!neighbour) {
        neighbour = calloc(1, sizeof(*neighbour));
        if (!neighbour)
            return false; /* no memory: who is not known is the kernel's */
        neighbour->addr = *addr;
        neighbour->ifindex = *ifindex;
        struct neighbour *first = ipv4_map_get(&neighbours->by_addr, host(*addr));
        if (first) {
            neighbour->next = first->next;
            first->next = neighbour;
        } else if (ipv4_map_put(&neighbours->by_addr, host(*addr), neighbour)) {
            free(neighbour);
            return false;
        }
    }
    const struct nlattr *mac = found[NDA_LLADDR];
    struct neighbour before = *neighbour;
    neighbour->round = neighbours->round;
    neighbour->state = about->ndm_state;
    neighbour->ours = is_ours(found[NDA_PROTOCOL]);
    neighbour->valid = (about->ndm_state & NUD_VALID) && mac && mnl_attr_get_payload_len(mac) == ETH_ADDR_SIZE;
    if (neighbour->valid)
        memcpy(neighbour->mac, mnl_attr_get_payload(mac), ETH_ADDR_SIZE);
    return before.valid != neighbour->valid || (neighbour->valid && !eth_addr_equal(before.mac, neighbour->mac));
}

bool neighbours_delete(struct neighbours *neighbours, const struct nlmsghdr *message, uint32_t *ifindex, uint32_t *addr)
{
    const struct nlattr *found[NDA_PROTOCOL + 1];
    const struct ndmsg *about = read_subject(message, found, addr);
    const struct neighbour *neighbour = about ? neighbours_find(neighbours, (uint32_t)about->ndm_ifindex, *addr) : NULL;

    if (!neighbour)
        return false;
    *ifindex = neighbour->ifindex;
    take_out(neighbours, neighbour);
    return true;
}

static struct nlmsghdr *begin_change(char buffer[static NETLINK_MESSAGE_BYTES], uint16_t type, uint16_t flags,
                                     const struct ndmsg *about, uint32_t addr)
{
    struct nlmsghdr *message = netlink_message(buffer, type, flags, about, sizeof(*about));

    mnl_attr_put_u32(message, NDA_DST, cpu_to_be32(addr));
    return message;
}

void neighbours_put(struct netlink *netlink, const struct neighbour_host *host)
{
    char buffer[NETLINK_MESSAGE_BYTES];
    struct ndmsg about = {.ndm_family = AF_INET,
                          .ndm_ifindex = (int)host->ifindex,
                          .ndm_flags = NTF_EXT_LEARNED,
                          .ndm_state = host->permanent ? NUD_PERMANENT : NUD_STALE};
    struct nlmsghdr *message = begin_change(buffer, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &about, host->addr);

    mnl_attr_put(message, NDA_LLADDR, ETH_ADDR_SIZE, host->mac);
    mnl_attr_put_u8(message, NDA_PROTOCOL, NETLINK_PROTOCOL_FAIRLEAD);
    netlink_send(netlink, message);
}

void neighbours_take_back(const struct neighbours *neighbours, struct netlink *netlink, uint32_t ifindex, uint32_t addr)
{
    const struct neighbour *neighbour = neighbours_find(neighbours, ifindex, addr);
    char buffer[NETLINK_MESSAGE_BYTES];
    struct ndmsg about = {.ndm_family = AF_INET, .ndm_ifindex = (int)ifindex};

    if (neighbour && neighbour->ours)
        netlink_send(netlink, begin_change(buffer, RTM_DELNEIGH, 0, &about, addr));
}

void neighbours_take_back_all(const struct neighbours *neighbours, struct netlink *netlink,
                              bool (*keep)(const void *arg, const struct neighbour *neighbour), const void *arg)
{
    struct ipv4_prefix at, all = {0};

    for (const struct neighbour *first = ipv4_map_first(&neighbours->by_addr, all, &at); first;
         first = ipv4_map_next(&neighbours->by_addr, all, &at))
        for (const struct neighbour *one = first; one; one = one->next)
            if (one->ours && !(keep && keep(arg, one)))
                neighbours_take_back(neighbours, netlink, one->ifindex, one->addr);
}

void neighbours_round_begin(struct neighbours *neighbours)
{
    neighbours->round++;
}

void neighbours_round_end(struct neighbours *neighbours, void (*gone)(void *arg, uint32_t ifindex, uint32_t addr),
                          void *arg)
{
    struct ipv4_prefix at, all = {0};

    for (struct neighbour *neighbour = ipv4_map_first(&neighbours->by_addr, all, &at); neighbour;
         neighbour = ipv4_map_next(&neighbours->by_addr, all, &at)) {
        while (neighbour) {
            struct neighbour *next = neighbour->next;
            uint32_t ifindex = neighbour->ifindex;
            if (neighbour->round != neighbours->round) {
                take_out(neighbours, neighbour);
                gone(arg, ifindex, at.addr);
            }
            neighbour = next;
        }
    }
}
