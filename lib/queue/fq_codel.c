#include "queue/fq_codel.h"

#include <stdlib.h>

#define DROP_BATCH 64 /* RFC 8290 4.1.3 */
#define NO_FLOW    UINT32_MAX

/* On which list a flow is. */
enum where { NOWHERE, ON_NEW, ON_OLD };

struct flow {
    struct fifo fifo;
    struct codel codel;
    int64_t credits; /* bytes; below 1: its turn is over */
    uint32_t next;   /* on its list */
    uint8_t where;
};

struct list {
    uint32_t first, last; /* NO_FLOW: empty */
};

struct fq_codel {
    const struct fq_codel_config *config;
    struct packets *packets;
    struct queue_stats *stats;
    uint32_t count;
    uint64_t bytes;
    struct list lists[3]; /* by enum where */
    struct flow flows[];
};

struct fq_codel *fq_codel_new(const struct fq_codel_config *config, struct packets *packets, struct queue_stats *stats)
{
    struct fq_codel *fq = calloc(1, sizeof(*fq) + config->flows * sizeof(fq->flows[0]));

    if (!fq)
        return NULL;
    fq->config = config;
    fq->packets = packets;
    fq->stats = stats;
    fq->lists[ON_NEW] = fq->lists[ON_OLD] = (struct list){NO_FLOW, NO_FLOW};
    return fq;
}

struct fq_codel *fq_codel_free(struct fq_codel *fq)
{
    for (uint32_t i = 0; fq && i < fq->config->flows; i++)
        fifo_clear(&fq->flows[i].fifo, fq->packets);
    free(fq);
    return NULL;
}

uint32_t fq_codel_packets(const struct fq_codel *fq)
{
    return fq->count;
}

uint64_t fq_codel_bytes(const struct fq_codel *fq)
{
    return fq->bytes;
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

static void append(struct fq_codel *fq, enum where where, uint32_t flow)
{
    struct list *list = &fq->lists[where];

    fq->flows[flow].where = (uint8_t)where;
    fq->flows[flow].next = NO_FLOW;
    if (list->first == NO_FLOW)
        list->first = flow;
    else
        fq->flows[list->last].next = flow;
    list->last = flow;
}

/* The first one leaves its list. */
static void remove_first(struct fq_codel *fq, enum where where)
{
    struct list *list = &fq->lists[where];
    struct flow *flow = &fq->flows[list->first];

    flow->where = NOWHERE;
    list->first = flow->next;
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

/* Room is made at the head of the longest flow: that is where its sender sees it soonest. */
void fq_codel_squeeze(struct fq_codel *fq)
{
    struct flow *fattest = &fq->flows[0];

    for (uint32_t i = 1; i < fq->config->flows; i++)
        if (fq->flows[i].fifo.bytes > fattest->fifo.bytes)
            fattest = &fq->flows[i];
    uint64_t enough = fattest->fifo.bytes / 2;
    for (unsigned i = 0; i < DROP_BATCH && fattest->fifo.count && (!i || fattest->fifo.bytes > enough); i++) {
        uint32_t number = fifo_get(&fattest->fifo, fq->packets);
        fq->count--;
        fq->bytes -= fq->packets->all[number].len;
        queue_drop(fq->packets, fq->stats, number, QUEUE_DROP_FATTEST);
    }
}

void fq_codel_put(struct fq_codel *fq, uint32_t number)
{
    const struct packet *packet = &fq->packets->all[number];
    uint32_t at = (uint32_t)((uint64_t)packet->hash * fq->config->flows >> 32);
    struct flow *flow = &fq->flows[at];

    fifo_put(&flow->fifo, fq->packets, number);
    fq->count++;
    fq->bytes += packet->len;
    if (flow->where == NOWHERE) {
        flow->credits = fq->config->quantum;
        append(fq, ON_NEW, at);
    }
    if (fq->count > fq->config->limit_packets)
        fq_codel_squeeze(fq);
}

/* --- out --------------------------------------------------------------------------------------------------------- */

/* CoDel may drop some on the way. */
static uint32_t get_of_flow(struct fq_codel *fq, struct flow *flow, int64_t now_ns)
{
    uint32_t count = flow->fifo.count;
    uint64_t bytes = flow->fifo.bytes;
    uint32_t number = codel_get(&flow->codel, &fq->config->codel, &flow->fifo, fq->packets, fq->stats, now_ns);

    fq->count -= count - flow->fifo.count;
    fq->bytes -= bytes - flow->fifo.bytes;
    return number;
}

/* RFC 8290 4.2. */
uint32_t fq_codel_get(struct fq_codel *fq, int64_t now_ns)
{
    for (;;) {
        enum where where = fq->lists[ON_NEW].first != NO_FLOW ? ON_NEW : ON_OLD;
        uint32_t at = fq->lists[where].first;
        if (at == NO_FLOW)
            return PACKET_NONE;
        struct flow *flow = &fq->flows[at];
        if (flow->credits <= 0) {
            flow->credits += fq->config->quantum;
            remove_first(fq, where);
            append(fq, ON_OLD, at);
            continue;
        }
        uint32_t number = get_of_flow(fq, flow, now_ns);
        if (number != PACKET_NONE) {
            flow->credits -= fq->packets->all[number].len;
            return number;
        }
        /* A new flow that is empty has one more turn among the old ones, so that it cannot always be first. */
        remove_first(fq, where);
        if (where == ON_NEW)
            append(fq, ON_OLD, at);
    }
}
