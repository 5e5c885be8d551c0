#include "sizing/rtt.h"

#include "base/window_min.h"

#include <stdlib.h>
#include <string.h>

#define WAYS      4u
#define SETS      (RTT_FLOWS / WAYS)
#define AMBIGUOUS INT64_MIN /* a handshake that was sent twice: whose answer came? (Karn and Partridge, 1987) */

/* From what one side says until the other answers it. */
struct half {
    uint32_t last;     /* the last timestamp that was said; 0: none */
    uint32_t waiting;  /* the one that is timed; 0: none */
    int64_t said_ns;   /* when that was said first */
    int64_t shaken_ns; /* when a SYN was; 0: none, or it is answered */
    struct window_min least_ns;
};

struct flow_times {
    uint64_t key; /* 0: free */
    int64_t used_ns;
    uint32_t packets, packets_before; /* that fill, since the last look and before it */
    unsigned class;
    struct half outside, inside;
};

struct rtt_table {
    uint8_t key[SIPHASH_KEY_SIZE];
    struct flow_times flows[SETS][WAYS];
};

struct rtt_table *rtt_new(const uint8_t key[SIPHASH_KEY_SIZE])
{
    struct rtt_table *table = calloc(1, sizeof(*table));

    if (table)
        memcpy(table->key, key, sizeof(table->key));
    return table;
}

struct rtt_table *rtt_free(struct rtt_table *table)
{
    free(table);
    return NULL;
}

/* --- halves ------------------------------------------------------------------------------------------------------ */

/* 0: nothing was. */
static int64_t measured(const struct half *half)
{
    int64_t ns = window_min_get(&half->least_ns);

    return ns == WINDOW_MIN_NONE ? 0 : ns;
}

static void measure(struct half *half, int64_t ns, int64_t now_ns)
{
    if (ns > 0 && ns <= RTT_MAX_NS)
        window_min_add(&half->least_ns, ns, now_ns, RTT_WINDOW_NS);
}

static void say(struct half *half, const struct tcp_segment *segment, int64_t now_ns)
{
    if (segment->flags & TCP_SYN)
        half->shaken_ns = half->shaken_ns ? AMBIGUOUS : now_ns;
    /* Only a timestamp that was not said before tells when it was. */
    bool is_new = segment->value && (!half->last || (int32_t)(segment->value - half->last) > 0);
    if (is_new && half->waiting && now_ns - half->said_ns > RTT_MAX_NS)
        half->waiting = 0;
    if (is_new && !half->waiting) {
        half->waiting = segment->value;
        half->said_ns = now_ns;
    }
    if (is_new)
        half->last = segment->value;
}

static void answer(struct half *half, const struct tcp_segment *segment, int64_t now_ns)
{
    if (half->shaken_ns && segment->flags & TCP_ACK) {
        if (half->shaken_ns != AMBIGUOUS)
            measure(half, now_ns - half->shaken_ns, now_ns);
        half->shaken_ns = 0;
    }
    if (!half->waiting || !segment->echo || (int32_t)(segment->echo - half->waiting) < 0)
        return;
    if (segment->echo == half->waiting) /* a later one answers something else */
        measure(half, now_ns - half->said_ns, now_ns);
    half->waiting = 0;
}

/* --- flows ------------------------------------------------------------------------------------------------------- */

/* By who is inside, so that both directions are the same flow. */
static uint64_t key_of(const struct rtt_table *table, uint32_t inside, uint32_t outside, uint16_t inside_port,
                       uint16_t outside_port)
{
    const uint32_t identity[] = {inside, outside, (uint32_t)inside_port << 16 | outside_port};
    uint64_t key = siphash(table->key, identity, sizeof(identity));

    return key ? key : 1;
}

static struct flow_times *find(struct rtt_table *table, uint64_t key)
{
    struct flow_times *set = table->flows[key % SETS];

    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].key == key)
            return &set[i];
    return NULL;
}

static bool is_long(const struct flow_times *flow)
{
    return flow->packets >= RTT_LONG || flow->packets_before >= RTT_LONG;
}

/* In the place of the one that has not been seen for longest, if possible of a short one. */
static struct flow_times *add(struct rtt_table *table, uint64_t key)
{
    struct flow_times *set = table->flows[key % SETS], *oldest = set;

    for (unsigned i = 1; i < WAYS; i++) {
        bool longer = is_long(&set[i]), than = is_long(oldest);
        if (longer == than ? set[i].used_ns < oldest->used_ns : than)
            oldest = &set[i];
    }
    *oldest = (struct flow_times){.key = key};
    return oldest;
}

/* Whoever has not been here has left nothing that could be answered. */
void rtt_came(struct rtt_table *table, const struct tcp_segment *segment, int64_t now_ns)
{
    struct flow_times *flow =
        find(table, key_of(table, segment->dst, segment->src, segment->dst_port, segment->src_port));

    if (!flow)
        return;
    answer(&flow->outside, segment, now_ns);
    say(&flow->inside, segment, now_ns);
}

void rtt_left(struct rtt_table *table, const struct tcp_segment *segment, unsigned class, bool fills, int64_t came_ns,
              int64_t left_ns)
{
    uint64_t key = key_of(table, segment->src, segment->dst, segment->src_port, segment->dst_port);
    struct flow_times *flow = find(table, key);

    if (!flow)
        flow = add(table, key);
    flow->used_ns = left_ns;
    flow->class = class;
    flow->packets += fills;
    answer(&flow->inside, segment, came_ns);
    say(&flow->outside, segment, left_ns);
}

int64_t rtt_take(struct rtt_table *table, unsigned class, unsigned *flows)
{
    double inverse = 0;

    *flows = 0;
    for (struct flow_times *flow = table->flows[0]; flow < table->flows[SETS]; flow++) {
        if (!flow->key || flow->class != class)
            continue;
        int64_t ns = measured(&flow->outside) + measured(&flow->inside);
        if (flow->packets >= RTT_LONG && ns) {
            inverse += 1 / (double)ns;
            ++*flows;
        }
        flow->packets_before = flow->packets;
        flow->packets = 0;
    }
    return *flows ? (int64_t)(*flows / inverse) : 0;
}
