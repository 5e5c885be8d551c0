/*
 * Load for a DHCP server: clients that go through the four-way exchange (DISCOVER, OFFER, REQUEST, ACK), at a given
 * rate, whatever the server does: nobody waits for anybody, and nobody asks twice. So what was not answered was lost.
 *
 * Clients are told apart by number: it is their transaction identifier, and their hardware address follows from it.
 * They send from one interface, as frames of their own, either as hosts on its link (broadcasts) or through relays that
 * stand there (unicast from and to a giaddr). One line of JSON says how it went. With --log every ACK is noted as soon
 * as it is here. With --flood nobody takes what is offered: each DISCOVER is of somebody new.
 */
#include "base/compiler.h"
#include "net/checksum.h"
#include "net/eth.h"
#include "net/ipv4.h"
#include "net/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH        64
#define FRAME_BYTES  1600
#define DRAIN_NS     1000000000 /* how long answers are waited for after the last question */
#define SOCKET_BYTES 67108864
#define NS           1000000000LL
#define DHCP_AT      (ETH_HDR_SIZE + IPV4_HDR_SIZE + UDP_HDR_SIZE)
#define OPTIONS_AT   240
#define COOKIE       0x63825363
#define CLIENT_PORT  68
#define SERVER_PORT  67

enum state { IDLE, DISCOVERING, REQUESTING, DONE, REFUSED };

struct client {
    int64_t asked_ns; /* its DISCOVER, or renewal */
    int64_t done_ns;
    uint8_t state;
};

