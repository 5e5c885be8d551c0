/*
 * Questions end in the order in which they were asked, because all have the same time: a ring, whose oldest one is the
 * next to end. One that is answered before stays in it as nothing.
 */
#include "address/probe.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "net/arp.h"
#include "net/checksum.h"
#include "net/icmp.h"
#include "net/ipv4.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define RECEIVED_AT_ONCE 64

struct question {
    uint32_t addr; /* 0: it has been answered */
    unsigned port;
    uint8_t mac[ETH_ADDR_SIZE];
    int64_t until_ms;
};

/* An address that nobody had. */
struct good {
    uint32_t addr;
    int64_t until_ms;
};

struct probes {
    struct probe_config config;
    struct question questions[PROBE_MAX];
    unsigned first, count;
    struct good good[PROBE_MAX];
    unsigned next_good;
    uint16_t ping_id;
    struct probe_counts counts;
};

static void on_arp(void *arg, struct watch *watch);
static void on_ping(void *arg, struct watch *watch);

struct probes *probes_new(const struct probe_config *config)
{
    struct probes *probes = calloc(1, sizeof(*probes));

    if (!probes)
        return NULL;
    probes->config = *config;
    if (getrandom(&probes->ping_id, sizeof(probes->ping_id), 0) != sizeof(probes->ping_id))
        probes->ping_id = 1; /* it tells pings of others apart, and keeps no secret */
    sockets_take_arp(config->sockets, on_arp, probes);
    return probes;
}

struct probes *probes_free(struct probes *probes)
{
    free(probes);
    return NULL;
}

void probes_want_ping(struct probes *probes, bool wanted)
{
    sockets_want_system(probes->config.sockets, SOCKETS_PING, wanted, on_ping, probes);
}

/* --- questions --------------------------------------------------------------------------------------------------- */

/* RFC 5227 2.1.1: a request from nobody. */
static bool send_arp(const struct probes *probes, const struct probe_question *question)
{
    const struct sockets_port *port = &probes->config.sockets->ports[question->port];
    struct {
        struct eth_hdr eth;
        struct arp_hdr arp;
        uint8_t filling[18]; /* to the shortest frame of Ethernet */
    } WIRE_LAYOUT frame = {.eth.type_be = cpu_to_be16(ETH_TYPE_ARP),
                           .arp = {.hardware_be = cpu_to_be16(ARP_HARDWARE_ETH),
                                   .protocol_be = cpu_to_be16(ETH_TYPE_IPV4),
                                   .hardware_len = ETH_ADDR_SIZE,
                                   .protocol_len = sizeof(uint32_t),
                                   .operation_be = cpu_to_be16(ARP_REQUEST),
                                   .target_be = cpu_to_be32(question->addr)}};

    memset(frame.eth.dst, 0xff, ETH_ADDR_SIZE);
    memcpy(frame.eth.src, port->mac, ETH_ADDR_SIZE);
    memcpy(frame.arp.sender_mac, port->mac, ETH_ADDR_SIZE);
    return port->arp.fd >= 0 && send(port->arp.fd, &frame, sizeof(frame), MSG_DONTWAIT) == (ssize_t)sizeof(frame);
}

static bool send_ping(const struct probes *probes, const struct probe_question *question)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = cpu_to_be32(question->addr)};
    struct icmp_hdr echo = {.type = ICMP_TYPE_ECHO, .rest_be = cpu_to_be32((uint32_t)probes->ping_id << 16)};
    int fd = probes->config.sockets->system[SOCKETS_PING].watch.fd;

    echo.checksum_be = checksum_finish(checksum_bytes(&echo, sizeof(echo)));
    return fd >= 0 && sendto(fd, &echo, sizeof(echo), MSG_DONTWAIT, (struct sockaddr *)&address, sizeof(address)) ==
                          (ssize_t)sizeof(echo);
}

static unsigned number_of(const struct probes *probes, unsigned nth)
{
    return (probes->first + nth) % PROBE_MAX;
}

/* -1: nobody asks for it. */
static int find(const struct probes *probes, uint32_t addr)
{
    for (unsigned i = 0; i < probes->count; i++)
        if (probes->questions[number_of(probes, i)].addr == addr)
            return (int)number_of(probes, i);
    return -1;
}

static bool is_good(const struct probes *probes, uint32_t addr, int64_t now_ms)
{
    for (unsigned i = 0; i < PROBE_MAX; i++)
        if (probes->good[i].addr == addr && probes->good[i].until_ms > now_ms)
            return true;
    return false;
}

