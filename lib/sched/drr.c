#include "sched/drr.h"

#include "base/compiler.h"
#include "base/lines.h"
#include "sched/share.h"
#include "sched/wheel.h"

#include <stdlib.h>

/* Fetching ahead, which pays from so many queues on. On the way out: how many turns before a queue's own its lines are
 * fetched, the first of its chunks, the first of its packets; and so many of these. */
#define FETCH_FROM    4096
#define AHEAD_LINES   12
#define AHEAD_CHUNK   8
#define AHEAD_PACKETS 4
#define FETCH_PACKETS 4

/* A queue's packets are listed in chunks of a line each: known together, not one by one, they can be fetched together.
 */
#define CHUNK_PACKETS 15

struct chunk {
    uint32_t numbers[CHUNK_PACKETS];
    uint32_t next; /* behind it in the queue, or among those that are free */
};

/* A line. A queue is in the round, or on the wheel, exactly while it has packets. */
struct leaf {
    uint32_t first, last; /* chunks; valid while there are packets */
    uint32_t count;       /* packets */
    uint8_t first_at;     /* where in the first chunk its first packet is */
    uint8_t last_at;      /* where in the last chunk there is room, up to CHUNK_PACKETS */
    uint8_t profile;
    uint64_t bytes;
    struct red_average average;
    struct shaper shaper;
    int32_t red_count; /* as red_judge has it */
    int32_t deficit;
} __attribute__((aligned(LINE)));

/* The counters change when it has had a turn, and when it drops: seldom. */
struct pair {
    struct leaf leaf;
    struct drr_counts counts;
};

static_assert(sizeof(struct leaf) == LINE && sizeof(struct pair) == LINE + LINE,
              "a queue is a line and one of counters");

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
    struct chunk *chunks;
    uint32_t free_chunk; /* the first of them */
    double *decays;      /* red_decay of each profile */
    struct wheel wheel;  /* of queues that may send later */
    struct queue_stats stats;
};

/* As many as there can be: of a queue's chunks all but the first and the last are full. */
static struct chunk *chunks_new(uint32_t queues, uint32_t packets)
{
    uint64_t enough = 2 * (uint64_t)queues + packets / CHUNK_PACKETS;
    uint32_t count = enough < packets ? (uint32_t)enough : packets;
    struct chunk *chunks = lines_new(count * sizeof(*chunks));

    for (uint32_t i = 0; chunks && i < count; i++)
        chunks[i].next = i + 1;
    return chunks;
}

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
    drr->chunks = chunks_new(config->queues, packets->count);
    drr->decays = calloc(config->profile_count, sizeof(*drr->decays));
    if (wheel_open(&drr->wheel, config->queues, now_ns) < 0 || !drr->ring || !drr->queues || !drr->chunks ||
        !drr->decays)
        return drr_free(drr);
    for (uint32_t i = 0; i < config->profile_count; i++)
        drr->decays[i] = red_decay(&config->profiles[i].law);
    for (uint32_t i = 0; i < config->queues; i++) {
        struct leaf *leaf = &drr->queues[i].leaf;
        leaf->average.empty_since_ns = now_ns;
        leaf->red_count = -1;
        leaf->shaper.due_ns = now_ns;
    }
    return drr;
}

/* --- a queue's packets ------------------------------------------------------------------------------------------- */

static uint32_t take_chunk(struct drr *drr)
{
    uint32_t chunk = drr->free_chunk;

    drr->free_chunk = drr->chunks[chunk].next;
    return chunk;
}

static void give_back_chunk(struct drr *drr, uint32_t chunk)
{
    drr->chunks[chunk].next = drr->free_chunk;
    drr->free_chunk = chunk;
}

static void append(struct drr *drr, struct leaf *leaf, uint32_t number, uint32_t len)
{
    if (!leaf->count) {
        leaf->first = leaf->last = take_chunk(drr);
        leaf->first_at = leaf->last_at = 0;
    } else if (leaf->last_at == CHUNK_PACKETS) {
        uint32_t chunk = take_chunk(drr);
        drr->chunks[leaf->last].next = chunk;
        leaf->last = chunk;
        leaf->last_at = 0;
    }
    drr->chunks[leaf->last].numbers[leaf->last_at++] = number;
    leaf->count++;
    leaf->bytes += len;
}

/* So many packets of the first chunk, no more than it has, have been taken out. */
static void remove_first(struct drr *drr, struct leaf *leaf, unsigned count)
{
    uint32_t first = leaf->first;

    leaf->count -= count;
    leaf->first_at = (uint8_t)(leaf->first_at + count);
    if (leaf->count && leaf->first_at < CHUNK_PACKETS)
        return;
    leaf->first = drr->chunks[first].next;
    leaf->first_at = 0;
    give_back_chunk(drr, first);
}

/* How many packets lie in the first chunk. */
static unsigned in_first_chunk(const struct leaf *leaf)
{
    unsigned most = CHUNK_PACKETS - leaf->first_at;

    return leaf->count < most ? leaf->count : most;
}