struct load {
    const char *interface;
    uint32_t rate, first, count; /* clients a second, the first one's number, how many */
    uint32_t giaddr;             /* 0: hosts on the link */
    uint32_t server;             /* its address, for relays and renewals */
    uint32_t renew_from;         /* not 0: client n has this address + n, and renews it */
    uint8_t server_mac[ETH_ADDR_SIZE], own_mac[ETH_ADDR_SIZE];
    bool flood;
    FILE *log;
    int fd;
    struct client *clients;
    uint32_t started, offered, acked, naked;
    struct mmsghdr out[BATCH], in[BATCH];
    struct iovec out_parts[BATCH], in_parts[BATCH];
    unsigned queued;
    uint64_t unsent;
    uint8_t out_frames[BATCH][FRAME_BYTES], in_frames[BATCH][FRAME_BYTES];
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS + now.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "dhcp_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- frames out -------------------------------------------------------------------------------------------------- */

/* A client's hardware address: locally administered, and scattered. */
static void mac_of(uint32_t number, uint8_t mac[static ETH_ADDR_SIZE])
{
    uint32_t scattered = number * 2654435761u;

    mac[0] = 0x02;
    mac[1] = 0xfa;
    memcpy(mac + 2, &scattered, sizeof(scattered));
}

static void flush(struct load *load)
{
    unsigned sent = 0;

    while (sent < load->queued) {
        int count = sendmmsg(load->fd, load->out + sent, load->queued - sent, 0);
        if (count < 0 && errno != ENOBUFS && errno != EAGAIN)
            die("sendmmsg");
        if (count < 0) { /* this one is lost */
            load->unsent++;
            count = 1;
        }
        sent += (unsigned)count;
    }
    load->queued = 0;
}

static uint8_t *put(uint8_t *at, uint8_t code, uint8_t len, const void *value)
{
    *at++ = code;
    *at++ = len;
    memcpy(at, value, len);
    return at + len;
}

/* type 1 DISCOVER, 3 REQUEST; addr and server_id (network order) are those of an offer. */
static void ask(struct load *load, uint32_t number, uint8_t type, uint32_t addr_be, uint32_t server_id_be)
{
    static const uint8_t wanted[] = {1, 3, 6, 15, 28, 51, 54, 58, 59};
    uint8_t *frame = load->out_frames[load->queued], *dhcp = frame + DHCP_AT, *at = dhcp + OPTIONS_AT;
    struct eth_hdr *eth = (void *)frame;
    struct ipv4_hdr *ip = (void *)(eth + 1);
    struct udp_hdr *udp = (void *)(ip + 1);
    const uint32_t xid = number, cookie_be = cpu_to_be32(COOKIE), ciaddr_be = load->renew_from ? addr_be : 0;
    uint8_t mac[ETH_ADDR_SIZE], identifier[1 + ETH_ADDR_SIZE];

    mac_of(number, mac);
    memset(frame, 0, DHCP_AT + OPTIONS_AT);
    dhcp[0] = 1;
    dhcp[1] = 1;
    dhcp[2] = ETH_ADDR_SIZE;
    dhcp[3] = load->giaddr ? 1 : 0;
    memcpy(dhcp + 4, &xid, 4);
    memcpy(dhcp + 12, &ciaddr_be, 4);
    uint32_t giaddr_be = cpu_to_be32(load->giaddr);
    memcpy(dhcp + 24, &giaddr_be, 4);
    memcpy(dhcp + 28, mac, ETH_ADDR_SIZE);
    memcpy(dhcp + 236, &cookie_be, 4);
    at = put(at, 53, 1, &type);
    identifier[0] = 1;
    memcpy(identifier + 1, mac, ETH_ADDR_SIZE);
    at = put(at, 61, sizeof(identifier), identifier);
    if (type == 3 && !load->renew_from) {
        at = put(at, 50, 4, &addr_be);
        at = put(at, 54, 4, &server_id_be);
    }
    at = put(at, 55, sizeof(wanted), wanted);
    *at++ = 255;
    while (at < dhcp + 300)
        *at++ = 0;
    size_t len = (size_t)(at - dhcp);

    bool unicast = load->giaddr || load->renew_from;
    memset(eth->dst, 0xff, ETH_ADDR_SIZE);
    if (unicast)
        memcpy(eth->dst, load->server_mac, ETH_ADDR_SIZE);
    memcpy(eth->src, unicast ? load->own_mac : mac, ETH_ADDR_SIZE);
    eth->type_be = cpu_to_be16(ETH_TYPE_IPV4);
    uint32_t src = load->giaddr ? load->giaddr : be32_to_cpu(ciaddr_be), dst = unicast ? load->server : UINT32_MAX;
    uint16_t udp_len = (uint16_t)(UDP_HDR_SIZE + len);
    *ip = (struct ipv4_hdr){.version_ihl = 0x45,
                            .total_length_be = cpu_to_be16((uint16_t)(IPV4_HDR_SIZE + udp_len)),
                            .ttl = 64,
                            .protocol = IPV4_PROTOCOL_UDP,
                            .src_be = cpu_to_be32(src),
                            .dst_be = cpu_to_be32(dst)};
    ip->checksum_be = checksum_finish(checksum_ipv4_words(ip));
    *udp = (struct udp_hdr){.src_port_be = cpu_to_be16(load->giaddr ? SERVER_PORT : CLIENT_PORT),
                            .dst_port_be = cpu_to_be16(SERVER_PORT),
                            .length_be = cpu_to_be16(udp_len)};
    uint64_t pseudo = checksum_pseudo_ipv4(src, dst, IPV4_PROTOCOL_UDP, udp_len);
    udp->checksum_be = udp_checksum_to_send(checksum_finish(pseudo + checksum_bytes(udp, udp_len)));
    load->out_parts[load->queued].iov_len = DHCP_AT + len;
    if (++load->queued == BATCH)
        flush(load);
}

static void start_client(struct load *load, uint32_t i)
{
    struct client *client = &load->clients[i];

    client->asked_ns = now_ns();
    client->state = load->renew_from ? REQUESTING : DISCOVERING;
    if (load->renew_from)
        ask(load, load->first + i, 3, cpu_to_be32(load->renew_from + load->first + i), 0);
    else
        ask(load, load->first + i, 1, 0, 0);
}

/* --- frames in --------------------------------------------------------------------------------------------------- */

/* The four bytes of an option; false: it is not there. */
static bool find_u32(const uint8_t *options, const uint8_t *end, uint8_t code, uint32_t *value_be)
{
    for (const uint8_t *at = options; at + 1 < end && *at != 255; at += *at == 0 ? 1 : 2 + at[1]) {
        if (*at == code && at[1] == 4 && at + 6 <= end) {
            memcpy(value_be, at + 2, 4);
            return true;
        }
    }
    return false;
}

static uint8_t type_of(const uint8_t *options, const uint8_t *end)
{
    for (const uint8_t *at = options; at + 2 < end && *at != 255; at += *at == 0 ? 1 : 2 + at[1])
        if (*at == 53)
            return at[2];
    return 0;
}

static void note_ack(struct load *load, uint32_t number, uint32_t addr_be, uint32_t lease_s)
{
    char text[INET_ADDRSTRLEN];
    uint8_t mac[ETH_ADDR_SIZE];
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    mac_of(number, mac);
    fprintf(load->log, "%s %02x%02x%02x%02x%02x%02x %lld %u\n", inet_ntop(AF_INET, &addr_be, text, sizeof(text)),
            mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], (long long)now.tv_sec, lease_s);
}

