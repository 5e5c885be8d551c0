#include "sched/drr.h"

#include "base/compiler.h"
#include "base/lines.h"
#include "sched/share.h"
#include "sched/wheel.h"

#include <stdlib.h>

/*
 * Fetching ahead, which pays from so many queues on. On the way out: how many turns before a queue's own somebody goes
 * along its packets, at least and at most, how many do that beside one another, and how many turns before that the
 * queue's lines are fetched.
 */
#define FETCH_FROM 4096
#define WALK_LEAST 8
#define WALK_MOST  24
#define WALKERS    8
#define LINES      8

/* A line. A queue is in the round, or on the wheel, exactly while it has packets. */
struct leaf {
    struct fifo fifo;
    struct red_average average;
    struct shaper shaper;
    int32_t count; /* as red_judge has it */
    int32_t deficit;
    uint8_t profile;
} __attribute__((aligned(LINE)));

/* The counters change when it has had a turn, and when it drops: seldom. */
struct pair {
    struct leaf leaf;
    struct drr_counts counts;
};

static_assert(sizeof(struct leaf) == LINE && sizeof(struct pair) == LINE + LINE,
              "a queue is a line and one of counters");

/* Somebody who goes along the packets of a queue whose turn is soon, so that they are there when it comes. */
struct walker {
    uint32_t number, left; /* the packet, and how many there are from it on */
    int64_t bytes;         /* those that it may send are as many */
};

struct drr {
    const struct drr_config *config;
    struct packets *packets;
    struct queue_random random;
    struct pair *queues;
    uint32_t *ring; /* of queues that may send: the round, from head on */
    uint32_t mask, head, tail;
    bool fetches;     /* ahead of time */
    bool in_turn;     /* the queue at the head has had its quantum */
    uint64_t dropped; /* packets */
    struct walker walkers[WALKERS];
    uint32_t walked; /* the place in the round that the next walker begins at */
    unsigned walker;
    double *decays;     /* red_decay of each profile */
    struct wheel wheel; /* of queues that may send later */
    struct queue_stats stats;
};

struct drr *drr_new(const struct drr_config *config, struct packets *packets, struct queue_random random,
                    int64_t now_ns)
{
    struct drr *drr = calloc(1, sizeof(*drr));
    uint32_t room = 1;

    if (!drr)
        return NULL;
    while (room < config->queues)
        room *= 2;
    drr->config = config;
    drr->packets = packets;
    drr->random = random;
    drr->mask = room - 1;
    drr->fetches = config->queues >= FETCH_FROM;
    drr->ring = calloc(room, sizeof(*drr->ring));
    drr->queues = lines_new(config->queues * sizeof(*drr->queues));
    drr->decays = calloc(config->profile_count, sizeof(*drr->decays));
    if (wheel_open(&drr->wheel, config->queues, now_ns) < 0 || !drr->ring || !drr->queues || !drr->decays)
        return drr_free(drr);
    for (uint32_t i = 0; i < config->profile_count; i++)
        drr->decays[i] = red_decay(&config->profiles[i].law);
    for (uint32_t i = 0; i < config->queues; i++) {
        struct leaf *leaf = &drr->queues[i].leaf;
        leaf->average.empty_since_ns = now_ns;
        leaf->count = -1;
        leaf->shaper.due_ns = now_ns;
    }
    return drr;
}

struct drr *drr_free(struct drr *drr)
{
    if (!drr)
        return NULL;
    for (uint32_t i = 0; drr->queues && i < drr->config->queues; i++)
        fifo_clear(&drr->queues[i].leaf.fifo, drr->packets);
    wheel_close(&drr->wheel);
    free(drr->queues);
    free(drr->ring);
    free(drr->decays);
    free(drr);
    return NULL;
}

void drr_assign(struct drr *drr, uint32_t queue, uint8_t profile)
{
    drr->queues[queue].leaf.profile = profile;
}

