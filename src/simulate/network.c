#include "simulate/network.h"

#include "base/random.h"
#include "bpf/door.h"
#include "net/eth.h"
#include "net/ipv4.h"
#include "net/tcp.h"
#include "port/memory_io.h"
#include "shape/shaped.h"
#include "simulate/events.h"
#include "simulate/sender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM        4096                /* frames on their way into the port, and out of it */
#define INSIDE      0.1                 /* of a round trip, between the sender and the port */
#define ACCESS      4                   /* senders' own links are so many times as fast as the port's */
#define BEGIN_NS    INT64_C(1000000000) /* within it all begin */
#define LATE_ACK_NS INT64_C(40000000)   /* so long an acknowledgement waits for a second packet */
#define FLIGHT_MIN  2048u               /* packets under way of one flow */
#define FLIGHT_MAX  65536u
#define ACKS        4096u /* under way of one flow; a power of two */
#define PING_BYTES  98    /* as ping sends them */
#define HEADERS     (ETH_HDR_SIZE + IPV4_HDR_SIZE + TCP_HDR_SIZE + TCP_TIMESTAMPS_SIZE)
#define BIN_NS      10000 /* of delays, which are counted in bins */
#define BINS        400000

enum kind {
    EVENT_SEND,
    EVENT_ARRIVE,
    EVENT_RECEIVE,
    EVENT_LATE_ACK,
    EVENT_ACK_PORT,
    EVENT_ACK,
    EVENT_TIMEOUT,
    EVENT_PING
};

struct delays {
    uint32_t *bins;
    uint64_t count;
    int64_t max_ns;
};

struct flow_state {
    struct sender sender;
    int64_t inside_ns, outside_ns; /* one way */
    int64_t access_ns;             /* when its own link is free */
    int64_t send_ns;               /* when it is to send; INT64_MAX: that is not known */
    uint64_t arrived;              /* packets, since it counts */
    struct acknowledgement acks[ACKS];
    uint32_t acks_put, acks_port, acks_got;
    bool late_ack; /* one is due */
    bool timer;    /* an event looks after its time-out */
};

struct network {
    const struct network_config *config;
    struct shaped *shaped;
    struct frame_io *io;
    struct door_samples *samples;
    struct events events;
    struct flow_state *flows;
    struct delays delay, ping;
    int64_t now_ns, turn_ns;
    uint64_t random;
    bool no_memory;
    uint8_t *frame;
};

/* --- randomness, time -------------------------------------------------------------------------------------------- */

/* 0 to 1. */
static double draw(struct network *network)
{
    return (double)(random_u64(&network->random) >> 11) / 9007199254740992.0;
}

static void put(struct network *network, int64_t at_ns, uint32_t flow, enum kind kind, uint32_t number)
{
    if (!events_put(&network->events, (struct event){.at_ns = at_ns, .flow = flow, .kind = kind, .number = number}))
        network->no_memory = true;
}

static bool counts(const struct network *network)
{
    return network->now_ns >= network->config->before_ns;
}

static void add_delay(struct network *network, struct delays *delays, int64_t ns)
{
    if (!counts(network))
        return;
    int64_t bin = ns / BIN_NS;
    delays->bins[bin < BINS ? bin : BINS - 1]++;
    delays->count++;
    if (ns > delays->max_ns)
        delays->max_ns = ns;
}

static int64_t quantile(const struct delays *delays, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)delays->count), sum = 0;

    for (int64_t bin = 0; bin < BINS; bin++) {
        sum += delays->bins[bin];
        if (sum > wanted)
            return bin * BIN_NS + BIN_NS / 2;
    }
    return delays->max_ns;
}

static struct histogram_summary delay_of(const struct delays *delays)
{
    return (struct histogram_summary){.count = delays->count,
                                      .p50_ns = quantile(delays, 0.5),
                                      .p99_ns = quantile(delays, 0.99),
                                      .max_ns = delays->max_ns};
}

/* --- frames ------------------------------------------------------------------------------------------------------ */

/* Its flow and its number are where TCP has its acknowledgement and its sequence number; behind the headers, when it
 * came. */
