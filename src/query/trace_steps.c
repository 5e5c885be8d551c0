#include "query/trace_steps.h"

#include "net/ipv4_addr.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {
#define X(enumerator, name) name,
    TRACE_STEPS(X)
#undef X
};

/* At which step it is that packets are left to the kernel for a reason. */
static const uint8_t punted_at[DOOR_PUNT_COUNT] = {
    [DOOR_PUNT_NO_ROUTE] = TRACE_ROUTE,
    [DOOR_PUNT_LOCAL] = TRACE_ROUTE,
    [DOOR_PUNT_UNRESOLVED] = TRACE_NEXT_HOP,
    [DOOR_PUNT_UNREACHABLE] = TRACE_ROUTE,
    [DOOR_PUNT_PROHIBIT] = TRACE_ROUTE,
    [DOOR_PUNT_MULTIPATH] = TRACE_ROUTE,
    [DOOR_PUNT_ROUTE_OTHER] = TRACE_ROUTE,
    [DOOR_PUNT_EGRESS_NOT_PORT] = TRACE_NEXT_HOP,
    [DOOR_PUNT_EGRESS_DOWN] = TRACE_NEXT_HOP,
    [DOOR_PUNT_TABLE_FULL] = TRACE_ROUTE,
    [DOOR_PUNT_STALE] = TRACE_ENGINE,
    [DOOR_PUNT_ASIDE] = TRACE_PORT,
    [DOOR_PUNT_NOT_OURS] = TRACE_FRAME,
    [DOOR_PUNT_NOT_IPV4] = TRACE_FRAME,
    [DOOR_PUNT_OPTIONS] = TRACE_OPTIONS,
    [DOOR_PUNT_TTL] = TRACE_TTL,
    [DOOR_PUNT_NOT_UNICAST] = TRACE_DESTINATION,
    [DOOR_PUNT_SOURCE_LOCAL] = TRACE_SOURCE,
    [DOOR_PUNT_REVERSE_PATH] = TRACE_SOURCE,
    [DOOR_PUNT_SAME_PORT] = TRACE_EGRESS,
    [DOOR_PUNT_TOO_BIG] = TRACE_EGRESS,
    [DOOR_PUNT_HALF_MADE] = TRACE_EGRESS,
    [DOOR_PUNT_XDP_EGRESS] = TRACE_EGRESS,
    [DOOR_PUNT_ALARM] = TRACE_RULES,
};

static_assert(DOOR_PUNT_COUNT == 24, "a new reason has its step here");

const char *trace_step_name(unsigned step)
{
    return step < TRACE_STEP_COUNT ? names[step] : "unknown";
}

/* The IPv4 header, as far as it is there; of zeros otherwise. */
static struct ipv4_hdr header_of(const struct door_traced *packet)
{
    const struct door_frame frame = door_traced_frame(packet);
    struct ipv4_hdr ip = {0};
    size_t skipped = packet->bare ? 0 : ETH_HDR_SIZE;

    if (packet->captured >= skipped + IPV4_HDR_SIZE)
        memcpy(&ip, door_frame_ip(&frame), IPV4_HDR_SIZE);
    return ip;
}

/* More than 64 KiB in one: its length is not in its header. */
static bool is_jumbo(const struct door_traced *packet)
{
    return packet->gso_bytes && header_of(packet).total_length_be == 0;
}

enum trace_step trace_decided(const struct door_traced *packet)
{
    unsigned reason = door_word_reason(packet->word);

    switch (door_word_kind(packet->word)) {
    case DOOR_FORWARD:
        return TRACE_STEP_COUNT;
    case DOOR_DROP:
        return reason == DROP_ROUTE_BLACKHOLE                             ? TRACE_ROUTE
               : reason == DROP_SOURCE_GUARD || reason == DROP_ROGUE_DHCP ? TRACE_SENDER
                                                                          : TRACE_HEADER;
    default:
        if (reason == DOOR_PUNT_TOO_BIG && is_jumbo(packet))
            return TRACE_HEADER;
        return reason < DOOR_PUNT_COUNT ? (enum trace_step)punted_at[reason] : TRACE_ROUTE;
    }
}

bool trace_was_asked(const struct door_traced *packet, enum trace_step step)
{
    bool is_punt = door_word_kind(packet->word) == DOOR_PUNT;
    unsigned reason = door_word_reason(packet->word);

    if (step > trace_decided(packet) || step >= TRACE_STEP_COUNT)
        return false;
    /* The kernel says what it is, where frames have no header, and nothing else is asked then. */
    if (packet->bare && is_punt && reason == DOOR_PUNT_NOT_IPV4)
        return step == TRACE_FRAME;
    /* Options that are in another piece than the header cannot be summed up. */
    if (step == TRACE_HEADER && packet->in_pieces && is_punt && reason == DOOR_PUNT_OPTIONS)
        return false;
    return step != TRACE_SENDER || packet->checks & (DOOR_CHECK_SOURCE | DOOR_CHECK_SERVERS);
}

/* --- what they saw ------------------------------------------------------------------------------------------------ */

#define MAC_TEXT_SIZE 18

