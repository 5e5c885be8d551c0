#include "queue/queue.h"

#include "base/compiler.h"

#include <stdlib.h>

struct queue {
    const struct queue_config *config;
    struct packets *packets;
    struct queue_random random;
    struct queue_stats stats;
    struct fifo fifo; /* of those that need no other */
    union {
        struct red red;
        struct codel codel;
        struct fq_codel *fq_codel;
        struct dualpi2 *dualpi2;
    };
};

/* What a discipline does with packets; those that come and leave are counted for it. A NULL open needs nothing, a NULL
 * length is the fifo's; with a NULL squeeze the packet that comes is the one to lose. */
struct discipline {
    bool (*open)(struct queue *queue, int64_t now_ns);
    void (*close)(struct queue *queue);
    void (*put)(struct queue *queue, uint32_t number, int64_t now_ns);
    uint32_t (*get)(struct queue *queue, int64_t now_ns);
    void (*squeeze)(struct queue *queue); /* lose what it can best do without; it is not empty */
    uint32_t (*count)(const struct queue *queue);
    uint64_t (*bytes)(const struct queue *queue);
};

/* --- first in, first out ----------------------------------------------------------------------------------------- */

static bool has_room(const struct queue *queue, uint32_t number)
{
    const struct queue_config *config = queue->config;

    return queue->fifo.count < config->limit_packets &&
           queue->fifo.bytes + queue->packets->all[number].len <= config->limit_bytes;
}

static void put_fifo(struct queue *queue, uint32_t number, int64_t now_ns)
{
    (void)now_ns;
    if (has_room(queue, number))
        fifo_put(&queue->fifo, queue->packets, number);
    else
        queue_drop(queue->packets, &queue->stats, number, QUEUE_DROP_LIMIT);
}

static uint32_t get_fifo(struct queue *queue, int64_t now_ns)
{
    (void)now_ns;
    return fifo_get(&queue->fifo, queue->packets);
}

/* --- RED --------------------------------------------------------------------------------------------------------- */

static bool open_red(struct queue *queue, int64_t now_ns)
{
    red_open(&queue->red, &queue->config->red.law, now_ns);
    return true;
}

static void put_red(struct queue *queue, uint32_t number, int64_t now_ns)
{
    const struct queue_red *config = &queue->config->red;
    const struct packet *packet = &queue->packets->all[number];
    double waiting = config->in_bytes ? (double)queue->fifo.bytes : queue->fifo.count;

    enum red_verdict verdict = red_arrive(&queue->red, &config->law, config->profile_of[packet->dscp], waiting,
                                          packet->len, now_ns, queue->random.draw(queue->random.arg));
    if (verdict == RED_EARLY && config->ecn && packet->ecn != PACKET_NOT_ECT) {
        verdict = RED_PASS;
        if (has_room(queue, number))
            queue_mark(queue->packets, &queue->stats, number, QUEUE_MARK_EARLY);
    }
    if (verdict != RED_PASS)
        queue_drop(queue->packets, &queue->stats, number, verdict == RED_EARLY ? QUEUE_DROP_EARLY : QUEUE_DROP_FORCED);
    else
        put_fifo(queue, number, now_ns);
    if (!queue->fifo.count) /* it is empty still: the average goes on to decay */
        red_empty(&queue->red, now_ns);
}

static uint32_t get_red(struct queue *queue, int64_t now_ns)
{
    uint32_t number = get_fifo(queue, now_ns);

    if (number != PACKET_NONE && !queue->fifo.count)
        red_empty(&queue->red, now_ns);
    return number;
}

/* --- CoDel ------------------------------------------------------------------------------------------------------- */

static uint32_t get_codel(struct queue *queue, int64_t now_ns)
{
    return codel_get(&queue->codel, &queue->config->codel, &queue->fifo, queue->packets, &queue->stats, now_ns);
}

/* --- FQ-CoDel ---------------------------------------------------------------------------------------------------- */

static bool open_fq_codel(struct queue *queue, int64_t now_ns)
{
    (void)now_ns;
    queue->fq_codel = fq_codel_new(&queue->config->fq_codel, queue->packets, &queue->stats);
    return queue->fq_codel;
}

static void close_fq_codel(struct queue *queue)
{
    queue->fq_codel = fq_codel_free(queue->fq_codel);
}

static void put_fq_codel(struct queue *queue, uint32_t number, int64_t now_ns)
{
    (void)now_ns;
    fq_codel_put(queue->fq_codel, number);
}

static uint32_t get_fq_codel(struct queue *queue, int64_t now_ns)
{
    return fq_codel_get(queue->fq_codel, now_ns);
}

static void squeeze_fq_codel(struct queue *queue)
{
    fq_codel_squeeze(queue->fq_codel);
}

static uint32_t count_fq_codel(const struct queue *queue)
{
    return fq_codel_packets(queue->fq_codel);
}

static uint64_t bytes_fq_codel(const struct queue *queue)
{
    return fq_codel_bytes(queue->fq_codel);
}

