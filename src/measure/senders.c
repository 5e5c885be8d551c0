#include "measure/senders.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "role/packet_note.h"
#include "twamp/session.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TTL        255 /* RFC 5357 4.2.1: the reflector says how many hops there were */
#define DSCP_SHIFT 2
#define AT_ONCE    64 /* answers that are taken before others have their turn */

struct sender {
    struct conf_probe conf;
    struct watch watch;
    int64_t due_ns;
    struct twamp_session session;
    uint64_t unreachable;
    int error;           /* 0; -errno */
    struct sender *next; /* of those that have ended */
};

/* --- what comes back --------------------------------------------------------------------------------------------- */

struct arrived {
    uint8_t bytes[TWAMP_REFLECTED]; /* what is behind does not matter */
    struct sockaddr_in from;
    union {
        char bytes[512];
        struct cmsghdr align;
    } control;
};

/* How long it is; below 0: nothing is there. */
static ssize_t receive(struct sender *sender, struct arrived *arrived, int flags, struct msghdr *header)
{
    struct iovec part = {arrived->bytes, sizeof(arrived->bytes)};

    *header = (struct msghdr){.msg_name = &arrived->from,
                              .msg_namelen = sizeof(arrived->from),
                              .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = arrived->control.bytes,
                              .msg_controllen = sizeof(arrived->control.bytes)};
    ssize_t len = recvmsg(sender->watch.fd, header, flags | MSG_DONTWAIT);
    header->msg_iov = NULL;
    return len;
}

/* What others say of packets that do not arrive (ICMP). */
static void take_errors(struct sender *sender)
{
    struct arrived arrived;
    struct msghdr header;

    while (receive(sender, &arrived, MSG_ERRQUEUE, &header) >= 0) {
        for (struct cmsghdr *at = CMSG_FIRSTHDR(&header); at; at = CMSG_NXTHDR(&header, at)) {
            struct sock_extended_err said;
            if (at->cmsg_level != IPPROTO_IP || at->cmsg_type != IP_RECVERR)
                continue;
            memcpy(&said, CMSG_DATA(at), sizeof(said));
            sender->unreachable++;
            sender->error = -(int)said.ee_errno;
        }
    }
}

static void on_answers(void *arg, struct watch *watch)
{
    struct sender *sender = arg;
    struct arrived arrived;
    struct msghdr header;
    ssize_t len;

    (void)watch;
    for (unsigned i = 0; i < AT_ONCE && (len = receive(sender, &arrived, 0, &header)) >= 0; i++) {
        bool theirs = header.msg_namelen >= sizeof(arrived.from) &&
                      be32_to_cpu(arrived.from.sin_addr.s_addr) == sender->conf.to &&
                      be16_to_cpu(arrived.from.sin_port) == sender->conf.port;
        const struct packet_note note = packet_note_read(&header);
        /* A stranger's is none at all. */
        enum twamp_verdict verdict =
            twamp_session_take(&sender->session, arrived.bytes, theirs ? (size_t)len : 0, clock_now_ns(),
                               note.arrived_ns ? note.arrived_ns : clock_real_ns());
        if (verdict == TWAMP_TAKEN)
            sender->error = 0;
    }
    take_errors(sender);
}

/* --- which there are --------------------------------------------------------------------------------------------- */

static void end_sender(struct senders *senders, struct sender *sender)
{
    if (sender->watch.fd >= 0)
        close(sender->watch.fd); /* and epoll forgets it */
    sender->watch.fd = -1;
    sender->next = senders->ended;
    senders->ended = sender;
}

static void sweep(struct senders *senders)
{
    while (senders->ended) {
        struct sender *sender = senders->ended;
        senders->ended = sender->next;
        free(sender);
    }
}

static int open_sender(struct sender *sender, int epoll)
{
    const int on = 1, ttl = TTL, tos = sender->conf.dscp << DSCP_SHIFT, whole = IP_PMTUDISC_DO;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    sender->watch = (struct watch){.fd = fd, .ready = on_answers, .arg = sender};
    if (setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof(whole)) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
        return -errno;
    return watch_begin(epoll, &sender->watch);
}

static int new_sender(const struct conf_probe *conf, int epoll, struct sender **result)
{
    struct sender *sender = calloc(1, sizeof(*sender));

    if (!sender)
        return -ENOMEM;
    sender->conf = *conf;
    sender->watch.fd = -1;
    sender->due_ns = clock_now_ns();
    int error = open_sender(sender, epoll);
    *result = sender;
    return error;
}

static bool is_same(const struct conf_probe *a, const struct conf_probe *b)
{
    return strcmp(a->name, b->name) == 0 && a->to == b->to && a->port == b->port && a->size == b->size &&
           a->dscp == b->dscp && a->interval_ns == b->interval_ns;
}

