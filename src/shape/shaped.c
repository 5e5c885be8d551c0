#include "shape/shaped.h"

#include "base/random.h"
#include "net/eth.h"
#include "net/flow.h"
#include "port/xdp_io.h"
#include "sched/share.h"
#include "shape/sizing.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKET_BYTES    256  /* queues that are limited in bytes have room for as many packets as if they had that; */
#define PACKET_AUTO     512  /* those that size themselves by flows of full packets, if they had that */
#define QUEUE_FRAMES    1024 /* at least */
#define FRAMES_MAX      65536
#define SHOW_NS         100000000
#define RECENT_NS       1000000000
#define BURST_NS        SCHED_BURST_NS /* what a link may be ahead, so that a thread that wakes late loses nothing */
#define ONE_CLASS_SHARE SHARE_SHIFT_MAX
#define CLASS_SHARE     2 /* of several: each may have four times of what is free, and so four fifths if it is alone */

struct shaped {
    struct sched_config config;
    struct link_overhead link;
    struct frame_pool frames;
    struct sched *sched;
    struct sizing *sizing;    /* NULL: no queue sizes itself */
    struct capacity capacity; /* for contracts */
    struct promises *promises;
    uint64_t ring_bytes; /* that may be under way: what leaves between two looks, and a packet */
    int64_t due_ns;      /* when it wanted to look again */
    struct frame_io *io;
    uint64_t random;
    uint8_t key[SIPHASH_KEY_SIZE];
    const uint8_t *mac;
    uint8_t class_of[PACKET_DSCPS];
    /* What is shown */
    struct queues *shown;
    struct queues_class what[SCHED_CLASSES]; /* of each class what does not change */
    uint32_t ifindex, kind_of_link;
    uint64_t rate, stalls;
    int64_t show_ns, recent_ns;
    struct histogram before[SCHED_CLASSES]; /* as it was when the second began that `recent` is of */
    struct histogram_summary recent[SCHED_CLASSES];
};