struct drr *drr_free(struct drr *drr)
{
    if (!drr)
        return NULL;
    for (uint32_t i = 0; drr->queues && drr->chunks && i < drr->config->queues; i++) {
        struct leaf *leaf = &drr->queues[i].leaf;
        while (leaf->count) {
            packets_give_back(drr->packets, drr->chunks[leaf->first].numbers[leaf->first_at]);
            remove_first(drr, leaf, 1);
        }
    }
    wheel_close(&drr->wheel);
    free(drr->queues);
    free(drr->chunks);
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
    enum red_verdict verdict = red_judge(&profile->law, &profile->law.profiles[0], leaf->average.avg, &leaf->red_count,
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
    uint32_t held = pair->leaf.count;

    if (unlikely(held >= profile->limit_packets))
        drop(drr, pair, number, QUEUE_DROP_LIMIT, &pair->counts.dropped_limit);
    else if (unlikely(!share_allows(held, packets_shared(drr->packets), drr->config->share_shift)))
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
        red_average(&leaf->average, profile->law.weight, drr->decays[leaf->profile], leaf->count, now_ns);
        if (likely(leaf->average.avg < profile->law.profiles[0].min))
            leaf->red_count = -1;
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
        if (!leaf->count) /* it is empty still: the average goes on to decay */
            leaf->average.empty_since_ns = now_ns;
        return;
    }
    append(drr, leaf, number, packet->len);
    if (leaf->count > 1)
        return;
    if (shaper_may(&leaf->shaper, profile->rate, now_ns))
        join_round(drr, packet->leaf);
    else
        wheel_put(&drr->wheel, packet->leaf, shaper_next_ns(&leaf->shaper, profile->rate));
}

/* The lines of the queues, and of their last chunks. */
static force_inline void fetch(const struct drr *drr, const uint32_t *numbers, unsigned count)
{
    const struct packet *all = drr->packets->all;

    for (unsigned i = 0; i < count; i++)
        __builtin_prefetch(&drr->queues[all[numbers[i]].leaf].leaf, 1);
    for (unsigned i = 0; i < count; i++) {
        const struct leaf *leaf = &drr->queues[all[numbers[i]].leaf].leaf;
        if (leaf->count)
            __builtin_prefetch(&drr->chunks[leaf->last], 1);
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

/* What the turns after this one need. Where the round is shorter, it is what lay there before, which does no harm. */
static force_inline void look_ahead(const struct drr *drr)
{
    const struct pair *lines = &drr->queues[drr->ring[(drr->head + AHEAD_LINES) & drr->mask]];
    const struct leaf *chunk = &drr->queues[drr->ring[(drr->head + AHEAD_CHUNK) & drr->mask]].leaf;
    const struct leaf *packets = &drr->queues[drr->ring[(drr->head + AHEAD_PACKETS) & drr->mask]].leaf;

    __builtin_prefetch(&lines->leaf, 1);
    __builtin_prefetch(&lines->counts, 1);
    __builtin_prefetch(&drr->chunks[chunk->first]);
    unsigned count = in_first_chunk(packets);
    const uint32_t *numbers = &drr->chunks[packets->first].numbers[packets->first_at];
    for (unsigned i = 0; i < FETCH_PACKETS && i < count; i++)
        __builtin_prefetch(&drr->packets->all[numbers[i]]);
}

/* What the queue at the head sends of its first chunk while it may. How many; fewer than it could have if there is no
 * room or no budget. */
static unsigned send(struct drr *drr, struct pair *pair, struct shaper_rate rate, uint32_t *numbers, unsigned room,
                     int64_t *budget, int64_t now_ns)
{
    struct leaf *leaf = &pair->leaf;
    struct shaper shaper = leaf->shaper;
    int64_t may = *budget < leaf->deficit ? *budget : leaf->deficit, bytes = 0;
    const uint32_t *listed = &drr->chunks[leaf->first].numbers[leaf->first_at];
    unsigned sent = 0, there = in_first_chunk(leaf), count = there < room ? there : room;

    while (sent < count && bytes < may && shaper_may(&shaper, rate, now_ns)) {
        const struct packet *packet = &drr->packets->all[listed[sent]];
        if (drr->fetches && sent + FETCH_PACKETS < there)
            __builtin_prefetch(&drr->packets->all[listed[sent + FETCH_PACKETS]]);
        numbers[sent] = listed[sent];
        sent++;
        bytes += packet->len;
        shaper_pass(&shaper, rate, packet->len, now_ns);
        histogram_add(&drr->stats.delay, now_ns - packet->arrived_ns);
    }
    if (!sent)
        return 0;
    remove_first(drr, leaf, sent);
    leaf->bytes -= (uint64_t)bytes;
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

    if (drr->fetches)
        look_ahead(drr);
    if (!drr->in_turn)
        leaf->deficit += (int32_t)profile->quantum;
    unsigned sent = send(drr, pair, profile->rate, numbers, room, budget, now_ns);
    bool may = shaper_may(&leaf->shaper, profile->rate, now_ns);
    drr->in_turn = leaf->count && leaf->deficit > 0 && may;
    if (drr->in_turn)
        return sent;
    drr->head++;
    if (!leaf->count) {
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
    while (*budget > 0 && count < room && drr->head != drr->tail)
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
    return drr->queues[queue].leaf.count;
}

uint64_t drr_queue_bytes(const struct drr *drr, uint32_t queue)
{
    return drr->queues[queue].leaf.bytes;
}

const struct queue_stats *drr_stats(const struct drr *drr)
{
    return &drr->stats;
}

const struct drr_counts *drr_queue_counts(const struct drr *drr, uint32_t queue)
{
    return &drr->queues[queue].counts;
}