static void take(struct load *load, const uint8_t *frame, size_t len)
{
    const uint8_t *dhcp = frame + DHCP_AT, *options = dhcp + OPTIONS_AT, *end = frame + len;
    uint32_t xid, addr_be, server_id_be = 0, lease_be = 0;

    if (len < DHCP_AT + OPTIONS_AT || dhcp[0] != 2)
        return;
    memcpy(&xid, dhcp + 4, 4);
    memcpy(&addr_be, dhcp + 16, 4);
    if (xid < load->first || xid - load->first >= load->started)
        return;
    struct client *client = &load->clients[xid - load->first];
    switch (type_of(options, end)) {
    case 2:
        if (client->state != DISCOVERING || !find_u32(options, end, 54, &server_id_be))
            return;
        client->state = REQUESTING;
        load->offered++;
        ask(load, xid, 3, addr_be, server_id_be);
        return;
    case 5:
        if (client->state != REQUESTING || !find_u32(options, end, 51, &lease_be))
            return;
        client->state = DONE;
        client->done_ns = now_ns();
        load->acked++;
        if (load->log)
            note_ack(load, xid, addr_be, be32_to_cpu(lease_be));
        return;
    case 6:
        client->state = REFUSED;
        load->naked++;
    }
}

/* False: there was nothing. */
static bool receive(struct load *load)
{
    int count = recvmmsg(load->fd, load->in, BATCH, MSG_DONTWAIT, NULL);

    for (int i = 0; i < count; i++)
        take(load, load->in_frames[i], load->in[i].msg_len);
    flush(load);
    if (load->log)
        fflush(load->log);
    return count > 0;
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static void open_socket(struct load *load)
{
    /* UDP to the port that servers answer to. */
    const uint16_t port = load->giaddr ? SERVER_PORT : CLIENT_PORT;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 6, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HDR_SIZE + 9),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPV4_PROTOCOL_UDP, 0, 4),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, ETH_HDR_SIZE),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, ETH_HDR_SIZE + 2),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {ARRAY_SIZE(code), code};
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = load->flood ? 0 : cpu_to_be16(ETH_TYPE_IPV4),
                                  .sll_ifindex = (int)if_nametoindex(load->interface)};
    int bytes = SOCKET_BYTES, on = 1;

    load->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (load->fd < 0 || setsockopt(load->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ||
        setsockopt(load->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 ||
        setsockopt(load->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
        bind(load->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        die(load->interface);
    setsockopt(load->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
    for (unsigned i = 0; i < BATCH; i++) {
        load->out_parts[i] = (struct iovec){load->out_frames[i], 0};
        load->out[i].msg_hdr = (struct msghdr){.msg_iov = &load->out_parts[i], .msg_iovlen = 1};
        load->in_parts[i] = (struct iovec){load->in_frames[i], FRAME_BYTES};
        load->in[i].msg_hdr = (struct msghdr){.msg_iov = &load->in_parts[i], .msg_iovlen = 1};
    }
}

static void run(struct load *load)
{
    const int64_t begin = now_ns(), gap = NS / load->rate;
    int64_t last = begin;

    while (load->acked + load->naked < load->count) {
        int64_t now = now_ns();
        if (load->started == load->count && now - last > DRAIN_NS)
            break;
        while (load->started < load->count && begin + (int64_t)load->started * gap <= now) {
            start_client(load, load->started++);
            last = now;
        }
        flush(load);
        if (load->flood && load->started == load->count)
            break;
        if (!load->flood && receive(load))
            continue;
        int64_t next = load->started < load->count ? begin + (int64_t)load->started * gap - now_ns() : DRAIN_NS / 100;
        if (next > 0) {
            struct pollfd waiting = {load->fd, POLLIN, 0};
            struct timespec until = {next / NS, next % NS};
            ppoll(&waiting, 1, &until, NULL);
        }
    }
}

static int compare(const void *a, const void *b)
{
    const int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return one < other ? -1 : one > other;
}

/* Of the sorted ones the one that so many in a thousand are at most; 0 if there are none. */
static double quantile_ms(const int64_t *latencies, size_t count, size_t thousandths)
{
    size_t at = count * thousandths / 1000;

    return count ? (double)latencies[at < count ? at : count - 1] / 1e6 : 0;
}

static void report(const struct load *load, int64_t took_ns)
{
    int64_t *latencies = calloc(load->count, sizeof(*latencies));
    size_t count = 0;

    if (!latencies)
        die("memory");
    for (uint32_t i = 0; i < load->started; i++)
        if (load->clients[i].state == DONE)
            latencies[count++] = load->clients[i].done_ns - load->clients[i].asked_ns;
    qsort(latencies, count, sizeof(*latencies), compare);
    printf("{\"started\": %u, \"offered\": %u, \"acked\": %u, \"naked\": %u, \"unsent\": %llu, \"seconds\": %.3f, "
           "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n",
           load->started, load->offered, load->acked, load->naked, (unsigned long long)load->unsent,
           (double)took_ns / (double)NS, quantile_ms(latencies, count, 500), quantile_ms(latencies, count, 990),
           quantile_ms(latencies, count, 1000));
    free(latencies);
}

static uint32_t parse_number(const char *text, const char *what)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end || value > UINT32_MAX) {
        fprintf(stderr, "dhcp_load: %s: a number expected\n", what);
        exit(2);
    }
    return (uint32_t)value;
}

static uint32_t parse_address(const char *text, const char *what)
{
    struct in_addr addr;

    if (inet_pton(AF_INET, text, &addr) != 1) {
        fprintf(stderr, "dhcp_load: %s: an address expected\n", what);
        exit(2);
    }
    return be32_to_cpu(addr.s_addr);
}

static void parse_mac(const char *text, uint8_t mac[static ETH_ADDR_SIZE], const char *what)
{
    if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) != 6) {
        fprintf(stderr, "dhcp_load: %s: a hardware address expected\n", what);
        exit(2);
    }
}

static const char usage[] =
    "usage: dhcp_load --interface NAME --rate CLIENTS_A_SECOND --count CLIENTS [--first NUMBER] [--log FILE]\n"
    "                 [--giaddr ADDRESS] [--renew-from ADDRESS] [--server ADDRESS --server-mac MAC --own-mac MAC]\n"
    "                 [--flood]\n";

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"interface", required_argument, NULL, 'i'},
        {"rate", required_argument, NULL, 'r'},
        {"count", required_argument, NULL, 'c'},
        {"first", required_argument, NULL, 'f'},
        {"log", required_argument, NULL, 'l'},
        {"giaddr", required_argument, NULL, 'g'},
        {"renew-from", required_argument, NULL, 'n'},
        {"server", required_argument, NULL, 's'},
        {"server-mac", required_argument, NULL, 'm'},
        {"own-mac", required_argument, NULL, 'o'},
        {"flood", no_argument, NULL, 'F'},
        {NULL, 0, NULL, 0},
    };
    static struct load all;
    struct load *load = &all;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'i':
            load->interface = optarg;
            break;
        case 'r':
            load->rate = parse_number(optarg, "--rate");
            break;
        case 'c':
            load->count = parse_number(optarg, "--count");
            break;
        case 'f':
            load->first = parse_number(optarg, "--first");
            break;
        case 'g':
            load->giaddr = parse_address(optarg, "--giaddr");
            break;
        case 'n':
            load->renew_from = parse_address(optarg, "--renew-from");
            break;
        case 's':
            load->server = parse_address(optarg, "--server");
            break;
        case 'm':
            parse_mac(optarg, load->server_mac, "--server-mac");
            break;
        case 'o':
            parse_mac(optarg, load->own_mac, "--own-mac");
            break;
        case 'F':
            load->flood = true;
            break;
        case 'l':
            load->log = fopen(optarg, "ae");
            if (!load->log)
                die(optarg);
            break;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (!load->interface || !load->rate || !load->count) {
        fputs(usage, stderr);
        return 2;
    }
    load->clients = calloc(load->count, sizeof(*load->clients));
    if (!load->clients)
        die("memory");
    open_socket(load);
    int64_t begin = now_ns();
    run(load);
    report(load, now_ns() - begin);
    return 0;
}
