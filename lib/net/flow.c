#include "net/flow.h"

#include "net/checksum.h"
#include "net/eth.h"
#include "net/ipv4.h"
#include "net/ipv6.h"

#include <string.h>

#define TAGS_MAX 4 /* VLAN tags that are passed over */
#define TAG_SIZE 4
#define ECN_MASK 3
#define PORTS    4 /* bytes: the first of a transport header, where both ports are, or what tells an ESP tunnel */

/* The network header behind Ethernet header and tags, and its type; NULL: the frame ends before. */
static const uint8_t *network(const uint8_t *frame, const uint8_t *end, uint16_t *type)
{
    const uint8_t *at = frame + ETH_HDR_SIZE;

    if (!bytes_hold(frame, ETH_HDR_SIZE, end))
        return NULL;
    *type = be16_to_cpu(load_u16(at - 2));
    for (unsigned tags = 0; (*type == ETH_TYPE_VLAN || *type == ETH_TYPE_QINQ) && tags < TAGS_MAX; tags++) {
        if (!bytes_hold(at, TAG_SIZE, end))
            return NULL;
        at += TAG_SIZE;
        *type = be16_to_cpu(load_u16(at - 2));
    }
    return at;
}

static const struct ipv4_hdr *as_ipv4(const uint8_t *at, const uint8_t *end, uint16_t type)
{
    const struct ipv4_hdr *ip = (const void *)at;

    return at && type == ETH_TYPE_IPV4 && bytes_hold(at, IPV4_HDR_SIZE, end) && ipv4_hdr_version(ip) == IPV4_VERSION &&
                   ipv4_hdr_size(ip) >= IPV4_HDR_SIZE
               ? ip
               : NULL;
}

static const struct ipv6_hdr *as_ipv6(const uint8_t *at, const uint8_t *end, uint16_t type)
{
    return at && type == ETH_TYPE_IPV6 && bytes_hold(at, IPV6_HDR_SIZE, end) && at[0] >> 4 == IPV6_VERSION
               ? (const void *)at
               : NULL;
}

/* What a flow is known by: 37 bytes at most. */
struct identity {
    uint8_t bytes[40];
    size_t len;
};

static void add(struct identity *identity, const void *bytes, size_t len)
{
    memcpy(identity->bytes + identity->len, bytes, len);
    identity->len += len;
}

static void add_ports(struct identity *identity, const uint8_t *at, const uint8_t *end, struct flow *flow)
{
    bool ports = ipv4_protocol_has_ports(flow->protocol);

    add(identity, &flow->protocol, 1);
    if ((!ports && flow->protocol != IPV4_PROTOCOL_ESP) || at > end || !bytes_hold(at, PORTS, end))
        return;
    add(identity, at, PORTS); /* of ESP its security parameters index, which is as good */
    if (!ports)
        return;
    flow->kind |= FLOW_PORTS;
    flow->src_port = be16_to_cpu(load_u16(at));
    flow->dst_port = be16_to_cpu(load_u16(at + 2));
}

void flow_read(const uint8_t key[SIPHASH_KEY_SIZE], const uint8_t *frame, size_t len, struct flow *flow)
{
    const uint8_t *end = frame + len;
    uint16_t type = 0;
    const uint8_t *at = network(frame, end, &type);
    const struct ipv4_hdr *ip4 = as_ipv4(at, end, type);
    const struct ipv6_hdr *ip6 = as_ipv6(at, end, type);
    struct identity identity = {.len = 0};
    uint8_t tos = 0;

    *flow = (struct flow){.hash = 0};
    if (ip4) {
        size_t header = ipv4_hdr_size(ip4);
        tos = ip4->tos;
        flow->kind = FLOW_IP | FLOW_IPV4;
        flow->protocol = ip4->protocol;
        flow->src = be32_to_cpu(ip4->src_be);
        flow->dst = be32_to_cpu(ip4->dst_be);
        add(&identity, &ip4->src_be, 8); /* both addresses */
        if (ipv4_hdr_is_fragment(ip4) || header > (size_t)(end - at))
            add(&identity, &ip4->protocol, 1);
        else
            add_ports(&identity, at + header, end, flow);
    } else if (ip6) {
        tos = ipv6_traffic_class(ip6);
        flow->kind = FLOW_IP;
        flow->protocol = ip6->next_header;
        add(&identity, ip6->src, 32);
        add_ports(&identity, at + IPV6_HDR_SIZE, end, flow);
    } else {
        add(&identity, frame, len < ETH_HDR_SIZE ? len : ETH_HDR_SIZE);
    }
    flow->hash = (uint32_t)siphash(key, identity.bytes, identity.len);
    flow->dscp = (uint8_t)(tos >> 2);
    flow->ecn = tos & ECN_MASK;
}

bool flow_mark(uint8_t *frame, size_t len)
{
    uint8_t *end = frame + len;
    uint16_t type = 0;
    const uint8_t *at = network(frame, end, &type);
    struct ipv4_hdr *ip4 = (struct ipv4_hdr *)as_ipv4(at, end, type);
    struct ipv6_hdr *ip6 = (struct ipv6_hdr *)as_ipv6(at, end, type);

    if (ip4 && ip4->tos & ECN_MASK) {
        uint16_t old_be = load_u16(ip4); /* version, length and TOS are one word of the checksum */
        ip4->tos |= ECN_MASK;
        ip4->checksum_be = checksum_update16(ip4->checksum_be, old_be, load_u16(ip4));
        return true;
    }
    if (ip6 && ipv6_traffic_class(ip6) & ECN_MASK) {
        ip6->version_class_label_be |= cpu_to_be32((uint32_t)ECN_MASK << 20);
        return true;
    }
    return false;
}