/* --- DualPI2 ----------------------------------------------------------------------------------------------------- */

static bool open_dualpi2(struct queue *queue, int64_t now_ns)
{
    queue->dualpi2 = dualpi2_new(&queue->config->dualpi2, queue->packets, &queue->stats, now_ns);
    return queue->dualpi2;
}

static void close_dualpi2(struct queue *queue)
{
    queue->dualpi2 = dualpi2_free(queue->dualpi2);
}

static void put_dualpi2(struct queue *queue, uint32_t number, int64_t now_ns)
{
    dualpi2_put(queue->dualpi2, number, now_ns);
}

static uint32_t get_dualpi2(struct queue *queue, int64_t now_ns)
{
    return dualpi2_get(queue->dualpi2, now_ns);
}

static uint32_t count_dualpi2(const struct queue *queue)
{
    return dualpi2_packets(queue->dualpi2);
}

static uint64_t bytes_dualpi2(const struct queue *queue)
{
    return dualpi2_bytes(queue->dualpi2);
}

/* --- all of them ------------------------------------------------------------------------------------------------- */

static const struct discipline disciplines[QUEUE_KIND_COUNT] = {
    [QUEUE_DROP_TAIL] = {.put = put_fifo, .get = get_fifo},
    [QUEUE_RED] = {.open = open_red, .put = put_red, .get = get_red},
    [QUEUE_CODEL] = {.put = put_fifo, .get = get_codel},
    [QUEUE_FQ_CODEL] = {.open = open_fq_codel,
                        .close = close_fq_codel,
                        .put = put_fq_codel,
                        .get = get_fq_codel,
                        .squeeze = squeeze_fq_codel,
                        .count = count_fq_codel,
                        .bytes = bytes_fq_codel},
    [QUEUE_DUALPI2] = {.open = open_dualpi2,
                       .close = close_dualpi2,
                       .put = put_dualpi2,
                       .get = get_dualpi2,
                       .count = count_dualpi2,
                       .bytes = bytes_dualpi2},
};

const char *queue_kind_name(unsigned kind)
{
    static const char *const names[] = {
#define X(enumerator, name, help) name,
        QUEUE_KINDS(X)
#undef X
    };

    return kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

struct queue *queue_new(const struct queue_config *config, struct packets *packets, struct queue_random random,
                        int64_t now_ns)
{
    struct queue *queue = calloc(1, sizeof(*queue));
    const struct discipline *discipline = &disciplines[config->kind];

    if (!queue)
        return NULL;
    queue->config = config;
    queue->packets = packets;
    queue->random = random;
    return !discipline->open || discipline->open(queue, now_ns) ? queue : queue_free(queue);
}

struct queue *queue_free(struct queue *queue)
{
    if (!queue)
        return NULL;
    const struct discipline *discipline = &disciplines[queue->config->kind];
    if (discipline->close)
        discipline->close(queue);
    fifo_clear(&queue->fifo, queue->packets);
    free(queue);
    return NULL;
}

void queue_put(struct queue *queue, uint32_t number, int64_t now_ns)
{
    struct packet *packet = &queue->packets->all[number];

    packet->arrived_ns = now_ns;
    queue_note_arrival(&queue->stats, packet);
    disciplines[queue->config->kind].put(queue, number, now_ns);
}

void queue_put_short(struct queue *queue, uint32_t number, int64_t now_ns)
{
    const struct discipline *discipline = &disciplines[queue->config->kind];

    if (discipline->squeeze && queue_packets(queue)) {
        queue_put(queue, number, now_ns);
        discipline->squeeze(queue);
        return;
    }
    queue_note_arrival(&queue->stats, &queue->packets->all[number]);
    queue_drop(queue->packets, &queue->stats, number, QUEUE_DROP_MEMORY);
}

uint32_t queue_get(struct queue *queue, int64_t now_ns)
{
    uint32_t number = disciplines[queue->config->kind].get(queue, now_ns);

    if (number != PACKET_NONE)
        queue_note_left(&queue->stats, &queue->packets->all[number], now_ns);
    return number;
}

uint32_t queue_packets(const struct queue *queue)
{
    const struct discipline *discipline = &disciplines[queue->config->kind];

    return discipline->count ? discipline->count(queue) : queue->fifo.count;
}

uint64_t queue_bytes(const struct queue *queue)
{
    const struct discipline *discipline = &disciplines[queue->config->kind];

    return discipline->bytes ? discipline->bytes(queue) : queue->fifo.bytes;
}

double queue_average(const struct queue *queue)
{
    return queue->config->kind == QUEUE_RED ? queue->red.average.avg : 0;
}

double queue_probability(const struct queue *queue)
{
    return queue->config->kind == QUEUE_DUALPI2 ? dualpi2_probability(queue->dualpi2)
           : queue->config->kind == QUEUE_RED   ? queue->red.max_p
                                                : 0;
}

const struct queue_stats *queue_stats(const struct queue *queue)
{
    return &queue->stats;
}