static void join_round(struct drr *drr, uint32_t queue)
{
    drr->ring[drr->tail++ & drr->mask] = queue;
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

static void drop(struct drr *drr, struct pair *pair, uint32_t number, enum queue_drop_cause cause, uint64_t *counter)
{
    ++*counter;
    pair->counts.dropped_bytes += drr->packets->all[number].len;
    drr->dropped++;
    queue_drop(drr->packets, &drr->stats, number, cause);
}

/* Random early detection, at an average that is not below its threshold. Whether the packet may stay. */
static bool judge(struct drr *drr, struct pair *pair, const struct drr_profile *profile, uint32_t number)
{
    struct leaf *leaf = &pair->leaf;
    struct drr_counts *counts = &pair->counts;
    enum red_verdict verdict = red_judge(&profile->law, &profile->law.profiles[0], leaf->average.avg, &leaf->count,
                                         drr->packets->all[number].len, drr->random.draw(drr->random.arg));

    if (verdict == RED_PASS)
        return true;
    if (verdict == RED_EARLY && profile->ecn && queue_mark(drr->packets, &drr->stats, number, QUEUE_MARK_EARLY)) {
        counts->marked++;
        return true;
    }
    if (verdict == RED_EARLY)
        drop(drr, pair, number, QUEUE_DROP_EARLY, &counts->dropped_early);
    else
        drop(drr, pair, number, QUEUE_DROP_FORCED, &counts->dropped_forced);
    return false;
}

/* Whether there is room for a packet; if not, it is gone. */
static bool has_room(struct drr *drr, struct pair *pair, const struct drr_profile *profile, uint32_t number)
{
    uint32_t held = pair->leaf.fifo.count;

    if (unlikely(held >= profile->limit_packets))
        drop(drr, pair, number, QUEUE_DROP_LIMIT, &pair->counts.dropped_limit);
    else if (unlikely(!share_allows(held, drr->packets->free_count, drr->config->share_shift)))
        drop(drr, pair, number, QUEUE_DROP_MEMORY, &pair->counts.dropped_memory);
    else
        return true;
    return false;
}

static bool takes(struct drr *drr, struct pair *pair, const struct drr_profile *profile, uint32_t number,
                  int64_t now_ns)
{
    struct leaf *leaf = &pair->leaf;

    if (profile->red) {
        red_average(&leaf->average, profile->law.weight, drr->decays[leaf->profile], leaf->fifo.count, now_ns);
        if (likely(leaf->average.avg < profile->law.profiles[0].min))
            leaf->count = -1;
        else if (!judge(drr, pair, profile, number))
            return false;
    }
    return has_room(drr, pair, profile, number);
}

static void put(struct drr *drr, uint32_t number, int64_t now_ns)
{
    struct packet *packet = &drr->packets->all[number];
    struct pair *pair = &drr->queues[packet->leaf];
    struct leaf *leaf = &pair->leaf;
    const struct drr_profile *profile = &drr->config->profiles[leaf->profile];

    packet->arrived_ns = now_ns;
    if (!takes(drr, pair, profile, number, now_ns)) {
        if (!leaf->fifo.count) /* it is empty still: the average goes on to decay */
            leaf->average.empty_since_ns = now_ns;
        return;
    }
    fifo_put(&leaf->fifo, drr->packets, number);
    if (leaf->fifo.count > 1)
        return;
    if (shaper_may(&leaf->shaper, profile->rate, now_ns))
        join_round(drr, packet->leaf);
    else
        wheel_put(&drr->wheel, packet->leaf, shaper_next_ns(&leaf->shaper, profile->rate));
}

/* The lines of the queues, and of the packets at their ends. */
static void fetch(const struct drr *drr, const uint32_t *numbers, unsigned count)
{
    const struct packet *all = drr->packets->all;

    for (unsigned i = 0; i < count; i++)
        __builtin_prefetch(&drr->queues[all[numbers[i]].leaf].leaf, 1);
    for (unsigned i = 0; i < count; i++) {
        const struct fifo *fifo = &drr->queues[all[numbers[i]].leaf].leaf.fifo;
        if (fifo->count)
            __builtin_prefetch(&all[fifo->last], 1);
    }
}

void drr_put(struct drr *drr, const uint32_t *numbers, unsigned count, int64_t now_ns)
{
    if (drr->fetches)
        fetch(drr, numbers, count);
    uint64_t bytes = 0;
    for (unsigned i = 0; i < count; i++) {
        bytes += drr->packets->all[numbers[i]].len;
        put(drr, numbers[i], now_ns);
    }
    drr->stats.arrived_packets += count;
    drr->stats.arrived_bytes += bytes;
}

/* --- out --------------------------------------------------------------------------------------------------------- */

/* The walker begins at the next queue of the round that nobody has begun at. */
static void walk_next_queue(struct drr *drr, struct walker *walker)
{
    if ((int32_t)(drr->walked - drr->head) < WALK_LEAST)
        drr->walked = drr->head + WALK_LEAST;
    if ((int32_t)(drr->walked - drr->tail) >= 0 || (int32_t)(drr->walked - drr->head) >= WALK_MOST)
        return;
    const struct pair *far = &drr->queues[drr->ring[(drr->walked + LINES) & drr->mask]];
    const struct leaf *leaf = &drr->queues[drr->ring[drr->walked++ & drr->mask]].leaf;
    __builtin_prefetch(&far->leaf, 1);
    __builtin_prefetch(&far->counts, 1);
    *walker = (struct walker){.number = leaf->fifo.first,
                              .left = leaf->fifo.count,
                              .bytes = leaf->deficit + (int64_t)drr->config->profiles[leaf->profile].quantum};
    __builtin_prefetch(&drr->packets->all[walker->number]);
}

/*
 * Fetch what the turns after this one need. A queue's packets are known one by one only, each from the one before, so
 * several queues are walked along at once, one step for each packet that is sent. What a walker sees may be gone
 * meanwhile: then it has fetched in vain.
 */
static void walk(struct drr *drr)
{
    struct walker *walker = &drr->walkers[drr->walker++ % WALKERS];

    if (walker->left < 2 || walker->bytes <= 0 || walker->number >= drr->packets->count) {
        walker->left = 0;
        walk_next_queue(drr, walker);
        return;
    }
    const struct packet *packet = &drr->packets->all[walker->number];
    walker->left--;
    walker->bytes -= packet->len;
    walker->number = packet->next;
    __builtin_prefetch(&drr->packets->all[walker->number]);
}

/* The queue at the head sends while it may. How many; fewer than it could have if there is no room or no budget. */
static unsigned send(struct drr *drr, struct pair *pair, struct shaper_rate rate, uint32_t *numbers, unsigned room,
                     int64_t *budget, int64_t now_ns)
{
    struct leaf *leaf = &pair->leaf;
    struct shaper shaper = leaf->shaper;
    int64_t may = *budget < leaf->deficit ? *budget : leaf->deficit, bytes = 0;
    uint32_t number = leaf->fifo.first;
    unsigned sent = 0, count = leaf->fifo.count < room ? leaf->fifo.count : room;

    while (sent < count && bytes < may && shaper_may(&shaper, rate, now_ns)) {
        const struct packet *packet = &drr->packets->all[number];
        if (drr->fetches)
            walk(drr);
        numbers[sent++] = number;
        number = packet->next;
        bytes += packet->len;
        if (rate.byte_16)
            shaper_pass(&shaper, rate, packet->len, now_ns);
        histogram_add(&drr->stats.delay, now_ns - packet->arrived_ns);
    }
    leaf->fifo.first = number;
    leaf->fifo.count -= sent;
    leaf->fifo.bytes -= (uint64_t)bytes;
    leaf->shaper = shaper;
    leaf->deficit -= (int32_t)bytes;
    *budget -= bytes;
    pair->counts.left_packets += sent;
    pair->counts.left_bytes += (uint64_t)bytes;
    drr->stats.left_packets += sent;
    drr->stats.left_bytes += (uint64_t)bytes;
    return sent;
}

/* A turn of the queue at the head, or what is left of it. */
static unsigned turn(struct drr *drr, uint32_t *numbers, unsigned room, int64_t *budget, int64_t now_ns)
{
    uint32_t queue = drr->ring[drr->head & drr->mask];
    struct pair *pair = &drr->queues[queue];
    struct leaf *leaf = &pair->leaf;
    const struct drr_profile *profile = &drr->config->profiles[leaf->profile];

    if (!drr->in_turn)
        leaf->deficit += (int32_t)profile->quantum;
    unsigned sent = send(drr, pair, profile->rate, numbers, room, budget, now_ns);
    bool may = shaper_may(&leaf->shaper, profile->rate, now_ns);
    drr->in_turn = leaf->fifo.count && leaf->deficit > 0 && may;
    if (drr->in_turn)
        return sent;
    drr->head++;
    if (!leaf->fifo.count) {
        leaf->deficit = 0;
        leaf->average.empty_since_ns = now_ns;
    } else if (may) {
        join_round(drr, queue);
    } else { /* what it did not send in this turn it has had time for */
        leaf->deficit = leaf->deficit < 0 ? leaf->deficit : 0;
        wheel_put(&drr->wheel, queue, shaper_next_ns(&leaf->shaper, profile->rate));
    }
    return sent;
}

unsigned drr_get(struct drr *drr, uint32_t *numbers, unsigned room, int64_t *budget, int64_t now_ns)
{
    unsigned count = 0;

    for (uint32_t queue; (queue = wheel_take(&drr->wheel, now_ns)) != WHEEL_NONE;)
        join_round(drr, queue);
    while (count<room && * budget> 0 && drr->head != drr->tail)
        count += turn(drr, numbers + count, room - count, budget, now_ns);
    return count;
}

int64_t drr_next_ns(const struct drr *drr)
{
    return drr->head != drr->tail ? INT64_MIN : wheel_next_ns(&drr->wheel);
}

/* --- seen -------------------------------------------------------------------------------------------------------- */

uint32_t drr_packets(const struct drr *drr)
{
    return (uint32_t)(drr->stats.arrived_packets - drr->stats.left_packets - drr->dropped);
}

uint64_t drr_bytes(const struct drr *drr)
{
    return drr->stats.arrived_bytes - drr->stats.left_bytes - drr->stats.dropped_bytes;
}

uint32_t drr_queue_packets(const struct drr *drr, uint32_t queue)
{
    return drr->queues[queue].leaf.fifo.count;
}

uint64_t drr_queue_bytes(const struct drr *drr, uint32_t queue)
{
    return drr->queues[queue].leaf.fifo.bytes;
}

const struct queue_stats *drr_stats(const struct drr *drr)
{
    return &drr->stats;
}

const struct drr_counts *drr_queue_counts(const struct drr *drr, uint32_t queue)
{
    return &drr->queues[queue].counts;
}