static size_t find(const struct senders *senders, const struct conf_probe *conf)
{
    size_t i = 0;

    while (i < senders->count && !is_same(&senders->all[i]->conf, conf))
        i++;
    return i;
}

static void end_all(struct senders *senders)
{
    for (size_t i = 0; i < senders->count; i++)
        end_sender(senders, senders->all[i]);
    free(senders->all);
    senders->all = NULL;
    senders->count = 0;
}

int senders_configure(struct senders *senders, const struct conf *conf)
{
    struct sender **all = calloc(conf->probe_count + 1, sizeof(struct sender *));
    int error = all ? 0 : -ENOMEM;

    /* What is new first: it may fail. */
    for (size_t i = 0; !error && i < conf->probe_count; i++)
        if (find(senders, &conf->probes[i]) == senders->count)
            error = new_sender(&conf->probes[i], senders->epoll, &all[i]);
    if (error) {
        for (size_t i = 0; all && i < conf->probe_count; i++)
            if (all[i])
                end_sender(senders, all[i]);
        free(all);
        return error;
    }
    for (size_t i = 0; i < conf->probe_count; i++) {
        size_t at = all[i] ? senders->count : find(senders, &conf->probes[i]);
        if (at < senders->count) {
            all[i] = senders->all[at];
            all[i]->conf = conf->probes[i];
            senders->all[at] = senders->all[--senders->count];
        }
    }
    end_all(senders);
    senders->all = all;
    senders->count = conf->probe_count;
    return 0;
}

void senders_open(struct senders *senders, int epoll)
{
    *senders = (struct senders){.epoll = epoll};
}

void senders_close(struct senders *senders)
{
    end_all(senders);
    sweep(senders);
}

/* --- what is sent ------------------------------------------------------------------------------------------------ */

static void send_one(struct sender *sender, int64_t now_ns)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = cpu_to_be16(sender->conf.port),
                                   .sin_addr.s_addr = cpu_to_be32(sender->conf.to)};
    uint8_t bytes[CONF_PROBE_SIZE_MAX];
    struct twamp_sent sent = twamp_session_send(&sender->session, now_ns, clock_real_ns());

    take_errors(sender); /* or this one would be told of them */
    memset(bytes, 0, sender->conf.size);
    twamp_write_sent(&sent, bytes);
    if (sendto(sender->watch.fd, bytes, sender->conf.size, MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof(to)) >= 0)
        return;
    sender->unreachable++;
    sender->error = -errno;
}

int senders_turn(struct senders *senders, int64_t now_ns, int most)
{
    int64_t next_ns = now_ns + (int64_t)most * 1000000;

    sweep(senders);
    for (size_t i = 0; i < senders->count; i++) {
        struct sender *sender = senders->all[i];
        twamp_session_turn(&sender->session, now_ns);
        if (sender->due_ns <= now_ns) {
            send_one(sender, now_ns);
            sender->due_ns += sender->conf.interval_ns;
            if (sender->due_ns <= now_ns) /* what was missed is not made up for in a burst */
                sender->due_ns = now_ns + sender->conf.interval_ns;
        }
        if (sender->due_ns < next_ns)
            next_ns = sender->due_ns;
    }
    return (int)((next_ns - now_ns + 999999) / 1000000);
}

/* --- seen -------------------------------------------------------------------------------------------------------- */

static void describe(const struct sender *sender, struct query_probe *record)
{
    static_assert(QUERY_PROBE_NAME_SIZE == CONF_PROBE_NAME_SIZE, "the same names");
    const struct twamp_session *session = &sender->session;

    *record = (struct query_probe){.to = sender->conf.to,
                                   .port = sender->conf.port,
                                   .size = sender->conf.size,
                                   .dscp = sender->conf.dscp,
                                   .interval_ns = sender->conf.interval_ns,
                                   .sent = session->sent,
                                   .lost = session->lost,
                                   .reordered = session->reordered,
                                   .unreachable = sender->unreachable,
                                   .error = sender->error,
                                   .round = histogram_summary(&session->round.delay),
                                   .there = histogram_summary(&session->there.delay),
                                   .back = histogram_summary(&session->back.delay)};
    memcpy(record->name, sender->conf.name, sizeof(record->name));
    memcpy(record->verdicts, session->verdicts, sizeof(record->verdicts));
}

size_t senders_list(const struct senders *senders, const struct query_range *range, union query_buffer *buffer)
{
    struct query_probe *records = query_records(buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(struct query_answer)) / sizeof(*records);
    size_t i = range->started ? range->after.addr : 0; /* so many have been told */

    for (; i < senders->count && buffer->answer.count < room; i++)
        describe(senders->all[i], &records[buffer->answer.count++]);
    buffer->answer.more = i < senders->count;
    buffer->answer.last = (struct ipv4_prefix){.addr = (uint32_t)i, .len = 32};
    return sizeof(*records);
}
