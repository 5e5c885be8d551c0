#include "sched/sched.h"

#include "sched/share.h"

#include <assert.h>
#include <stdlib.h>

/* A class, and what waits in it. */
struct branch {
    const struct sched_class *config;
    struct queue *queue; /* or */
    struct drr *drr;
    struct shaper shaper;
    int64_t deficit;
    unsigned group, group_end; /* the classes of its priority: from, and up to before */
    unsigned coming;           /* while packets are sorted: how many of them are its own */
    uint32_t numbers[SCHED_BATCH];
};

struct sched {
    const struct sched_config *config;
    struct packets *packets;
    struct shaper shaper;
    struct edf *edf; /* NULL: there are no contracts */
    struct branch branches[SCHED_CLASSES];
    unsigned turn[SCHED_CLASSES]; /* by the first of its group: whose turn it is, with a deficit above 0 or none yet */
};

struct sched *sched_new(const struct sched_config *config, struct packets *packets, struct queue_random random,
                        int64_t now_ns)
{
    struct sched *sched = calloc(1, sizeof(*sched));

    if (!sched)
        return NULL;
    sched->config = config;
    sched->packets = packets;
    sched->shaper.due_ns = now_ns;
    if (config->edf.contracts && !(sched->edf = edf_new(&config->edf, packets)))
        return sched_free(sched);
    for (unsigned i = 0; i < config->class_count; i++) {
        struct branch *branch = &sched->branches[i];
        branch->config = &config->classes[i];
        branch->shaper.due_ns = now_ns;
        if (branch->config->many)
            branch->drr = drr_new(&branch->config->drr, packets, random, now_ns);
        else
            branch->queue = queue_new(&branch->config->queue, packets, random, now_ns);
        if (!branch->drr && !branch->queue)
            return sched_free(sched);
        bool alike = i > 0 && config->classes[i - 1].priority == branch->config->priority;
        branch->group = alike ? branch[-1].group : i;
        for (unsigned j = branch->group; j <= i; j++)
            sched->branches[j].group_end = i + 1;
        sched->turn[branch->group] = branch->group;
    }
    return sched;
}

struct sched *sched_free(struct sched *sched)
{
    if (!sched)
        return NULL;
    for (unsigned i = 0; i < sched->config->class_count; i++) {
        queue_free(sched->branches[i].queue);
        drr_free(sched->branches[i].drr);
    }
    edf_free(sched->edf);
    free(sched);
    return NULL;
}

