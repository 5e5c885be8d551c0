#include "sched/sched.h"

#include "sched/share.h"

#include <assert.h>
#include <stdlib.h>

struct class
{
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
    struct class classes[SCHED_CLASSES];
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
    for (unsigned i = 0; i < config->class_count; i++) {
        struct class *class = &sched->classes[i];
        class->config = &config->classes[i];
        class->shaper.due_ns = now_ns;
        if (class->config->many)
            class->drr = drr_new(&class->config->drr, packets, random, now_ns);
        else
            class->queue = queue_new(&class->config->queue, packets, random, now_ns);
        if (!class->drr && !class->queue)
            return sched_free(sched);
        bool alike = i > 0 && config->classes[i - 1].priority == class->config->priority;
        class->group = alike ? class[-1].group : i;
        for (unsigned j = class->group; j <= i; j++)
            sched->classes[j].group_end = i + 1;
        sched->turn[class->group] = class->group;
    }
    return sched;
}

struct sched *sched_free(struct sched *sched)
{
    if (!sched)
        return NULL;
    for (unsigned i = 0; i < sched->config->class_count; i++) {
        queue_free(sched->classes[i].queue);
        drr_free(sched->classes[i].drr);
    }
    free(sched);
    return NULL;
}

static uint32_t waiting(const struct class *class)
{
    return class->drr ? drr_packets(class->drr) : queue_packets(class->queue);
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

/* Those that come to a class. */
static void put(struct sched *sched, struct class *class, int64_t now_ns)
{
    if (class->drr) {
        drr_put(class->drr, class->numbers, class->coming, now_ns);
        return;
    }
    for (unsigned i = 0; i < class->coming; i++) {
        bool shared = share_allows(queue_packets(class->queue), sched->packets->free_count, sched->config->share_shift);
        (shared ? queue_put : queue_put_short)(class->queue, class->numbers[i], now_ns);
    }
}

void sched_put(struct sched *sched, const uint32_t *numbers, unsigned count, int64_t now_ns)
{
    const struct packet *all = sched->packets->all;
    unsigned class_count = sched->config->class_count;

    assert(count <= SCHED_BATCH);
    for (unsigned i = 0; i < count; i++) {
        struct class *class = &sched->classes[all[numbers[i]].class];
        class->numbers[class->coming++] = numbers[i];
    }
    for (unsigned i = 0; i < class_count; i++) {
        struct class *class = &sched->classes[i];
        if (class->coming)
            put(sched, class, now_ns);
        class->coming = 0;
    }
}

/* --- out --------------------------------------------------------------------------------------------------------- */

static unsigned get_one_queue(struct class *class, const struct packets *packets, uint32_t *numbers, unsigned room,
                              int64_t *budget, int64_t now_ns)
{
    unsigned count = 0;

    while (count<room && * budget> 0) {
        uint32_t number = queue_get(class->queue, now_ns);
        if (number == PACKET_NONE)
            break;
        *budget -= packets->all[number].len;
        numbers[count++] = number;
    }
    return count;
}

/* What a class sends within *budget and its own rate. */
static unsigned get(struct class *class, const struct packets *packets, uint32_t *numbers, unsigned room,
                    int64_t *budget, int64_t now_ns)
{
    int64_t own = shaper_budget(&class->shaper, class->config->rate, now_ns), least = own < *budget ? own : *budget;
    int64_t left = least;
    unsigned count = class->drr ? drr_get(class->drr, numbers, room, &left, now_ns)
                                : get_one_queue(class, packets, numbers, room, &left, now_ns);

    if (count && class->config->rate.byte_16)
        shaper_pass(&class->shaper, class->config->rate, (uint64_t)(least - left), now_ns);
    *budget -= least - left;
    return count;
}

/* The turn goes to the next of the group. */
static void pass_turn(struct sched *sched, unsigned group)
{
    unsigned *turn = &sched->turn[group];

    *turn = *turn + 1 < sched->classes[group].group_end ? *turn + 1 : group;
}

/* What the classes of one priority send: in turn, until each has been asked in vain, or there is no room or budget. */
static unsigned get_of_group(struct sched *sched, unsigned group, uint32_t *numbers, unsigned room, int64_t *budget,
                             int64_t now_ns)
{
    unsigned count = 0, members = sched->classes[group].group_end - group;

    for (unsigned in_vain = 0; in_vain < members && count<room && * budget> 0;) {
        struct class *class = &sched->classes[sched->turn[group]];
        if (class->deficit <= 0 && waiting(class))
            class->deficit += class->config->quantum;
        if (class->deficit <= 0) { /* nothing waits, or it still has to make up for a long packet */
            in_vain = waiting(class) ? 0 : in_vain + 1;
            pass_turn(sched, group);
            continue;
        }
        int64_t least = *budget < class->deficit ? *budget : class->deficit, left = least;
        unsigned sent = get(class, sched->packets, numbers + count, room - count, &left, now_ns);
        *budget -= least - left;
        class->deficit -= least - left;
        count += sent;
        in_vain = sent ? 0 : in_vain + 1;
        if (!waiting(class) || !sent) /* it had its chance */
            class->deficit = class->deficit < 0 ? class->deficit : 0;
        if (class->deficit <= 0)
            pass_turn(sched, group);
    }
    return count;
}

unsigned sched_get(struct sched *sched, uint32_t *numbers, unsigned room, int64_t now_ns)
{
    const struct sched_config *config = sched->config;
    int64_t budget = shaper_budget(&sched->shaper, config->rate, now_ns), left = budget;
    unsigned count = 0;

    for (unsigned group = 0; group < config->class_count && count < room && left > 0;
         group = sched->classes[group].group_end)
        count += get_of_group(sched, group, numbers + count, room - count, &left, now_ns);
    if (count && config->rate.byte_16)
        shaper_pass(&sched->shaper, config->rate, (uint64_t)(budget - left), now_ns);
    return count;
}

/* When a class has something that it may send. */
static int64_t class_next_ns(const struct class *class)
{
    int64_t queued = class->drr ? drr_next_ns(class->drr) : queue_packets(class->queue) ? INT64_MIN : INT64_MAX;
    int64_t rated = shaper_next_ns(&class->shaper, class->config->rate);

    return queued > rated ? queued : rated;
}

int64_t sched_next_ns(const struct sched *sched)
{
    int64_t first = INT64_MAX, port = shaper_next_ns(&sched->shaper, sched->config->rate);

    for (unsigned i = 0; i < sched->config->class_count; i++) {
        int64_t next = class_next_ns(&sched->classes[i]);
        if (next < first)
            first = next;
    }
    return first > port ? first : port;
}

/* --- seen -------------------------------------------------------------------------------------------------------- */

uint32_t sched_packets(const struct sched *sched)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < sched->config->class_count; i++)
        sum += waiting(&sched->classes[i]);
    return sum;
}

uint32_t sched_class_packets(const struct sched *sched, unsigned class)
{
    return waiting(&sched->classes[class]);
}

uint64_t sched_class_bytes(const struct sched *sched, unsigned class)
{
    const struct class *of = &sched->classes[class];

    return of->drr ? drr_bytes(of->drr) : queue_bytes(of->queue);
}

const struct queue_stats *sched_class_stats(const struct sched *sched, unsigned class)
{
    const struct class *of = &sched->classes[class];

    return of->drr ? drr_stats(of->drr) : queue_stats(of->queue);
}

const struct queue *sched_class_queue(const struct sched *sched, unsigned class)
{
    return sched->classes[class].queue;
}

struct drr *sched_class_drr(struct sched *sched, unsigned class)
{
    return sched->classes[class].drr;
}
