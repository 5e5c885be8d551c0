#include "address/frames.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "dhcp/message.h"
#include "dhcp/reply.h"
#include "log/log.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_BYTES (UDP_MUX_HEADERS + 40 + DHCP_RECEIVED_MAX) /* IPv4 options included */
#define OUT_BYTES   (UDP_MUX_HEADERS + DHCP_REPLY_MAX)

#define ROUNDS 4 /* of FRAMES_BATCH frames, before others have their turn */

#define TELL_NS   (60 * INT64_C(1000000000)) /* the log tells of floods once in so long */
#define REST_MS   1                          /* how long sockets with a flood rest */
#define FULL_OF_4 3                          /* quarters of a socket that are filled when there is a flood */

struct frames_buffers {
    uint8_t out_frames[FRAMES_BATCH][OUT_BYTES];
    struct mmsghdr out[FRAMES_BATCH];
    struct iovec out_parts[FRAMES_BATCH];
};

/* --- frames ------------------------------------------------------------------------------------------------------ */

static void note_failure(struct frames *frames, unsigned port, int error)
{
    frames->unsent++;
    if (!frames->failing)
        log_warning("%s: DHCP: a reply could not be sent: %s", frames->ports[port][FRAMES_OTHERS].name,
                    strerror(error));
    frames->failing = true;
}

static void flush(struct frames *frames)
{
    struct frames_buffers *buffers = frames->buffers;
    unsigned at = 0;

    while (at < frames->queued) {
        int fd = frames->ports[frames->queued_port][FRAMES_OTHERS].watch.fd;
        int count = fd < 0 ? -1 : sendmmsg(fd, buffers->out + at, frames->queued - at, MSG_DONTWAIT);
        if (count <= 0) { /* of the first of them */
            note_failure(frames, frames->queued_port, fd < 0 ? ENOTCONN : errno);
            count = 1;
        } else {
            frames->failing = false;
        }
        at += (unsigned)count;
    }
    frames->queued = 0;
}

/* A udp_output: frames for the same port leave together. */
static int queue_frame(void *arg, unsigned port, const uint8_t *frame, size_t len)
{
    struct frames *frames = arg;
    struct frames_buffers *buffers = frames->buffers;

    if (len > OUT_BYTES)
        return -EMSGSIZE;
    if (frames->queued == FRAMES_BATCH || (frames->queued && frames->queued_port != port))
        flush(frames);
    frames->queued_port = port;
    memcpy(buffers->out_frames[frames->queued], frame, len);
    buffers->out_parts[frames->queued++].iov_len = len;
    return 0;
}

static void prepare(struct frames_buffers *buffers)
{
    for (unsigned i = 0; i < FRAMES_BATCH; i++) {
        buffers->out_parts[i] = (struct iovec){buffers->out_frames[i], 0};
        buffers->out[i].msg_hdr = (struct msghdr){.msg_iov = &buffers->out_parts[i], .msg_iovlen = 1};
    }
}

/* Up to FRAMES_BATCH frames. How many there were. */
static int receive_some(struct frames *frames, const struct frames_intake *intake)
{
    int count = packet_batch_receive(frames->batch, intake->watch.fd);

    for (int i = 0; i < count; i++) {
        struct packet_note note;
        size_t len;
        const uint8_t *frame = packet_batch_frame(frames->batch, i, &len, &note);
        if (!note.foreign)
            udp_mux_receive(frames->mux, intake->port, frame, len, note.checksum_pending);
    }
    return count;
}

/* --- floods ------------------------------------------------------------------------------------------------------ */

static void set_events(const struct frames *frames, struct frames_intake *intake)
{
    struct epoll_event event = {.events = frames->held || intake->rests ? 0 : EPOLLIN, .data.ptr = &intake->watch};

    if (intake->watch.fd >= 0)
        epoll_ctl(frames->epoll, EPOLL_CTL_MOD, intake->watch.fd, &event);
}

static bool is_filling_up(const struct frames_intake *intake)
{
    uint32_t memory[SK_MEMINFO_VARS];
    socklen_t len = sizeof(memory);

    return getsockopt(intake->watch.fd, SOL_SOCKET, SO_MEMINFO, memory, &len) == 0 && len == sizeof(memory) &&
           memory[SK_MEMINFO_RMEM_ALLOC] >= memory[SK_MEMINFO_RCVBUF] / 4 * FULL_OF_4;
}

static void note_flood(struct frames_intake *intake)
{
    static const char *const names[FRAMES_KINDS] = {
        [FRAMES_OTHERS] = "more comes than can be served; known clients are, the others now and then",
        [FRAMES_DISCOVERS] = "more new clients come than can be served; they are now and then, the others at any time",
    };
    int64_t now_ns = clock_now_ns();

    if (!flood_press(&intake->flood, now_ns))
        return;
    intake->told = !intake->told_ns || now_ns - intake->told_ns >= TELL_NS;
    if (!intake->told)
        return;
    intake->told_ns = now_ns;
    log_warning("%s: DHCP: %s", intake->name, names[intake->kind]);
}

