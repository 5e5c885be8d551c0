/* Names in the comments are those of RFC 8289, section 5. */
#include "queue/codel.h"

#include <math.h>

#define REENTRY_INTERVALS 16

/* control_law() */
static int64_t next_drop(const struct codel_config *config, int64_t after_ns, uint32_t count)
{
    return after_ns + (int64_t)((double)config->interval_ns / sqrt(count));
}

/* dodequeue() */
static uint32_t take(struct codel *codel, const struct codel_config *config, struct fifo *fifo,
                     const struct packets *packets, int64_t now_ns, bool *ok_to_drop)
{
    uint32_t number = fifo_get(fifo, packets);

    *ok_to_drop = false;
    if (number == PACKET_NONE || now_ns - packets->all[number].arrived_ns < config->target_ns ||
        fifo->bytes <= config->mtu) {
        codel->first_above_ns = 0;
        return number;
    }
    if (!codel->first_above_ns)
        codel->first_above_ns = now_ns + config->interval_ns;
    else
        *ok_to_drop = now_ns >= codel->first_above_ns;
    return number;
}

/* Mark it, if it can be. False: it was given back. */
static bool mark_or_drop(const struct codel_config *config, struct packets *packets, struct queue_stats *stats,
                         uint32_t number)
{
    if (config->ecn && queue_mark(packets, stats, number, QUEUE_MARK_DELAY))
        return true;
    queue_drop(packets, stats, number, QUEUE_DROP_DELAY);
    return false;
}

/* In the dropping state. */
static uint32_t go_on_dropping(struct codel *codel, const struct codel_config *config, struct fifo *fifo,
                               struct packets *packets, struct queue_stats *stats, int64_t now_ns, uint32_t number,
                               bool ok_to_drop)
{
    codel->dropping = ok_to_drop;
    while (codel->dropping && now_ns >= codel->next_drop_ns) {
        codel->count++;
        if (mark_or_drop(config, packets, stats, number)) {
            codel->next_drop_ns = next_drop(config, codel->next_drop_ns, codel->count);
            return number;
        }
        number = take(codel, config, fifo, packets, now_ns, &codel->dropping);
        if (codel->dropping)
            codel->next_drop_ns = next_drop(config, codel->next_drop_ns, codel->count);
    }
    return number;
}

uint32_t codel_get(struct codel *codel, const struct codel_config *config, struct fifo *fifo, struct packets *packets,
                   struct queue_stats *stats, int64_t now_ns)
{
    bool ok_to_drop;
    uint32_t number = take(codel, config, fifo, packets, now_ns, &ok_to_drop);

    if (codel->dropping)
        return go_on_dropping(codel, config, fifo, packets, stats, now_ns, number, ok_to_drop);
    if (!ok_to_drop)
        return number;
    if (!mark_or_drop(config, packets, stats, number))
        number = take(codel, config, fifo, packets, now_ns, &ok_to_drop);
    codel->dropping = true;
    /* Where dropping ended not long ago, it goes on about as it was. */
    uint32_t delta = codel->count - codel->last_count;
    bool recent = now_ns - codel->next_drop_ns < REENTRY_INTERVALS * config->interval_ns;
    codel->count = delta > 1 && recent ? delta : 1;
    codel->next_drop_ns = next_drop(config, now_ns, codel->count);
    codel->last_count = codel->count;
    return number;
}
