/*
 * Traffic to be forwarded: small UDP datagrams, as fast as one CPU can send them, for so many seconds. One line of JSON
 * says how many have been sent.
 */
#include "net/checksum.h"
#include "net/eth.h"
#include "net/ipv4.h"
#include "net/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH       64
#define FRAME_BYTES 60

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void make(uint8_t *frame, char **words)
{
    struct eth_hdr *eth = (void *)frame;
    struct ipv4_hdr *ip = (void *)(eth + 1);
    struct udp_hdr *udp = (void *)(ip + 1);
    struct in_addr src, dst;

    if (sscanf(words[0], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &eth->dst[0], &eth->dst[1], &eth->dst[2], &eth->dst[3],
               &eth->dst[4], &eth->dst[5]) != 6 ||
        inet_pton(AF_INET, words[1], &src) != 1 || inet_pton(AF_INET, words[2], &dst) != 1) {
        fputs("traffic: a hardware address and two addresses expected\n", stderr);
        exit(2);
    }
    eth->src[0] = 2;
    eth->type_be = cpu_to_be16(ETH_TYPE_IPV4);
    *ip = (struct ipv4_hdr){.version_ihl = 0x45,
                            .total_length_be = cpu_to_be16(FRAME_BYTES - ETH_HDR_SIZE),
                            .ttl = 64,
                            .protocol = IPV4_PROTOCOL_UDP,
                            .src_be = src.s_addr,
                            .dst_be = dst.s_addr};
    ip->checksum_be = checksum_finish(checksum_ipv4_words(ip));
    *udp = (struct udp_hdr){.dst_port_be = cpu_to_be16(9),
                            .length_be = cpu_to_be16(FRAME_BYTES - ETH_HDR_SIZE - IPV4_HDR_SIZE)};
}

int main(int argc, char **argv)
{
    static uint8_t frame[FRAME_BYTES];
    static struct mmsghdr out[BATCH];
    struct iovec part = {frame, sizeof(frame)};
    unsigned long long sent = 0;

    if (argc != 6) {
        fputs("usage: traffic INTERFACE SECONDS ROUTER_MAC SOURCE DESTINATION\n", stderr);
        return 2;
    }
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        perror(argv[1]);
        return 1;
    }
    make(frame, argv + 3);
    for (unsigned i = 0; i < BATCH; i++)
        out[i].msg_hdr = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
    double begin = now_s(), end = begin + strtod(argv[2], NULL);
    while (now_s() < end) {
        int count = sendmmsg(fd, out, BATCH, 0);
        if (count > 0)
            sent += (unsigned)count;
        else if (errno != ENOBUFS && errno != EAGAIN) {
            perror("sendmmsg");
            return 1;
        }
    }
    printf("{\"sent\": %llu, \"seconds\": %.3f}\n", sent, now_s() - begin);
    return 0;
}
