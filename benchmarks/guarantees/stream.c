/*
 * A stream of UDP packets at a steady rate, from one network namespace that `ip netns` knows to another, and how long
 * each took: stream FROM TO ADDRESS PORT DSCP PACKETS-A-SECOND BYTES SECONDS
 *
 * From just before it is sent to when the receiver's kernel has it, by one clock; what the machine itself holds up on
 * the way is in that. One line of JSON; `held_up` are packets that were sent more than a millisecond after they were
 * due, or whose sending took so long. Packets are `BYTES` long with their IPv4 header.
 */
#include "base/clock.h"
#include "benchmarks/common/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEADERS    28
#define HELD_UP_NS 1000000
#define LAST_NS    500000000 /* after the last one */

struct stamp {
    uint64_t number;
    int64_t sent_ns;
};

struct stream {
    int from, to;
    struct sockaddr_in address;
    int64_t every_ns;
    size_t bytes;
    uint64_t count, sent, held_up;
    int64_t *delays; /* by number; 0: not there */
};

static void fail(const char *what)
{
    fprintf(stderr, "stream: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int socket_in(const char *node)
{
    if (netns_enter(node) < 0)
        fail(node);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        fail("socket");
    return fd;
}

static void send_one(struct stream *stream, int64_t due_ns)
{
    uint8_t data[9000] = {0};
    struct stamp stamp = {.number = stream->sent, .sent_ns = clock_real_ns()};
    int64_t begin_ns = clock_now_ns();

    memcpy(data, &stamp, sizeof(stamp));
    if (sendto(stream->from, data, stream->bytes, 0, (struct sockaddr *)&stream->address, sizeof(stream->address)) < 0)
        fail("sendto");
    stream->held_up += begin_ns - due_ns > HELD_UP_NS || clock_now_ns() - begin_ns > HELD_UP_NS;
    stream->sent++;
}

/* When the kernel had it. */
static int64_t stamp_of(struct msghdr *message)
{
    struct timespec time = {0};

    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part))
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS)
            memcpy(&time, CMSG_DATA(part), sizeof(time));
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void receive_all(struct stream *stream)
{
    for (;;) {
        struct stamp stamp;
        uint8_t control[200];
        struct iovec part = {&stamp, sizeof(stamp)};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        ssize_t got = recvmsg(stream->to, &message, 0);
        if (got < 0)
            return;
        if (got == sizeof(stamp) && stamp.number < stream->sent)
            stream->delays[stamp.number] = stamp_of(&message) - stamp.sent_ns;
    }
}

static void run(struct stream *stream)
{
    int64_t begin_ns = clock_now_ns(), end_ns = begin_ns + (int64_t)stream->count * stream->every_ns + LAST_NS;
    struct pollfd poller = {.fd = stream->to, .events = POLLIN};

    for (int64_t now_ns = begin_ns; now_ns < end_ns; now_ns = clock_now_ns()) {
        int64_t due_ns = begin_ns + (int64_t)stream->sent * stream->every_ns;
        if (stream->sent < stream->count && due_ns <= now_ns)
            send_one(stream, due_ns);
        receive_all(stream);
        int64_t next_ns = stream->sent < stream->count ? begin_ns + (int64_t)stream->sent * stream->every_ns : end_ns,
                wait_ns = next_ns - clock_now_ns();
        struct timespec wait = {.tv_nsec = wait_ns > 0 ? wait_ns % 1000000000 : 0};
        if (wait_ns > 0)
            ppoll(&poller, 1, &wait, NULL);
    }
}

static int compare(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;

    return a < b ? -1 : a > b;
}

static void print(const struct stream *stream)
{
    int64_t *sorted = calloc(stream->count + 1, sizeof(*sorted));
    uint64_t lost = 0, count = 0;

    for (uint64_t i = 0; i < stream->sent; i++) {
        lost += !stream->delays[i];
        if (stream->delays[i])
            sorted[count++] = stream->delays[i];
    }
    qsort(sorted, count, sizeof(*sorted), compare);
    printf("{\"sent\": %llu, \"lost\": %llu, \"held_up\": %llu, \"count\": %llu", (unsigned long long)stream->sent,
           (unsigned long long)lost, (unsigned long long)stream->held_up, (unsigned long long)count);
    static const struct {
        const char *name;
        unsigned thousandths;
    } shares[] = {{"min", 0}, {"p50", 500}, {"p99", 990}, {"p999", 999}};
    for (size_t i = 0; count && i < sizeof(shares) / sizeof(*shares); i++) {
        uint64_t at = count * shares[i].thousandths / 1000;
        printf(", \"%s_us\": %.1f", shares[i].name, (double)sorted[at] / 1e3);
    }
    if (count)
        printf(", \"max_us\": %.1f", (double)sorted[count - 1] / 1e3);
    puts("}");
    free(sorted);
}

int main(int argc, char **argv)
{
    struct stream stream = {.address = {.sin_family = AF_INET}};
    const int on = 1;

    if (argc != 9 || inet_pton(AF_INET, argv[3], &stream.address.sin_addr) != 1) {
        fprintf(stderr, "usage: stream FROM TO ADDRESS PORT DSCP PACKETS-A-SECOND BYTES SECONDS\n");
        return 2;
    }
    stream.address.sin_port = htons((uint16_t)atoi(argv[4]));
    stream.every_ns = (int64_t)(1e9 / strtod(argv[6], NULL));
    stream.bytes = strtoul(argv[7], NULL, 10) - HEADERS;
    stream.count = (uint64_t)(strtod(argv[8], NULL) * 1e9 / (double)stream.every_ns);
    stream.delays = calloc(stream.count + 1, sizeof(*stream.delays));
    int tos = atoi(argv[5]) << 2;
    stream.to = socket_in(argv[2]);
    if (bind(stream.to, (struct sockaddr *)&stream.address, sizeof(stream.address)) < 0)
        fail("bind");
    if (setsockopt(stream.to, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
        fail("SO_TIMESTAMPNS");
    stream.from = socket_in(argv[1]);
    if (setsockopt(stream.from, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)) < 0)
        fail("IP_TOS");
    run(&stream);
    print(&stream);
    free(stream.delays);
    return 0;
}
