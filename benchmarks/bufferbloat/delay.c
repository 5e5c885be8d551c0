/*
 * A long line: delay NODE TAP NODE TAP MS. Makes two TAP interfaces in network namespaces that `ip netns` knows; what
 * is sent into one comes out of the other so much later, in order, nothing lost. Says "ready", and goes on until it is
 * killed. For kernels without netem.
 */
#include "base/clock.h"
#include "benchmarks/common/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#define FRAME_BYTES 2048
#define FRAMES      16384 /* on their way in one direction: more is a fault of whoever chose rate and delay */

struct frame {
    int64_t due_ns;
    ssize_t bytes;
    unsigned char data[FRAME_BYTES];
};

struct way {
    int from, to;
    struct frame *frames;
    unsigned first, count;
};

static void fail(const char *what)
{
    fprintf(stderr, "delay: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int open_tap(const char *node, const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};

    if (netns_enter(node) < 0)
        fail(node);
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
        fail(name);
    return fd;
}

static void take(struct way *way, int64_t due_ns)
{
    for (;;) {
        if (way->count == FRAMES) {
            fprintf(stderr, "delay: too many frames on their way\n");
            exit(EXIT_FAILURE);
        }
        struct frame *frame = &way->frames[(way->first + way->count) % FRAMES];
        frame->bytes = read(way->from, frame->data, FRAME_BYTES);
        if (frame->bytes <= 0)
            return;
        frame->due_ns = due_ns;
        way->count++;
    }
}

static void give(struct way *way, int64_t now_ns)
{
    for (; way->count && way->frames[way->first].due_ns <= now_ns; way->count--) {
        const struct frame *frame = &way->frames[way->first];
        if (write(way->to, frame->data, (size_t)frame->bytes) < 0 && errno != EIO) /* EIO: it is switched off */
            fail("write");
        way->first = (way->first + 1) % FRAMES;
    }
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fputs("usage: delay NODE TAP NODE TAP MS\n", stderr);
        return 2;
    }
    int64_t delay_ns = (int64_t)(atof(argv[5]) * 1e6);
    int one = open_tap(argv[1], argv[2]), other = open_tap(argv[3], argv[4]);
    struct way ways[2] = {{.from = one, .to = other}, {.from = other, .to = one}};
    for (int i = 0; i < 2; i++)
        if (!(ways[i].frames = calloc(FRAMES, sizeof(struct frame))))
            fail("memory");
    prctl(PR_SET_TIMERSLACK, 1UL);
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct pollfd fds[2] = {{.fd = one, .events = POLLIN}, {.fd = other, .events = POLLIN}};
        int64_t now_ns = clock_now_ns(), next_ns = now_ns + 1000000000;
        for (int i = 0; i < 2; i++)
            if (ways[i].count && ways[i].frames[ways[i].first].due_ns < next_ns)
                next_ns = ways[i].frames[ways[i].first].due_ns;
        int64_t wait_ns = next_ns > now_ns ? next_ns - now_ns : 0;
        struct timespec timeout = {wait_ns / 1000000000, wait_ns % 1000000000};
        ppoll(fds, 2, &timeout, NULL);
        now_ns = clock_now_ns();
        for (int i = 0; i < 2; i++) {
            take(&ways[i], now_ns + delay_ns);
            give(&ways[i], now_ns);
        }
    }
}