static void format_mac(const uint8_t mac[ETH_ADDR_SIZE], char text[static MAC_TEXT_SIZE])
{
    snprintf(text, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void say_frame(const struct door_traced *packet, bool sender, char text[static TRACE_TEXT_SIZE])
{
    struct eth_hdr eth = {.type_be = 0};
    char mac[MAC_TEXT_SIZE];

    if (packet->bare) {
        snprintf(text, TRACE_TEXT_SIZE, "no Ethernet header");
        return;
    }
    if (packet->captured < ETH_HDR_SIZE) {
        snprintf(text, TRACE_TEXT_SIZE, "%u bytes", packet->wire_bytes);
        return;
    }
    memcpy(&eth, packet->bytes, ETH_HDR_SIZE);
    format_mac(sender ? eth.src : eth.dst, mac);
    snprintf(text, TRACE_TEXT_SIZE, "%s %s, EtherType 0x%04x", sender ? "from" : "to", mac, be16_to_cpu(eth.type_be));
}

static void say_header(const struct door_traced *packet, const struct ipv4_hdr *ip, char text[static TRACE_TEXT_SIZE])
{
    uint32_t bytes = packet->wire_bytes - (packet->bare ? 0 : ETH_HDR_SIZE);

    snprintf(text, TRACE_TEXT_SIZE, "version %u, %u bytes, total length %u of %u, checksum 0x%04x",
             ipv4_hdr_version(ip), ipv4_hdr_size(ip), be16_to_cpu(ip->total_length_be), bytes,
             be16_to_cpu(ip->checksum_be));
}

static void say_source(const struct door_traced *packet, const struct ipv4_hdr *ip, char text[static TRACE_TEXT_SIZE])
{
    static const char *const filters[] = {"off", "strict", "loose"};
    char addr[IPV4_TEXT_SIZE];

    ipv4_addr_format(be32_to_cpu(ip->src_be), addr);
    snprintf(text, TRACE_TEXT_SIZE, "%s, rp_filter %s", addr, packet->rp_filter < 3 ? filters[packet->rp_filter] : "?");
}

static void say_route(const struct query_traced *record, char text[static TRACE_TEXT_SIZE])
{
    char prefix[IPV4_PREFIX_TEXT_SIZE];

    if (!record->routed) {
        snprintf(text, TRACE_TEXT_SIZE, "none");
        return;
    }
    ipv4_prefix_format(record->route.prefix, prefix);
    snprintf(text, TRACE_TEXT_SIZE, "%s, %s, %s", prefix, rib_source_name(record->route.path.source),
             record->grouped ? "several ways" : rib_type_name(record->route.path.type));
}

static void say_next_hop(const struct query_traced *record, char text[static TRACE_TEXT_SIZE])
{
    const struct door_traced *packet = &record->packet;
    char addr[IPV4_TEXT_SIZE] = "unknown", mac[MAC_TEXT_SIZE], bucket[32] = "";
    bool sent = door_word_kind(packet->word) == DOOR_FORWARD;

    if (record->grouped)
        snprintf(bucket, sizeof(bucket), "bucket %u of %u: ", record->bucket, DOOR_BUCKETS);
    if (record->gateway)
        ipv4_addr_format(record->gateway, addr);
    format_mac(packet->next.dst, mac);
    if (sent && packet->next.bare)
        snprintf(text, TRACE_TEXT_SIZE, "%sthe other end", bucket);
    else
        snprintf(text, TRACE_TEXT_SIZE, "%s%s%s%s", bucket, addr, sent ? " at " : "", sent ? mac : "");
}

static void say_egress(const struct query_traced *record, const struct ipv4_hdr *ip, char text[static TRACE_TEXT_SIZE])
{
    const struct door_traced *packet = &record->packet;
    const char *interface = record->routed && !record->grouped ? record->route.interface : "";
    char segments[48] = "";

    if (packet->gso_bytes)
        snprintf(segments, sizeof(segments), ", to be cut into segments of %u", packet->gso_bytes);
    if (door_word_kind(packet->word) == DOOR_FORWARD)
        snprintf(text, TRACE_TEXT_SIZE, "%s, %u bytes of at most %u%s%s", record->egress[0] ? record->egress : "?",
                 be16_to_cpu(ip->total_length_be), packet->next.mtu, segments,
                 packet->egress != packet->next.ifindex ? ", into its queues" : "");
    else
        snprintf(text, TRACE_TEXT_SIZE, "%s%s%u bytes%s", interface, interface[0] ? ", " : "",
                 be16_to_cpu(ip->total_length_be), segments);
}

void trace_say(const struct query_traced *record, enum trace_step step, char text[static TRACE_TEXT_SIZE])
{
    const struct door_traced *packet = &record->packet;
    const struct ipv4_hdr ip = header_of(packet);
    bool passed = step != trace_decided(packet);

    text[0] = '\0';
    switch (step) {
    case TRACE_SENDER:
        say_frame(packet, true, text);
        break;
    case TRACE_ENGINE:
        snprintf(text, TRACE_TEXT_SIZE, "%s", passed ? "heard of in time" : "not heard of");
        break;
    case TRACE_RULES:
        snprintf(text, TRACE_TEXT_SIZE, "%s", passed ? "none that have not been looked at" : "they are changing");
        break;
    case TRACE_PORT:
        snprintf(text, TRACE_TEXT_SIZE, "%s", passed ? "does not stand aside" : "stands aside");
        break;
    case TRACE_FRAME:
        say_frame(packet, false, text);
        break;
    case TRACE_HEADER:
        say_header(packet, &ip, text);
        break;
    case TRACE_OPTIONS:
        snprintf(text, TRACE_TEXT_SIZE, "%u bytes", ipv4_hdr_size(&ip) - IPV4_HDR_SIZE);
        break;
    case TRACE_TTL:
        snprintf(text, TRACE_TEXT_SIZE, "%u", ip.ttl);
        break;
    case TRACE_DESTINATION:
        ipv4_addr_format(be32_to_cpu(ip.dst_be), text);
        break;
    case TRACE_SOURCE:
        say_source(packet, &ip, text);
        break;
    case TRACE_ROUTE:
        say_route(record, text);
        break;
    case TRACE_NEXT_HOP:
        say_next_hop(record, text);
        break;
    case TRACE_EGRESS:
        say_egress(record, &ip, text);
        break;
    case TRACE_STEP_COUNT:
        break;
    }
}