static void rest(struct frames *frames, struct frames_intake *intake)
{
    intake->rests = frames->resting = true;
    frames->rest_until_ms = clock_now_ms() + REST_MS;
    set_events(frames, intake);
}

static void end_rest(struct frames *frames)
{
    frames->resting = false;
    for (unsigned port = 1; port < FRAMES_PORTS; port++) {
        for (unsigned kind = 0; kind < FRAMES_KINDS; kind++) {
            struct frames_intake *intake = &frames->ports[port][kind];
            if (intake->rests) {
                intake->rests = false;
                set_events(frames, intake);
            }
        }
    }
}

/* Of a CPU, that this thread has had. */
static int64_t spent_ns(void)
{
    struct timespec spent;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return (int64_t)spent.tv_sec * 1000000000 + spent.tv_nsec;
}

/* A batch in a flood, for which there is time or not. How many there were. */
static int receive_fairly(struct frames *frames, struct frames_intake *intake)
{
    bool allowed = flood_allows(&intake->flood, clock_now_ns());

    if (!allowed && intake->kind == FRAMES_DISCOVERS)
        return 0;
    int64_t before_ns = spent_ns();
    frames->known_only = !allowed;
    int count = receive_some(frames, intake);
    frames->known_only = false;
    if (allowed && flood_spend(&intake->flood, spent_ns() - before_ns, clock_now_ns()) && intake->told)
        log_info("%s: DHCP: all clients are served again", intake->name);
    return count;
}

static void on_frames(void *arg, struct watch *watch)
{
    struct frames *frames = arg;
    struct frames_intake *intake = CONTAINER_OF(watch, struct frames_intake, watch);

    if (intake->kind == FRAMES_DISCOVERS && frames->pressed)
        note_flood(intake);
    for (unsigned round = 0; round < ROUNDS && watch->fd >= 0 && !frames->held; round++) {
        int count = intake->flood.on ? receive_fairly(frames, intake) : receive_some(frames, intake);
        if (count < FRAMES_BATCH) {
            if (intake->flood.on)
                rest(frames, intake);
            return;
        }
    }
    /* New clients wait for each other only. */
    if (intake->kind == FRAMES_OTHERS && watch->fd >= 0 && is_filling_up(intake))
        note_flood(intake);
}

void frames_hold(struct frames *frames, bool held)
{
    if (frames->held == held)
        return;
    frames->held = held;
    for (unsigned port = 1; port < FRAMES_PORTS; port++)
        for (unsigned kind = 0; kind < FRAMES_KINDS; kind++)
            set_events(frames, &frames->ports[port][kind]);
}

void frames_turn(struct frames *frames)
{
    flush(frames);
    if (frames->resting && clock_now_ms() >= frames->rest_until_ms)
        end_rest(frames);
}

int frames_wait_ms(const struct frames *frames, int most)
{
    return frames->resting && most > REST_MS ? REST_MS : most;
}

/* --- sockets ----------------------------------------------------------------------------------------------------- */

int frames_open(struct frames *frames, int epoll)
{
    *frames = (struct frames){.epoll = epoll};
    for (unsigned port = 0; port < FRAMES_PORTS; port++)
        for (unsigned kind = 0; kind < FRAMES_KINDS; kind++)
            frames->ports[port][kind].watch.fd = -1;
    frames->mux = udp_mux_new(queue_frame, frames);
    frames->batch = packet_batch_new(FRAME_BYTES);
    frames->buffers = calloc(1, sizeof(*frames->buffers));
    if (!frames->mux || !frames->batch || !frames->buffers)
        return -ENOMEM;
    prepare(frames->buffers);
    return 0;
}

void frames_close(struct frames *frames)
{
    for (unsigned port = 1; port < FRAMES_PORTS; port++)
        frames_drop(frames, port);
    frames->mux = udp_mux_free(frames->mux);
    frames->batch = packet_batch_free(frames->batch);
    free(frames->buffers);
    frames->buffers = NULL;
}

int frames_take(struct frames *frames, unsigned port, const char *name, const int fds[static FRAMES_KINDS])
{
    int error = 0;

    for (unsigned kind = 0; kind < FRAMES_KINDS; kind++) {
        struct frames_intake *intake = &frames->ports[port][kind];
        *intake = (struct frames_intake){.watch = {.fd = fds[kind], .ready = on_frames, .arg = frames},
                                         .name = name,
                                         .port = port,
                                         .kind = (enum frames_kind)kind};
        if (!error && intake->watch.fd >= 0)
            error = watch_begin(frames->epoll, &intake->watch);
        set_events(frames, intake);
    }
    if (error)
        frames_drop(frames, port);
    return error;
}

void frames_drop(struct frames *frames, unsigned port)
{
    for (unsigned kind = 0; kind < FRAMES_KINDS; kind++) {
        struct frames_intake *intake = &frames->ports[port][kind];
        if (intake->watch.fd >= 0)
            close(intake->watch.fd); /* and epoll forgets it */
        intake->watch.fd = -1;
        intake->rests = false;
    }
}

bool frames_has(const struct frames *frames, unsigned port)
{
    return frames->ports[port][FRAMES_OTHERS].watch.fd >= 0;
}
