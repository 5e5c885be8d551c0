/* Services stand in an open hash table of (address, port), which is never more than half full. */
#include "net/udp_mux.h"

#include "base/compiler.h"
#include "net/checksum.h"
#include "net/validate.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TTL 64 /* RFC 1700 */

struct service {
    uint64_t key; /* address << 16 | port; 0: free (0.0.0.0 port 0 is no destination) */
    udp_receive *receive;
    void *arg;
};

struct udp_mux {
    udp_output *output;
    void *arg;
    struct service *services;
    size_t room, used; /* room: a power of two */
    uint16_t next_id;
    struct udp_mux_counts counts[UDP_MUX_PORTS];
    uint8_t frame[UDP_MUX_HEADERS + UDP_MUX_DATA_MAX];
};

static const char *const names[] = {
#define X(enumerator, name, help) name,
    UDP_VERDICTS(X)
#undef X
};

static const char *const helps[] = {
#define X(enumerator, name, help) help,
    UDP_VERDICTS(X)
#undef X
};

const char *udp_verdict_name(unsigned verdict)
{
    return verdict < ARRAY_SIZE(names) ? names[verdict] : "unknown";
}

const char *udp_verdict_help(unsigned verdict)
{
    return verdict < ARRAY_SIZE(helps) ? helps[verdict] : "unknown";
}

struct udp_mux *udp_mux_new(udp_output *output, void *arg)
{
    struct udp_mux *mux = calloc(1, sizeof(*mux));

    if (!mux)
        return NULL;
    mux->room = 64;
    mux->services = calloc(mux->room, sizeof(*mux->services));
    if (!mux->services) {
        free(mux);
        return NULL;
    }
    mux->output = output;
    mux->arg = arg;
    return mux;
}

struct udp_mux *udp_mux_free(struct udp_mux *mux)
{
    if (mux)
        free(mux->services);
    free(mux);
    return NULL;
}

/* --- services ---------------------------------------------------------------------------------------------------- */

static uint64_t key_of(uint32_t addr, uint16_t udp_port)
{
    return (uint64_t)addr << 16 | udp_port;
}

static size_t home_of(const struct udp_mux *mux, uint64_t key)
{
    return (size_t)(key * 0x9e3779b97f4a7c15 >> 32) & (mux->room - 1);
}

/* Where the key stands, or would stand. */
static struct service *find(const struct udp_mux *mux, uint64_t key)
{
    size_t at = home_of(mux, key);

    while (mux->services[at].key && mux->services[at].key != key)
        at = (at + 1) & (mux->room - 1);
    return &mux->services[at];
}

static int grow(struct udp_mux *mux)
{
    struct service *old = mux->services, *larger = calloc(mux->room * 2, sizeof(*larger));
    size_t room = mux->room;

    if (!larger)
        return -ENOMEM;
    mux->services = larger;
    mux->room *= 2;
    for (size_t i = 0; i < room; i++)
        if (old[i].key)
            *find(mux, old[i].key) = old[i];
    free(old);
    return 0;
}

int udp_mux_register(struct udp_mux *mux, uint32_t addr, uint16_t udp_port, udp_receive *receive, void *arg)
{
    uint64_t key = key_of(addr, udp_port);

    assert(key);
    if (find(mux, key)->key)
        return -EADDRINUSE;
    int error = (mux->used + 1) * 2 > mux->room ? grow(mux) : 0;
    if (error)
        return error;
    *find(mux, key) = (struct service){key, receive, arg};
    mux->used++;
    return 0;
}