int probes_ask(struct probes *probes, const struct probe_question *question)
{
    int64_t now_ms = clock_now_ms();
    int number = find(probes, question->addr);

    if (number >= 0 || is_good(probes, question->addr, now_ms))
        return number;
    if (probes->count == PROBE_MAX || !(question->port ? send_arp : send_ping)(probes, question)) {
        probes->counts.unasked++;
        return -1;
    }
    number = (int)number_of(probes, probes->count++);
    probes->questions[number] =
        (struct question){.addr = question->addr, .port = question->port, .until_ms = now_ms + PROBE_MS};
    memcpy(probes->questions[number].mac, question->mac, ETH_ADDR_SIZE);
    probes->counts.asked++;
    return number;
}

/* --- answers ----------------------------------------------------------------------------------------------------- */

void probes_turn(struct probes *probes)
{
    int64_t now_ms = clock_now_ms();

    while (probes->count && probes->questions[probes->first].until_ms <= now_ms) {
        unsigned number = probes->first;
        uint32_t addr = probes->questions[number].addr;
        probes->first = number_of(probes, 1);
        probes->count--;
        if (!addr)
            continue;
        probes->good[probes->next_good] = (struct good){addr, now_ms + PROBE_GOOD_MS};
        probes->next_good = (probes->next_good + 1) % PROBE_MAX;
        probes->config.nobody(probes->config.arg, number);
    }
}

int probes_wait_ms(const struct probes *probes, int most)
{
    if (!probes->count)
        return most;
    int64_t left = probes->questions[probes->first].until_ms - clock_now_ms();
    return left < 0 ? 0 : left < most ? (int)left : most;
}

/* Somebody has it. mac: who; NULL: that is not known. */
static void take_answer(struct probes *probes, uint32_t addr, unsigned port, const uint8_t *mac)
{
    int number = addr ? find(probes, addr) : -1;

    if (number < 0 || probes->questions[number].port != port ||
        (mac && memcmp(probes->questions[number].mac, mac, ETH_ADDR_SIZE) == 0))
        return;
    probes->questions[number].addr = 0;
    probes->counts.used++;
    probes->config.somebody(probes->config.arg, (unsigned)number);
}

static void on_arp(void *arg, struct watch *watch)
{
    struct probes *probes = arg;
    struct {
        struct eth_hdr eth;
        struct arp_hdr arp;
    } WIRE_LAYOUT frame;
    const struct sockets_port *port = CONTAINER_OF(watch, struct sockets_port, arp);

    for (unsigned i = 0; i < RECEIVED_AT_ONCE && watch->fd >= 0; i++) {
        ssize_t len = recv(watch->fd, &frame, sizeof(frame), MSG_DONTWAIT);
        if (len < 0)
            return;
        if (len == (ssize_t)sizeof(frame) && frame.arp.hardware_be == cpu_to_be16(ARP_HARDWARE_ETH) &&
            frame.arp.protocol_be == cpu_to_be16(ETH_TYPE_IPV4))
            take_answer(probes, be32_to_cpu(frame.arp.sender_be), (unsigned)(port - probes->config.sockets->ports),
                        frame.arp.sender_mac);
    }
}

static void on_ping(void *arg, struct watch *watch)
{
    struct probes *probes = arg;
    uint8_t packet[IPV4_HDR_SIZE + 40 + ICMP_HDR_SIZE]; /* with options; what is behind is cut */

    for (unsigned i = 0; i < RECEIVED_AT_ONCE && watch->fd >= 0; i++) {
        ssize_t len = recv(watch->fd, packet, sizeof(packet), MSG_DONTWAIT);
        if (len < 0)
            return;
        const struct ipv4_hdr *ip = (const void *)packet;
        size_t at = (size_t)(packet[0] & 0x0f) * 4;
        const struct icmp_hdr *echo = (const void *)(packet + at);
        if (at < IPV4_HDR_SIZE || (size_t)len < at + ICMP_HDR_SIZE || echo->type != ICMP_TYPE_ECHO_REPLY ||
            echo->rest_be != cpu_to_be32((uint32_t)probes->ping_id << 16))
            continue;
        take_answer(probes, be32_to_cpu(ip->src_be), 0, NULL);
    }
}

const struct probe_counts *probes_counts(const struct probes *probes)
{
    return &probes->counts;
}