static void make_frame(struct network *network, uint32_t flow, uint32_t number, size_t len, uint8_t ecn,
                       const struct tcp_segment *segment)
{
    struct eth_hdr *eth = (struct eth_hdr *)network->frame;
    struct ipv4_hdr *ip = (struct ipv4_hdr *)(eth + 1);
    struct tcp_hdr *tcp = (struct tcp_hdr *)(ip + 1);
    uint32_t option[] = {cpu_to_be32(TCP_TIMESTAMPS), cpu_to_be32(segment->value), cpu_to_be32(segment->echo)};

    eth->type_be = cpu_to_be16(ETH_TYPE_IPV4);
    *ip = (struct ipv4_hdr){.version_ihl = IPV4_VERSION << 4 | 5,
                            .tos = ecn,
                            .total_length_be = cpu_to_be16((uint16_t)(len - ETH_HDR_SIZE)),
                            .ttl = 64,
                            .protocol = segment->dst_port ? IPV4_PROTOCOL_TCP : IPV4_PROTOCOL_ICMP,
                            .src_be = cpu_to_be32(segment->src),
                            .dst_be = cpu_to_be32(segment->dst)};
    *tcp = (struct tcp_hdr){.src_port_be = cpu_to_be16(segment->src_port),
                            .dst_port_be = cpu_to_be16(segment->dst_port),
                            .seq_be = number,
                            .ack_be = flow,
                            .offset = (TCP_HDR_SIZE + TCP_TIMESTAMPS_SIZE) / 4 << 4,
                            .flags = segment->flags};
    memcpy(tcp + 1, option, sizeof(option));
    memcpy(network->frame + HEADERS, &network->now_ns, sizeof(network->now_ns));
    memory_io_put(network->io, network->frame, len);
    network->turn_ns = network->now_ns;
}

static struct tcp_segment segment_of(uint32_t flow, bool back)
{
    uint32_t host = 0x0a000000 + flow % 256, server = 0xc6120000 + flow;
    uint16_t port = (uint16_t)(10000 + flow);

    return (struct tcp_segment){.src = back ? server : host,
                                .dst = back ? host : server,
                                .src_port = back ? 443 : port,
                                .dst_port = back ? port : 443,
                                .flags = TCP_ACK};
}

/* --- flows ------------------------------------------------------------------------------------------------------- */

/* It is known when the flow sends next. */
static void plan(struct network *network, uint32_t number)
{
    struct flow_state *flow = &network->flows[number];
    int64_t at_ns = sender_next_ns(&flow->sender, network->now_ns);

    if (at_ns == INT64_MAX || flow->send_ns <= at_ns)
        return;
    flow->send_ns = at_ns;
    put(network, at_ns, number, EVENT_SEND, 0);
}

/* On its own link, with some time that its host takes: without that, flows fall into step as they never do. */
static void send_packet(struct network *network, uint32_t number)
{
    struct flow_state *flow = &network->flows[number];
    double packet_ns = (double)(ETH_HDR_SIZE + network->config->mtu) * 1e9 / (double)network->config->shape->rate;

    flow->send_ns = INT64_MAX;
    if (sender_next_ns(&flow->sender, network->now_ns) > network->now_ns) {
        plan(network, number);
        return;
    }
    uint32_t packet = sender_send(&flow->sender, network->now_ns);
    int64_t begin_ns = network->now_ns + (int64_t)(draw(network) * packet_ns);
    if (begin_ns < flow->access_ns)
        begin_ns = flow->access_ns;
    flow->access_ns = begin_ns + (int64_t)(packet_ns / ACCESS);
    put(network, flow->access_ns + flow->inside_ns, number, EVENT_ARRIVE, packet);
    if (!flow->timer)
        put(network, sender_timeout_ns(&flow->sender), number, EVENT_TIMEOUT, 0);
    flow->timer = true;
    plan(network, number);
}

static void arrive(struct network *network, uint32_t number, uint32_t packet)
{
    const struct sender *sender = &network->flows[number].sender;
    const struct flight *flight = sender_flight(sender, packet);
    struct tcp_segment segment = segment_of(number, false);

    segment.value = sender_timestamp(sender, flight->sent_ns);
    segment.echo = flight->echo;
    make_frame(network, number, packet, ETH_HDR_SIZE + network->config->mtu,
               sender->congestion.kind == CONGESTION_SCALABLE ? PACKET_ECT_1 : PACKET_NOT_ECT, &segment);
}

static void return_ack(struct network *network, uint32_t number, const struct acknowledgement *ack)
{
    struct flow_state *flow = &network->flows[number];

    flow->acks[flow->acks_put++ % ACKS] = *ack;
    put(network, network->now_ns + flow->outside_ns, number, EVENT_ACK_PORT, 0);
}

static void receive(struct network *network, uint32_t number, uint32_t packet, bool marked)
{
    struct flow_state *flow = &network->flows[number];
    struct acknowledgement ack;

    flow->arrived += counts(network);
    if (sender_received(&flow->sender, packet, marked, network->now_ns, &ack)) {
        return_ack(network, number, &ack);
    } else if (!flow->late_ack) {
        flow->late_ack = true;
        put(network, network->now_ns + LATE_ACK_NS, number, EVENT_LATE_ACK, flow->acks_put);
    }
}

