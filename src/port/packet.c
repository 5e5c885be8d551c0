#include "port/packet.h"

#include "base/bytes.h"
#include "base/compiler.h"
#include "net/arp.h"
#include "net/ipv4.h"
#include "net/udp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES 16777216 /* a burst's worth, some 15,000 frames, while the service waits for its disk */

static int attach(int fd, const struct sock_filter *code, unsigned short count)
{
    struct sock_fprog program = {.len = count, .filter = (struct sock_filter *)code};
    int on = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)) < 0)
        return -errno;
    return 0;
}

/* Whether a DHCP message begins with the option that says DHCPDISCOVER, as those of all known clients do. */
#define OPTIONS_AT  (ETH_HDR_SIZE + UDP_HDR_SIZE + 240) /* without the IPv4 header */
#define OPTION_TYPE 53
#define DISCOVER    1

/* Jumps count the instructions that they pass over. */
static int attach_filter(int fd, uint16_t udp_port, enum packet_kind kind)
{
    const uint32_t discover = kind == PACKET_OTHERS ? 0 : UINT32_MAX;
    const uint32_t other = kind == PACKET_DISCOVERS ? 0 : UINT32_MAX;
    const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, PACKET_MULTICAST, 18, 0), /* others' */
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_TYPE_IPV4, 0, 16),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HDR_SIZE + 9),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPV4_PROTOCOL_UDP, 0, 14),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_HDR_SIZE + 6),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET, 12, 0),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, ETH_HDR_SIZE), /* the IPv4 header's length */
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, ETH_HDR_SIZE + 2),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, udp_port, 0, 9),
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OPTIONS_AT + 3, 0, 5),
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, OPTIONS_AT),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OPTION_TYPE, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, OPTIONS_AT + 2),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DISCOVER, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, discover),
        BPF_STMT(BPF_RET | BPF_K, other),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };

    return attach(fd, code, ARRAY_SIZE(code));
}

static int bind_packets(int fd, uint32_t ifindex, uint16_t protocol)
{
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = cpu_to_be16(protocol), .sll_ifindex = (int)ifindex};

    return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

/* What was opened, or nothing. */
static int give(int fd, int error, int *result)
{
    if (error)
        close(fd);
    else
        *result = fd;
    return error;
}

int packet_open(uint32_t ifindex, uint16_t udp_port, enum packet_kind kind, int *result)
{
    int on = 1, bytes = RECEIVE_BYTES;
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); /* nothing arrives until it is bound */

    if (fd < 0)
        return -errno;
    int error = attach_filter(fd, udp_port, kind);
    if (!error && setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0)
        error = -errno;
    if (!error && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)); /* as much as there may be */
    if (!error)
        error = bind_packets(fd, ifindex, ETH_TYPE_IPV4);
    return give(fd, error, result);
}

int packet_open_arp(uint32_t ifindex, int *result)
{
    const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_HOST, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_HDR_SIZE + offsetof(struct arp_hdr, operation_be)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARP_REPLY, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    int error = attach(fd, code, ARRAY_SIZE(code));
    if (!error)
        error = bind_packets(fd, ifindex, ETH_TYPE_ARP);
    return give(fd, error, result);
}

int packet_open_ping(int *result)
{
    struct icmp_filter filter = {.data = ~(1U << ICMP_ECHOREPLY)}; /* those that do not arrive */
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);

    if (fd < 0)
        return -errno;
    return give(fd, setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)) < 0 ? -errno : 0, result);
}

/* A UDP socket that is bound at an interface, or at all (NULL). `shares`: with others that do. */
static int open_udp(const char *interface, uint16_t udp_port, bool shares, const struct sock_filter *code,
                    unsigned short count, int *result)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = cpu_to_be16(udp_port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

    if (fd < 0)
        return -errno;
    int error = attach(fd, code, count);
    if (!error &&
        ((shares && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) ||
         (interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)) < 0) ||
         bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
         setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)) /* for those that come later */
        error = -errno;
    return give(fd, error, result);
}

int packet_open_sink(const char *interface, uint16_t udp_port, bool beside, int *result)
{
    const struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};

    return open_udp(interface, udp_port, beside, nothing, ARRAY_SIZE(nothing), result);
}

int packet_open_replies(uint16_t udp_port, uint8_t first, int *result)
{
    const struct sock_filter replies[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, UDP_HDR_SIZE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };

    return open_udp(NULL, udp_port, true, replies, ARRAY_SIZE(replies), result);
}
