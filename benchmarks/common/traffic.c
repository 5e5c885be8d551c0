/*
 * Traffic to be forwarded: UDP datagrams, small ones as fast as one CPU can send them unless something else is said,
 * for so many seconds. One line of JSON says how many have been sent.
 *
 *     traffic INTERFACE SECONDS ROUTER_MAC SOURCE DESTINATION [PACKETS-A-SECOND FRAME-BYTES]
 *
 * What falls due while it does not run is sent as soon as it does, so that the rate holds.
 */
#include "base/clock.h"
#include "benchmarks/common/udp_frame.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH           64
#define FRAME_BYTES     60
#define FRAME_BYTES_MAX 1514
#define TICK_NS         200000 /* of a rate: less is more exact, and takes more CPU */

/* How many are to be sent now, of those due so far. */
static unsigned due(unsigned long long sent, double rate, int64_t passed_ns)
{
    double count = rate > 0 ? rate * (double)passed_ns / 1e9 - (double)sent : BATCH;

    return count > BATCH ? BATCH : count > 0 ? (unsigned)count : 0;
}

int main(int argc, char **argv)
{
    static uint8_t frame[FRAME_BYTES_MAX];
    static struct mmsghdr out[BATCH];
    const struct timespec tick = {.tv_nsec = TICK_NS};
    unsigned long long sent = 0;

    if (argc != 6 && argc != 8) {
        fputs("usage: traffic INTERFACE SECONDS ROUTER_MAC SOURCE DESTINATION [PACKETS-A-SECOND FRAME-BYTES]\n",
              stderr);
        return 2;
    }
    double rate = argc == 8 ? strtod(argv[6], NULL) : 0;
    size_t bytes = argc == 8 ? strtoul(argv[7], NULL, 10) : FRAME_BYTES;
    if (bytes < FRAME_BYTES || bytes > FRAME_BYTES_MAX) {
        fprintf(stderr, "traffic: frames have %d to %d bytes\n", FRAME_BYTES, FRAME_BYTES_MAX);
        return 2;
    }
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        perror(argv[1]);
        return 1;
    }
    if (!udp_frame_make(frame, bytes, argv[3], argv[4], argv[5])) {
        fputs("traffic: a hardware address and two addresses expected\n", stderr);
        return 2;
    }
    struct iovec part = {frame, bytes};
    for (unsigned i = 0; i < BATCH; i++)
        out[i].msg_hdr = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
    int64_t begin_ns = clock_now_ns(), now_ns = begin_ns, last_ns = (int64_t)(strtod(argv[2], NULL) * 1e9);
    for (; now_ns - begin_ns < last_ns; now_ns = clock_now_ns()) {
        unsigned wanted = due(sent, rate, now_ns - begin_ns);
        if (!wanted) {
            nanosleep(&tick, NULL);
            continue;
        }
        int count = sendmmsg(fd, out, wanted, 0);
        if (count > 0)
            sent += (unsigned)count;
        else if (errno != ENOBUFS && errno != EAGAIN) {
            perror("sendmmsg");
            return 1;
        }
    }
    printf("{\"sent\": %llu, \"seconds\": %.3f}\n", sent, (double)(now_ns - begin_ns) / 1e9);
    return 0;
}