static void late_ack(struct network *network, uint32_t number, uint32_t acks)
{
    struct flow_state *flow = &network->flows[number];
    struct acknowledgement ack;

    flow->late_ack = false;
    if (acks == flow->acks_put && sender_acknowledge(&flow->sender, network->now_ns, &ack))
        return_ack(network, number, &ack);
}

/* At the port, where its door sees it. */
static void ack_at_port(struct network *network, uint32_t number)
{
    struct flow_state *flow = &network->flows[number];
    const struct acknowledgement *ack = &flow->acks[flow->acks_port++ % ACKS];
    struct tcp_segment segment = segment_of(number, true);

    segment.value = ack->value;
    segment.echo = ack->echo;
    door_sample_put(network->samples, (uint64_t)network->now_ns, &segment);
    put(network, network->now_ns + flow->inside_ns, number, EVENT_ACK, 0);
}

static void ack_at_sender(struct network *network, uint32_t number)
{
    struct flow_state *flow = &network->flows[number];

    sender_acked(&flow->sender, &flow->acks[flow->acks_got++ % ACKS], network->now_ns);
    plan(network, number);
}

static void time_out(struct network *network, uint32_t number)
{
    struct sender *sender = &network->flows[number].sender;
    int64_t at_ns = sender_timeout_ns(sender);

    network->flows[number].timer = at_ns < INT64_MAX; /* otherwise it begins anew with the next packet */
    if (at_ns == INT64_MAX)
        return;
    if (at_ns > network->now_ns) {
        put(network, at_ns, number, EVENT_TIMEOUT, 0);
        return;
    }
    sender_timed_out(sender, network->now_ns);
    network->flows[number].timer = false;
    plan(network, number);
}

static void ping(struct network *network)
{
    struct tcp_segment segment = {.src = 0x0a0000ff, .dst = 0xc61300ff}; /* no port: ICMP */

    make_frame(network, UINT32_MAX, 0, PING_BYTES, PACKET_NOT_ECT, &segment);
    put(network, network->now_ns + network->config->ping_ns, 0, EVENT_PING, 0);
}

/* --- what leaves the port ---------------------------------------------------------------------------------------- */

static void leave(struct network *network, const uint8_t *frame)
{
    const struct ipv4_hdr *ip = (const void *)(frame + ETH_HDR_SIZE);
    const struct tcp_hdr *tcp = (const void *)(ip + 1);
    bool marked = (ip->tos & 3) == PACKET_CE;
    uint32_t flow = tcp->ack_be, packet = tcp->seq_be;
    int64_t came_ns;

    memcpy(&came_ns, frame + HEADERS, sizeof(came_ns));
    add_delay(network, flow == UINT32_MAX ? &network->ping : &network->delay, network->now_ns - came_ns);
    if (flow != UINT32_MAX)
        put(network, network->now_ns + network->flows[flow].outside_ns, flow, EVENT_RECEIVE, packet << 1 | marked);
}

static void turn(struct network *network)
{
    const uint8_t *frame;
    size_t len;

    network->turn_ns = shaped_turn(network->shaped, network->now_ns);
    while ((frame = memory_io_take(network->io, &len)))
        leave(network, frame);
}