static uint32_t draw(void *arg)
{
    struct shaped *shaped = arg;

    return (uint32_t)(random_u64(&shaped->random) >> 32);
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

/* How many packets a queue can have. */
static uint64_t packets_of(const struct queue_config *queue)
{
    uint64_t by_bytes = (queue->kind == QUEUE_DUALPI2 ? queue->dualpi2.limit_bytes : queue->limit_bytes) / PACKET_BYTES;

    if (queue->kind == QUEUE_FQ_CODEL)
        return queue->fq_codel.limit_packets;
    if (queue->kind == QUEUE_DUALPI2)
        return by_bytes;
    if (queue->automatic.factor > 0)
        return queue->automatic.max_bytes / PACKET_AUTO;
    return by_bytes < queue->limit_packets ? by_bytes : queue->limit_packets;
}

static uint32_t frames_for(const struct sched_config *config)
{
    uint64_t wanted = 0;

    for (unsigned i = 0; i < config->class_count; i++)
        wanted += packets_of(&config->classes[i].queue);
    if (wanted < QUEUE_FRAMES)
        wanted = QUEUE_FRAMES;
    wanted += XDP_IO_FILL + XDP_IO_SEND + config->edf.packets;
    if (wanted > FRAMES_MAX)
        wanted = FRAMES_MAX;
    return (uint32_t)wanted;
}

static int add_class(struct shaped *shaped, const struct conf_shape *shape, const struct conf_traffic_class *from,
                     uint64_t dscps, uint32_t mtu, struct queue_fault *fault)
{
    static_assert(CONF_TRAFFIC_CLASSES <= SCHED_CLASSES && CONF_TRAFFIC_NAME_SIZE <= QUEUES_CLASS_NAME_SIZE,
                  "whatever is configured fits");
    unsigned number = shaped->config.class_count++;
    struct sched_class *class = &shaped->config.classes[number];
    struct queues_class *what = &shaped->what[number];

    *class = (struct sched_class){.priority = (uint8_t)from->priority,
                                  .quantum = from->weight * SCHED_QUANTUM,
                                  .rate = shaper_rate(from->rate, BURST_NS)};
    for (unsigned dscp = 0; dscp < PACKET_DSCPS; dscp++)
        if (dscps >> dscp & 1)
            shaped->class_of[dscp] = (uint8_t)number;
    *what = (struct queues_class){
        .kind = from->queue.kind, .priority = from->priority, .weight = from->weight, .rate = from->rate};
    snprintf(what->name, sizeof(what->name), "%s", from->name);
    return queue_configure(&from->queue, conf_traffic_class_rate(shape, from), link_packet_bytes(&shaped->link, mtu),
                           &class->queue, fault);
}

/* The scheduler has its classes by priority; those that are alike in the order in which they were said. */
static int configure(struct shaped *shaped, const struct conf_shape *shape, uint32_t mtu, struct queue_fault *fault)
{
    uint64_t others = UINT64_MAX; /* what is the default class's */
    int error = 0;

    shaped->link = link_kind_overhead(shape->link);
    shaped->config = (struct sched_config){.rate = shaper_rate(shape->rate, BURST_NS),
                                           .share_shift = shape->class_count > 1 ? CLASS_SHARE : ONE_CLASS_SHARE};
    for (unsigned i = 1; i < shape->class_count; i++)
        others &= ~shape->classes[i].dscps;
    for (unsigned priority = 0; priority <= CONF_PRIORITY_MAX; priority++)
        for (unsigned i = 0; i < shape->class_count && !error; i++)
            if (shape->classes[i].priority == priority)
                error = add_class(shaped, shape, &shape->classes[i], i ? shape->classes[i].dscps : others, mtu, fault);
    return error;
}

static void configure_contracts(struct shaped *shaped, const struct shaped_config *from)
{
    struct capacity capacity = conf_shape_capacity(from->shape, from->mtu, from->contracts);

    shaped->capacity = capacity;
    shaped->ring_bytes = capacity.admission.blocking;
    shaped->config.edf = (struct edf_config){.contracts = capacity.admission.contracts,
                                             .packets = (uint32_t)capacity.admission.packets,
                                             .bucket_log = capacity.bucket_log};
}

static int begin_sizing(struct shaped *shaped, const struct shaped_config *from, int64_t now_ns)
{
    struct sizing_config config = {.queues = &shaped->config,
                                   .rate = shaped->rate,
                                   .packet = link_packet_bytes(&shaped->link, from->mtu),
                                   .batch_max = FRAME_IO_BATCH,
                                   .samples = from->samples};

    if (!conf_shape_measures(from->shape))
        return 0;
    memcpy(config.key, from->key, sizeof(config.key));
    for (unsigned i = 0; i < shaped->config.class_count; i++)
        config.rates[i] = shaped->what[i].rate ? shaped->what[i].rate : shaped->rate;
    return sizing_new(&config, now_ns, &shaped->sizing);
}

int shaped_new(const struct shaped_config *config, int64_t now_ns, struct shaped **result, struct queue_fault *fault)
{
    struct shaped *shaped = calloc(1, sizeof(*shaped));

    if (!shaped)
        return -ENOMEM;
    shaped->ifindex = config->ifindex;
    shaped->kind_of_link = config->shape->link;
    shaped->rate = config->shape->rate;
    shaped->shown = config->shown;
    shaped->mac = config->mac;
    shaped->random = config->seed | 1;
    memcpy(shaped->key, config->key, sizeof(shaped->key));
    shaped->show_ns = now_ns;
    shaped->recent_ns = now_ns + RECENT_NS;
    shaped->due_ns = INT64_MAX;
    int error = configure(shaped, config->shape, config->mtu, fault);
    configure_contracts(shaped, config);
    if (!error)
        error = frame_pool_open(&shaped->frames, frames_for(&shaped->config), ETH_HDR_SIZE + FRAME_TAGS + config->mtu);
    shaped->frames.packets.reserved = shaped->config.edf.packets;
    if (!error &&
        !(shaped->promises = promises_new(shaped->config.edf.contracts, shaped->capacity.bucket_log, BURST_NS)))
        error = -ENOMEM;
    if (!error)
        error = begin_sizing(shaped, config, now_ns);
    if (!error && !(shaped->sched = sched_new(&shaped->config, &shaped->frames.packets,
                                              (struct queue_random){draw, shaped}, now_ns)))
        error = -ENOMEM;
    if (error)
        shaped_free(shaped);
    else
        *result = shaped;
    return error;
}

struct shaped *shaped_free(struct shaped *shaped)
{
    static const struct queues nothing = {.ifindex = 0};

    if (!shaped)
        return NULL;
    if (shaped->shown)
        page_write_queues(shaped->shown, &nothing);
    sched_free(shaped->sched);
    sizing_free(shaped->sizing);
    promises_free(shaped->promises);
    if (shaped->io)
        shaped->io->ops->close(shaped->io);
    frame_pool_close(&shaped->frames);
    free(shaped);
    return NULL;
}

static void show(struct shaped *shaped, int64_t now_ns);

struct frame_pool *shaped_frames(struct shaped *shaped)
{
    return &shaped->frames;
}

void shaped_connect(struct shaped *shaped, struct frame_io *io)
{
    shaped->io = io;
    if (shaped->shown)
        show(shaped, shaped->show_ns); /* it is there */
}

struct frame_io *shaped_io(const struct shaped *shaped)
{
    return shaped->io;
}

/* --- contracts --------------------------------------------------------------------------------------------------- */

const struct capacity *shaped_capacity(const struct shaped *shaped)
{
    return &shaped->capacity;
}

struct histogram *shaped_set_contract(struct shaped *shaped, uint32_t number, const struct contract *contract,
                                      struct histogram *delays)
{
    edf_set(sched_edf(shaped->sched), number, contract);
    return promises_begin(shaped->promises, number, delays);
}

struct classifier *shaped_classify(struct shaped *shaped, struct classifier *classifier)
{
    return promises_classify(shaped->promises, classifier);
}

int shaped_keep(struct shaped *shaped, const struct conf *conf, const char *out)
{
    size_t room = 0, count = 0;

    for (size_t i = 0; i < conf->contract_count; i++)
        room += conf->contracts[i].match_count;
    struct classifier_rule *rules = calloc(room + 1, sizeof(*rules));
    for (size_t i = 0; rules && i < conf->contract_count; i++) {
        const struct conf_contract *contract = &conf->contracts[i];
        if (strcmp(contract->out, out) != 0)
            continue;
        const struct contract terms = conf_contract_on_link(contract, shaped->kind_of_link);
        struct histogram *delays = calloc(1, sizeof(*delays));
        if (!delays) {
            free(rules);
            return -ENOMEM;
        }
        free(shaped_set_contract(shaped, (uint32_t)i, &terms, delays));
        for (size_t j = 0; j < contract->match_count; j++)
            if (!contract->matches[j].in[0])
                rules[count++] = (struct classifier_rule){.match = &contract->matches[j], .number = (uint32_t)i};
    }
    struct classifier *classifier = rules ? classifier_new(rules, count) : NULL;
    free(rules);
    if (!classifier)
        return -ENOMEM;
    classifier_free(shaped_classify(shaped, classifier));
    return 0;
}

struct query_figures shaped_contract(const struct shaped *shaped, uint32_t number, int64_t now_ns)
{
    return (struct query_figures){.came = edf_counts(sched_edf(shaped->sched), number),
                                  .left = promises_kept(shaped->promises, number, now_ns),
                                  .stalls = promises_stalls(shaped->promises, number)};
}

const struct histogram *shaped_contract_delays(const struct shaped *shaped, uint32_t number)
{
    return promises_delays(shaped->promises, number);
}

/* --- a packet's way ---------------------------------------------------------------------------------------------- */

/* Take a frame's mark from it: the port at which it came in; 0: at none. */
static uint8_t unmark(const struct shaped *shaped, uint8_t *frame, uint32_t bytes)
{
    struct eth_hdr *eth = (struct eth_hdr *)frame;
    struct door_mark mark;

    if (!shaped->mac || bytes < ETH_HDR_SIZE || eth->src[0] != DOOR_MARK_GROUP)
        return 0;
    memcpy(&mark, eth->src, sizeof(mark));
    memcpy(eth->src, shaped->mac, ETH_ADDR_SIZE);
    return mark.port;
}

static void classify(struct shaped *shaped, uint32_t number, int64_t now_ns)
{
    struct frame_pool *frames = &shaped->frames;
    struct packet *packet = &frames->packets.all[number];
    uint32_t bytes = frames->extents[number].len;
    uint8_t *frame = frame_pool_data(frames, number), in = unmark(shaped, frame, bytes);
    struct flow flow;

    flow_read(shaped->key, frame, bytes, &flow);
    packet->len = link_bytes(&shaped->link, bytes);
    packet->hash = flow.hash;
    packet->leaf = 0;
    packet->class = shaped->class_of[flow.dscp];
    packet->dscp = flow.dscp;
    packet->ecn = flow.ecn;
    packet->marked = false;
    promises_find(shaped->promises, packet, &flow, in, now_ns);
}

static unsigned take_in(struct shaped *shaped, int64_t now_ns)
{
    uint32_t numbers[FRAME_IO_BATCH];
    unsigned count = shaped->io->ops->receive(shaped->io, numbers, FRAME_IO_BATCH);

    for (unsigned i = 0; i < count; i++)
        classify(shaped, numbers[i], now_ns);
    promises_look(shaped->promises, count ? shaped->frames.packets.all[numbers[0]].arrived_ns : INT64_MAX,
                  shaped->due_ns, now_ns);
    if (count)
        sched_put(shaped->sched, numbers, count, now_ns);
    return count;
}

static unsigned let_out(struct shaped *shaped, unsigned room, int64_t now_ns)
{
    struct frame_pool *frames = &shaped->frames;
    uint32_t numbers[FRAME_IO_BATCH];
    uint64_t bytes = 0, byte_16 = shaped->config.rate.byte_16;
    int64_t begin_ns = sched_due_ns(shaped->sched);
    unsigned count = sched_get(shaped->sched, numbers, room < FRAME_IO_BATCH ? room : FRAME_IO_BATCH, now_ns);

    if (begin_ns < now_ns)
        begin_ns = now_ns;
    for (unsigned i = 0; i < count; i++) {
        const struct packet *packet = &frames->packets.all[numbers[i]];
        uint8_t *frame = frame_pool_data(frames, numbers[i]);
        bytes += packet->len;
        if (packet->class & SCHED_CONTRACT)
            promises_left(shaped->promises, packet, begin_ns + (int64_t)((bytes * byte_16) >> 16));
        if (shaped->sizing)
            sizing_left(shaped->sizing, packet, frame, frames->extents[numbers[i]].len, now_ns);
        if (packet->marked)
            flow_mark(frame, frames->extents[numbers[i]].len);
    }
    if (count)
        shaped->io->ops->send(shaped->io, numbers, count);
    return count;
}

int64_t shaped_turn(struct shaped *shaped, int64_t now_ns)
{
    static_assert(FRAME_IO_BATCH <= SCHED_BATCH, "what comes at once can be put at once");
    const struct frame_io_ops *ops = shaped->io->ops;

    if (shaped->sizing)
        sizing_turn(shaped->sizing, shaped->sched, now_ns);
    unsigned came = take_in(shaped, now_ns);
    unsigned room = shaped->io->under_way <= shaped->ring_bytes ? ops->room(shaped->io) : 0;
    unsigned went = room ? let_out(shaped, room, now_ns) : 0;
    bool stalled = !ops->push(shaped->io) || room == 0;
    if (stalled)
        promises_blocked(shaped->promises);
    else if (!edf_packets(sched_edf(shaped->sched)))
        promises_settled(shaped->promises);
    if (shaped->shown && now_ns >= shaped->show_ns)
        show(shaped, now_ns);
    bool more = came == FRAME_IO_BATCH || went == FRAME_IO_BATCH;
    int64_t next_ns = more ? now_ns : sched_next_ns(shaped->sched);
    if (stalled && !more) {
        shaped->stalls++;
        int64_t retry_ns = now_ns + SHAPED_RETRY_NS;
        if (room == 0 || next_ns > retry_ns)
            next_ns = retry_ns;
    }
    shaped->due_ns = next_ns < now_ns ? now_ns : next_ns;
    return shaped->due_ns;
}

/* --- seen -------------------------------------------------------------------------------------------------------- */

static void describe_class(const struct shaped *shaped, unsigned number, struct queues_class *class)
{
    const struct queue_stats *stats = sched_class_stats(shaped->sched, number);
    const struct queue *queue = sched_class_queue(shaped->sched, number);

    *class = shaped->what[number];
    class->packets = sched_class_packets(shaped->sched, number);
    class->bytes = sched_class_bytes(shaped->sched, number);
    class->arrived_packets = stats->arrived_packets;
    class->arrived_bytes = stats->arrived_bytes;
    class->left_packets = stats->left_packets;
    class->left_bytes = stats->left_bytes;
    class->dropped_bytes = stats->dropped_bytes;
    queue_limit(&shaped->config.classes[number].queue, &class->limit_packets, &class->limit_bytes);
    if (shaped->sizing)
        sizing_describe(shaped->sizing, number, class);
    class->average_thousandths = queue ? (uint64_t)(queue_average(queue) * 1000) : 0;
    class->delay = histogram_summary(&stats->delay);
    class->recent = shaped->recent[number];
    memcpy(class->drops, stats->drops, sizeof(class->drops));
    memcpy(class->marks, stats->marks, sizeof(class->marks));
}

void shaped_describe(const struct shaped *shaped, int64_t now_ns, struct queues *queues)
{
    struct frame_io_losses losses = {0};

    if (shaped->io)
        shaped->io->ops->losses(shaped->io, &losses);
    *queues = (struct queues){.ifindex = shaped->ifindex,
                              .rate = shaped->rate,
                              .link = shaped->kind_of_link,
                              .zero_copy = shaped->io && shaped->io->zero_copy,
                              .written_ns = now_ns,
                              .frames = shaped->frames.packets.count,
                              .frames_queued = sched_packets(shaped->sched),
                              .frames_held = shaped->io ? shaped->io->ops->held(shaped->io) : 0,
                              .frames_free = shaped->frames.packets.free_count,
                              .lost_no_frame = losses.no_frame,
                              .lost_full = losses.full,
                              .lost_other = losses.other,
                              .stalls = shaped->stalls,
                              .looks = promises_looks(shaped->promises),
                              .contracts = edf_packets(sched_edf(shaped->sched)),
                              .contracts_reserved = shaped->frames.packets.reserved,
                              .class_count = shaped->config.class_count};
    for (unsigned i = 0; i < shaped->config.class_count; i++)
        describe_class(shaped, i, &queues->classes[i]);
}

static void show(struct shaped *shaped, int64_t now_ns)
{
    struct queues queues;

    if (now_ns >= shaped->recent_ns) {
        for (unsigned i = 0; i < shaped->config.class_count; i++) {
            const struct histogram *now = &sched_class_stats(shaped->sched, i)->delay;
            shaped->recent[i] = histogram_since(now, &shaped->before[i]);
            shaped->before[i] = *now;
        }
        shaped->recent_ns = now_ns + RECENT_NS;
    }
    shaped_describe(shaped, now_ns, &queues);
    page_write_queues(shaped->shown, &queues);
    shaped->show_ns = now_ns + SHOW_NS;
}