void udp_mux_unregister(struct udp_mux *mux, uint32_t addr, uint16_t udp_port)
{
    struct service *gone = find(mux, key_of(addr, udp_port));
    size_t at = (size_t)(gone - mux->services);

    if (!gone->key)
        return;
    *gone = (struct service){0};
    mux->used--;
    /* Whatever stands behind it, up to the next gap, may belong into the new gap. */
    for (at = (at + 1) & (mux->room - 1); mux->services[at].key; at = (at + 1) & (mux->room - 1)) {
        struct service moved = mux->services[at];
        mux->services[at] = (struct service){0};
        *find(mux, moved.key) = moved;
    }
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

/* The sum of the pseudo-header alone, folded, is what a sender leaves for hardware to finish. */
static bool checksum_holds(const struct ipv4_hdr *ip, const struct udp_hdr *udp, uint16_t len)
{
    uint64_t pseudo = checksum_pseudo_ipv4(be32_to_cpu(ip->src_be), be32_to_cpu(ip->dst_be), IPV4_PROTOCOL_UDP, len);

    return udp->checksum_be == 0 || checksum_is_right(pseudo + checksum_bytes(udp, len)) ||
           udp->checksum_be == checksum_fold(pseudo);
}

static enum udp_verdict receive(struct udp_mux *mux, unsigned port, const uint8_t *frame, size_t len, bool pending)
{
    const struct eth_hdr *eth = (const void *)frame;
    const uint8_t *end = frame + len;

    if (len < ETH_HDR_SIZE)
        return UDP_TRUNCATED;
    if (eth->type_be != cpu_to_be16(ETH_TYPE_IPV4))
        return UDP_LEFT;
    const struct ipv4_hdr *ip = (const void *)(eth + 1);
    enum drop_reason fault = ipv4_validate(ip, end, (uint32_t)(len - ETH_HDR_SIZE));
    if (fault)
        return fault == DROP_IP_TRUNCATED ? UDP_TRUNCATED : UDP_IP_HEADER;
    if (ip->protocol != IPV4_PROTOCOL_UDP || ipv4_hdr_is_fragment(ip))
        return UDP_LEFT;
    const struct udp_hdr *udp = (const void *)((const uint8_t *)ip + ipv4_hdr_size(ip));
    size_t room = be16_to_cpu(ip->total_length_be) - ipv4_hdr_size(ip); /* all of it is there, says ipv4_validate() */
    if (room < UDP_HDR_SIZE)
        return UDP_TRUNCATED;
    uint32_t dst = be32_to_cpu(ip->dst_be);
    uint16_t dst_port = be16_to_cpu(udp->dst_port_be), udp_len = be16_to_cpu(udp->length_be);
    const struct service *service = find(mux, key_of(dst, dst_port));
    if (!service->key)
        return UDP_LEFT;
    if (udp_len < UDP_HDR_SIZE || udp_len > room)
        return UDP_LENGTH;
    if (!pending && !checksum_holds(ip, udp, udp_len))
        return UDP_CHECKSUM;
    struct udp_datagram datagram = {.port = port,
                                    .src = be32_to_cpu(ip->src_be),
                                    .dst = dst,
                                    .src_port = be16_to_cpu(udp->src_port_be),
                                    .dst_port = dst_port,
                                    .tos = ip->tos,
                                    .ttl = ip->ttl,
                                    .data = (const uint8_t *)(udp + 1),
                                    .len = udp_len - UDP_HDR_SIZE};
    memcpy(datagram.src_mac, eth->src, ETH_ADDR_SIZE);
    memcpy(datagram.dst_mac, eth->dst, ETH_ADDR_SIZE);
    return service->receive(service->arg, &datagram) ? UDP_DELIVERED : UDP_REFUSED;
}

enum udp_verdict udp_mux_receive(struct udp_mux *mux, unsigned port, const uint8_t *frame, size_t len,
                                 bool checksum_pending)
{
    enum udp_verdict verdict = receive(mux, port, frame, len, checksum_pending);

    mux->counts[port].verdicts[verdict]++;
    return verdict;
}

/* --- out --------------------------------------------------------------------------------------------------------- */

/* len is at most UDP_MUX_DATA_MAX. */
static void write_headers(struct udp_mux *mux, const struct udp_datagram *datagram)
{
    struct eth_hdr *eth = (void *)mux->frame;
    struct ipv4_hdr *ip = (void *)(eth + 1);
    struct udp_hdr *udp = (void *)(ip + 1);
    uint16_t udp_len = (uint16_t)(UDP_HDR_SIZE + datagram->len);

    memcpy(eth->dst, datagram->dst_mac, ETH_ADDR_SIZE);
    memcpy(eth->src, datagram->src_mac, ETH_ADDR_SIZE);
    eth->type_be = cpu_to_be16(ETH_TYPE_IPV4);
    *ip = (struct ipv4_hdr){.version_ihl = IPV4_VERSION << 4 | IPV4_HDR_SIZE / 4,
                            .total_length_be = cpu_to_be16(IPV4_HDR_SIZE + udp_len),
                            .id_be = cpu_to_be16(mux->next_id++),
                            .tos = datagram->tos,
                            .ttl = datagram->ttl ? datagram->ttl : TTL,
                            .protocol = IPV4_PROTOCOL_UDP,
                            .src_be = cpu_to_be32(datagram->src),
                            .dst_be = cpu_to_be32(datagram->dst)};
    ip->checksum_be = checksum_finish(checksum_ipv4_words(ip));
    *udp = (struct udp_hdr){.src_port_be = cpu_to_be16(datagram->src_port),
                            .dst_port_be = cpu_to_be16(datagram->dst_port),
                            .length_be = cpu_to_be16(udp_len)};
    uint64_t pseudo = checksum_pseudo_ipv4(datagram->src, datagram->dst, IPV4_PROTOCOL_UDP, udp_len);
    udp->checksum_be = udp_checksum_to_send(checksum_finish(pseudo + checksum_bytes(udp, udp_len)));
}

int udp_mux_send(struct udp_mux *mux, const struct udp_datagram *datagram)
{
    struct udp_mux_counts *counts = &mux->counts[datagram->port];
    int error = datagram->len > UDP_MUX_DATA_MAX ? -EMSGSIZE : 0;

    if (!error) {
        if (datagram->len)
            memcpy(mux->frame + UDP_MUX_HEADERS, datagram->data, datagram->len);
        write_headers(mux, datagram);
        error = mux->output(mux->arg, datagram->port, mux->frame, UDP_MUX_HEADERS + datagram->len);
    }
    counts->sent += !error;
    counts->unsent += error != 0;
    return error;
}

const struct udp_mux_counts *udp_mux_counts(const struct udp_mux *mux, unsigned port)
{
    return &mux->counts[port];
}