static void happen(struct network *network, const struct event *event)
{
    switch ((enum kind)event->kind) {
    case EVENT_SEND:
        send_packet(network, event->flow);
        break;
    case EVENT_ARRIVE:
        arrive(network, event->flow, event->number);
        break;
    case EVENT_RECEIVE:
        receive(network, event->flow, event->number >> 1, event->number & 1);
        break;
    case EVENT_LATE_ACK:
        late_ack(network, event->flow, event->number);
        break;
    case EVENT_ACK_PORT:
        ack_at_port(network, event->flow);
        break;
    case EVENT_ACK:
        ack_at_sender(network, event->flow);
        break;
    case EVENT_TIMEOUT:
        time_out(network, event->flow);
        break;
    case EVENT_PING:
        ping(network);
        break;
    }
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

/* Packets that one flow may have under way: twice what fits into line and queue, within bounds. */
static uint32_t room_for(const struct network_config *config)
{
    double wanted = 4.0 * (double)config->shape->rate * (double)config->rtt_ns / 1e9 / config->mtu / config->flows;
    uint32_t room = FLIGHT_MIN;

    while (room < wanted && room < FLIGHT_MAX)
        room *= 2;
    return room;
}

static int begin_flow(struct network *network, uint32_t number, double *inverse_rtt)
{
    const struct network_config *config = network->config;
    struct flow_state *flow = &network->flows[number];
    double rtt_ns = (double)config->rtt_ns * (1 + config->spread * (2 * draw(network) - 1));

    flow->inside_ns = (int64_t)(rtt_ns * INSIDE / 2);
    flow->outside_ns = (int64_t)(rtt_ns * (1 - INSIDE) / 2);
    flow->send_ns = (int64_t)(draw(network) * BEGIN_NS);
    *inverse_rtt += 1 / rtt_ns;
    put(network, flow->send_ns, number, EVENT_SEND, 0);
    return sender_open(&flow->sender, config->senders, room_for(config), 1 + number * 7919) ? 0 : -ENOMEM;
}

static void close_network(struct network *network)
{
    for (unsigned i = 0; network->flows && i < network->config->flows; i++)
        sender_close(&network->flows[i].sender);
    events_close(&network->events);
    shaped_free(network->shaped);
    free(network->flows);
    free(network->samples);
    free(network->delay.bins);
    free(network->ping.bins);
    free(network->frame);
}

static int open_network(struct network *network, double *inverse_rtt, struct queue_fault *fault)
{
    const struct network_config *config = network->config;
    int error = 0;

    network->random = config->seed * 2 + 1;
    network->samples = calloc(1, sizeof(*network->samples));
    network->flows = calloc(config->flows, sizeof(*network->flows));
    network->delay.bins = calloc(BINS, sizeof(*network->delay.bins));
    network->ping.bins = calloc(BINS, sizeof(*network->ping.bins));
    network->frame = calloc(1, ETH_HDR_SIZE + config->mtu + sizeof(network->now_ns) + HEADERS);
    if (!network->samples || !network->flows || !network->delay.bins || !network->ping.bins || !network->frame)
        return -ENOMEM;
    const struct shaped_config port = {
        .shape = config->shape, .ifindex = 1, .mtu = config->mtu, .seed = config->seed, .samples = network->samples};
    error = shaped_new(&port, 0, &network->shaped, fault);
    if (!error)
        error = memory_io_open(shaped_frames(network->shaped), ROOM, &network->io);
    if (!error)
        shaped_connect(network->shaped, network->io);
    for (uint32_t i = 0; !error && i < config->flows; i++)
        error = begin_flow(network, i, inverse_rtt);
    if (!error && config->ping_ns)
        put(network, config->ping_ns, 0, EVENT_PING, 0);
    return error;
}

static uint64_t bytes_left(const struct network *network)
{
    struct queues queues;
    uint64_t bytes = 0;

    shaped_describe(network->shaped, network->now_ns, &queues);
    for (unsigned i = 0; i < queues.class_count; i++)
        bytes += queues.classes[i].left_bytes;
    return bytes;
}

static void run_until(struct network *network, int64_t end_ns)
{
    while (!network->no_memory) {
        int64_t event_ns = events_next_ns(&network->events);
        int64_t next_ns = network->turn_ns < event_ns ? network->turn_ns : event_ns;
        if (next_ns > end_ns)
            break;
        if (next_ns > network->now_ns)
            network->now_ns = next_ns;
        if (event_ns <= network->now_ns) {
            struct event event = events_take(&network->events);
            happen(network, &event);
        } else {
            turn(network);
        }
    }
    network->now_ns = end_ns;
}

static void tell(const struct network *network, uint64_t bytes, struct network_result *result)
{
    const struct network_config *config = network->config;
    double sum = 0, squares = 0;

    for (unsigned i = 0; i < config->flows; i++) {
        double arrived = (double)network->flows[i].arrived;
        sum += arrived;
        squares += arrived * arrived;
        result->lost += network->flows[i].sender.lost;
        result->marked += network->flows[i].sender.marks;
    }
    result->jain = squares > 0 ? sum * sum / (config->flows * squares) : 0;
    result->utilisation = (double)bytes / ((double)config->shape->rate * (double)config->measure_ns / 1e9);
    result->delay = delay_of(&network->delay);
    result->ping = delay_of(&network->ping);
    shaped_describe(network->shaped, network->now_ns, &result->queues);
}

int network_run(const struct network_config *config, struct network_result *result, struct queue_fault *fault)
{
    struct network network = {.config = config};
    double inverse_rtt = 0;

    *result = (struct network_result){.utilisation = 0};
    int error = open_network(&network, &inverse_rtt, fault);
    if (!error) {
        run_until(&network, config->before_ns);
        uint64_t before = bytes_left(&network);
        run_until(&network, config->before_ns + config->measure_ns);
        result->rtt_ns = config->flows / inverse_rtt;
        tell(&network, bytes_left(&network) - before, result);
        if (network.no_memory)
            error = -ENOMEM;
    }
    close_network(&network);
    return error;
}
