#include "measure/reflect.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "log/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#define FRAME_BYTES 9216 /* of 9,000, with what is around */
#define REST_NS     2000000
#define REST_MS     2
#define TTL         255  /* RFC 5357 4.2.1 */
#define DSCP_MASK   0xfc /* what is reflected of a packet's TOS: not its ECN, which says nothing of the way back */

/* Whether the system's clock is held to UTC by somebody. */
static bool clock_is_synchronised(void)
{
    struct timex timex = {0};

    return adjtimex(&timex) >= 0 && !(timex.status & STA_UNSYNC);
}

/* --- frames ------------------------------------------------------------------------------------------------------ */

/* A udp_output. */
static int send_frame(void *arg, unsigned number, const uint8_t *frame, size_t len)
{
    struct reflect *reflect = arg;

    return send(reflect->ports[number].watch.fd, frame, len, MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* A udp_receive. */
static bool on_datagram(void *arg, const struct udp_datagram *datagram)
{
    struct reflect *reflect = arg;
    struct reflect_port *port = &reflect->ports[datagram->port];
    const struct twamp_question question = {.src = datagram->src,
                                            .ttl = datagram->ttl,
                                            .bytes = datagram->data,
                                            .len = datagram->len,
                                            .received_ns = reflect->arrived_ns};
    uint8_t answer[FRAME_BYTES - UDP_MUX_HEADERS];

    /* A host's addresses, and a packet that fits: the answer is as long. */
    if (eth_addr_is_multicast(datagram->dst_mac) || eth_addr_is_multicast(datagram->src_mac) ||
        datagram->len > sizeof(answer))
        return false;
    size_t len = twamp_reflect(&port->reflector, &port->config, &question, clock_now_ns(), answer);
    if (!len)
        return true;
    struct udp_datagram reply = {.port = datagram->port,
                                 .src = datagram->dst,
                                 .dst = datagram->src,
                                 .src_port = datagram->dst_port,
                                 .dst_port = datagram->src_port,
                                 .tos = datagram->tos & DSCP_MASK,
                                 .ttl = TTL,
                                 .data = answer,
                                 .len = len};
    memcpy(reply.src_mac, datagram->dst_mac, ETH_ADDR_SIZE);
    memcpy(reply.dst_mac, datagram->src_mac, ETH_ADDR_SIZE);
    twamp_stamp(answer, clock_real_ns());
    port->unsent += udp_mux_send(reflect->mux, &reply) != 0;
    return true;
}

static void set_events(const struct reflect *reflect, struct reflect_port *port)
{
    struct epoll_event event = {.events = port->rests ? 0 : EPOLLIN, .data.ptr = &port->watch};

    if (port->watch.fd >= 0)
        epoll_ctl(reflect->epoll, EPOLL_CTL_MOD, port->watch.fd, &event);
}

/* One batch, and then others have their turn: more than that is a flood, which may cost a little, and no more. */
static void on_frames(void *arg, struct watch *watch)
{
    struct reflect *reflect = arg;
    struct reflect_port *port = CONTAINER_OF(watch, struct reflect_port, watch);
    unsigned number = (unsigned)(port - reflect->ports);

    if (watch->fd < 0 || port->rests)
        return;
    int count = packet_batch_receive(reflect->batch, watch->fd);
    for (int i = 0; i < count; i++) {
        struct packet_note note;
        size_t len;
        const uint8_t *frame = packet_batch_frame(reflect->batch, i, &len, &note);
        reflect->arrived_ns = note.arrived_ns ? note.arrived_ns : clock_real_ns();
        if (!note.foreign)
            udp_mux_receive(reflect->mux, number, frame, len, note.checksum_pending);
    }
    if (count == PACKET_BATCH) {
        port->rests = reflect->resting = true;
        reflect->rest_until_ns = clock_now_ns() + REST_NS;
        set_events(reflect, port);
    }
}

int reflect_turn(struct reflect *reflect, int64_t now_ns, int most)
{
    if (reflect->resting && now_ns >= reflect->rest_until_ns) {
        reflect->resting = false;
        for (unsigned i = 1; i < REFLECT_PORTS; i++) {
            if (reflect->ports[i].rests) {
                reflect->ports[i].rests = false;
                set_events(reflect, &reflect->ports[i]);
            }
        }
    }
    return reflect->resting && most > REST_MS ? REST_MS : most;
}

/* --- ports ------------------------------------------------------------------------------------------------------- */

/* What came faster than it was looked at; the kernel forgets it when it is asked. */
static void count_missed(struct reflect_port *port)
{
    struct tpacket_stats stats;
    socklen_t len = sizeof(stats);

    if (port->watch.fd >= 0 && getsockopt(port->watch.fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
        port->missed += stats.tp_drops;
}

static void close_sockets(struct reflect_port *port)
{
    count_missed(port);
    if (port->watch.fd >= 0)
        close(port->watch.fd); /* and epoll forgets it */
    if (port->sink >= 0)
        close(port->sink);
    port->watch.fd = port->sink = -1;
    port->tried_for = 0;
    port->rests = false;
}

static void free_port(struct reflect_port *port)
{
    close_sockets(port);
    free(port->from);
    *port = (struct reflect_port){.watch.fd = -1, .sink = -1};
}

/* The number of a name; 0: it has none. */
static unsigned number_of(const struct reflect *reflect, const char *interface)
{
    for (unsigned i = 1; i < REFLECT_PORTS; i++)
        if (strcmp(reflect->ports[i].name, interface) == 0)
            return i;
    return 0;
}

static int register_at(struct reflect *reflect, uint32_t addr, uint16_t udp_port)
{
    int error = udp_mux_register(reflect->mux, addr, udp_port, on_datagram, reflect);

    if (error == -EADDRINUSE) /* for another port */
        return 0;
    if (error)
        return error;
    reflect->registered[reflect->registered_count].addr = addr;
    reflect->registered[reflect->registered_count++].udp_port = udp_port;
    return 0;
}

/* What is sent to any address of ours is for us, whichever port it comes in by. */
static int register_addresses(struct reflect *reflect)
{
    size_t ports = 0;
    int error = 0;

    for (unsigned i = 1; i < REFLECT_PORTS; i++)
        ports += reflect->ports[i].name[0] != '\0';
    for (size_t i = 0; i < reflect->registered_count; i++)
        udp_mux_unregister(reflect->mux, reflect->registered[i].addr, reflect->registered[i].udp_port);
    reflect->registered_count = 0;
    free(reflect->registered);
    reflect->registered = calloc(ports * reflect->address_count + 1, sizeof(*reflect->registered));
    if (!reflect->registered)
        return -ENOMEM;
    for (unsigned i = 1; i < REFLECT_PORTS; i++)
        for (size_t j = 0; !error && reflect->ports[i].name[0] && j < reflect->address_count; j++)
            if (reflect->addresses[j].has_address)
                error = register_at(reflect, reflect->addresses[j].address.addr, reflect->ports[i].udp_port);
    return error;
}

/* Which interfaces are there. */
static void follow_ports(struct reflect *reflect)
{
    for (unsigned i = 1; i < REFLECT_PORTS; i++) {
        struct reflect_port *port = &reflect->ports[i];
        port->ifindex = 0;
        for (size_t j = 0; port->name[0] && j < reflect->address_count; j++)
            if (reflect->addresses[j].is_port &&
                strncmp(reflect->addresses[j].interface, port->name, QUERY_NAME_SIZE) == 0)
                port->ifindex = reflect->addresses[j].ifindex;
        if (port->tried_for != port->ifindex || port->watch.fd < 0)
            close_sockets(port);
    }
}

int reflect_take_addresses(struct reflect *reflect, const struct query_address *addresses, size_t count)
{
    struct query_address *copy = calloc(count + 1, sizeof(*copy));

    if (!copy)
        return -ENOMEM;
    if (count)
        memcpy(copy, addresses, count * sizeof(*copy));
    free(reflect->addresses);
    reflect->addresses = copy;
    reflect->address_count = count;
    follow_ports(reflect);
    return register_addresses(reflect);
}

bool reflect_next_without_sockets(const struct reflect *reflect, unsigned *number, uint32_t *ifindex)
{
    for (unsigned i = 1; i < REFLECT_PORTS; i++) {
        const struct reflect_port *port = &reflect->ports[i];
        if (port->name[0] && port->ifindex && port->tried_for != port->ifindex) {
            *number = i;
            *ifindex = port->ifindex;
            return true;
        }
    }
    return false;
}

void reflect_take_sockets(struct reflect *reflect, unsigned number, int error, unsigned udp_port, const int *fds,
                          unsigned count)
{
    struct reflect_port *port = &reflect->ports[number];
    const int on = 1;
    int failed = error ? error : udp_port == port->udp_port ? 0 : -ENODEV; /* the engine does not know of it yet */

    close_sockets(port);
    port->watch = (struct watch){.fd = count > 0 ? fds[0] : -1, .ready = on_frames, .arg = reflect};
    port->sink = count > 1 ? fds[1] : -1;
    if (!failed && setsockopt(port->watch.fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
        failed = -errno;
    if (!failed)
        failed = watch_begin(reflect->epoll, &port->watch);
    if (failed)
        close_sockets(port);
    port->tried_for = port->ifindex;
    port->error = failed;
    if (failed && failed != -ENODEV)
        log_error("%s: there is no reflector: %s", port->name, strerror(-failed));
}

/* --- configuration ----------------------------------------------------------------------------------------------- */

/* A copy of whom each reflector answers, by the interface's number in the configuration. */
static int copy_from(const struct conf *conf, struct ipv4_prefix **from)
{
    for (size_t i = 0; i < conf->interface_count; i++) {
        const struct conf_reflector *reflector = conf->interfaces[i].reflector;
        if (!reflector)
            continue;
        from[i] = calloc(reflector->from_count + 1, sizeof(*from[i]));
        if (!from[i])
            return -ENOMEM;
        memcpy(from[i], reflector->from, reflector->from_count * sizeof(*from[i]));
    }
    return 0;
}

static void set_port(struct reflect *reflect, const struct conf_interface *interface, struct ipv4_prefix *from)
{
    const struct conf_reflector *conf = interface->reflector;
    unsigned number = number_of(reflect, interface->name);
    bool is_new = !number;

    for (unsigned i = 1; !number && i < REFLECT_PORTS; i++)
        number = reflect->ports[i].name[0] ? 0 : i;
    struct reflect_port *port = &reflect->ports[number]; /* there are no more interfaces than numbers */
    if (port->udp_port != conf->port)
        close_sockets(port);
    free(port->from);
    port->from = from;
    port->udp_port = conf->port;
    port->config = (struct twamp_reflector_config){
        .from = from, .from_count = conf->from_count, .rate = conf->rate, .synchronised = clock_is_synchronised()};
    memcpy(port->name, interface->name, sizeof(port->name));
    if (is_new)
        twamp_reflector_open(&port->reflector, &port->config, clock_now_ns());
}

int reflect_configure(struct reflect *reflect, const struct conf *conf)
{
    static_assert(REFLECT_PORTS > CONF_INTERFACES_MAX && CONF_NAME_SIZE == QUERY_NAME_SIZE, "a number for each");
    struct ipv4_prefix **from = calloc(conf->interface_count + 1, sizeof(struct ipv4_prefix *));
    int error = from ? copy_from(conf, from) : -ENOMEM;

    if (error) {
        for (size_t i = 0; from && i < conf->interface_count; i++)
            free(from[i]);
        free(from);
        return error;
    }
    for (unsigned i = 1; i < REFLECT_PORTS; i++) {
        const struct conf_interface *interface =
            reflect->ports[i].name[0] ? conf_find_interface(conf, reflect->ports[i].name) : NULL;
        if (!interface || !interface->reflector)
            free_port(&reflect->ports[i]);
    }
    for (size_t i = 0; i < conf->interface_count; i++)
        if (conf->interfaces[i].reflector)
            set_port(reflect, &conf->interfaces[i], from[i]);
    free(from);
    follow_ports(reflect);
    return register_addresses(reflect);
}

int reflect_open(struct reflect *reflect, int epoll)
{
    *reflect = (struct reflect){.epoll = epoll};
    for (unsigned i = 0; i < REFLECT_PORTS; i++)
        reflect->ports[i].watch.fd = reflect->ports[i].sink = -1;
    reflect->mux = udp_mux_new(send_frame, reflect);
    reflect->batch = packet_batch_new(FRAME_BYTES);
    return reflect->mux && reflect->batch ? 0 : -ENOMEM;
}

void reflect_close(struct reflect *reflect)
{
    for (unsigned i = 1; i < REFLECT_PORTS; i++)
        free_port(&reflect->ports[i]);
    reflect->mux = udp_mux_free(reflect->mux);
    reflect->batch = packet_batch_free(reflect->batch);
    free(reflect->registered);
    free(reflect->addresses);
    reflect->registered_count = reflect->address_count = 0;
}

/* --- seen -------------------------------------------------------------------------------------------------------- */

static void describe(struct reflect_port *port, struct query_reflector *record)
{
    count_missed(port);
    *record = (struct query_reflector){.port = port->udp_port,
                                       .there = port->watch.fd >= 0,
                                       .error = port->ifindex ? port->error : -ENODEV,
                                       .rate = port->config.rate,
                                       .missed = port->missed,
                                       .unsent = port->unsent};
    memcpy(record->interface, port->name, sizeof(record->interface));
    memcpy(record->answers, port->reflector.answers, sizeof(record->answers));
}

size_t reflect_list(struct reflect *reflect, const struct query_range *range, union query_buffer *buffer)
{
    struct query_reflector *records = query_records(buffer);
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(struct query_answer)) / sizeof(*records);
    unsigned i = range->started ? range->after.addr : 1; /* the number that is next */

    for (; i < REFLECT_PORTS && buffer->answer.count < room; i++)
        if (reflect->ports[i].name[0])
            describe(&reflect->ports[i], &records[buffer->answer.count++]);
    buffer->answer.more = i < REFLECT_PORTS;
    buffer->answer.last = (struct ipv4_prefix){.addr = i, .len = 32};
    return sizeof(*records);
}