static uint32_t waiting(const struct branch *branch)
{
    return branch->drr ? drr_packets(branch->drr) : queue_packets(branch->queue);
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

/* Those that come to a class. */
static void put(struct sched *sched, struct branch *branch, int64_t now_ns)
{
    if (branch->drr) {
        drr_put(branch->drr, branch->numbers, branch->coming, now_ns);
        return;
    }
    for (unsigned i = 0; i < branch->coming; i++) {
        bool shared =
            share_allows(queue_packets(branch->queue), packets_shared(sched->packets), sched->config->share_shift);
        (shared ? queue_put : queue_put_short)(branch->queue, branch->numbers[i], now_ns);
    }
}

/* One comes to its class. */
static void come(struct sched *sched, uint32_t number)
{
    struct branch *branch = &sched->branches[sched->packets->all[number].class];

    branch->numbers[branch->coming++] = number;
}

void sched_put(struct sched *sched, const uint32_t *numbers, unsigned count, int64_t now_ns)
{
    struct packet *all = sched->packets->all;
    uint32_t promised[SCHED_BATCH];
    unsigned promised_count = 0;

    assert(count <= SCHED_BATCH);
    for (unsigned i = 0; i < count; i++) {
        if (all[numbers[i]].class & SCHED_CONTRACT)
            promised[promised_count++] = numbers[i];
        else
            come(sched, numbers[i]);
    }
    if (promised_count) {
        unsigned demoted = edf_put(sched->edf, promised, promised_count, now_ns);
        for (unsigned i = 0; i < demoted; i++) {
            all[promised[i]].class &= (uint8_t)~SCHED_CONTRACT;
            come(sched, promised[i]);
        }
    }
    for (unsigned i = 0; i < sched->config->class_count; i++) {
        struct branch *branch = &sched->branches[i];
        if (branch->coming)
            put(sched, branch, now_ns);
        branch->coming = 0;
    }
}

/* --- out --------------------------------------------------------------------------------------------------------- */

/* Of a class with one queue: as drr_get. */
static unsigned get_queue(struct branch *branch, const struct packets *packets, uint32_t *numbers, unsigned room,
                          int64_t *budget, int64_t now_ns)
{
    unsigned count = 0;

    while (*budget > 0 && count < room) {
        uint32_t number = queue_get(branch->queue, now_ns);
        if (number == PACKET_NONE)
            break;
        *budget -= packets->all[number].len;
        numbers[count++] = number;
    }
    return count;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What a class sends within *budget, its turn and its own rate. */
static unsigned get(struct branch *branch, const struct packets *packets, uint32_t *numbers, unsigned room,
                    int64_t *budget, int64_t now_ns)
{
    struct shaper_rate rate = branch->config->rate;
    int64_t may = least(least(*budget, branch->deficit), shaper_budget(&branch->shaper, rate, now_ns)), left = may;
    unsigned count = branch->drr ? drr_get(branch->drr, numbers, room, &left, now_ns)
                                 : get_queue(branch, packets, numbers, room, &left, now_ns);

    shaper_pass(&branch->shaper, rate, (uint64_t)(may - left), now_ns);
    branch->deficit -= may - left;
    *budget -= may - left;
    return count;
}

/* The turn goes to the next of the group. */
static void pass_turn(struct sched *sched, unsigned group)
{
    unsigned *turn = &sched->turn[group];

    *turn = *turn + 1 < sched->branches[group].group_end ? *turn + 1 : group;
}

/* What the classes of one priority send: in turn, until each has been asked in vain, or there is no room or budget. */
static unsigned get_of_group(struct sched *sched, unsigned group, uint32_t *numbers, unsigned room, int64_t *budget,
                             int64_t now_ns)
{
    unsigned count = 0, members = sched->branches[group].group_end - group;

    for (unsigned in_vain = 0; in_vain<members && * budget> 0 && count < room;) {
        struct branch *branch = &sched->branches[sched->turn[group]];
        if (branch->deficit <= 0 && waiting(branch))
            branch->deficit += branch->config->quantum;
        if (branch->deficit <= 0) { /* nothing waits, or it still has to make up for a long packet */
            in_vain = waiting(branch) ? 0 : in_vain + 1;
            pass_turn(sched, group);
            continue;
        }
        unsigned sent = get(branch, sched->packets, numbers + count, room - count, budget, now_ns);
        count += sent;
        in_vain = sent ? 0 : in_vain + 1;
        if (!waiting(branch) || !sent) /* it had its chance */
            branch->deficit = least(branch->deficit, 0);
        if (branch->deficit <= 0)
            pass_turn(sched, group);
    }
    return count;
}

unsigned sched_get(struct sched *sched, uint32_t *numbers, unsigned room, int64_t now_ns)
{
    static_assert(SCHED_BATCH <= EDF_BATCH, "best effort goes only when no contract's packet does");
    const struct sched_config *config = sched->config;
    if (room > SCHED_BATCH)
        room = SCHED_BATCH;
    int64_t budget = shaper_budget(&sched->shaper, config->rate, now_ns), left = budget;
    unsigned count = sched->edf ? edf_get(sched->edf, numbers, room, &left, now_ns) : 0;

    for (unsigned group = 0; group < config->class_count && count < room && left > 0;
         group = sched->branches[group].group_end)
        count += get_of_group(sched, group, numbers + count, room - count, &left, now_ns);
    shaper_pass(&sched->shaper, config->rate, (uint64_t)(budget - left), now_ns);
    return count;
}

/* When a class has something that it may send. */
static int64_t class_next_ns(const struct branch *branch)
{
    int64_t queued = branch->drr ? drr_next_ns(branch->drr) : queue_packets(branch->queue) ? INT64_MIN : INT64_MAX;
    int64_t rated = shaper_next_ns(&branch->shaper, branch->config->rate);

    return queued > rated ? queued : rated;
}

int64_t sched_next_ns(const struct sched *sched)
{
    int64_t first = sched->edf ? edf_next_ns(sched->edf) : INT64_MAX,
            port = shaper_next_ns(&sched->shaper, sched->config->rate);

    for (unsigned i = 0; i < sched->config->class_count; i++) {
        int64_t next = class_next_ns(&sched->branches[i]);
        if (next < first)
            first = next;
    }
    return first > port ? first : port;
}

int64_t sched_due_ns(const struct sched *sched)
{
    return sched->shaper.due_ns;
}

/* --- seen -------------------------------------------------------------------------------------------------------- */

uint32_t sched_packets(const struct sched *sched)
{
    uint32_t sum = sched->edf ? edf_packets(sched->edf) : 0;

    for (unsigned i = 0; i < sched->config->class_count; i++)
        sum += waiting(&sched->branches[i]);
    return sum;
}

uint32_t sched_class_packets(const struct sched *sched, unsigned class)
{
    return waiting(&sched->branches[class]);
}

uint64_t sched_class_bytes(const struct sched *sched, unsigned class)
{
    const struct branch *of = &sched->branches[class];

    return of->drr ? drr_bytes(of->drr) : queue_bytes(of->queue);
}

const struct queue_stats *sched_class_stats(const struct sched *sched, unsigned class)
{
    const struct branch *of = &sched->branches[class];

    return of->drr ? drr_stats(of->drr) : queue_stats(of->queue);
}

const struct queue *sched_class_queue(const struct sched *sched, unsigned class)
{
    return sched->branches[class].queue;
}

struct edf *sched_edf(struct sched *sched)
{
    return sched->edf;
}

struct drr *sched_class_drr(struct sched *sched, unsigned class)
{
    return sched->branches[class].drr;
}
